/** Matrix products in wasm against the multiply-add limit, measured in turns in one process. Best of many. */
import { gzipSync } from "node:zlib";
import { lowerDot } from "../../compiler/schedule/contraction/index.ts";
import type { Epilogue } from "../../compiler/schedule/contraction/index.ts";
import { apply, at, literal, load, local, store } from "../../compiler/schedule/expression.ts";
import type { Case } from "../contraction/run-dot.ts";
import { requestOf } from "../contraction/run-dot.ts";
import { assemble, dotWork } from "../contraction/assemble.ts";
import { peakWork } from "./peak.ts";

/** "dense": A B + bias, negatives cut, as an epilogue; "update": p - rate * A' B. */
type Form = "AB" | "AtB" | "ABt" | "dense" | "update";
const sizes: readonly (readonly [Form, number, number, number])[] = [
  ["AB", 256, 256, 256], ["AB", 512, 512, 512], ["AB", 1024, 1024, 1024], ["AB", 32, 784, 128], ["AB", 32, 128, 10], ["AB", 128, 512, 512], ["AB", 500, 333, 250], ["AB", 97, 200, 53],
  ["AB", 1, 512, 512], ["AB", 1, 784, 128], ["AB", 4, 512, 512], ["AB", 8, 512, 512], ["AB", 4, 2, 16], ["AB", 16, 16, 16], ["AB", 64, 64, 64], ["AB", 64, 16384, 64], ["AtB", 144, 25088, 32], ["ABt", 64, 8192, 64], ["AB", 8, 784, 128], ["AB", 2000, 32, 10],
  ["AtB", 512, 512, 512], ["AtB", 256, 256, 256], ["AtB", 784, 32, 128], ["AtB", 128, 32, 10],
  ["ABt", 512, 512, 512], ["ABt", 256, 256, 256], ["ABt", 32, 128, 784], ["ABt", 32, 10, 128], ["dense", 256, 256, 256], ["dense", 512, 512, 512], ["dense", 32, 784, 128], ["dense", 500, 333, 250], ["dense", 97, 200, 53], ["update", 784, 32, 128], ["update", 512, 256, 512], ["ABt", 1, 512, 512], ["ABt", 4, 512, 512],
];
const shapes = (form: Form, m: number, k: number, n: number): Case =>
  form === "AB" || form === "dense"
    ? { initial: form === "dense" ? "row" : undefined, left: [m, k], right: [k, n], leftContract: [1], rightContract: [0] }
    : form === "AtB" || form === "update"
      ? { left: [k, m], right: [k, n], leftContract: [0], rightContract: [0] }
      : { left: [m, k], right: [n, k], leftContract: [1], rightContract: [1] };

function epilogueOf(form: Form, length: number): Epilogue | undefined {
  const buffers = [{ name: "y", storage: "f32", length }, { name: "rate", storage: "f32", length: 1 }] as const;
  if (form === "dense") return { buffers: [buffers[0]], finish: (value, { out, lanes, count, flat }, [y]) => out.push(store(y, flat, apply("pmax", "f32", lanes, local(value), literal(0, "f32", lanes)), lanes, count)) };
  if (form !== "update") return undefined;
  return {
    buffers,
    finish(value, { out, lanes, count, flat }, [y, rate]) {
      const step = apply("mul", "f32", lanes, apply("splat", "f32", lanes, load(rate, at(0))), local(value));
      out.push(store(y, flat, apply("sub", "f32", lanes, load(y, flat, lanes, count), step), lanes, count));
    },
  };
}

const chosen = process.argv.slice(2);
const cases = sizes.map((size) => ({ size, name: `${size[0]}_${size.slice(1).join("x")}` })).filter(({ name }) => chosen.length === 0 || chosen.some((part) => name.includes(part)));
const works = cases.map(({ size, name }) => dotWork(name, lowerDot(requestOf(shapes(...size), epilogueOf(size[0], size[1] * size[3])))));
const PEAK_TURNS = 4000;
const { run, memory } = await assemble([peakWork(PEAK_TURNS), ...works]);
const numbers = new Float32Array(memory);
numbers.forEach((_, i) => (numbers[i] = ((i * 7919) % 1000) / 1000 - 0.5));

/** Seconds of one call. Processor time: a long call is seldom left alone on a busy machine. */
function stretch(call: () => void, calls: number): number {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) call();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6 / calls;
}
const measured = [{ name: "peak", flops: PEAK_TURNS * 4 * 12 * 8 }, ...cases.map(({ size: [, m, k, n], name }) => ({ name, flops: 2 * m * k * n }))].map((entry) => {
  const call = run[entry.name];
  for (const until = Date.now() + 60; Date.now() < until; ) call();
  const calls = Math.max(1, Math.round(1e-3 / stretch(call, 5)));
  return { ...entry, call, calls, best: Infinity };
});
for (let round = 0; round < 60; round++) for (const entry of measured) entry.best = Math.min(entry.best, stretch(entry.call, entry.calls));

const rate = ({ flops, best }: (typeof measured)[number]): number => flops / best / 1e9;
const peak = rate(measured[0]);
console.log(`limit of 128-bit multiply and add: ${peak.toFixed(1)} GFLOP/s`);
for (const [i, entry] of measured.slice(1).entries()) {
  const alone = await assemble([works[i]]);
  console.log(`${entry.name.padEnd(18)} ${rate(entry).toFixed(1).padStart(6)} GFLOP/s ${((100 * rate(entry)) / peak).toFixed(0).padStart(4)} %   module ${alone.bytes.length} B, ${gzipSync(alone.bytes).length} gzip`);
}
