import { beforeAll, describe, expect, test } from "vitest";
import type { Region } from "../../compiler/ir/graph.ts";
import { compile } from "../../targets/index.ts";
import { agree, figure, mean, measured, openSample, type Sample, sampleText } from "./support.ts";

const B = 256;
const place = 1.5;
const strength = 0.2;
const constraints = { line: (x: number, y: number) => 0.8 * x + 0.6 * y - place, circle: (x: number, y: number) => Math.hypot(x - 2, y) - place };
const kinds = ["line", "circle"] as const;

measured("mean error {error, line, held} on a line and {error, circle, held} on a circle, with credit through the net {error, line, through} and {error, circle, through}, not led {error, line, free} and {error, circle, free}; {operations%} of the operations, none of them backwards through the net");

let sample: Sample;
beforeAll(async () => {
  sample = await openSample("dreamguider", {}, { selfTest: false });
  const { wasm } = sample;
  wasm.reset(1);
  for (let i = 0; i < 2000; i++) wasm.step(0.005 * (1 - i / 2000));
});

const fromClouds = (x: number, y: number): number => Math.min(...Array.from({ length: 8 }, (_, c) => Math.hypot(x - 2 * Math.cos((c * Math.PI) / 4), y - 2 * Math.sin((c * Math.PI) / 4))));

/** Of 2,048 points: their mean distance from the constraint, and the share within three deviations of a cloud. */
function judge(kind: (typeof kinds)[number], how: "held" | "through", s: number): { error: number; near: number } {
  const batches = Array.from({ length: 8 }, (): Float32Array => sample.wasm[`${kind}_${how}`](place, s).slice());
  const points = batches.flatMap((batch) => Array.from({ length: B }, (_, i) => [batch[2 * i], batch[2 * i + 1]] as const));
  return { error: mean(points.map(([x, y]) => Math.abs(constraints[kind](x, y)))), near: points.filter(([x, y]) => fromClouds(x, y) < 0.6).length / points.length };
}

const none: Region = { params: [], nodes: [], results: [], types: [] };
const products = (region: Region): number =>
  region.nodes.reduce((sum, node) => sum + (node.kind === "scan" ? products(node.body) : node.kind === "op" && node.op === "dot" ? 1 : 0), 0);

describe("dreamguider", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("dreamguider", { B: 4, STEPS: 5 }, { selfTest: false });
    agree(small, [["step", 0.01], ["step", 0.01], ["line_held", 1, 0.1], ["circle_held", 1, 0.1], ["line_through", 1, 0.1], ["circle_through", 1, 0.1]], { band: 2e-3 });
  });

  // A product by each layer's weights forwards, and one back to its input: the derivative by the input costs as many products as the net.
  test("the sampler has no backward operation of the net, and half of its products", () => {
    const { built, graph } = sample;
    const dots = (name: string): number => products(graph.entries.find((entry) => entry.name === name)?.region ?? none);
    expect([dots("circle_held"), dots("circle_through")]).toEqual([4, 7]);
    const flops = (name: string): number => built.program?.entries.find((entry) => entry.name === name)?.flops ?? NaN;
    for (const kind of kinds) expect(figure("operations", flops(`${kind}_held`) / flops(`${kind}_through`))).toBeLessThan(0.53);
  });

  test("through the net both proofs fail", async () => {
    const text = (await sampleText("dreamguider")).replace(/ *static if THROUGH == 0 \{ let e = .*\n/, "");
    const { diagnostics } = await compile(text, { file: "dreamguider.pull" });
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toContain("prove: 'l' is not independent of 'noise'");
    const { diagnostics: others } = await compile(text.replace(/ *prove independent.*\n/, ""), { file: "dreamguider.pull" });
    expect(others.map(({ message }) => message)).toContain("a product contracts an axis of 'noise.second.weight' that the forward value does not");
  });

  test.each(kinds)("points meet the constraint as well as by credit through the net: %s", (kind) => {
    const [free, held, through] = ([["held", 0], ["held", strength], ["through", strength]] as const).map(([how, s]) => {
      const found = judge(kind, how, s);
      const name = s === 0 ? "free" : how;
      figure(`error, ${kind}, ${name}`, found.error);
      figure(`near, ${kind}, ${name}`, found.near);
      return found;
    });
    expect(held.error).toBeLessThan(1.1 * through.error);
    expect(held.error).toBeLessThan(0.04 * free.error);
    expect(held.near).toBeGreaterThan(free.near);
  });
});
