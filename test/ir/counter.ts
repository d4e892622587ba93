/** A small program: a weight, a counter, two variants of an entry. */
import { Builder } from "../../compiler/ir/builder.ts";
import type { Entry, Graph, SiteId, StateId } from "../../compiler/ir/graph.ts";

const span = { file: "counter.pull", start: 0, end: 0 };
const [weight, count] = [0 as StateId, 1 as StateId]; // places in `states` below

/** `step[N](x: f32[N], lr: f32) -> { loss: f32 }`: loss = sum of (w x)^2, one step of gradient descent, a count of calls. */
export function counter(): Graph {
  const init = new Builder();
  const key = init.parameter({ element: "u32", shape: [] });
  const drawn = init.op("cast", [init.op("shift_right", [key, init.like(key, 1)], {})], { to: "f32" });
  return {
    states: [
      { path: "w", type: { element: "f32", shape: [] }, role: "trained", span },
      { path: "calls", type: { element: "i32", shape: [] }, role: "state", span },
    ],
    init: init.region([drawn, init.constant({ element: "i32", shape: [] }, 0)]),
    entries: [step(1), step(2)],
    externs: [],
    sites: [{ span, path: [] }],
  };
}

function step(size: number): Entry {
  const b = new Builder();
  b.site = 0 as SiteId; // the only one
  const scalar = { element: "f32", shape: [] } as const;
  const [w, calls] = [b.parameter(scalar), b.parameter({ element: "i32", shape: [] })];
  const [x, lr] = [b.parameter({ element: "f32", shape: [size] }), b.parameter(scalar)];
  const y = b.mul(b.broadcast(w, [size], []), x);
  const loss = b.sum(b.mul(y, y), [0]);
  const two = b.like(x, 2);
  const slope = b.sum(b.mul(two, b.mul(y, x)), [0]);
  return {
    name: "step", doc: "One step.", train: true, variant: { N: size }, span,
    parameters: [
      { name: "x", tree: { kind: "tensor", type: { element: "f32", shape: [size] }, axes: ["N"] } },
      { name: "lr", tree: { kind: "tensor", type: scalar, axes: [] } },
    ],
    result: { kind: "record", fields: [{ name: "loss", tree: { kind: "tensor", type: scalar, axes: [] } }] },
    reads: [weight, count],
    writes: [weight, count],
    region: b.region([b.sub(w, b.mul(lr, slope)), b.add(calls, b.like(calls, 1)), loss]),
  };
}
