/** Kernels that use workgroup memory, under a race detector: processors run invocations in lockstep and hide a missing barrier. */
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { Builder } from "../../../compiler/ir/builder.ts";
import type { Region } from "../../../compiler/ir/graph.ts";
import type { Shader } from "../../../compiler/program.ts";
import { optimize } from "../../../compiler/optimize/index.ts";
import { schedule } from "../../../compiler/schedule/index.ts";
import { emitShaders, wgsl } from "../../../targets/wgsl/index.ts";
import { whileLoop } from "../../ops/loop-cases.ts";
import { graphOf } from "../../schedule/run.ts";

interface Report {
  readonly races: readonly unknown[];
  readonly errors: readonly unknown[];
}
type Detect = (code: string, entry: string, workgroups: readonly number[], bindings: unknown) => Report;

// The package's entry for Node is CommonJS under the name of a module.
const file = path.join(path.dirname(createRequire(import.meta.url).resolve("wgsl_reflect")), "wgsl_reflect.module.js");
const { detectRaces } = await import(/* @vite-ignore */ pathToFileURL(file).href) as { readonly detectRaces: Detect };

function sharingShaders(region: Region): { readonly shaders: readonly Shader[]; readonly words: number } {
  const { shaders, program } = emitShaders(schedule(optimize(graphOf(region)), wgsl.machine));
  const forms = shaders.map((shader): Shader => ({ ...shader, ...shader.shared }));
  return { shaders: forms.filter(({ code }) => code.includes("var<workgroup>")), words: program.peakBytes / 4 };
}

const check = ({ code, workgroups: [x, y] }: Shader, words: number): Report =>
  detectRaces(code, "main", [x, y, 1], { 0: { 0: new Float32Array(words).map((_, i) => (i % 7) / 8) } });

const rows = (length: number): Region => {
  const b = new Builder();
  const type = { element: "f32", shape: [2, length] } as const;
  const x = b.parameter(type);
  const along = (row: ReturnType<Builder["parameter"]>) => b.broadcast(row, type.shape, [0]);
  const exponent = b.op("exp", [b.sub(x, along(b.op("reduce_max", [x], { axes: [1] })))], {});
  const total = b.sum(exponent, [1]);
  return b.region([b.div(exponent, along(total)), b.op("log", [total], {})]);
};

test.each([64, 1100])("rows of %i", (length) => {
  const { shaders, words } = sharingShaders(rows(length));
  expect(shaders.length).toBeGreaterThan(0);
  for (const shader of shaders) expect(check(shader, words), shader.name).toMatchObject({ races: [], errors: [] });
});

test("rows that many invocations share, and where their extremes are", () => {
  const b = new Builder();
  const x = b.parameter({ element: "f32", shape: [1, 32_768] });
  const { shaders, words } = sharingShaders(b.region([b.op("argmax", [x], { axis: 1 }), b.sum(x, [1])]));
  expect(shaders.length).toBe(1); // what the parts came to
  for (const shader of shaders) expect(check(shader, words), shader.name).toMatchObject({ races: [], errors: [] });
});

test("a product through workgroup memory", () => {
  const b = new Builder();
  const [x, w] = [[64, 32], [32, 64]].map((shape) => b.parameter({ element: "f32", shape }));
  const { shaders: [shader], words } = sharingShaders(b.region([b.op("dot", [x, w], { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] })]));
  const one: Shader = { ...shader, workgroups: [1, 1] };
  expect(check(one, words)).toMatchObject({ races: [], errors: [] });
  const barrier = shader.code.lastIndexOf("workgroupBarrier();");
  expect(check({ ...one, code: shader.code.slice(0, barrier) + shader.code.slice(barrier + "workgroupBarrier();".length) }, words).races).not.toEqual([]);
});

test("a running sum of a long line", () => {
  const b = new Builder();
  const { shaders: [shader], words } = sharingShaders(b.region([b.op("cumsum", [b.parameter({ element: "f32", shape: [2, 300] })], { axis: 1, reversed: false })]));
  expect(check(shader, words)).toMatchObject({ races: [], errors: [] });
  expect(check({ ...shader, code: shader.code.replace("workgroupBarrier();", "") }, words).races).not.toEqual([]);
});

test("a barrier that is taken out is missed", () => {
  const { shaders: [shader], words } = sharingShaders(rows(64));
  expect(check({ ...shader, code: shader.code.replace("workgroupBarrier();", "") }, words).races).not.toEqual([]);
});

test("a loop in one kernel, until a test ends it", () => {
  const b = new Builder();
  const x = b.parameter({ element: "f32", shape: [70] });
  const results = whileLoop(b, 3, [x], [],
    (c, _, s) => [c.op("gt", [c.sum(s, [0]), c.constant({ element: "f32", shape: [] }, 1e9)], {})],
    (c, _, s) => [c.op("sin", [c.op("reverse", [s], { axes: [0] })], {})]);
  const { shaders, words } = sharingShaders(b.region([...results]));
  expect(shaders.map(({ name }) => name)).toEqual(["loop_3"]);
  const leave = "if (workgroupUniformLoad(&leaves) != 0u) { break; }"; // the detector takes all that is loaded so for true
  expect(shaders[0].code).toContain(leave);
  const code = shaders[0].code.replace(leave, "workgroupBarrier();");
  expect(check({ ...shaders[0], code }, words)).toMatchObject({ races: [], errors: [] });
  expect(check({ ...shaders[0], code: code.replaceAll("storageBarrier();", "") }, words).races).not.toEqual([]);
});
