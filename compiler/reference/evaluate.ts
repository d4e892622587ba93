/** Runs a region by the op table's reference meanings: the yardstick for every target, and the evaluator of `const`. */
import { invariant } from "../diagnostics/diagnostic.ts";
import { sameShape } from "../ir/graph.ts";
import type { Region, TensorType } from "../ir/graph.ts";
import { definitionOf } from "../ops/index.ts";
import type { AttributesOf, OpName, Tensor } from "../ops/index.ts";

export interface EvaluateOptions {
  /** f64 (the default): f32 elements are computed in f64 and not rounded. f32: rounded after each op. */
  readonly round?: "f32" | "f64";
  /** Answers host nodes, in their order. */
  readonly host?: (name: string, args: readonly Tensor[]) => readonly Tensor[];
}

const same = (a: TensorType, b: TensorType): boolean => a.element === b.element && sameShape(a.shape, b.shape);

/** The same numbers in f32, for what counts as f32. */
export function roundTensor(tensor: Tensor): Tensor {
  return tensor.type.element === "f32" ? { type: tensor.type, data: Float64Array.from(tensor.data, Math.fround) } : tensor;
}

/** The results of a region for the given values of its params. Results may share data with args. */
export function evaluate(region: Region, args: readonly Tensor[], options: EvaluateOptions = {}): readonly Tensor[] {
  const { round = "f64", host } = options;
  invariant(args.length === region.params.length, () => `${args.length} args for ${region.params.length} params`);
  const values = new Array<Tensor>(region.types.length);
  const settle = (id: number, tensor: Tensor): void => {
    invariant(same(tensor.type, region.types[id]), () => `%${id} is not of its type`);
    values[id] = round === "f32" ? roundTensor(tensor) : tensor;
  };
  region.params.forEach((param, i) => settle(param, args[i]));
  for (const node of region.nodes) {
    const given = node.args.map((arg) => values[arg]);
    const results = (): readonly Tensor[] => {
      switch (node.kind) {
        case "op":
          return applyOp(node.op, given, node.attributes, node.results.map((result) => region.types[result]));
        case "leave":
          return given;
        case "host":
          invariant(host !== undefined, () => `nobody answers the extern ${node.name}`);
          return host(node.name, given);
      }
    };
    results().forEach((tensor, i) => settle(node.results[i], tensor));
  }
  return region.results.map((result) => values[result]);
}

/** One op by its reference; the result types are those that `infer` gave. */
export function applyOp<K extends OpName>(
  op: K, args: readonly Tensor[], attributes: AttributesOf<K>, types: readonly TensorType[],
): readonly Tensor[] {
  return definitionOf(op).reference(args, attributes, types);
}
