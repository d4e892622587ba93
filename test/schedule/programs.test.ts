import { describe, expect, test } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import { optimize } from "../../compiler/optimize/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { schedule } from "../../compiler/schedule/index.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { Random } from "../ops/random.ts";
import { call, difference, instanceOf, leaves, machine, poison, read } from "./run.ts";

const mlp = (head: string, body: string): string => `
dim B = 6
model Mlp[In, H, Out](x: f32[...N, In]) -> f32[...N, Out] {
  layer hidden = Linear[In, H]
  layer output = Linear[H, Out]
  return x |> hidden |> ${head} |> output
}
${body}`;

const classifier = (head: string, optimizer: string): string => mlp(head, `
var net = Mlp[9, 20, 5]
export train fn step(x: f32[B, 9], y: i32[B], lr: f32) -> { loss: f32, accuracy: f32 } {
  let logits = net(x)
  let loss = mean(cross_entropy(logits, y))
  minimize loss over net with ${optimizer}
  return { loss, accuracy: mean(f32(argmax(logits, axis = -1) == y)) }
}
export fn predict[N in {1, 32}](x: f32[N, 9]) -> f32[N, 5] = softmax(net(x), axis = -1)`);

const sources: Readonly<Record<string, string>> = {
  "classifier with sgd": classifier("relu", "sgd(lr = lr)"),
  "classifier with adam": classifier("tanh", "adam(lr = lr)"),
  "regression of one number": mlp("tanh", `
var net = Mlp[2, 16, 1]
export train fn step(x: f32[B, 2], y: f32[B, 1], lr: f32) -> f32 {
  let loss = mse(net(x), y)
  minimize loss over net with sgd(lr = lr)
  return loss
}`),
  "noise from a counter": mlp("relu", `
var net = Mlp[4, 8, 4]
export train fn step(x: f32[B, 4], lr: f32) -> f32 {
  let loss = mse(net(x + 0.1 * normal([B, 4])), x)
  minimize loss over net with momentum(lr = lr)
  return loss
}`),
};

describe.each(Object.entries(sources))("%s", (_, source) => {
  test("three steps agree with the reference, and js with wasm in every bit", async () => {
    const { graph } = elaborate(source, { file: "test.pull" });
    if (graph === null) throw new Error("the source has errors");
    const optimized = optimize(graph);
    const program = schedule(optimized, machine);
    const instances = [await instanceOf(program, js), await instanceOf(program, wasm)];
    for (const { memory, call: run } of instances) {
      poison(program, memory);
      new DataView(memory).setUint32(program.init.seedAt, 7, true);
      run("init");
    }
    const statesOf = (memory: ArrayBuffer): Tensor[] => program.states.map(({ at, type }) => read(memory, at, type));
    const seed: Tensor = { type: { element: "u32", shape: [] }, data: Float64Array.of(7) };
    expect(difference(evaluate(optimized.init, [seed], { round: "f32" }), statesOf(instances[0].memory), 1e-5)).toBe(undefined);

    const r = new Random(3);
    for (let step = 0; step < 3; step++) {
      program.entries.forEach((entry, index) => {
        const { region, reads, writes } = optimized.entries[index];
        const args = entry.parameters.flatMap(({ tree }) => leaves(tree)).map(({ type, below }): Tensor => {
          const [drawn] = r.tensors([type], { low: 0, high: 1 });
          return below === undefined ? drawn : { type, data: drawn.data.map((_, i) => (i * 7 + step) % below) };
        });
        const before = statesOf(instances[0].memory);
        const expected = evaluate(region, [...reads.map((state) => before[state]), ...args], { round: "f32" });
        const [first, second] = instances.map((instance) => {
          const results = call(program, instance, entry, args);
          const after = statesOf(instance.memory);
          return [...writes.map((state) => after[state]), ...results];
        });
        expect(difference(expected, first, 1e-4)).toBe(undefined);
        expect(difference(first, second, 0)).toBe(undefined);
      });
    }
  });

  test("two schedules are equal", () => {
    const { graph } = elaborate(source, { file: "test.pull" });
    if (graph === null) throw new Error("the source has errors");
    expect(schedule(optimize(graph), machine)).toEqual(schedule(optimize(graph), machine));
  });
});

test("labels must lie below the number of classes", () => {
  const { graph } = elaborate(sources["classifier with sgd"], { file: "test.pull" });
  if (graph === null) throw new Error("the source has errors");
  const [step] = schedule(optimize(graph), machine).entries;
  expect(step.parameters.flatMap(({ tree }) => leaves(tree)).map(({ below }) => below)).toEqual([undefined, 5, undefined]);
  expect(step.symbol).toBe("step");
});

test("a training step makes every parameter in its own place", () => {
  const { graph } = elaborate(sources["classifier with adam"], { file: "test.pull" });
  if (graph === null) throw new Error("the source has errors");
  const { entries, memory, states } = schedule(optimize(graph), machine);
  const copied = entries[0].plan.flatMap((step) => (step.kind === "copy" ? [step] : []));
  expect(copied).toEqual([]);
  expect(states.at(-1)?.at).toBeLessThan(memory.constantBytes + memory.stateBytes);
});
