/** The library's Lie groups in f32, on every target, against the f64 reference: from tiny steps to almost half a turn. */
import { describe, expect, test } from "vitest";
import { check } from "../../compiler/index.ts";
import { ReferenceModule, tensor } from "../../compiler/reference/index.ts";
import { build } from "../../targets/compile.ts";
import { instantiate } from "../../targets/index.ts";
import { compileForDevice } from "./wgsl/run.ts";
import { adapter } from "./wgsl/watched.ts";

const groups = [["so3", "SO3", 3], ["se3", "SE3", 6], ["sim3", "Sim3", 7]] as const;
const angles = [1e-7, 1e-4, 0.02, 0.9, 1.1, 3, Math.PI - 1e-3];
const rows = angles.length;

const sourceOf = (name: string, type: string, tangent: number): string => `
  export fn values(v: f32[${rows}, ${tangent}], w: f32[${rows}, ${tangent}], p: f32[${rows}, 3]) {
    let (x, y) = (${name}_exp(v), ${name}_exp(w))
    return {
      exp: x, log: ${name}_log(x), compose: ${name}_compose(x, y), inverse: ${name}_inverse(x), act: ${name}_act(x, p), adjoint: ${name}_adjoint(x, w), retract: x + w
    }
  }
  export fn credits(v: f32[${rows}, ${tangent}], w: f32[${rows}, ${tangent}], p: f32[${rows}, 3]) {
    let (x, y) = (${name}_exp(v), ${name}_exp(w))
    let (a, b) = (sum(w * ${name}_log(x)), sum(cos(${name}_act(${name}_compose(x, ${name}_inverse(y)), p))))
    return { log: grad(a, v), act: grad(b, (v, w, p)), stored: grad(sum(sin(${name}_compose(x, y).value)), (v, w)) }
  }
  export fn group(x: ${type}[${rows}], y: ${type}[${rows}], w: f32[${rows}, ${tangent}]) {
    let l = sum(w * ${name}_log(x + 0.1 * ${name}_log(y)))
    return grad(l, (x, y))
  }`;

describe.each(groups)("%s", (name, type, tangent) => {
  const source = sourceOf(name, type, tangent);
  const { graph } = check(source, { file: "lie.pull" });
  if (!graph) throw new Error("the groups do not compile");
  const reference = new ReferenceModule(graph);
  /** Steps of the angles about one axis or another; what else they have is of order 1. */
  const steps = (turn: number): number[] => angles.flatMap((angle, row) => {
    const axis = [[0.48, -0.6, 0.64], [-0.8, 0, 0.6], [0, 0.28, 0.96]][(row + turn) % 3].map((value) => value * angle);
    const along = [0, 1, 2].map((i) => Math.sin(1 + 3 * i + 5 * row + 7 * turn));
    return tangent === 3 ? axis : [...along, ...axis, 0.7 * Math.cos(row + turn)].slice(0, tangent);
  });
  const p = Array.from({ length: 3 * rows }, (_, i) => Math.cos(2 * i));
  const called = (entry: string, args: readonly (readonly number[])[]): number[][] => {
    const { region, reads } = reference.entry(entry);
    return reference.call(entry, {}, region.params.slice(reads.length).map((param, i) => tensor(region.types[param], args[i]))).map(({ data }) => Array.from(data));
  };
  const [v, w] = [steps(0), steps(1)].map((list) => Array.from(Float32Array.from(list)));
  const [x, , , inverse] = called("values", [v, w, p]);
  const calls = [["values", [v, w, p]], ["credits", [v, w, p]], ["group", [x, inverse, w]]] as const;

  const expectNear = (found: readonly ArrayLike<number>[], expected: readonly (readonly number[])[], what: string): void => {
    expect(found.length).toBe(expected.length);
    expected.forEach((values, i) => {
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      values.forEach((value, at) => expect(Math.abs(found[i][at] - value) / scale, `${what}, result ${i}[${at}]`).toBeLessThan(1e-5));
    });
  };
  const flat = (value: unknown): ArrayLike<number>[] => (ArrayBuffer.isView(value) ? [value as Float32Array] : Object.values(value as object).flatMap(flat)); // an entry's result is a tree of arrays

  test("wasm and js give the same bits, near the reference's", async () => {
    const built = await build(source, { file: "lie.pull", targets: ["wasm", "js"], selfTest: false });
    const [wasm, js] = await Promise.all([instantiate(built, { target: "wasm" }), instantiate(built, { target: "js" })]);
    for (const [entry, args] of calls) {
      const given = args.map((list) => Float32Array.from(list));
      const found = flat(wasm[entry](...given));
      expect(flat(js[entry](...given))).toEqual(found);
      expectNear(found, called(entry, args), entry);
    }
  });

  test.skipIf(adapter === null)("wgsl is near the reference", async () => {
    const device = await compileForDevice(source);
    for (const [entry, args] of calls) expectNear([...(await device.call(entry, args)).values()], called(entry, args), entry);
  });
});

test("at a module's border a value is what stores it", async () => {
  const built = await build(`
    dim P = 3
    var pose: SO3[P] = so3_exp(normal([P, 3]))
    export train fn step(x: SO3[P], lr: f32) -> { pose: SO3[P], loss: f32 } {
      let r = so3_log(so3_compose(so3_inverse(x), pose))
      let loss = sum(r * r)
      minimize loss over pose with momentum(lr = lr)
      return { pose, loss }
    }`, { file: "border.pull", targets: ["js"] });
  const types = String(built.files.find(({ name }) => name.endsWith(".d.ts"))?.contents);
  expect(types).toContain("@param x SO3 in f32[P=3, 4]");
  expect(types).toContain("@returns pose: SO3 in f32[P=3, 4], loss: f32");
  expect(types).toContain('"pose": Parameter<Float32Array, [3, 4]>');
  expect(types).toContain('"step.momentum.m.pose": Parameter<Float32Array, [3, 3]>');
  const [module, other] = await Promise.all([instantiate(built, { target: "js" }), instantiate(built, { target: "js", seed: 5 })]);
  const identity = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0);
  const { loss } = module.step(identity, 0.1);
  for (let i = 0; i < 150; i++) module.step(identity, 0.1);
  expect(module.step(identity, 0.1).loss).toBeLessThan(1e-3 * loss);
  other.load(module.save());
  const { pose } = other.step(identity, 0);
  expect(Array.from(pose)).toEqual(Array.from(module.step(identity, 0).pose));
  expect(() => module.step(new Float32Array(9), 0.1)).toThrow();
});
