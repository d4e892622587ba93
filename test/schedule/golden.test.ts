import { describe, expect, test } from "vitest";
import { Builder } from "../../compiler/ir/builder.ts";
import type { ValueId } from "../../compiler/ir/graph.ts";
import { printKernels, printPlan, schedule } from "../../compiler/schedule/index.ts";
import { graphOf, machine, programOf } from "./run.ts";

const f32 = (...shape: readonly number[]) => ({ element: "f32" as const, shape });

function kernels(build: (b: Builder) => readonly ValueId[]): string {
  const b = new Builder();
  const results = build(b);
  return `\n${printKernels(programOf(b.region(results)))}`;
}

describe("kernels as text", () => {
  test("a chain over everything is one flat loop, with a tail", () => {
    expect(kernels((b) => {
      const [x, y, rate] = [b.parameter(f32(3, 7)), b.parameter(f32(3, 7)), b.parameter(f32())];
      return [b.sub(x, b.mul(b.broadcast(rate, [3, 7], []), y))];
    })).toMatchInlineSnapshot(`
      "
      kernel sub_3x7 (out0: f32[21], in0: f32[21], in1: f32[1], in2: f32[21])
        l0 = in1[0]
        out0[0]:4 = sub.f32x4(in0[0]:4, mul.f32x4(splat.f32x4(l0), in2[0]:4))
        out0[4]:4 = sub.f32x4(in0[4]:4, mul.f32x4(splat.f32x4(l0), in2[4]:4))
        out0[8]:4 = sub.f32x4(in0[8]:4, mul.f32x4(splat.f32x4(l0), in2[8]:4))
        out0[12]:4 = sub.f32x4(in0[12]:4, mul.f32x4(splat.f32x4(l0), in2[12]:4))
        out0[16]:4 = sub.f32x4(in0[16]:4, mul.f32x4(splat.f32x4(l0), in2[16]:4))
        out0[20]:1 = sub.f32x4(in0[20]:1, mul.f32x4(splat.f32x4(l0), in2[20]:1))
      "
    `);
  });

  test("rows: each reduction ends a phase; what is dear waits in a scratch row", () => {
    expect(kernels((b) => {
      const x = b.parameter(f32(4, 40));
      const e = b.op("sqrt", [b.sub(x, b.broadcast(b.op("reduce_max", [x], { axes: [1] }), [4, 40], [0]))], {});
      return [b.div(e, b.broadcast(b.sum(e, [1]), [4, 40], [0]))];
    })).toMatchInlineSnapshot(`
      "
      kernel div_4x40 (in0: f32[160], row0: f32[40], out0: f32[160])
        for i0 = 0 .. 4 step 1
          l0 = -Infinity
          l1 = -Infinity
          l2 = -Infinity
          l3 = -Infinity
          for i1 = 0 .. 32 step 16
            l4 = in0[40*i0 + i1]:4
            l0 = max.f32x4(l0, l4)
            l5 = in0[40*i0 + i1 + 4]:4
            l1 = max.f32x4(l1, l5)
            l6 = in0[40*i0 + i1 + 8]:4
            l2 = max.f32x4(l2, l6)
            l7 = in0[40*i0 + i1 + 12]:4
            l3 = max.f32x4(l3, l7)
          l8 = in0[40*i0 + 32]:4
          l0 = max.f32x4(l0, l8)
          l9 = in0[40*i0 + 36]:4
          l1 = max.f32x4(l1, l9)
          l10 = max of the lanes of max.f32x4(max.f32x4(l0, l1), max.f32x4(l2, l3))
          l11 = 0
          l12 = 0
          l13 = 0
          l14 = 0
          l16 = splat.f32x4(l10)
          for i2 = 0 .. 32 step 16
            l15 = in0[40*i0 + i2]:4
            l17 = sqrt.f32x4(sub.f32x4(l15, l16))
            l18 = in0[40*i0 + i2 + 4]:4
            l19 = sqrt.f32x4(sub.f32x4(l18, l16))
            l20 = in0[40*i0 + i2 + 8]:4
            l21 = sqrt.f32x4(sub.f32x4(l20, l16))
            l22 = in0[40*i0 + i2 + 12]:4
            l23 = sqrt.f32x4(sub.f32x4(l22, l16))
            l11 = add.f32x4(l11, l17)
            l12 = add.f32x4(l12, l19)
            l13 = add.f32x4(l13, l21)
            l14 = add.f32x4(l14, l23)
            row0[i2]:4 = l17
            row0[i2 + 4]:4 = l19
            row0[i2 + 8]:4 = l21
            row0[i2 + 12]:4 = l23
          l24 = sqrt.f32x4(sub.f32x4(l8, splat.f32x4(l10)))
          l25 = sqrt.f32x4(sub.f32x4(l9, splat.f32x4(l10)))
          l11 = add.f32x4(l11, l24)
          l12 = add.f32x4(l12, l25)
          row0[32]:4 = l24
          row0[36]:4 = l25
          l26 = add of the lanes of add.f32x4(add.f32x4(l11, l12), add.f32x4(l13, l14))
          l28 = splat.f32x4(l26)
          for i3 = 0 .. 32 step 16
            l27 = row0[i3]:4
            out0[40*i0 + i3]:4 = div.f32x4(l27, l28)
            l29 = row0[i3 + 4]:4
            out0[40*i0 + i3 + 4]:4 = div.f32x4(l29, l28)
            l30 = row0[i3 + 8]:4
            out0[40*i0 + i3 + 8]:4 = div.f32x4(l30, l28)
            l31 = row0[i3 + 12]:4
            out0[40*i0 + i3 + 12]:4 = div.f32x4(l31, l28)
          out0[40*i0 + 32]:4 = div.f32x4(l24, splat.f32x4(l26))
          out0[40*i0 + 36]:4 = div.f32x4(l25, splat.f32x4(l26))
      "
    `);
  });

  test("columns: lanes along what is kept, the step of a bias in the same kernel", () => {
    expect(kernels((b) => {
      const [x, bias] = [b.parameter(f32(6, 8)), b.parameter(f32(8))];
      return [b.sub(bias, b.sum(b.mul(x, x), [0]))];
    })).toMatchInlineSnapshot(`
      "
      kernel sub_8 (in0: f32[48], out0: f32[8], in1: f32[8])
        l0 = 0
        l1 = 0
        for i0 = 0 .. 6 step 1
          l2 = in0[8*i0]:4
          l0 = add.f32x4(l0, mul.f32x4(l2, l2))
          l3 = in0[8*i0 + 4]:4
          l1 = add.f32x4(l1, mul.f32x4(l3, l3))
        out0[0]:4 = sub.f32x4(in1[0]:4, l0)
        out0[4]:4 = sub.f32x4(in1[4]:4, l1)
      "
    `);
  });

  test("concat fills a box for each arg and makes what it stores", () => {
    expect(kernels((b) => {
      const [x, y] = [b.parameter(f32(2, 4)), b.parameter(f32(2, 3))];
      return [b.op("concat", [b.mul(x, x), y], { axis: 1 })];
    })).toMatchInlineSnapshot(`
      "
      kernel concat_2x7 (out0: f32[14], in0: f32[8], in1: f32[6])
        for i0 = 0 .. 2 step 1
          l0 = in0[4*i0]:4
          out0[7*i0]:4 = mul.f32x4(l0, l0)
        for i1 = 0 .. 2 step 1
          out0[7*i1 + 4]:3 = in1[3*i1]:3
      "
    `);
  });

  test("rows of a table", () => {
    expect(kernels((b) => {
      const [table, ids] = [b.parameter(f32(10, 8)), b.parameter({ element: "i32", shape: [3, 1] })];
      return [b.op("gather", [table, ids], { batch: 0 })];
    })).toMatchInlineSnapshot(`
      "
      kernel gather_3x8 (out0: f32[24], in0: i32[3], in1: f32[80])
        unroll i0 = 0 .. 3 step 1
          l0 = in0[i0]
          l1 = mul.i32(min.i32(max.i32(l0, 0), 9), 8)
          out0[8*i0]:4 = in1[l1]:4
          out0[8*i0 + 4]:4 = in1[l1 + 4]:4
      "
    `);
  });
});

describe("plans as text", () => {
  test("moments and parameter are stepped in place by one kernel, after the last read of the old value", () => {
    const b = new Builder();
    const [w, m, x, rate] = [b.parameter(f32(8, 8)), b.parameter(f32(8, 8)), b.parameter(f32(8, 8)), b.parameter(f32())];
    const y = b.op("tanh", [b.mul(x, w)], {});
    const credit = b.mul(y, x);
    const moment = b.add(b.mul(b.like(m, 0.5), m), credit);
    const step = b.sub(w, b.mul(b.broadcast(rate, [8, 8], []), moment));
    const region = b.region([step, moment, b.sum(b.mul(y, w), [0, 1])]);
    const states = [{ path: "w", type: f32(8, 8) }, { path: "m", type: f32(8, 8) }];
    expect(`\n${printPlan(schedule(graphOf(region, states, [0, 1], [0, 1]), machine))}`).toMatchInlineSnapshot(`
      "
      memory 784 bytes: constants 0, state 512, arena 272
        0: w f32[8,8], 256 bytes
        256: m f32[8,8], 256 bytes

      plan init
        run constant_8x8 (out0 at 0)
        run constant_8x8 (out0 at 256)

      plan f
        run reduce_sum (out0 at 256, out1 at 0, in0 at 256, in1 at 512, in2 at 0, in3 at 768, out2 at 768)
      "
    `);
  });

  test("states that trade places go through the arena", () => {
    const b = new Builder();
    const [p, q] = [b.parameter(f32(4)), b.parameter(f32(4))];
    const states = [{ path: "p", type: f32(4) }, { path: "q", type: f32(4) }];
    expect(`\n${printPlan(schedule(graphOf(b.region([q, p]), states, [0, 1], [0, 1]), machine))}`).toMatchInlineSnapshot(`
      "
      memory 80 bytes: constants 16, state 32, arena 32
        0: constant, 16 bytes
        16: p f32[4], 16 bytes
        32: q f32[4], 16 bytes

      plan init
        copy 16 bytes from 0 to 16
        copy 16 bytes from 0 to 32

      plan f
        copy 16 bytes from 32 to 48
        copy 16 bytes from 16 to 64
        copy 16 bytes from 48 to 16
        copy 16 bytes from 64 to 32
      "
    `);
  });

  test("no state is written before the last host call", () => {
    const b = new Builder();
    const [p, x] = [b.parameter(f32(4)), b.parameter(f32(4))];
    const next = b.add(p, x);
    const [answer] = b.host("reward", [next], [f32(4)]);
    const region = b.region([next, b.mul(answer, p)]);
    const externs = [{ name: "reward", parameters: [], result: null }];
    expect(`\n${printPlan(schedule(graphOf(region, [{ path: "p", type: f32(4) }], [0], [0], externs), machine))}`).toMatchInlineSnapshot(`
      "
      memory 64 bytes: constants 16, state 16, arena 32
        0: constant, 16 bytes
        16: p f32[4], 16 bytes

      plan init
        copy 16 bytes from 0 to 16

      plan f
        run add_4 (out0 at 32, in0 at 16, in1 at 32)
        host reward (32) -> (48)
        run mul_4 (out0 at 48, in0 at 48, in1 at 16)
        copy 16 bytes from 32 to 16
      "
    `);
  });
});
