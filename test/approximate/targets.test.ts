import { expect, test } from "vitest";
import type { Approximated } from "../../compiler/schedule/approximate/index.ts";
import type { Work } from "../contraction/assemble.ts";
import { assemble, assembleJs } from "../contraction/assemble.ts";
import type { Cells } from "../contraction/interpret.ts";
import { cells, interpret } from "../contraction/interpret.ts";
import { elementwise, patterns } from "./errors.ts";

const COUNT = 1024;
const ops: readonly Approximated[] = ["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "logistic", "pow", "atan2"];
const bits = patterns(2 ** 22 - 3).subarray(0, COUNT);
const nearZero = Float32Array.from({ length: COUNT }, (_, i) => (i - COUNT / 2) / 77);

test.each([["wasm", assemble], ["js", assembleJs]] as const)("the bits of the interpreter in %s", async (_, make) => {
  const kernels = ops.flatMap((op) => [{ name: `${op}4`, type: "f32", kernel: elementwise(op, "f32", COUNT, 4, 2) } as const, { name: `${op}1`, type: "f32", kernel: elementwise(op, "f32", COUNT) } as const, { name: `${op}64`, type: "f64", kernel: elementwise(op, "f64", COUNT) } as const]);
  const places = [1024, 1024 + 8 * COUNT, 1024 + 16 * COUNT];
  const works = kernels.map(({ name, kernel }): Work => ({ name, kernels: [kernel], bindings: [places.slice(0, kernel.buffers.length)], bytes: 1024 + 24 * COUNT }));
  const { memory, run } = await make(works);
  for (const { name, type, kernel } of kernels) {
    for (const [x, y] of [[bits, nearZero], [nearZero, bits]]) {
      const operands = [x, y].slice(0, kernel.buffers.length - 1).map((values) => {
        const operand = cells(type, COUNT);
        operand.set(values);
        return operand;
      });
      const view = (place: number): Cells => (type === "f32" ? new Float32Array(memory, place, COUNT) : new Float64Array(memory, place, COUNT));
      operands.forEach((operand, i) => view(places[i]).set(operand));
      run[name]();
      const expected = cells(type, COUNT);
      interpret(kernel)(...operands, expected);
      expect(view(places[operands.length]), name).toEqual(expected);
    }
  }
});
