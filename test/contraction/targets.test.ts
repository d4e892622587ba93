import { expect, test } from "vitest";
import { elementCount } from "../../compiler/ir/graph.ts";
import { lowerDot } from "../../compiler/schedule/contraction/index.ts";
import type { Works } from "./assemble.ts";
import { assemble, assembleJs, dotWork } from "./assemble.ts";
import type { Case } from "./run-dot.ts";
import { filled, reference, requestOf } from "./run-dot.ts";

/** One of each way through the lowering. */
const cases: Record<string, Case> = {
  tiny: { left: [4, 2], right: [2, 16], leftContract: [1], rightContract: [0] },
  vector: { left: [1, 100], right: [100, 70], leftContract: [1], rightContract: [0], initial: "row" },
  column: { left: [70, 100], right: [100, 1], leftContract: [1], rightContract: [0] },
  turned: { left: [3, 50], right: [22, 50], leftContract: [1], rightContract: [1] },
  inPlace: { left: [32, 128], right: [128, 10], leftContract: [1], rightContract: [0], initial: "row" },
  panels: { left: [35, 300], right: [300, 103], leftContract: [1], rightContract: [0], initial: "row" },
  turnedPanels: { left: [10, 71], right: [30, 71], leftContract: [1], rightContract: [1], initial: "full" },
  packedLeft: { left: [130, 50], right: [130, 110], leftContract: [0], rightContract: [0] },
  slices: { left: [9, 2048], right: [2048, 20], leftContract: [1], rightContract: [0], initial: "full" },
  batch: { left: [2, 20, 3, 40], right: [2, 24, 3, 40], leftBatch: [0, 2], rightBatch: [0, 2], leftContract: [3], rightContract: [3] },
};

test.each([["wasm", assemble], ["js", assembleJs]] as const)("the bits of the reference in %s", async (_, make) => {
  const works = Object.entries(cases).map(([name, sample]) => dotWork(name, lowerDot(requestOf(sample))));
  const { memory, run }: Works = await make(works);
  for (const [i, sample] of Object.values(cases).entries()) {
    const { name, places } = works[i];
    const put = (role: string, data: Float32Array): void => new Float32Array(memory, places.get(role), data.length).set(data);
    const request = requestOf(sample);
    const [left, right] = [filled("f32", elementCount(sample.left), 1), filled("f32", elementCount(sample.right), 2)] as [Float32Array, Float32Array]; // what "f32" makes
    const count = reference(request, left, right, new Float32Array(1e5)).length;
    const initial = filled("f32", count, 3) as Float32Array; // the same; a row reads its beginning
    put("left", left);
    put("right", right);
    if (sample.initial) put("initial", initial);
    run[name]();
    expect(new Float32Array(memory, places.get("result"), count), name).toEqual(reference(request, left, right, sample.initial && initial));
  }
});
