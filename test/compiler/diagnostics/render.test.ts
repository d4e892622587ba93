import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.ts";
import { countText, diagnosticData, renderDiagnostic, renderDiagnostics } from "../../../compiler/diagnostics/render.ts";

const source = "model M(x: f32[B, 64]) {\n  param w2: f32[128, 10] = zeros()\n  return x @ w2\n}\n";
const sources = (file: string) => (file === "m.pull" ? source : undefined);
const spanOf = (text: string, part: string, file = "m.pull") => ({ file, start: text.indexOf(part), end: text.indexOf(part) + part.length });
const mismatch: Diagnostic = {
  severity: "error", code: "shape", message: "axes do not match in `x @ w2`", span: spanOf(source, "x @ w2"),
  label: "x is f32[B=32, In=64]; w2 is f32[H=128, Out=10]",
  notes: [{ text: "the last axis of x is In=64", span: spanOf(source, "64") }], help: "w2.T is f32[Out=10, H=128]",
};
const render = (text: string, span: { start: number; end: number }, label = "here") =>
  renderDiagnostic({ severity: "error", code: "c", message: "m", span: { file: "a.pull", ...span }, label }, { source: () => text });

describe("frames", () => {
  it("have message, place, line, carets, notes and help", () => {
    expect(renderDiagnostic(mismatch, { source: sources })).toBe(`error[shape]: axes do not match in \`x @ w2\`
 --> m.pull:3:10
3 |   return x @ w2
  |          ^^^^^^ x is f32[B=32, In=64]; w2 is f32[H=128, Out=10]
  = the last axis of x is In=64 (line 1)
  = help: w2.T is f32[Out=10, H=128]`);
  });
  it("make room for long line numbers", () => {
    const text = `${"\n".repeat(99)}let x = y`;
    expect(render(text, { start: text.length - 1, end: text.length })).toBe("error[c]: m\n   --> a.pull:100:9\n100 | let x = y\n    |         ^ here");
  });
  it("count tabs as four columns and drop carriage returns", () => {
    expect(render("\tlet\tx\r\nnext", { start: 5, end: 6 })).toBe("error[c]: m\n --> a.pull:1:6\n1 |     let    x\n  |            ^ here");
  });
  it("count wide and combining characters as a terminal does", () => {
    const text = "// 漢字 e\u0301 😀 x";
    expect(render(text, { start: text.length - 1, end: text.length }).split("\n").slice(2)).toEqual([`1 | ${text}`, "  |              ^ here"]);
  });
  it("mark a span of several lines on its first", () => {
    expect(render("fn f() {\n  1\n}", { start: 0, end: 14 })).toBe("error[c]: m\n --> a.pull:1:1\n1 | fn f() {\n  | ^^^^^^^^... here");
  });
  it("stand at the end of the file and at an empty place", () => {
    expect(render("fn f(", { start: 5, end: 5 })).toBe("error[c]: m\n --> a.pull:1:6\n1 | fn f(\n  |      ^ here");
    expect(render("a\n", { start: 2, end: 2 })).toBe("error[c]: m\n --> a.pull:2:1\n2 |\n  | ^ here");
    expect(render("", { start: 0, end: 0 })).toBe("error[c]: m\n --> a.pull:1:1\n1 |\n  | ^ here");
    expect(render("ab", { start: 90, end: 99 })).toBe("error[c]: m\n --> a.pull:1:3\n1 | ab\n  |   ^ here");
  });
  it("cut a long line around the span", () => {
    const text = `${"a".repeat(300)}BAD${"c".repeat(300)}`;
    const [, , line, carets] = render(text, { start: 300, end: 303 }).split("\n");
    expect(line.length).toBeLessThanOrEqual(4 + 120 + 3);
    expect(line.startsWith("1 | ...aaa") && line.endsWith("ccc...")).toBe(true);
    expect(carets.indexOf("^^^ here")).toBe(line.indexOf("BAD"));
    expect(render("b".repeat(500), { start: 0, end: 500 }).split("\n")[2].length).toBeLessThanOrEqual(4 + 123);
  });
  it("let no control character through", () => {
    expect(render("a\u001b[31mb", { start: 0, end: 1 }).split("\n")[2]).toBe("1 | a\ufffd[31mb");
  });
  it("do without a source that cannot be had", () => {
    expect(renderDiagnostic({ ...mismatch, span: { file: "gone.pull", start: 3, end: 4 }, notes: [], help: undefined }, { source: sources })).toBe("error[shape]: axes do not match in `x @ w2`\n --> gone.pull");
  });
  it("are coloured on request", () => {
    const text = renderDiagnostic(mismatch, { source: sources, color: true });
    expect(text).toContain("\u001b[1;31merror[shape]\u001b[0m");
    expect(text.replace(/\u001b\[[\d;]*m/g, "")).toBe(renderDiagnostic(mismatch, { source: sources }));
  });
});

describe("a run", () => {
  const hint: Diagnostic = { severity: "hint", code: "axis", message: "an axis of size 1", span: spanOf(source, "zeros()") };
  it("is printed in source order", () => {
    expect(renderDiagnostics([mismatch, hint], { source: sources })).toBe(`hint[axis]: an axis of size 1
 --> m.pull:2:28
2 |   param w2: f32[128, 10] = zeros()
  |                            ^^^^^^^

${renderDiagnostic(mismatch, { source: sources })}
`);
    expect(countText([mismatch, hint, mismatch])).toBe("2 errors, 1 hint");
    expect(countText([])).toBe("");
  });
  it("is plain data for tools", () => {
    expect(diagnosticData(hint, sources)).toEqual({
      severity: "hint", code: "axis", message: "an axis of size 1", file: "m.pull",
      start: { line: 2, column: 28, offset: 52 }, end: { line: 2, column: 35, offset: 59 },
    });
  });
});
