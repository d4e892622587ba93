import { beforeAll, describe, expect, test } from "vitest";
import { agree, batches, countRight, type Examples, figure, mean, measured, openSample, randomNumbers, readClasses, type Sample, workingBytes } from "./support.ts";

measured("odd or even, of 0 and 1, then of 2 and 3, to 8 and 9, means over three starts: {right, by slope%} of the images of all at the end, by the slope's sign alone {right, by sign%}, by gradient descent {right, exact%}; of what was right after its task {forgotten, by slope%}, {forgotten, by sign%} and {forgotten, exact%} are lost; a step takes {bytes against reading} of the memory that reading takes");

/** Pairs of digits, one after the other; the answer is whether a digit is odd. */
function taskOf(part: Examples, task: number): Examples {
  const rows = Array.from({ length: part.count }, (_, i) => i).filter((i) => part.y[i] >> 1 === task);
  const x = Float32Array.from(rows.flatMap((row) => [...part.x.subarray(64 * row, 64 * (row + 1))]));
  return { count: rows.length, width: 64, x, y: Int32Array.from(rows, (row) => part.y[row] & 1) };
}

let sample: Sample;
let training: Examples;
let tasks: readonly { readonly training: Examples; readonly testing: Examples }[];
beforeAll(async () => {
  sample = await openSample("zeroflow");
  const digits = await readClasses("digits", 1 / 16);
  training = digits.training;
  tasks = [0, 1, 2, 3, 4].map((task) => ({ training: taskOf(digits.training, task), testing: taskOf(digits.testing, task) }));
});

/** The tasks in order, from the module's state: the mean share that is right at the end, and how much of each was lost since it was learnt. */
function learnAll(epochs: number, seed: number, step: (x: Float32Array, y: Int32Array, key: number) => void): { right: number; forgotten: number } {
  const random = randomNumbers(seed);
  const right = (task: number): number => countRight(tasks[task].testing, 64, 2, sample.wasm.predict) / tasks[task].testing.count;
  let key = 1000 * seed;
  const after = tasks.map((task, i) => {
    for (let epoch = 0; epoch < epochs; epoch++) for (const { x, y } of batches(task.training, 64, random)) step(x, y, key++);
    return right(i);
  });
  const end = tasks.map((_, i) => right(i));
  return { right: mean(end), forgotten: mean(after.slice(0, 4).map((before, i) => before - end[i])) };
}

describe("zeroflow", () => {
  test("js, wasm and the reference agree", () => {
    const [x, y] = [tasks[0].training.x.slice(0, 64 * 64), tasks[0].training.y.slice(0, 64)];
    agree(sample, [["pretrain", x, 0.003], ["step", x, y, 5, 0.01, 0.01, false], ["step", x, y, 6, 0.003, 0.01, true], ["move", 7, 0.01], ["exact_step", x, y, 0.1], ["predict", x]], { band: 1e-3 });
  });

  test("a step takes hardly more memory than reading", () => {
    const { program } = sample.built;
    const part = (name: string): number => workingBytes(program, name) / workingBytes(program, "predict");
    expect(figure("bytes against reading", part("step"))).toBeLessThan(1.05);
    expect([part("exact_step") < 1.05, part("pretrain") > 2]).toEqual([true, true]); // the head's gradient alone, and that of features
  });

  test("what was learnt is the keys and how far each was followed", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const start = wasm.save();
    const moves: [key: number, by: number][] = [];
    for (const [i, { x, y }] of [...batches(tasks[0].training, 64, randomNumbers(1))].entries()) moves.push([i, wasm.step(x, y, i, 0.01, 1e-3, false)]);
    const learnt = wasm.parameters["head.weight"].read();
    wasm.load(start);
    for (const [key, by] of moves) wasm.move(key, by);
    expect(wasm.parameters["head.weight"].read()).toEqual(learnt);
  });

  test("five tasks are learnt as well as by gradients, and as much of them is kept", () => {
    const { wasm } = sample;
    const ways = {
      exact: [20, (x: Float32Array, y: Int32Array): void => wasm.exact_step(x, y, 0.1)],
      "by slope": [50, (x: Float32Array, y: Int32Array, key: number): void => wasm.step(x, y, key, 0.01, 1e-3, false)],
      "by sign": [50, (x: Float32Array, y: Int32Array, key: number): void => wasm.step(x, y, key, 0.003, 1e-3, true)],
    } as const;
    const found = { exact: [], "by slope": [], "by sign": [] } as Record<keyof typeof ways, { right: number; forgotten: number }[]>; // filled in the loop
    for (const seed of [1, 2, 3]) {
      wasm.reset(seed);
      const random = randomNumbers(seed);
      for (let epoch = 0; epoch < 40; epoch++) for (const { x } of batches(training, 64, random)) wasm.pretrain(x, 0.003);
      const start = wasm.save();
      for (const way of ["exact", "by slope", "by sign"] as const) {
        wasm.load(start);
        const [epochs, step] = ways[way];
        found[way].push(learnAll(epochs, seed, step));
      }
    }
    const [exact, slope, sign] = (["exact", "by slope", "by sign"] as const).map((way) => ({
      right: figure(`right, ${way}`, mean(found[way].map(({ right }) => right))),
      forgotten: figure(`forgotten, ${way}`, mean(found[way].map(({ forgotten }) => forgotten))),
    }));
    for (const forward of [slope, sign]) {
      expect(forward.right).toBeGreaterThan(exact.right - 0.1);
      expect(forward.forgotten).toBeLessThanOrEqual(exact.forgotten);
    }
  });
});
