import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, mean, measured, openSample, type Sample } from "./support.ts";

measured("eight clouds: in 25 steps at strength 0, 1, 3 and 10 {strength 0: of their class%}, {strength 1: of their class%}, {strength 3: of their class%} and {strength 10: of their class%} of the points are of their class, variance within it {variance at strength 0}, {variance at strength 1}, {variance at strength 3} and {variance at strength 10}; the flow's {w = 0%}, {w = 1%} and {w = 2%} at w = 0, 1 and 2; energy distance to true points {energy distance, flow_10} by the flow in 10 velocities, {energy distance, diffuse_100} by diffusion in 100 steps, {energy distance, diffuse_10} in 10");

const B = 256;
const classes = Int32Array.from({ length: B }, (_, i) => i % 8);
type Sampler = (y: Int32Array, strength: number) => Float32Array;

let sample: Sample;
beforeAll(async () => { sample = await openSample("guidance", {}, { selfTest: false }); });

const centre = (c: number): readonly [number, number] => [2 * Math.cos((c * Math.PI) / 4), 2 * Math.sin((c * Math.PI) / 4)];
const squareTo = (points: Float32Array, i: number, c: number): number => (points[2 * i] - centre(c)[0]) ** 2 + (points[2 * i + 1] - centre(c)[1]) ** 2;

/** The clouds are alike and round, so the nearest centre is the best guess of a point's class. */
const nearest = (points: Float32Array, i: number): number => {
  const squares = Array.from({ length: 8 }, (_, c) => squareTo(points, i, c));
  return squares.indexOf(Math.min(...squares));
};

/** Four batches: the share of points that are taken for their class, and the mean variance within a class. */
function judge(sampler: Sampler, strength: number): { right: number; spread: number; points: Float32Array } {
  const points = new Float32Array(4 * 2 * B);
  for (let k = 0; k < 4; k++) points.set(sampler(classes, strength), k * 2 * B);
  const indices = Array.from({ length: 4 * B }, (_, i) => i);
  const right = indices.filter((i) => nearest(points, i) === i % 8).length / indices.length;
  const spreads = Array.from({ length: 8 }, (_, c) => {
    const own = indices.filter((i) => i % 8 === c);
    const middle = [0, 1].map((axis) => mean(own.map((i) => points[2 * i + axis])));
    return mean(own.map((i) => ((points[2 * i] - middle[0]) ** 2 + (points[2 * i + 1] - middle[1]) ** 2) / 2));
  });
  return { right, spread: mean(spreads), points };
}

/** Of two sets of points, 2 E|a - b| - E|a - a'| - E|b - b'|: 0 for one distribution (Székely and Rizzo 2013). */
function energyDistance(a: Float32Array, b: Float32Array): number {
  const apart = (p: Float32Array, q: Float32Array): number => {
    let sum = 0;
    for (let i = 0; i < p.length; i += 2) for (let j = 0; j < q.length; j += 2) sum += Math.hypot(p[i] - q[j], p[i + 1] - q[j + 1]);
    return sum / ((p.length / 2) * (q.length / 2 - (p === q ? 1 : 0)));
  };
  return 2 * apart(a, b) - apart(a, a) - apart(b, b);
}

describe("guidance", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("guidance", { B: 4 }, { selfTest: false });
    const y = classes.slice(0, 4);
    agree(small, [["step", 0.01], ["step", 0.01], ["points", y], ["diffuse_25", y, 3], ["flow_10", y, 2]], { band: 2e-3 });
  });

  test("all three nets learn", () => {
    const { wasm } = sample;
    wasm.reset(1);
    const first = wasm.step(0.005);
    for (let i = 1; i < 1500; i++) wasm.step(0.005 * (1 - i / 1500));
    const last = wasm.step(0);
    for (const net of ["noise", "classifier", "velocity"] as const) expect(last[net]).toBeLessThan(0.75 * first[net]);
  });

  // Measured in 25 steps: 10.7%, 69.7%, 98.8% and 100%, variances 1.99, 0.41, 0.14 and 0.10; in 250 steps 99.8% and 100% for the last two.
  test("the harder the classifier leads, the more points are of the class, and the more alike", () => {
    const strengths = [0, 1, 3, 10];
    const found = strengths.map((s) => judge(sample.wasm.diffuse_25, s));
    found.forEach(({ right, spread }, i) => {
      figure(`strength ${strengths[i]}: of their class`, right);
      figure(`variance at strength ${strengths[i]}`, spread);
      if (i > 0) expect([right > found[i - 1].right, spread < found[i - 1].spread]).toEqual([true, true]);
    });
    expect(Math.abs(found[0].right - 1 / 8)).toBeLessThan(0.05);
    expect(found[3].right).toBeGreaterThan(0.98);
    for (const i of [2, 3]) {
      const { right } = judge(sample.wasm.diffuse_250, strengths[i]);
      expect(Math.abs(found[i].right / figure(`strength ${strengths[i]}, 250 steps`, right) - 1)).toBeLessThan(0.1);
    }
  });

  // Measured: 13.7%, 86.8% and 100%; of the true points 88.7% are nearest to their own centre.
  test("so with the flow's own two branches", () => {
    const [none, once, twice] = [0, 1, 2].map((w) => judge(sample.wasm.flow_10, w));
    expect(Math.abs(figure("w = 0", none.right) - 1 / 8)).toBeLessThan(0.05);
    expect(Math.abs(figure("w = 1", once.right) - figure("true points", judge((y) => sample.wasm.points(y), 0).right))).toBeLessThan(0.05);
    expect(figure("w = 2", twice.right)).toBeGreaterThan(once.right + 0.05);
    expect(figure("variance, w = 2", twice.spread)).toBeLessThan(figure("variance, w = 1", once.spread));
  });

  // Measured: 0.002, -0.004 and 0.018; two sets of true points are within 0.004.
  test("ten velocities make points as good as a hundred steps of diffusion, and ten steps worse ones", () => {
    const { wasm } = sample;
    const truth = judge((y) => wasm.points(y), 0).points;
    const distance = (name: string): number => figure(`energy distance, ${name}`, energyDistance(judge(wasm[name], 0).points, truth));
    const [flow, hundred, ten] = ["flow_10", "diffuse_100", "diffuse_10"].map(distance);
    expect(Math.abs(flow)).toBeLessThan(0.008);
    expect(Math.abs(hundred)).toBeLessThan(0.008);
    expect(ten).toBeGreaterThan(0.012);
  });
});
