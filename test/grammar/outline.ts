/** A syntax tree in little text: `binary(operator: +, left: x, right: 1)`. Spans, empty lists and flags that are off do not show. */
export function outline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(outline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).filter(([key, part]) => {
    const isSpan = key === "span" || key === "pathSpan" || key === "operatorSpan" || key === "kind";
    return !isSpan && part !== false && !(Array.isArray(part) && part.length === 0);
  });
  const kind = "kind" in value ? String(value.kind) : "";
  const isText = entries.length === 1 && entries[0][0] === "text";
  if (isText && (kind === "" || kind === "name" || kind === "number")) return outline(entries[0][1]);
  if (kind === "namePattern" || (kind === "namedType" && entries.length === 1) || (kind === "value" && entries.length === 1)) return outline(entries[0][1]);
  return `${kind}(${entries.map(([key, part]) => (part === true ? key : `${key}: ${outline(part)}`)).join(", ")})`;
}
