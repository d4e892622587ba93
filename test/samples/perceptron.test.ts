import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, measured, openSample, type Parts, readClasses, type Sample } from "./support.ts";

measured("AND after {mistakes, AND} mistakes, OR after {mistakes, OR}, setosa after {mistakes, setosa}; Novikoff's bounds are {bound, AND}, {bound, OR} and {bound, setosa}. On XOR at least one mistake in each of 5000 turns");

type Example = readonly [x: readonly number[], target: number];
const corners = [[0, 0], [0, 1], [1, 0], [1, 1]];
const gate = (answers: readonly number[]): readonly Example[] => corners.map((x, i) => [x, answers[i]]);

let sample: Sample;
let iris: Parts;
beforeAll(async () => {
  sample = await openSample("perceptron");
  iris = await readClasses("iris");
});

/** Takes turns through the examples until one is free of errors; the errors until then, and in the last turn. */
function learn(step: (x: readonly number[], target: number) => number, examples: readonly Example[], turns: number): { errors: number; last: number } {
  let [errors, last] = [0, 0];
  for (let turn = 0; turn < turns; turn++) {
    last = examples.filter(([x, target]) => step(x, target) !== target).length;
    errors += last;
    if (last === 0) break;
  }
  return { errors, last };
}

/** Novikoff's bound (R / gamma) ^ 2 by a unit that separates the examples, the bias its last weight. */
function bound(examples: readonly Example[], unit: readonly number[]): number {
  const length = Math.hypot(...unit);
  const rows = examples.map(([x, target]) => ({ row: [...x, 1], sign: target === 1 ? 1 : -1 }));
  const margin = Math.min(...rows.map(({ row, sign }) => (sign * row.reduce((sum, value, i) => sum + value * unit[i], 0)) / length));
  const radius = Math.max(...rows.map(({ row }) => Math.hypot(...row)));
  expect(margin).toBeGreaterThan(0);
  return (radius / margin) ** 2;
}

/** Tells setosa from the rest with the widest margin, nearly. */
const setosa = [-0.046, 0.522, -1.003, -0.464, 1.45];

describe("perceptron", () => {
  test("js, wasm and the reference agree", () => {
    const { x } = iris.training;
    agree(sample, [["gate_step", [1, 0], 1], ["gate_step", [1, 1], 0], ["flower_step", x.slice(0, 4), 1], ["flower_step", x.slice(200, 204), 0], ["is_setosa", x.slice(0, 4)]], { band: 1e-6 });
  });

  test.each([["AND", [0, 0, 0, 1], [1, 1, -1.5]], ["OR", [0, 1, 1, 1], [1, 1, -0.5]]] as const)("%s is learnt within the mistake bound", (name, answers, unit) => {
    sample.wasm.reset();
    const examples = gate(answers);
    const { errors, last } = learn(sample.wasm.gate_step, examples, 100);
    expect(last).toBe(0);
    expect(errors).toBeGreaterThan(0);
    expect(figure(`mistakes, ${name}`, errors)).toBeLessThanOrEqual(figure(`bound, ${name}`, bound(examples, unit)));
  });

  test("setosa is told from the rest within the mistake bound, and on flowers held back", () => {
    sample.wasm.reset();
    const examples = (part: Parts["training"]): readonly Example[] =>
      Array.from(part.y, (label, i) => [Array.from(part.x.subarray(4 * i, 4 * i + 4)), label === 0 ? 1 : 0]);
    const training = examples(iris.training);
    const { errors, last } = learn(sample.wasm.flower_step, training, 100);
    expect(last).toBe(0);
    expect(errors).toBeGreaterThan(0);
    expect(figure("mistakes, setosa", errors)).toBeLessThanOrEqual(figure("bound, setosa", bound(training, setosa)));
    for (const [x, target] of examples(iris.testing)) expect(sample.wasm.is_setosa(x)).toBe(target);
  });

  test("XOR keeps at least one error for ever", () => {
    sample.wasm.reset();
    const { errors, last } = learn(sample.wasm.gate_step, gate([0, 1, 1, 0]), 5000);
    expect(last).toBeGreaterThanOrEqual(1);
    expect(errors).toBeGreaterThanOrEqual(5000);
    // It goes round in a circle: the unit stays small.
    expect(Math.hypot(...sample.wasm.parameters["gate.weight"].read())).toBeLessThan(5);
  });
});
