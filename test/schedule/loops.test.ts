import { describe, expect, test } from "vitest";
import type { Region } from "../../compiler/ir/graph.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { printPlan, schedule } from "../../compiler/schedule/index.ts";
import { js } from "../../targets/js/index.ts";
import { emitText, wasm } from "../../targets/wasm/index.ts";
import { Random } from "../ops/random.ts";
import { region, scan, scans, whiles } from "../ops/loop-cases.ts";
import { unroll } from "../ops/unroll.ts";
import { play } from "./play.ts";
import { difference, graphOf, machine, programOf, runRegion } from "./run.ts";

const optimized = (written: Region): Region => runPasses(written, passes, { fastMath: false });

function argsOf(written: Region, seed = 5): Tensor[] {
  const args = new Random(seed).tensors(written.params.map((param) => written.types[param]), { low: -1, high: 1 });
  return args.map(({ type, data }) => ({ type, data: type.element === "i32" ? data.map((x) => Math.abs(x % 5)) : data }));
}

async function expectAgreement(written: Region): Promise<void> {
  verify(written);
  const args = argsOf(written);
  const expected = evaluate(written, args, { round: "f32" });
  for (const form of [written, optimized(written)]) {
    verify(form);
    play(form);
    const actual = await runRegion(form, args, js);
    expect(difference(expected, actual, 1e-5)).toBe(undefined);
    expect(difference(actual, await runRegion(form, args, wasm), 0)).toBe(undefined);
  }
}

describe("scans agree with the reference, optimized or not, and in every bit with themselves written out", () => {
  test.each(Object.entries(scans))("%s", async (_, make) => {
    const written = make();
    await expectAgreement(written);
    const args = argsOf(written);
    expect(difference(await runRegion(unroll(written), args, wasm), await runRegion(written, args, wasm), 0)).toBe(undefined);
  });
});

describe("loops that end early agree with the reference, optimized or not", () => {
  test.each(Object.entries(whiles))("%s", (_, make) => expectAgreement(make()));
});

/** h <- tanh(h @ u + x), emitted. */
const recurrence = (length: number): Region => {
  const [hidden, batch] = [16, 4];
  return region([{ element: "f32", shape: [batch, hidden] }, { element: "f32", shape: [length, batch, hidden] }, { element: "f32", shape: [hidden, hidden] }], (b, h, xs, u) =>
    scan(b, { length, carries: [h], inputs: [xs], captures: [u] }, (c, _, h0, x, u0) => {
      const next = c.op("tanh", [c.add(c.op("dot", [h0, u0], { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] }), x)], {});
      return [next, next];
    }));
};

test("the code of 2,000 turns is that of 20", async () => {
  const shape = async (length: number): Promise<readonly [string, string]> => {
    const program = programOf(optimized(recurrence(length)));
    const emitted = await js.emit(program);
    // Numbers differ: turns, places.
    return [(await emitText(program)).replace(/\d+/g, "#"), emitted.kind === "js" ? emitted.source.replace(/\d+/g, "#") : ""];
  };
  expect(await shape(2000)).toEqual(await shape(20));
});

test("a plan with a loop: slices are read and emitted where they lie", () => {
  expect(printPlan(programOf(optimized(recurrence(20))))).toMatchInlineSnapshot(`
    "memory 11776 bytes: constants 0, state 0, arena 11776

    plan init

    plan f
      loop t0 < 20
        run dot_4x16_16x16 (left at 11264, right at 10240, result at 11520)
        run tanh_4x16 (out0 at 11264, in0 at 11520, in1 at 0 + 256*t0)
        copy 256 bytes from 11264 to 5120 + 256*t0
    "
  `);
});

test("a state that a loop carries is updated in its own place", () => {
  const training = region([{ element: "f32", shape: [64] }, { element: "f32", shape: [10, 64] }], (b, w, xs) =>
    scan(b, { length: 10, carries: [w], inputs: [xs] }, (c, _, v, x) => {
      const step = c.sub(v, c.mul(c.constant({ element: "f32", shape: [64] }, 0.1), x));
      return [step, c.sum(c.mul(step, step), [0])];
    }));
  const graph = graphOf(optimized(training), [{ path: "w", type: { element: "f32", shape: [64] } }], [0], [0]);
  expect(printPlan(schedule(graph, machine))).toMatchInlineSnapshot(`
    "memory 2864 bytes: constants 0, state 256, arena 2608
      0: w f32[64], 256 bytes

    plan init
      run constant_64 (out0 at 0)

    plan f
      loop t0 < 10
        run reduce_sum (out0 at 0, in0 at 0, in1 at 256 + 256*t0, out1 at 2816 + 4*t0)
    "
  `);
  play(training, 1);
});

/** So many first results fit the first params. */
function statesOf({ params, results, types }: Region): number {
  const text = (value: Region["params"][number]): string => JSON.stringify(types[value]);
  const misfit = results.findIndex((result, i) => params[i] === undefined || text(result) !== text(params[i]));
  return misfit < 0 ? results.length : misfit;
}

test("states that come out of loops are written where they lie", () => {
  for (const make of [...Object.values(scans), ...Object.values(whiles)]) {
    for (const form of [make(), optimized(make())]) play(form, statesOf(form));
  }
});
