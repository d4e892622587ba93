/**
 * The benchmark of the WGSL target: products and training steps against tfjs and jax-js on the same adapter, then the samples.
 * Losses at step 10 are compared before any time is taken; contenders take turns in rounds.
 */
import { adapter } from "../../targets/wgsl/device.ts";
import { firstStep } from "./first.mjs";
import { mlpCase } from "./mlp.mjs";
import { measurePeak } from "./peak.mjs";
import { productCase } from "./product.mjs";
import { race } from "./rounds.mjs";
import { sampleCase, sampleNames } from "./samples.mjs";

/** A training step takes at most this share of the faster peer's time. */
const aim = 2;
/** ms for the first step of digits, its pipelines included. */
const firstAim = 300;
const only = process.argv.slice(2);
const wanted = (name) => only.length === 0 || only.some((part) => name.includes(part));
const rounds = 7;

const { vendor, architecture, device, description } = adapter.info;
const isSoftware = /swiftshader|software|llvmpipe|lavapipe/i.test(`${vendor} ${architecture} ${device} ${description}`);

const cases = [
  ...[128, 256, 512, 1024, ...(isSoftware ? [] : [2048, 4096])].map((n) => ({ name: `product-${n}`, what: `matrix product ${n} x ${n} x ${n}`, make: () => productCase(n) })),
  { name: "B1", what: "training step, MLP 784-128-10, batch 32, SGD", aim, make: () => mlpCase({ sizes: [784, 128, 10], batch: 32, lr: 0.1, kind: "classes", optimizer: "sgd" }) },
  { name: "B2", what: "training step, MLP 784-512-512-10, batch 128, Adam", aim, make: () => mlpCase({ sizes: [784, 512, 512, 10], batch: 128, lr: 1e-3, kind: "classes", optimizer: "adam" }) },
  { name: "B7", what: "training step, MLP 2-16-1, batch 4, SGD", aim, make: () => mlpCase({ sizes: [2, 16, 1], batch: 4, lr: 0.1, kind: "regression", optimizer: "sgd" }) },
  { name: "mlp-256", what: "training step, MLP 256-256-10, batch 64, SGD", aim, make: () => mlpCase({ sizes: [256, 256, 10], batch: 64, lr: 0.1, kind: "classes", optimizer: "sgd" }) },
].filter(({ name }) => wanted(name));

const time = (ms) => `${ms.toFixed(3)} ms`.padStart(12);

console.log(`adapter: ${description || device || architecture} (vendor ${vendor}, architecture ${architecture}; ${isSoftware ? "SOFTWARE, no GPU" : "hardware"})`);
console.log(`Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
const peak = await measurePeak();
console.log(`measured peak of the device: ${peak.gflops.toFixed(1)} GFLOP/s in multiply-adds, ${peak.gigabytes.toFixed(1)} GB/s in a copy (read and written bytes)\n`);

let missed = 0;
for (const { name, what, aim: least, make } of cases) {
  const { contenders, flops, loss } = await make();
  console.log(`${name}: ${what}${loss === undefined ? "" : ` (loss at step 10 of all: ${loss.toFixed(5)})`}`);
  const results = await race(contenders, rounds);
  const [ours, ...peers] = results;
  const ratio = (peer) => `${(peer.best / ours.best).toFixed(2)}x (best), ${(peer.median / ours.median).toFixed(2)}x (median)`;
  const speed = flops / ours.best / 1e6;
  console.log(`  ${ours.name.padEnd(12)} best ${time(ours.best)}  median ${time(ours.median)}  ${speed.toFixed(2)} GFLOP/s, ${((100 * speed) / peak.gflops).toFixed(1)} % of the peak`);
  for (const peer of peers) console.log(`  ${peer.name.padEnd(12)} best ${time(peer.best)}  median ${time(peer.median)}  ${ratio(peer)}`);
  if (least !== undefined) {
    const met = peers.every((peer) => peer.best / ours.best >= least);
    if (!met) missed++;
    console.log(`  aim: ${least}x faster than the faster peer: ${met ? "met" : "MISSED"}`);
  }
  console.log("");
}

if (wanted("first")) {
  const { best, median } = await firstStep(rounds);
  const met = median < firstAim;
  if (!met) missed++;
  console.log(`first: digits, create and first step: ${median.toFixed(0)} ms (median), ${best.toFixed(0)} ms (best)\n  aim: under ${firstAim} ms: ${met ? "met" : "MISSED"}\n`);
}

for (const name of sampleNames.filter((sample) => wanted(`sample-${sample}`))) {
  const made = await sampleCase(name);
  if (made === null) {
    console.log(`sample-${name}: no training entry for WebGPU`);
    continue;
  }
  const [{ best, median }] = await race(made.contenders, rounds);
  console.log(`sample-${name.padEnd(20)} ${made.entry.padEnd(12)} best ${time(best)}  median ${time(median)}  ${String(made.dispatches).padStart(3)} dispatches  first step, pipelines included ${made.firstMs.toFixed(0)} ms`);
}
console.log(missed === 0 ? "every aim met" : `${missed} aims missed`);
process.exit(0); // devices of the peers stay open
