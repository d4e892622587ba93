import { describe, expect, test } from "vitest";
import { InternalError } from "../../compiler/diagnostics/diagnostic.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import type { Graph, Node, Region, SiteId, StateId, ValueId } from "../../compiler/ir/graph.ts";
import { verify } from "../../compiler/ir/verify.ts";
import { counter } from "./counter.ts";

function sound(): Region {
  const b = new Builder();
  const x = b.parameter({ element: "f32", shape: [3] });
  const y = b.mul(x, x);
  const [z] = b.leave([b.sum(y, [0])], { callee: "f", path: [], inputs: [x], frame: null });
  return b.region([z]);
}

const refuses = (subject: Region | Graph, message: string): void => {
  expect(() => verify(subject)).toThrow(new InternalError(`internal: ${message}`));
};

/** A sound region with one node changed. */
const changed = (at: number, change: Partial<Node>): Region => {
  const region = sound();
  // A change may make the node wrong on purpose.
  return { ...region, nodes: region.nodes.map((node, i) => (i === at ? { ...node, ...change } as Node : node)) };
};
const id = (n: number): ValueId => n as ValueId; // ids of the regions above

describe("verify of a region", () => {
  test("accepts what a builder made", () => {
    verify(sound());
    verify(counter());
  });

  test("names the node that breaks a rule", () => {
    refuses(changed(0, { args: [id(0), id(1)] }), "region: `%1: f32[3] = mul %0 %1` uses %1 before its definition");
    refuses(changed(0, { args: [id(0)] }), "region: `%1: f32[3] = mul %0` has 1 args, expected 2");
    refuses(changed(0, { results: [id(2)] }), "region: `%2: f32[] = mul %0 %0` is (f32[]), expected (f32[3])");
    refuses(changed(0, { results: [] }), "region: `mul %0 %0` is (), expected (f32[3])");
    refuses(changed(2, { args: [id(1)] }), "region: `%3: f32[] = leave %1 {f of (%0)}` is (f32[]), expected (f32[3])");
    refuses(changed(1, { attributes: { axes: [1] } } as Partial<Node>), // the attributes of its op
      "region: `%2: f32[] = reduce_sum %1 {axes=[1]}` does not fit: reduce_sum: axis 1 of 1");
    refuses(changed(0, { op: "frobnicate" } as unknown as Partial<Node>), // no such op
      "region: `%1: f32[3] = frobnicate %0 %0`: there is no op frobnicate");
    refuses(changed(2, { call: { callee: "f", path: [], inputs: [id(3)], frame: null } } as Partial<Node>), // of a leave
      "region: `%3: f32[] = leave %2 {f of (%3)}` has the input %3, defined later");
  });

  test("wants dense ids in definition order, a type for each, and results that exist", () => {
    const region = sound();
    refuses({ ...region, params: [id(1)] }, "region: a param defines %1, the next value is %0");
    refuses({ ...region, nodes: region.nodes.slice(1) }, "region: `%2: f32[] = reduce_sum %1 {axes=[0]}` uses %1 before its definition");
    refuses({ ...region, types: region.types.slice(0, 3) }, "region: result %3 of leave has no type");
    refuses({ ...region, types: [...region.types, region.types[0]] }, "region: 5 types for 4 values");
    refuses({ ...region, results: [id(9)] }, "region: result %9 does not exist");
  });
});

describe("verify of a program", () => {
  test("compares states, params and results with the types", () => {
    const graph = counter();
    const [entry] = graph.entries;
    const withEntry = (change: Partial<typeof entry>): Graph => ({ ...graph, entries: [{ ...entry, ...change }] });
    refuses({ ...graph, states: graph.states.slice(1) }, "init's results are (f32[], i32[]), expected (i32[])");
    refuses(withEntry({ writes: [] }), "step's results are (f32[], i32[], f32[]), expected (f32[])");
    refuses(withEntry({ reads: [...entry.reads].reverse() }), "step's params are (f32[], i32[], f32[1], f32[]), expected (i32[], f32[], f32[1], f32[])");
    refuses(withEntry({ reads: [5 as StateId] }), "step names state 5 of 2"); // no such state
    refuses({ ...graph, sites: [] }, "step: a node comes from site 0 of 0");
    refuses({ ...graph, init: entry.region }, "init's params are (f32[], i32[], f32[1], f32[]), expected (u32[])");
  });

  test("knows the externs", () => {
    const graph = counter();
    const b = new Builder();
    b.site = 0 as SiteId; // the only one
    b.host("reward", [], []);
    const entry = { ...graph.entries[0], parameters: [], result: null, reads: [], writes: [], region: b.region([]) };
    refuses({ ...graph, entries: [entry] }, "step calls reward, which is no extern");
    verify({ ...graph, entries: [entry], externs: [{ name: "reward", parameters: [], result: null }] });
  });
});
