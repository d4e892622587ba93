/** What a loop keeps of each turn for its derivative. */
import { expect, test } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";

const turns = 8;

/** Types of what the first loop of a program stacks, without the axis of the turns. */
function kept(body: string, asked = "grad(sum(h * h), (w, u, m))"): readonly string[] {
  const source = `export fn f(xs: f32[${turns}, 4], w: f32[4], u: f32[4], m: f32[4, 4], a: f32[4]) {
    let h = scan h = a for x in xs { ${body} }
    return ${asked}
  }`;
  const { graph, diagnostics } = elaborate(source, { file: "kept.pull" });
  expect(diagnostics.map(({ message }) => message).join()).toBe("");
  const region = graph?.entries[0].region;
  const loop = region?.nodes.find((node) => node.kind === "scan");
  if (!region || loop?.kind !== "scan") throw new Error("no loop");
  return loop.results.slice(loop.carries).map((id) => `${region.types[id].element}[${region.types[id].shape.slice(1).join()}]`).sort();
}

const cases: Readonly<Record<string, readonly [body: string, asked: string, kept: readonly string[]]>> = {
  "arithmetic is done again from the carry": ["h <- max(x * w + h * u, 0) * h + 0.5 * h", "grad(sum(h * h), (w, u))", ["f32[4]"]],
  "a product is kept, where its sign is all that counts as that": ["h <- relu(h @ m + x)", "grad(sum(h), m)", ["bool[4]", "f32[4]"]],
  "what takes long is kept": ["h <- tanh(h * w + x)", "grad(sum(h), w)", ["f32[4]", "f32[4]"]],
  "of a sum over an axis its result": ["h <- h * sum(h * w) + x", "grad(sum(h), w)", ["f32[4]", "f32[]"]],
  "what only captures and inputs make is made again": ["h <- 0.5 * h + (x - w) * (x - u) * h", "grad(sum(h), (w, u))", ["f32[4]"]],
};
test.each(Object.entries(cases))("%s", (_, [body, asked, wanted]) => {
  expect(kept(body, asked)).toEqual(wanted);
});

test("a wide value is made again from narrow ones", () => {
  // An outer product of 16 numbers from two vectors of 4.
  expect(kept("let z = tanh(h * u)  let o = expand(z, 1) * expand(h, 0)  h <- sum(o * o * m, axis = 1) + x", "grad(sum(h), (u, m))")).toEqual(["f32[4]", "f32[4]"]);
});
