/** The module of samples/page: its entries follow the reference, and its shares the formula. The page itself: test/browser. */
import { expect, test } from "vitest";
import { agree, batches, openSample, randomNumbers, readClasses } from "./support.ts";

const [rows, pixels, classes] = [32, 64, 10];
const sample = await openSample("page/learner");
const { training } = await readClasses("digits", 1 / 16);
const some = [...batches(training, rows, randomNumbers(1))];

test("agrees with the reference", () => {
  const [{ x, y }, next] = some;
  agree(sample, [
    ["backpropagation", x, y, 0.005], ["feedback_alignment", next.x, next.y, 0.005], ["forward_forward", x, y, 0.005],
    ["read", next.x], ["read_activity", next.x],
  ]);
});

test("shares the score of the answer among the pixels as the rule says", () => {
  sample.wasm.reset(1);
  for (let epoch = 0; epoch < 5; epoch++) for (const { x, y } of some) sample.wasm.backpropagation(x, y, 0.005);
  const { x } = some[0];
  const { likely, why } = sample.wasm.read(x);
  const weight = (path: string): number[] => Array.from(sample.wasm.parameters[path].read());
  const [w, a, v, b] = ["net.hidden.weight", "net.hidden.bias", "net.output.weight", "net.output.bias"].map(weight);
  for (let i = 0; i < rows; i++) {
    const image = x.subarray(i * pixels, (i + 1) * pixels);
    const hidden = a.map((bias, k) => image.reduce((sum: number, value, p) => sum + value * w[p * a.length + k], bias));
    const chances = likely.subarray(i * classes, (i + 1) * classes);
    const answer = chances.indexOf(Math.max(...chances));
    const score = hidden.reduce((sum, z, k) => sum + Math.max(z, 0) * v[k * classes + answer], b[answer]);
    // Bach et al. 2015, by hand: a pixel's part of a unit's sum, times the unit's part of the score.
    const steady = (z: number): number => z + 0.1 * (z < 0 ? -1 : 1);
    const expected = Array.from(image, (value, p) => hidden.reduce((sum, z, k) =>
      sum + ((value * w[p * a.length + k]) / steady(z)) * ((Math.max(z, 0) * v[k * classes + answer]) / steady(score)) * score, 0));
    expected.forEach((share, p) => expect(Math.abs(why[i * pixels + p] - share)).toBeLessThan(1e-4));
  }
});
