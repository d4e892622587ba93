/** Lie groups: what exp, log, products, inverses and adjoints mean, by matrices; every derivative by differences and by the other mode. */
import { describe, expect, test } from "vitest";
import { checkGradients } from "../../compiler/gradcheck/index.ts";
import { check } from "../../compiler/index.ts";
import { tensor } from "../../compiler/reference/index.ts";
import { load } from "./run.ts";

interface Group {
  readonly name: string;
  readonly type: string;
  readonly tangent: number;
  /** The matrix [v]^ of a step v, whose exp moves points (x, y, z, 1). */
  readonly generator: string;
}

const turning = (x: string, y: string, z: string): string => `[[0.0, -${z}, ${y}], [${z}, 0.0, -${x}], [-${y}, ${x}, 0.0]]`;
const rigid = (rotation: string): string => `concat(concat(${rotation}, expand(v[:3], 1), axis = 1), zeros([1, 4]), axis = 0)`;
const groups: readonly Group[] = [
  { name: "so3", type: "SO3", tangent: 3, generator: `concat(concat(${turning("v[0]", "v[1]", "v[2]")}, zeros([3, 1]), axis = 1), zeros([1, 4]), axis = 0)` },
  { name: "se3", type: "SE3", tangent: 6, generator: rigid(turning("v[3]", "v[4]", "v[5]")) },
  { name: "sim3", type: "Sim3", tangent: 7, generator: rigid(`${turning("v[3]", "v[4]", "v[5]")} + v[6] * eye(3)`) },
];

const steps: readonly (readonly number[])[] = [
  [0.3, -0.7, 1.1, 0.4, -0.9, 0.6, 0.5], [2, 1, -3, 2.1, -1.7, 1.2, -0.8], [0.1, 0.2, 0.3, 1e-4, -2e-4, 1e-5, 1e-4], [1, 2, 3, 0, 0, 0, 0], [-2, 0.5, 1, 0.6, 0.5, -0.4, 1.9],
];

describe.each(groups)("$name", ({ name, type, tangent, generator }) => {
  const module = load(`
    /// How points move, as a matrix.
    fn matrix(x: ${type}) -> f32[4, 4] {
      let origin = ${name}_act(x, zeros([3]))
      let columns = (map p in eye(3) => ${name}_act(x, p)) - origin
      return concat(concat(columns.T, expand(origin, 1), axis = 1), [[0.0, 0.0, 0.0, 1.0]], axis = 0)
    }
    export fn group(v: f32[${tangent}], w: f32[${tangent}]) {
      let (x, y) = (${name}_exp(v), ${name}_exp(w))
      let (g, h) = (${generator}, matrix(${name}_exp(${name}_adjoint(x, w))))
      return (
        (matrix(x), matrix_exp(g)), (matrix(${name}_compose(x, y)), matrix(x) @ matrix(y)), (matrix(${name}_inverse(x)), inverse(matrix(x))),
        (${name}_log(x), v), (h, matrix(x) @ matrix(y) @ inverse(matrix(x))), (matrix(x + w), matrix(y) @ matrix(x)),
        (matrix(${name}_identity()), eye(4)), (sum(${name}_adjoint(x, v) * w), sum(v * ${name}_adjoint_transposed(x, w)))
      )
    }
    export fn near_pi(v: f32[${tangent}]) = (${name}_log(${name}_exp(v)), v)`);
  const call = (entry: string, ...args: readonly (readonly number[])[]): number[][] =>
    module.call(entry, {}, args.map((arg) => tensor({ element: "f32", shape: [tangent] }, arg))).map(({ data }) => Array.from(data));
  const cut = (step: readonly number[]): readonly number[] => (tangent === 3 ? step.slice(3, 6) : step.slice(0, tangent));

  test.each(steps.map((step, i) => [i, step] as const))("is that of matrices, step %d", (i, step) => {
    const found = call("group", cut(step), cut(steps[(i + 1) % steps.length]));
    for (let pair = 0; pair < found.length; pair += 2) {
      const largest = Math.max(1, ...found[pair + 1].map(Math.abs));
      found[pair].forEach((value, at) => expect(Math.abs(value - found[pair + 1][at]) / largest, `pair ${pair / 2}[${at}]`).toBeLessThan(1e-9));
    }
  });

  test("log reaches to half a turn", () => {
    for (const angle of [3, 3.14, Math.PI - 1e-6]) {
      const [found, wanted] = call("near_pi", cut([0.1, 0.2, 0.3, angle * 0.6, 0, -angle * 0.8, 0.1]));
      found.forEach((value, at) => expect(value).toBeCloseTo(wanted[at], 8));
    }
  });

  const count = name === "sim3" ? 1 : 2; // its series make long programs
  const lines: Readonly<Record<string, readonly [parameters: string, value: string, by: string]>> = {
    exp: [`v: f32[${count}, ${tangent}]`, `${name}_exp(v).value`, "v"],
    log: [`x: ${type}[${count}]`, `${name}_log(x)`, "x"],
    both: [`v: f32[${count}, ${tangent}]`, `${name}_log(${name}_exp(v))`, "v"],
    compose: [`x: ${type}[${count}], y: ${type}[${count}]`, `${name}_compose(x, y).value`, "(x, y)"],
    inverse: [`x: ${type}[${count}]`, `${name}_inverse(x).value`, "x"],
    act: [`x: ${type}[${count}], p: f32[${count}, 3]`, `${name}_act(x, p)`, "(x, p)"],
    adjoint: [`x: ${type}[${count}], v: f32[${count}, ${tangent}]`, `${name}_adjoint(x, v)`, "(x, v)"],
    retract: [`x: ${type}[${count}], v: f32[${count}, ${tangent}]`, `(x + v).value`, "(x, v)"],
    ...(name === "so3" ? { matrix: ["x: SO3[2]", "so3_matrix(x)", "x"] } : {}),
    ...(name === "se3" ? {
      from: ["r: SO3[2], t: f32[2, 3]", "se3_from(r, t).value", "(r, t)"], rotation: ["x: SE3[2]", "se3_rotation(x).value", "x"], translation: ["x: SE3[2]", "se3_translation(x)", "x"],
    } : {}),
  };

  test.each(Object.entries(lines))("derivatives of %s", (_, [parameters, value, by]) => {
    const names = by.replace(/[()]/g, "").split(", ");
    const moved = names.map((one) => `d_${one}`);
    const source = `
      var start: ${type}[2] = ${name}_exp(normal([2, ${tangent}]))
      export fn f(${parameters}) {
        let z = ${value}
        let l = sum(cos(sin(z)))
        let (${moved.join(", ")}) = (${names.map((one) => `grad(l, ${one})`).join(", ")})
        let ct = cos(3 * z)
        return (
          start, grad(${moved.map((d) => `sum(sin(${d}))`).join(" + ")}, ${by}),
          sum(ct * push(z, ${by}, ${moved.length > 1 ? `(${moved.join(", ")})` : moved[0]})),
          ${names.map((one, i) => `sum(pull(z, ${one}, ct) * ${moved[i]})`).join(" + ")}
        )
      }`;
    const { graph, requests, diagnostics } = check(source, { file: "test.pull" });
    expect(diagnostics.map(({ message }) => message)).toEqual([]);
    if (!graph) throw new Error("no graph");
    const reports = checkGradients(requests, graph);
    expect(reports.length).toBeGreaterThan(2 * names.length);
    expect(reports.filter(({ verdict }) => verdict !== "exact")).toEqual([]);
    // Both modes are transposes of each other.
    const module = load(source);
    const types = module.entry("f").region.params.slice(module.entry("f").reads.length).map((param) => module.entry("f").region.types[param]);
    const given = types.map((type_, at) => tensor(type_, unit(type_.shape, at)));
    const results = module.call("f", {}, given);
    expect(results.at(-2)?.data[0]).toBeCloseTo(results.at(-1)?.data[0] ?? Number.NaN, 9);
  });
});

/** Repeatable numbers; of storages with a quaternion, in places where groups have it, of norm 1. */
function unit(shape: readonly number[], seed: number): number[] {
  const width = shape[shape.length - 1];
  const from = width === 4 ? 0 : 3;
  return Array.from({ length: shape[0] }, (_, row) => {
    const values = Array.from({ length: width }, (__, i) => Math.sin(1 + 3 * i + 7 * row + 5 * seed));
    if (width !== 4 && width !== 7 && width !== 8) return values;
    const length = Math.hypot(...values.slice(from, from + 4));
    return values.map((value, i) => (i >= from && i < from + 4 ? value / length : i === 7 ? 1 + Math.abs(value) : value));
  }).flat();
}
