/** `lrp_operations`: every operation that passes credit has a rule, and none makes or loses relevance. */
import { describe, expect, it } from "vitest";
import { type TensorType } from "../../compiler/ir/graph.ts";
import { definitionOf, opNames, type OpName, type Tensor } from "../../compiler/ops/index.ts";
import { program } from "../elaborate/program.ts";
import { type Case, casesOf, drawArgs } from "../ops/cases.ts";
import { Random } from "../ops/random.ts";

const differentiable = opNames.filter((op) => definitionOf(op).jvp !== undefined);
const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);

const attributeText = (value: unknown): string => (Array.isArray(value) ? `[${value.map(attributeText).join(", ")}]` : String(value));
const typeText = ({ element, shape }: TensorType): string => (shape.length === 0 ? element : `${element}[${shape.join(", ")}]`);

/** `core.scatter_add(a0, a1, a2)` with its attributes. */
function operation(op: OpName, { args, attributes }: Case): string {
  const { mode, ...others } = { ...attributes } as Record<string, unknown>; // attributes of any op, by name
  const name = mode === undefined ? op : `${op}_${String(mode)}`;
  const given = Object.entries(mode === undefined ? others : {}).map(([key, value]) => `${key} = ${attributeText(value)}`);
  return `core.${name}(${[...args.map((_, i) => `a${i}`), ...given].join(", ")})`;
}

/** Relevance given to the (first) result where it is not 0, as where no operand gets, and that found in the float args. */
function relevance(op: OpName, drawn: Case, values: readonly Tensor[], random: Random): { readonly given: number; readonly found: number } {
  const [type] = definitionOf(op).infer(drawn.args, drawn.attributes as never); // the case's own attributes
  const asked = drawn.args.flatMap(({ element }, i) => (element === "f32" ? [`a${i}`] : []));
  const parameters = [...drawn.args.map((arg, i) => `a${i}: ${typeText(arg)}`), `r: ${typeText(type)}`];
  const result = op === "sort" ? `let (y, order) = ${operation(op, drawn)}` : `let y = ${operation(op, drawn)}`;
  const { call } = program(`export fn main(${parameters.join(", ")}) {
    ${result}
    let given = where(y == 0, 0, r)
    return (sum(given), pull(y, (${asked.join(", ")}), given, using = lrp_operations))
  }`);
  const r = Array.from({ length: type.shape.reduce((count, size) => count * size, 1) }, () => random.uniform(0.5, 1));
  const [[given], ...found] = call("main", ...values.map(({ data }) => [...data]), r);
  return { given, found: total(found.flat()) };
}

/** From f32 to f32, with something to credit, and with a name in `core`: that of a scatter has no batch. */
function isShown(op: OpName, { args, attributes }: Case): boolean {
  const [result] = definitionOf(op).infer(args, attributes as never); // the case's own attributes
  const floats = args.filter(({ element }) => element === "f32");
  return floats.length > 0 && result.element === "f32" && !(op.startsWith("reduce") && args[0].shape.includes(0))
    && !(op === "scatter" && "batch" in attributes && attributes.batch !== 0);
}

describe("lrp_operations", () => {
  it.each(differentiable)("conserves the relevance of %s", (op) => {
    const random = new Random(3);
    const shown = casesOf(op, random).filter((drawn) => isShown(op, drawn));
    expect(shown.length).toBeGreaterThan(0);
    for (const drawn of shown) {
      const { given, found } = relevance(op, drawn, drawArgs(drawn, definitionOf(op).samples, random), random);
      expect(Math.abs(found - given), operation(op, drawn)).toBeLessThan(1e-4 * Math.max(1, given));
    }
  });
});

/** The relevance given and found of a body that ends in both. */
function models(body: string, declarations = ""): void {
  const x = Array.from({ length: 12 }, (_, i) => Math.sin(3 * i + 1));
  const [given, ...found] = program(`${declarations}\nexport fn main(x: f32[3, 4]) { ${body} }`, { seed: 3 }).call("main", x);
  expect(Math.abs(total(given))).toBeGreaterThan(0.01);
  expect(Math.abs(total(found.flat()) - total(given)) / Math.abs(total(given))).toBeLessThan(1e-4);
}
const toInput = "return (sum(y), pull(y, x, y, using = lrp_operations(1e-9)))";

describe("lrp_operations conserves the relevance of", () => {
  const net = "var a = Linear[4, 8]  var b = Linear[8, 2]";
  it("a net to its input", () => models(`let y = x |> a |> tanh |> b  ${toInput}`, net));
  it("a net to its input and its parameters", () => models("let y = x |> a |> tanh |> b  return (sum(y), pull(y, (x, a, b), y, using = lrp_operations(1e-9)))", net));
  it("a net to its input and its biases, which take their shares", () =>
    models("let y = x |> a |> b  return (sum(y), pull(y, (x, a.bias, b.bias), y, using = lrp_operations(1e-9, bias = true)))", net));
  it("attention and normalization", () => models(`
    let h = norm(x)
    let q = h @ wq
    let y = h + softmax(q @ h.T / 2) @ (h @ wv)
    ${toInput}`, "var norm = LayerNorm[4]  var wq: f32[4, 4] = normal()  var wv: f32[4, 4] = normal()"));
  it("index notation, gathers, extremes and a sorted median", () => models(`
    let p = for [i, j] => sum[k](x[i, k] * x[j, k])
    let y = max(p, axis = 0) + median(x[[2, 0, 1]]) * min(x, 0.5)[:, 1]
    ${toInput}`));
  it("a recurrent net, by a loop", () => models(`
    let h = scan h = zeros([4]) for row in x { h <- tanh(h @ w + row) }
    let y = 3 * h
    ${toInput}`, "var w: f32[4, 4] = normal()"));
  it("a map", () => models(`
    let r = map row in x { let y = sigmoid(row @ w) * row  return { y, r: pull(y, row, y, using = lrp_operations(1e-9)) } }
    return (sum(r.y), r.r)`, "var w: f32[4, 4] = normal()"));
  it("functions with derivative rules of their own, whose bodies count", () => models(`let y = sum(asinh(x) * cbrt(x), axis = 1)  ${toInput}`));
});
