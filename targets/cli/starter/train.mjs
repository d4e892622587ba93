// Trains the model on points of a two-armed spiral, then tests it on points it has not seen.
import { writeFile } from "node:fs/promises";
import { create } from "./model.js";

let state = 1;
/** A number in [0, 1); the same ones in every run. */
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

/** `count` points: x holds two coordinates each, y the arm (0 or 1). */
function spiral(count) {
  const x = new Float32Array(2 * count);
  const y = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const radius = 0.1 + 0.9 * random();
    const angle = 5 * radius + Math.PI * (i % 2) + 0.15 * (random() - 0.5);
    x.set([radius * Math.cos(angle), radius * Math.sin(angle)], 2 * i);
    y[i] = i % 2;
  }
  return { x, y };
}

const model = await create({ seed: 1 });
for (let step = 1; step <= 1000; step++) {
  const { x, y } = spiral(64);
  const { loss, accuracy } = model.step(x, y, 0.01);
  if (step % 200 === 0) console.log(`step ${step}  loss ${loss.toFixed(4)}  accuracy ${(100 * accuracy).toFixed(1)}%`);
}

const test = spiral(256);
const odds = model.predict(test.x);
const right = test.y.filter((arm, i) => (odds[2 * i + 1] > odds[2 * i] ? 1 : 0) === arm).length;
console.log(`${right} of 256 new points are right`);

await writeFile("weights.safetensors", model.save());
