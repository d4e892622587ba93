/** Values that are made with work that they do not need, while others wait for them. */
import { describe, expect, test } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import type { Region } from "../../compiler/ir/graph.ts";
import { optimize } from "../../compiler/optimize/index.ts";
import { ConstantPool } from "../../compiler/schedule/constants.ts";
import { Facts } from "../../compiler/schedule/facts.ts";
import { fuse } from "../../compiler/schedule/fuse.ts";
import { prepare } from "../../compiler/schedule/prepare.ts";
import { heldBack } from "../../compiler/schedule/waits.ts";
import { machine } from "./run.ts";

function regionOf(source: string): Region {
  const { graph, diagnostics } = elaborate(source, { file: "test.pull" });
  if (graph === null) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return optimize(graph, { fastMath: false }).entries[0].region;
}

/** The ops that make what is held back, in order. */
function heldOps(region: Region): readonly string[] {
  const facts = new Facts(region, machine.lanes);
  const held = heldBack(fuse(facts), facts);
  return region.nodes.flatMap((node) => (node.kind === "op" && held.has(node.results[0]) ? [node.op] : []));
}

/** `shared` is made in one kernel with `late`, which needs `other` too; `reader` is the second result. */
const program = (size: number, reader: string): Region => regionOf(`
export fn f(x: f32[${size}, ${size}], w: f32[${size}, ${size}], t: f32[${size}, ${size}]) {
  let other = exp(t)
  let shared = tanh(x @ w)
  let late = other * shared
  return (late, ${reader})
}`);

describe("held back is what was made with work that it does not need", () => {
  test("and what another reads that does not wait for that work", () => {
    expect(heldOps(program(32, "w @ shared"))).toEqual(["tanh"]);
  });
  test("not what a reader gets that waits for the work anyway", () => {
    expect(heldOps(program(32, "other @ shared"))).toEqual([]);
  });
  test("not what nobody else reads", () => {
    expect(heldOps(program(32, "w @ late"))).toEqual([]);
  });
  test("not a few numbers", () => {
    expect(heldOps(program(4, "w @ shared"))).toEqual([]);
  });
});

describe("a kernel of its own for what is held back", () => {
  const kernels = (region: Region): readonly string[] => prepare(region, [], machine, new ConstantPool(1)).units.flatMap(({ runs }) => runs.map(({ kernel }) => kernel.name));
  test("comes where that spares an eighth of the bytes: `other` and `shared` are never alive together with both results", () => {
    expect(kernels(program(32, "w @ shared"))).toContain("tanh_32x32");
  });
  test("does not where the peak is elsewhere", () => {
    const region = program(32, "w @ shared, reshape(x, [1024, 1]) @ reshape(t, [1, 1024])");
    expect(heldOps(region)).toEqual(["tanh"]);
    expect(kernels(region)).not.toContain("tanh_32x32");
  });
});
