import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { format, parse } from "../../grammar/index.ts";
import { brokenProgram, respacedProgram } from "./mutate.ts";
import { parsed, shape } from "./samples.ts";

/** Milliseconds of the processor for one input, many times what one takes; time in which others run does not count. */
const bound = 2000;

function timedParse(source: string) {
  const { user } = process.cpuUsage();
  const result = parse(source, "fuzz.pull");
  expect(process.cpuUsage().user - user).toBeLessThan(1000 * bound);
  return result;
}

describe("parse, on anything", () => {
  it("neither throws nor hangs, and its spans lie in the source", () => {
    fc.assert(fc.property(brokenProgram, (source) => {
      for (const { span, message } of timedParse(source).problems) {
        expect(message).not.toBe("");
        expect(0 <= span.start && span.start <= span.end && span.end <= source.length, `${message}: ${JSON.stringify(span)}`).toBe(true);
      }
    }), { numRuns: 600 });
  });

  it("reads noise", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (source) => {
      timedParse(source);
    }), { numRuns: 300 });
  });

  it("reports nothing exactly when formatting gives the same tree", () => {
    fc.assert(fc.property(brokenProgram, (source) => {
      const result = timedParse(source);
      const formatted = format(source);
      expect("text" in formatted).toBe(result.problems.length === 0);
      if ("text" in formatted) expect(shape(parsed(formatted.text).declarations)).toBe(shape(result.file.declarations));
    }), { numRuns: 200 });
  });

  it.each([
    ["brackets", `const a = ${"(".repeat(5000)}1${")".repeat(5000)}`],
    ["open brackets", `const a = ${"[(".repeat(20000)}`],
    ["blocks", `fn f() { ${"if x { ".repeat(3000)} ${"}".repeat(3001)}`],
    ["conditionals", `const a = ${"if a then ".repeat(5000)} 1`],
    ["lambdas", `const a = ${"fn(x) => ".repeat(5000)} 1`],
    ["signs", `const a = ${"-".repeat(20000)}1`],
    ["powers", `const a = ${"2 ^ ".repeat(20000)}1`],
    ["fields", `const a = x${".y".repeat(20000)}`],
    ["a long sum", `const a = ${"1 + ".repeat(20000)}1`],
    ["one error a line", "let x = 3\n".repeat(3000)],
    ["errors in one body", `fn f() {\n${"  let x = )\n".repeat(2000)}}`],
  ])("survives many %s", (_, source) => {
    const { problems } = timedParse(source);
    expect(problems.length).toBeGreaterThan(0);
  });
});

describe("format, on respaced programs", () => {
  it("is idempotent and keeps the tree and the comments", () => {
    fc.assert(fc.property(respacedProgram, (source) => {
      const once = format(source);
      if (!("text" in once)) throw new Error(JSON.stringify(once.problems));
      expect(format(once.text)).toEqual(once);
      const [before, after] = [parsed(source), parsed(once.text)];
      expect(shape(after.declarations)).toBe(shape(before.declarations));
      const texts = (file: typeof before): string[] => file.comments.map(({ text }) => text.trim()).sort();
      expect(texts(after)).toEqual(texts(before));
    }), { numRuns: 400 });
  });
});
