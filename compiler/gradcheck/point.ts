/** The point at which derivatives are compared: repeatable values for the params of a request's region. */
import type { CheckedRequest } from "../elaborate/index.ts";
import { elementCount, type Graph, type TensorType } from "../ir/graph.ts";
import type { Tensor } from "../ops/index.ts";
import { evaluate, tensor } from "../reference/index.ts";
import { belowOf } from "../schedule/index.ts";
import { cutRegion } from "./region.ts";

/** A repeatable stream of numbers in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const isFloat = ({ element }: TensorType): boolean => element === "f32" || element === "f64";

/** Values of a region's params: parameters near their initial values (so that zeros and ties are left), arguments at random, scalars small. */
export function paramValues(request: CheckedRequest, graph: Graph, initial: readonly Tensor[], random: () => number): Tensor[] {
  return request.region.params.map((param, i) => {
    const type = request.region.types[param];
    const state = request.reads[i];
    if (state !== undefined) {
      const { role } = graph.states[state];
      const moved = isFloat(type) && (role === "trained" || role === "frozen"); // others may have to be positive
      return moved ? tensor(type, initial[state].data.map((value) => value + 0.1 * (random() - 0.5))) : initial[state];
    }
    const below = belowOf(request.region, param) ?? 2;
    const scale = type.shape.length === 0 ? 1 / 64 : 1;
    const whole = (): number => Math.floor(random() * (type.element === "bool" ? 2 : below));
    const number = (): number => (isFloat(type) ? scale * (0.05 + 0.9 * random()) : whole());
    return { type, data: Float64Array.from({ length: elementCount(type.shape) }, number) };
  });
}

/**
 * Params that are points, moved by small steps from their initial values; arguments from those of a state of their type, or
 * else from anywhere: a retraction may end on the manifold.
 */
export function onManifolds({ region, points, reads }: CheckedRequest, initial: readonly Tensor[], params: readonly Tensor[], random: () => number): Tensor[] {
  const pointOf = (param: number): CheckedRequest["points"][number] | undefined => points.find(({ value }) => value === region.params[param]);
  const raw = params.map((value, i) => {
    const type = pointOf(i)?.type;
    if (type === undefined) return value;
    const state = i < reads.length ? i : reads.findIndex((_, at) => pointOf(at)?.type === type);
    if (state < 0) return value;
    const { data } = initial[reads[state]];
    return { ...value, data: value.data.map((_, at) => data[at % data.length]) };
  });
  return raw.map((value, i) => {
    const point = pointOf(i);
    if (!point) return value;
    const { region: retraction, cuts } = cutRegion(region, [point.step], [point.moved]);
    const type = region.types[point.step];
    const step = tensor(type, Array.from({ length: elementCount(type.shape) }, () => 0.1 * (random() - 0.5)));
    const others = evaluate({ ...region, results: cuts }, raw);
    return evaluate(retraction, [...raw, ...cuts.map((id, at) => (id === point.step ? step : others[at]))])[0];
  });
}
