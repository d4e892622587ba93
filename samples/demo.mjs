// Compiles samples/digits.pull, trains the module on real handwritten digits from five seeds and tests it on images it has not seen.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { batches, cosineDecay, countRight, randomNumbers, readClasses } from "./rows.mjs";

const epochs = 40;
const batch = 32;
const seeds = [1, 2, 3, 4, 5];
const wanted = 0.97;

const library = new URL("../dist/index.js", import.meta.url);
if (!existsSync(library)) execFileSync("npm", ["run", "build"], { cwd: fileURLToPath(new URL("..", import.meta.url)), stdio: "inherit", shell: process.platform === "win32" });
const { compile, render } = await import(library);

const source = await readFile(new URL("digits.pull", import.meta.url), "utf8");
const start = performance.now();
const { files, diagnostics } = await compile(source, { file: "samples/digits.pull" });
const compileSeconds = (performance.now() - start) / 1000;
if (files.length === 0) {
  console.error(render(diagnostics, () => source));
  process.exit(1);
}
const folder = new URL("out/", import.meta.url);
await mkdir(folder, { recursive: true });
for (const { name, contents } of files) await writeFile(new URL(name, folder), contents);
console.log(`compiled samples/digits.pull in ${compileSeconds.toFixed(2)} s`);

const { create } = await import(new URL("digits.js", folder));
const { training, testing } = await readClasses("digits", 1 / 16);
console.log(`${training.count} images to train on, ${testing.count} held back\n`);

const progress = (text) => { if (process.stdout.isTTY) process.stdout.write(`\r${text}\x1b[K`); };
const stepsPerEpoch = Math.floor(training.count / batch);
const accuracies = [];
let steps = 0;
let stepSeconds = 0;
let peakBytes = 0;
for (const seed of seeds) {
  const digits = await create({ seed });
  const random = randomNumbers(seed);
  const trainingStart = performance.now();
  let done = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let loss = 0;
    for (const { x, y } of batches(training, batch, random)) {
      const lr = 0.01 * cosineDecay(done++ / (epochs * stepsPerEpoch));
      const stepStart = performance.now();
      loss += digits.step(x, y, lr).loss / stepsPerEpoch;
      stepSeconds += (performance.now() - stepStart) / 1000;
    }
    const filled = Math.round((24 * epoch) / epochs);
    progress(`seed ${seed}  [${"=".repeat(filled)}${" ".repeat(24 - filled)}]  epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}`);
  }
  steps += done;
  peakBytes = digits.peakBytes;
  const right = countRight(testing, batch, 10, digits.predict);
  accuracies.push(right / testing.count);
  progress("");
  const seconds = (performance.now() - trainingStart) / 1000;
  console.log(`seed ${seed}  ${epochs} epochs in ${seconds.toFixed(2)} s  test accuracy ${((100 * right) / testing.count).toFixed(2)}% (${right} of ${testing.count})`);
}

const bytes = files.filter(({ name }) => !name.endsWith(".d.ts")).map(({ name, contents }) => ({ name, contents: Buffer.from(contents) }));
const sizes = bytes.map(({ name, contents }) => ({ name, raw: contents.length, gzip: gzipSync(contents, { level: 9 }).length }));
const kilo = (count) => `${(count / 1000).toFixed(1)} kB`;
console.log(`\ntime per step    ${((1e6 * stepSeconds) / steps).toFixed(0)} us (batch of ${batch})`);
console.log(`peak memory      ${peakBytes} bytes`);
for (const { name, raw, gzip } of sizes) console.log(`${name.padEnd(15)}  ${kilo(raw)}, gzip ${kilo(gzip)}`);
const total = (key) => kilo(sizes.reduce((sum, size) => sum + size[key], 0));
console.log(`module           ${total("raw")}, gzip ${total("gzip")}`);

if (accuracies.some((accuracy) => accuracy < wanted)) {
  console.error(`\nevery seed should reach ${100 * wanted}%`);
  process.exit(1);
}
