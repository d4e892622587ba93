/** Entries of one name: which one a call means. */
import type { ProgramEntry } from "../../compiler/program.ts";
import { optional, type Scope } from "./entry.ts";
import { arrayType, countOf, leavesOf, type PlacedLeaf, typeText } from "./text.ts";

/** Entries of one name, in order: the variants of one exported function. */
export function byName(entries: readonly ProgramEntry[]): Map<string, ProgramEntry[]> {
  const groups = new Map<string, ProgramEntry[]>();
  for (const entry of entries) groups.set(entry.name, [...(groups.get(entry.name) ?? []), entry]);
  return groups;
}

/**
 * The function that picks a variant by the lengths of the arguments; where these do not differ, by name in the options:
 * `sample({ N: 64 })`, the first variant without one.
 */
export function variantFunction(entries: readonly ProgramEntry[], symbols: ReadonlyMap<ProgramEntry, string>, name: string, scope: Scope): string {
  const locals = scope.names.inner();
  const [first] = entries;
  const parameters = first.parameters.map((parameter) => locals.pick(parameter.name));
  const options = locals.pick("options");
  const lengths = new Map(entries.map((entry) => [entry, entry.parameters.flatMap((parameter, index) =>
    [...leavesOf<PlacedLeaf>(parameter.tree)].map(({ leaf, path }) => ({ read: `${parameters[index]}${optional(path)}?.length`, where: parameter.name + path, index, leaf })))]));
  const leaves = lengths.get(first) ?? [];
  const differing = leaves.map((_, at) => at).filter((at) => !leaves[at].leaf.rows && new Set(entries.map((entry) => lengths.get(entry)?.[at].leaf.type.shape.join())).size > 1);
  const test = (entry: ProgramEntry) => differing.map((at) => lengths.get(entry)?.[at]).map((leaf) => leaf && `${leaf.read} === ${countOf(leaf.leaf)}`);
  const tests = entries.map((entry) => test(entry).join(" && "));
  const unique = new Set(tests).size === entries.length && differing.length > 0;
  const lines: string[] = [];
  const call = (entry: ProgramEntry) => `return ${symbols.get(entry)}(...arguments);`;
  if (!unique) {
    for (const [index, entry] of entries.entries()) {
      const chosen = Object.entries(entry.variant).map(([generic, size]) => `(${options}?.${generic} ?? ${first.variant[generic]}) === ${size}`);
      lines.push(`if (${[...chosen, ...(tests[index] ? [tests[index]] : [])].join(" && ")}) ${call(entry)}`);
    }
  } else for (const [index, entry] of entries.entries()) lines.push(`if (${tests[index]}) ${call(entry)}`);
  const expected = differing.length > 0 ? differing : leaves.map((_, at) => at);
  const at = leaves[expected[0]];
  if (at === undefined) {
    const choices = entries.map(({ variant }) => Object.entries(variant).map(([generic, size]) => `${generic}=${size}`).join(", "));
    lines.push(`throw new TypeError("${first.name}: the options choose none of ${choices.join("; ")}");`);
  } else {
    const choices = entries.map((entry) => lengths.get(entry)?.[expected[0]].leaf).map((leaf) => (leaf ? `${countOf(leaf)} (${typeText(leaf)})` : ""));
    scope.uses.add("wrongTree");
    const value = `${parameters[at.index]}${optional(at.where.slice(first.parameters[at.index].name.length))}`;
    const wanted = `a ${arrayType[at.leaf.type.element]} of ${[...new Set(choices)].join(" or ")} numbers`;
    lines.push(`wrongTree(${value}, "${first.name}: argument ${at.index + 1} '${at.where}'", "${wanted}");`);
  }
  return `  function ${name}(${[...parameters, options].join(", ")}) {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n`;
}
