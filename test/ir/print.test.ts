import { expect, test } from "vitest";
import { pull } from "../../compiler/differentiate/index.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import { printGraph, printRegion } from "../../compiler/ir/print.ts";
import { counter } from "./counter.ts";

test("a layer and its gradient", () => {
  const b = new Builder();
  const x = b.parameter({ element: "f32", shape: [4, 3] });
  const w = b.parameter({ element: "f32", shape: [3, 2] });
  const dot = { leftBatch: [], rightBatch: [], leftContract: [1], rightContract: [0] };
  const y = b.op("tanh", [b.op("dot", [x, w], dot)], {});
  const loss = b.sum(b.mul(y, y), [0, 1]);
  const [dw] = pull(b, [loss], [w], [b.like(loss, 1)]);
  expect(printRegion(b.region([loss, dw ?? loss]))).toMatchInlineSnapshot(`
    "region (%0: f32[4,3], %1: f32[3,2]) -> (%5, %15)
      %2: f32[4,2] = dot %0 %1 {leftContract=[1] rightContract=[0]}
      %3: f32[4,2] = tanh %2
      %4: f32[4,2] = mul %3 %3
      %5: f32[] = reduce_sum %4 {axes=[0,1]}
      %6: f32[] = constant {data=[1]}
      %7: f32[4,2] = broadcast %6
      %8: f32[4,2] = mul %7 %3
      %9: f32[4,2] = mul %7 %3
      %10: f32[4,2] = add %8 %9
      %11: f32[4,2] = constant {data=[1]}
      %12: f32[4,2] = mul %3 %3
      %13: f32[4,2] = sub %11 %12
      %14: f32[4,2] = mul %10 %13
      %15: f32[3,2] = dot %0 %14 {leftContract=[0] rightContract=[0]}
    "
  `);
});

test("calls, several results, long constants, extern calls", () => {
  const b = new Builder();
  const x = b.parameter({ element: "f32", shape: [10] });
  const [sorted] = b.ops("sort", [x], { descending: true });
  const weights = b.constant({ element: "f32", shape: [10] }, ...Array.from({ length: 10 }, (_, i) => -i / 2));
  const span = { file: "a.pull", start: 0, end: 0 };
  const backward = { surrogate: true, span, apply: () => [null] };
  const [out] = b.leave([b.mul(sorted, weights)], { callee: "rank", path: ["net", "top"], inputs: [x], backward, frame: null });
  b.leave([out], { callee: "id", path: [], inputs: [out], frame: null });
  b.host("reward", [out], [{ element: "f32", shape: [] }]);
  b.host("log", [out], []);
  expect(printRegion(b.region([out]), "body")).toMatchInlineSnapshot(`
    "body (%0: f32[10]) -> (%5)
      %1: f32[10], %2: i32[10] = sort %0 {descending=true}
      %3: f32[10] = constant {data=[-0,-0.5,-1,-1.5,-2,-2.5,-3,-3.5,... 10 in all, #d635d504]}
      %4: f32[10] = mul %1 %3
      %5: f32[10] = leave %4 {rank in net.top of (%0) backward}
      %6: f32[10] = leave %5 {id of (%5)}
      %7: f32[] = host %5 {reward}
      host %5 {log}
    "
  `);
});

test("a program", () => {
  expect(printGraph(counter())).toMatchInlineSnapshot(`
    "state w: f32[] trained
    state calls: i32[] state

    init (%0: u32[]) -> (%3, %4)
      %1: u32[] = constant {data=[1]}
      %2: u32[] = shift_right %0 %1
      %3: f32[] = cast %2
      %4: i32[] = constant {data=[0]}

    train entry step[N=1](x: f32[N=1], lr: f32[]) -> {loss: f32[]}
      reads w calls
      writes w calls
    region (%0: f32[], %1: i32[], %2: f32[1], %3: f32[]) -> (%13, %15, %7)
      %4: f32[1] = broadcast %0
      %5: f32[1] = mul %4 %2
      %6: f32[1] = mul %5 %5
      %7: f32[] = reduce_sum %6 {axes=[0]}
      %8: f32[1] = constant {data=[2]}
      %9: f32[1] = mul %5 %2
      %10: f32[1] = mul %8 %9
      %11: f32[] = reduce_sum %10 {axes=[0]}
      %12: f32[] = mul %3 %11
      %13: f32[] = sub %0 %12
      %14: i32[] = constant {data=[1]}
      %15: i32[] = add %1 %14

    train entry step[N=2](x: f32[N=2], lr: f32[]) -> {loss: f32[]}
      reads w calls
      writes w calls
    region (%0: f32[], %1: i32[], %2: f32[2], %3: f32[]) -> (%13, %15, %7)
      %4: f32[2] = broadcast %0
      %5: f32[2] = mul %4 %2
      %6: f32[2] = mul %5 %5
      %7: f32[] = reduce_sum %6 {axes=[0]}
      %8: f32[2] = constant {data=[2]}
      %9: f32[2] = mul %5 %2
      %10: f32[2] = mul %8 %9
      %11: f32[] = reduce_sum %10 {axes=[0]}
      %12: f32[] = mul %3 %11
      %13: f32[] = sub %0 %12
      %14: i32[] = constant {data=[1]}
      %15: i32[] = add %1 %14
    "
  `);
});
