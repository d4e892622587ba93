/**
 * `npm run bench`: training steps and matrix products against tfjs (WASM backend), jax-js and plain JavaScript.
 *
 * One process, one thread, the same weights and data, the loss at step 10 compared before any time is taken. Contenders
 * take turns in rounds, so that a slow phase of the machine meets all of them; ratios of best and of median are printed.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
if (!existsSync(`${here}node_modules/@tensorflow/tfjs`)) execFileSync(npm, ["ci", "--no-audit", "--no-fund"], { cwd: here, stdio: "inherit" });
if (!existsSync(new URL("../../dist/index.js", import.meta.url))) execFileSync(npm, ["run", "build"], { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: "inherit" });

const { cnnCase } = await import("./cnn.mjs");
const { lstmCase } = await import("./lstm.mjs");
const { mlpCase } = await import("./mlp.mjs");
const { neuralOdeCase } = await import("./neural-ode.mjs");
const { productCase } = await import("./product.mjs");
const { forwardGradientCase, sparseCase } = await import("./sample-steps.mjs");
const { transformerCase } = await import("./transformer.mjs");
const { measurePeak } = await import("./measure-peak.mjs");

const only = process.argv.slice(2);
const cases = [
  { name: "mlp-784-128-10", what: "training step, MLP 784-128-10, batch 32, SGD", make: () => mlpCase({ sizes: [784, 128, 10], batch: 32, lr: 0.1, kind: "classes" }), targets: { "tfjs-wasm": 6, "jax-js": 1.5 } },
  { name: "mlp-2-16-1", what: "training step, MLP 2-16-1, batch 4, SGD", make: () => mlpCase({ sizes: [2, 16, 1], batch: 4, lr: 0.1, kind: "regression" }), targets: { "tfjs-wasm": 50, "jax-js": 50, "plain JavaScript": 1 } },
  { name: "product-256", what: "matrix product 256 x 256 x 256", make: () => productCase(256), targets: { "tfjs-wasm": 1.2 } },
  { name: "product-512", what: "matrix product 512 x 512 x 512", make: () => productCase(512), targets: { "tfjs-wasm": 1.2 } },
  { name: "cnn", what: "training step, CNN 28 x 28, 8 and 16 filters of 3 x 3 with relu and pooling, linear 10, batch 32, Adam", make: () => cnnCase({ batch: 32, size: 28, channels: [8, 16], classes: 10, lr: 0.001 }), targets: { "tfjs-wasm": 15 } },
  { name: "lstm", what: "training step, LSTM 64 and a linear layer, 16 inputs, 64 times, batch 16, Adam", make: () => lstmCase({ batch: 16, times: 64, inputs: 16, hidden: 64, lr: 0.01 }), targets: { "tfjs-wasm": 8, "jax-js": 3 } },
  { name: "transformer", what: "training step, transformer block, width 64, 4 heads, 64 positions, 64 tokens, batch 8, Adam", make: () => transformerCase({ batch: 8, times: 64, width: 64, heads: 4, tokens: 64, lr: 0.01 }), targets: { "tfjs-wasm": 8 } },
  { name: "neural-ode", what: "training step, neural ODE, field 2-50-2, 100 steps of RK4, batch 32, Adam", make: () => neuralOdeCase({ batch: 32, size: 2, hidden: 50, steps: 100, lr: 0.01 }), targets: { "tfjs-wasm": 30, "jax-js": 30 } },
  { name: "forward-gradient", what: "training step, forward gradient of an MLP with 9 hidden layers of 16 along random signs, batch 256, Adam", make: forwardGradientCase, targets: { backpropagation: 1 } },
  { name: "sparse", what: "training step, MLP 784-512-512-10 with one weight in twenty, batch 64, SGD", make: sparseCase, targets: { "all weights": 2 } },
].filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));

const sampleMs = 40;
const rounds = 9;

/** ms per call over at least `sampleMs`. */
function sample(contender) {
  const start = performance.now();
  for (let i = 0; i < contender.calls; i++) contender.run();
  return (performance.now() - start) / contender.calls;
}

/** Runs until five successive times agree within a tenth, or for three seconds. */
function warmUp(contender) {
  contender.calls = 1;
  const times = [];
  for (const until = performance.now() + 3000; performance.now() < until; ) {
    const ms = sample(contender);
    contender.calls = Math.max(1, Math.min(2_000_000, Math.round(sampleMs / Math.max(ms, 1e-5))));
    times.push(ms);
    const last = times.slice(-5);
    if (last.length === 5 && Math.max(...last) < 1.1 * Math.min(...last)) return;
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const time = (ms) => (ms >= 0.1 ? `${ms.toFixed(3)} ms` : `${(1000 * ms).toFixed(3)} us`);

const peak = await measurePeak();
console.log(`Node ${process.version}, 128-bit multiply-add limit ${peak.toFixed(1)} GFLOP/s (measured now, one thread)\n`);
let missed = 0;
for (const { name, what, make, targets } of cases) {
  const { contenders, flops } = await make();
  console.log(`${name}: ${what}`);
  for (const contender of contenders) warmUp(contender);
  const times = new Map(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round++) for (const contender of contenders) times.get(contender).push(sample(contender));
  const [ours] = contenders;
  const best = (contender) => Math.min(...times.get(contender));
  for (const contender of contenders) {
    const shown = `  ${contender.name.padEnd(18)} best ${time(best(contender)).padStart(11)}  median ${time(median(times.get(contender))).padStart(11)}`;
    const ratio = contender === ours ? "" : `  ${(best(contender) / best(ours)).toFixed(2)}x (best), ${(median(times.get(contender)) / median(times.get(ours))).toFixed(2)}x (median)`;
    const target = targets[contender.name];
    const ok = target === undefined || best(contender) / best(ours) >= target;
    if (!ok) missed++;
    const share = flops && contender === ours ? `  ${(flops / best(ours) / 1e6).toFixed(1)} GFLOP/s, ${((flops / best(ours) / 1e4) / peak).toFixed(0)} % of the limit` : "";
    console.log(`${shown}${ratio}${share}${target === undefined ? "" : `  (aim: ${target}x${ok ? "" : ", missed"})`}`);
  }
  console.log("");
}
console.log(missed === 0 ? "every aim met" : `${missed} aims missed`);
process.exit(0);
