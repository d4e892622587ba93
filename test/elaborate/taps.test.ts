/** The taps of a family whose layers differ are a tuple; they were a record with the fields 0, 1, ... that nothing could index. */
import { expect, test } from "vitest";
import { results } from "../std/run.ts";

test("the taps of a tuple of layers are a tuple", () => {
  const declarations = `
    model Double[In, Out](x: f32[In]) -> f32[Out] { tap h = 2 * x  return concat(h, zeros([Out - In]), axis = 0) }
    model Net(x: f32[2]) -> f32[4] {
      layer part[l in 0..2] = Double[2 + l, 3 + l]
      static for l in 0..2 { let x = part[l](x) }
      return x
    }
    var net = Net`;
  expect(results("let (y, t) = taps(net(x))\nreturn (t.part[0].h, t.part[1].h)", { declarations, x: [1, 2] })).toEqual([[2, 4], [4, 8, 0]]);
});
