/** Two compilations of a program that differ in the adjoint of `odesolve`: how far their derivatives are apart, in f64. */
import type { Span } from "../../grammar/index.ts";
import type { CheckedRequest } from "../elaborate/index.ts";
import type { Graph, ValueId } from "../ir/graph.ts";
import { evaluate, tensor } from "../reference/index.ts";
import type { Tensor } from "../ops/index.ts";
import { paramValues, randomNumbers } from "./point.ts";

export interface AdjointReport {
  readonly entry: string;
  readonly span: Span;
  /** The largest difference of an element, relative to the largest derivative of the leaf in either. */
  readonly leaves: readonly { readonly label: string; readonly apart: number }[];
}

/** `requests` and `others` are those of one file, compiled with two adjoints; values are those of `graph` and at random. */
export function compareAdjoints(requests: readonly CheckedRequest[], others: readonly CheckedRequest[], graph: Graph): readonly AdjointReport[] {
  const initial = evaluate(graph.init, [tensor({ element: "u32", shape: [] }, [0])]);
  return requests.flatMap((request, i): AdjointReport[] => {
    const other = others.at(i);
    const callsHost = request.region.nodes.some(({ kind }) => kind === "host");
    if (!other || callsHost) return [];
    const values = paramValues(request, graph, initial, randomNumbers(request.span.start + 1));
    const valueOf = (state: CheckedRequest["reads"][number]): Tensor => values[request.reads.indexOf(state)] ?? initial[state];
    const sameValues = [...other.reads.map(valueOf), ...values.slice(request.reads.length)];
    const [a, b] = [gradients(request, values), gradients(other, sameValues)];
    return [{ entry: request.entry, span: request.span, leaves: request.wrt.map(({ label }, leaf) => ({ label, apart: apart(a[leaf], b[leaf]) })) }];
  });
}

function gradients({ region, gradients: found }: CheckedRequest, values: readonly Tensor[]): readonly (Float64Array | null)[] {
  const ids = found.filter((id): id is ValueId => id !== null);
  const results = evaluate({ ...region, results: ids }, values);
  return found.map((id) => (id === null ? null : results[ids.indexOf(id)].data));
}

function apart(a: Float64Array | null, b: Float64Array | null): number {
  const [left, right] = [a ?? b?.map(() => 0) ?? [], b ?? a?.map(() => 0) ?? []];
  let [largest, difference] = [0, 0];
  left.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value), Math.abs(right[i]));
    const here = Math.abs(value - right[i]);
    if (!(here <= difference)) difference = here; // NaN stays
  });
  return difference === 0 ? 0 : difference / largest;
}
