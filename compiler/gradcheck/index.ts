/**
 * Every derivative that an entry asks for, against central differences of the f64 reference.
 *
 * The request's value is F = sum(seed * of). An element of a leaf is moved by h and -h, everything behind it is computed
 * again, and (F+ - F-) / 2h is compared with the derivative's element. A leaf of a type with a tangent of its own is moved
 * by its retraction.
 */
import type { Span } from "../../grammar/index.ts";
import type { CheckedRequest } from "../elaborate/index.ts";
import { type Graph, type Region, type TensorType, type ValueId } from "../ir/graph.ts";
import { definitionOf, type OpName, type Tensor } from "../ops/index.ts";
import { evaluate, tensor } from "../reference/index.ts";
import { isFloat, onManifolds, paramValues, randomNumbers } from "./point.ts";
import { cutRegion } from "./region.ts";

/** One leaf of a request. */
export interface LeafReport {
  readonly label: string;
  readonly type: TensorType;
  /** Elements compared. */
  readonly checked: number;
  /** The element that is furthest off; null if there is nothing to compare (no credit and the differences are 0). */
  readonly worst: { readonly at: readonly number[]; readonly derivative: number; readonly difference: number; readonly error: number } | null;
  readonly ok: boolean;
}

export interface RequestReport {
  readonly entry: string;
  readonly variant: Readonly<Record<string, number>>;
  readonly span: Span;
  /**
   * exact: compared and right. wrong: compared and not. intended: it differs and a rule that says so (`surrogate`, a rule
   * set) is on the way. unknown: the values at the point tried are not finite.
   */
  readonly verdict: "exact" | "wrong" | "intended" | "unknown";
  /** Functions whose rule is marked `surrogate`, on the way. */
  readonly surrogates: readonly string[];
  readonly ruleSet?: string;
  readonly leaves: readonly LeafReport[];
}

/** An error above this, relative to the largest derivative of the leaf, is a wrong derivative. */
const tolerance = 1e-5;
/** Steps tried until one agrees: a kink or a steep curve near the point needs a smaller one. */
const steps = [1e-5, 1e-6, 1e-7, 1e-8];
/** Floating-point operations that a request may cost, about; one element of each leaf is always tried. */
const budget = 4e8;
const most = 64;

function flopsOf({ nodes, types }: Region): number {
  const typesOf = (values: readonly ValueId[]) => values.map((value) => types[value]);
  return nodes.reduce((sum, node) => (node.kind === "op" ? sum + definitionOf<OpName>(node.op).flops(typesOf(node.args), typesOf(node.results), node.attributes) : sum), 1);
}

/** Row-major position of a flat index. */
const position = (flat: number, shape: readonly number[]): number[] =>
  shape.reduceRight<{ rest: number; at: number[] }>(({ rest, at }, size) => ({ rest: Math.floor(rest / size), at: [rest % size, ...at] }), { rest: flat, at: [] }).at;

/** Which elements of a leaf are moved: all, or some spread over it. */
function chosen(count: number, wanted: number, random: () => number): number[] {
  if (count <= wanted) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: wanted }, (_, i) => Math.floor(((i + random()) * count) / wanted));
}

function checkRequest(request: CheckedRequest, graph: Graph, initial: readonly Tensor[]): RequestReport {
  const random = randomNumbers(request.span.start + 1);
  const { region, of, seeds, wrt, gradients } = request;
  const params = onManifolds(request, initial, paramValues(request, graph, initial, random), random);
  const floats = wrt.map((leaf, i) => ({ ...leaf, gradient: gradients[i], point: request.points.find(({ step }) => step === leaf.id) }))
    .filter(({ id }) => isFloat(region.types[id]));
  const { region: cut, cuts } = cutRegion(region, floats.map(({ id, point }) => point?.value ?? id), of);
  const retractions = floats.map(({ point }) => point && cutRegion(region, [point.step], [point.moved]));
  const wanted = [
    ...seeds, ...cuts, ...retractions.flatMap((retraction) => retraction?.cuts ?? []), ...floats.map(({ id }) => id), ...floats.flatMap(({ gradient }) => gradient ?? []),
  ];
  const base = new Map<ValueId, Tensor>();
  evaluate({ ...region, results: wanted }, params).forEach((value, i) => base.set(wanted[i], value));
  const valueOf = (id: ValueId): Tensor => {
    const value = base.get(id);
    if (value === undefined) throw new Error(`internal: %${id} was not computed`);
    return value;
  };
  const order = [...region.params, ...cuts];
  const args = [...params, ...cuts.map(valueOf)];
  /** A leaf's own value, or the storage of a point, where the leaf is this. */
  const valueAt = (leaf: number, data: Float64Array): Float64Array => {
    const retraction = retractions[leaf];
    if (!retraction) return data;
    const given = retraction.cuts.map((id) => (id === floats[leaf].id ? { ...valueOf(id), data } : valueOf(id)));
    return evaluate(retraction.region, [...params, ...given])[0].data;
  };
  const total = (leaf: number, given: Float64Array): number => {
    const { id, point } = floats[leaf];
    const at = order.indexOf(point?.value ?? id);
    const data = valueAt(leaf, given);
    const results = evaluate(cut, args.map((arg, i) => (i === at ? { ...arg, data } : arg)));
    return results.reduce((sum, result, i) => { const seed = valueOf(seeds[i]).data; return result.data.reduce((inner, value, k) => inner + value * seed[k], sum); }, 0);
  };
  const perLeaf = Math.min(most, Math.max(1, Math.floor(budget / (2 * flopsOf(cut) * Math.max(1, floats.length)))));
  const intended = request.surrogates.length > 0 || request.ruleSet !== undefined;
  const tried = intended ? steps.slice(0, 1) : steps; // there a difference is no error
  let finite = true;
  const leaves = floats.map(({ id, label, gradient }, leaf): LeafReport => {
    const type = region.types[id];
    const { data } = valueOf(id);
    const derivative = gradient === null ? new Float64Array(data.length) : valueOf(gradient).data;
    const scale = Math.max(1e-6, derivative.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0));
    const indices = chosen(data.length, perLeaf, random);
    let worst: LeafReport["worst"] = null;
    for (const flat of indices) {
      let best = { difference: Number.NaN, error: Infinity };
      for (const step of tried) {
        const h = step * Math.max(1, Math.abs(data[flat]));
        const at = (value: number): number => total(leaf, data.map((old, i) => (i === flat ? value : old)));
        const difference = (at(data[flat] + h) - at(data[flat] - h)) / (2 * h);
        const error = Math.abs(difference - derivative[flat]) / scale;
        if (error < best.error) best = { difference, error };
        if (best.error <= tolerance) break;
      }
      finite &&= Number.isFinite(best.error) && Number.isFinite(derivative[flat]);
      if (worst === null || !(best.error <= worst.error)) worst = { at: position(flat, type.shape), derivative: derivative[flat], ...best };
    }
    return { label, type, checked: indices.length, worst, ok: worst === null || worst.error <= tolerance };
  });
  const right = leaves.every(({ ok }) => ok);
  const verdict = right ? "exact" : intended ? "intended" : finite ? "wrong" : "unknown";
  return { entry: request.entry, variant: request.variant, span: request.span, verdict, surrogates: request.surrogates, ruleSet: request.ruleSet, leaves };
}

/** Checks the requests of one elaborated program, each at its first variant; those of entries that reach the host are left out. */
export function checkGradients(requests: readonly CheckedRequest[], graph: Graph): readonly RequestReport[] {
  const initial = evaluate(graph.init, [tensor({ element: "u32", shape: [] }, [0])]);
  const seen = new Set<string>();
  return requests.flatMap((request) => {
    const key = `${request.entry}:${request.span.file}:${request.span.start}:${request.span.end}`;
    if (seen.has(key) || request.region.nodes.some(({ kind }) => kind === "host")) return [];
    seen.add(key);
    return [checkRequest(request, graph, initial)];
  });
}
