import { describe, expect, test } from "vitest";
import { batchNodes, batchRegion, BatchMap } from "../../compiler/batch/index.ts";
import { pull, push } from "../../compiler/differentiate/index.ts";
import { InternalError } from "../../compiler/diagnostics/diagnostic.ts";
import { Builder } from "../../compiler/ir/builder.ts";
import type { LeaveNode, Region, ValueId } from "../../compiler/ir/graph.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import type { Tensor } from "../../compiler/reference/index.ts";
import { type } from "../ops/cases.ts";
import { Random } from "../ops/random.ts";
import { inline, randomGraph } from "../ops/random-graph.ts";
import { batchedRegion, checkBatch, element, expectClose, stack, withBatch } from "./check.ts";

const size = 3;

/** Values near those of a random graph, one set for each element. */
function nearby(args: readonly Tensor[], r: Random): Tensor[][] {
  return args.map((arg) => Array.from({ length: size }, () => {
    if (arg.type.element !== "f32" && arg.type.element !== "f64") return arg;
    return { type: arg.type, data: arg.data.map((x) => x + r.uniform(-0.1, 0.1)) };
  }));
}

const isFloat = (region: Region, id: ValueId): boolean => ["f32", "f64"].includes(region.types[id].element);

test("random graphs on a batch are the graphs on each element", () => {
  for (let seed = 0; seed < 200; seed++) {
    const { region, args } = randomGraph(seed);
    const r = new Random(seed);
    checkBatch(region, nearby(args, r).map((values) => (r.chance(0.6) ? values : values[0])), size, 1e-9, `seed ${seed}`);
  }
});

test("batches nest", () => {
  for (let seed = 300; seed < 360; seed++) {
    const { region, args } = randomGraph(seed, { nodes: 15 });
    const r = new Random(seed);
    const inner = args.map(() => r.chance(0.5));
    const values = args.map((arg, i) => (inner[i] ? stack(nearby([arg], r)[0]) : arg));
    const once = batchedRegion(region, inner, size);
    checkBatch(once.region, nearby(values, r).map((each) => (r.chance(0.5) ? each : each[0])), size, 1e-9, `seed ${seed}`);
  }
});

/** (args, seeds of the float results) -> cotangents of the float args, or their tangents the other way. */
function derived(region: Region, mode: "pull" | "push"): Region {
  const b = new Builder();
  const x = region.params.map((param) => b.parameter(region.types[param]));
  const y = inline(b, region, x);
  const of = y.filter((_, i) => isFloat(region, region.results[i]));
  const wrt = x.filter((_, i) => isFloat(region, region.params[i]));
  const [from, to] = mode === "pull" ? [of, wrt] : [wrt, of];
  const seeds = from.map((value) => b.parameter(b.typeOf(value)));
  const answer = mode === "pull" ? pull(b, of, wrt, seeds) : push(b, of, wrt, seeds);
  return renumbered(b, [...x, ...seeds], answer.map((id, i) => id ?? b.zeros(b.typeOf(to[i]))));
}

/** A region whose params stand first. */
function renumbered(b: Builder, params: readonly ValueId[], results: readonly ValueId[]): Region {
  const fresh = new Builder();
  const map = new BatchMap(params.map((param) => [param, { id: fresh.parameter(b.typeOf(param)), batched: false }]));
  batchNodes(fresh, b.nodes, map, 0);
  return fresh.region(results.map((result) => map.get(result)?.id ?? result));
}

describe("the derivative of a batch is the batch of the derivatives", () => {
  test.each(["pull", "push"] as const)("%s", (mode) => {
    for (let seed = 400; seed < 460; seed++) {
      const { region: whole, args } = randomGraph(seed, { nodes: 15, kind: "continuous", elements: ["f32", "f64", "i32"] });
      const r = new Random(seed);
      const everything = args.map(() => true);
      const dependent = batchedRegion(whole, everything, size).batched;
      const region = { ...whole, results: whole.results.filter((_, i) => dependent[i]) };
      const values = nearby(args, r);
      const each = derived(region, mode);
      const all = derived(batchedRegion(region, everything, size).region, mode);
      const seedTypes = each.params.slice(args.length).map((param) => each.types[param]);
      const seeds = seedTypes.map((seedType) => r.direction(withBatch(seedType, size)));
      const actual = evaluate(all, [...values.map(stack), ...seeds]);
      for (let i = 0; i < size; i++) {
        const wanted = evaluate(each, [...values.map((value) => value[i]), ...seeds.map((value) => element(value, i))]);
        wanted.forEach((value, k) => expectClose(element(actual[k], i), value, 1e-8, `seed ${seed}: derivative ${k} of element ${i}`));
      }
    }
  });
});

test("markers alias their values, or become what their owner says", () => {
  const inner = new Builder();
  const [x, w] = [inner.parameter(type("f32", 2)), inner.parameter(type("f32", 2))];
  const call = { callee: "f", path: [], inputs: [x], frame: null };
  const [y, kept] = inner.leave([inner.mul(x, w), w], call);
  const region = inner.region([y, kept]);
  expect(batchedRegion(region, [true, false], size).batched).toEqual([true, false]);

  const met: (readonly boolean[])[] = [];
  const onLeave = (node: LeaveNode, args: readonly { id: ValueId; batched: boolean }[], { b, map }: { b: Builder; map: ReadonlyMap<ValueId, { id: ValueId; batched: boolean }> }) => {
    met.push([...args.map(({ batched }) => batched), ...node.call.inputs.map((input) => map.get(input)?.batched === true)]);
    return args.map(({ id, batched }) => ({ id: b.neg(id), batched }));
  };
  const { region: negated } = batchedRegion(region, [true, false], size, { onLeave });
  expect(met).toEqual([[true, false, true]]);
  const results = evaluate(negated, [{ type: type("f32", size, 2), data: Float64Array.of(1, 2, 3, 4, 5, 6) }, { type: type("f32", 2), data: Float64Array.of(1, 10) }]);
  expect(results.map(({ data }) => [...data])).toEqual([[-1, -20, -3, -40, -5, -60], [-1, -10]]);
});

test("calls of the host are refused", () => {
  const inner = new Builder();
  const x = inner.parameter(type("f32"));
  const region = inner.region(inner.host("log_it", [x], [type("f32")]));
  const b = new Builder();
  expect(() => batchRegion(b, region, [{ id: b.parameter(type("f32", 2)), batched: true }], 2)).toThrow(InternalError);
});
