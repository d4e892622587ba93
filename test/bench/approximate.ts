/** Nanoseconds an element of each approximation in wasm, 1, 2 and 4 vectors a turn, and of JavaScript's own function. */
import type { Approximated } from "../../compiler/schedule/approximate/index.ts";
import { elementwise } from "../approximate/errors.ts";
import type { Work } from "../contraction/assemble.ts";
import { assemble } from "../contraction/assemble.ts";

const COUNT = 4096;
const ops: readonly Approximated[] = ["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "logistic", "pow", "atan2"];
const unrolls = [1, 2, 4];
const works = ops.flatMap((op) =>
  unrolls.map((unroll): Work => {
    const kernel = elementwise(op, "f32", COUNT, 4, unroll);
    return { name: `${op}_${unroll}`, kernels: [kernel], bindings: [kernel.buffers.map((_, i) => 1024 + 4 * COUNT * i)], bytes: 1024 + 12 * COUNT };
  }),
);
const { memory, run } = await assemble(works);
const numbers = new Float32Array(memory, 1024, 2 * COUNT);
numbers.forEach((_, i) => (numbers[i] = ((i * 7919) % 4096) / 512 + 0.001));

const math = Math as unknown as Record<string, ((...args: number[]) => number) | undefined>; // by name
const entries = [
  ...works.map(({ name }) => ({ name, call: run[name], best: Infinity })),
  ...ops.flatMap((op) => {
    const own = math[op];
    if (own === undefined) return [];
    const target = new Float32Array(COUNT);
    return [{ name: `${op}_js`, call: () => target.forEach((_, i) => (target[i] = own(numbers[i], numbers[i + COUNT]))), best: Infinity }];
  }),
];
const nanoseconds = (call: () => void): number => {
  const start = process.hrtime.bigint();
  for (let i = 0; i < 20; i++) call();
  return Number(process.hrtime.bigint() - start) / 20 / COUNT;
};
for (let round = 0; round < 200; round++) for (const entry of entries) entry.best = Math.min(entry.best, nanoseconds(entry.call));
for (const op of ops) {
  const of = (kind: string | number): string => entries.find(({ name }) => name === `${op}_${kind}`)?.best.toFixed(2).padStart(6) ?? "     -";
  console.log(`${op.padEnd(9)} ns/element, vectors a turn ${unrolls.map((unroll) => `${unroll}: ${of(unroll)}`).join("  ")}   Math.${op} ${of("js")}`);
}
