/** Runs a region by the op table's reference meanings: the yardstick for every target, and the evaluator of `const`. */
import { invariant } from "../diagnostics/diagnostic.ts";
import { elementCount, sameShape } from "../ir/graph.ts";
import type { Region, ScanNode, TensorType, WhileNode } from "../ir/graph.ts";
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
        case "scan":
          return runScan(node, given, node.results.map((result) => region.types[result]), options);
        case "while":
          return runWhile(node, given, node.results.map((result) => region.types[result]), options);
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

const scalar = (element: "i32", value: number): Tensor => ({ type: { element, shape: [] }, data: Float64Array.of(value) });

const emptyTensor = (type: TensorType): Tensor => ({ type, data: new Float64Array(elementCount(type.shape)) });

function runScan({ length, reversed, carries, inputs, body }: ScanNode, args: readonly Tensor[], types: readonly TensorType[], options: EvaluateOptions): readonly Tensor[] {
  let state = args.slice(0, carries);
  const stacked = types.slice(carries).map(emptyTensor);
  for (let turn = 0; turn < length; turn++) {
    const index = reversed ? length - 1 - turn : turn;
    const slices = args.slice(carries, carries + inputs).map(({ type, data }): Tensor => {
      const count = data.length / length;
      return { type: { ...type, shape: type.shape.slice(1) }, data: data.subarray(index * count, (index + 1) * count) };
    });
    const results = evaluate(body, [scalar("i32", index), ...state, ...slices, ...args.slice(carries + inputs)], options);
    state = results.slice(0, carries);
    results.slice(carries).forEach(({ data }, i) => stacked[i].data.set(data, index * data.length));
  }
  return [...state, ...stacked];
}

function runWhile({ max, carries, until, body }: WhileNode, args: readonly Tensor[], types: readonly TensorType[], options: EvaluateOptions): readonly Tensor[] {
  let state = args.slice(0, carries);
  const stacked = types.slice(carries, -1).map(emptyTensor);
  const captures = args.slice(carries);
  let turn = 0;
  for (; turn < max; turn++) {
    const given = [scalar("i32", turn), ...state, ...captures];
    if (evaluate(until, given, options)[0].data[0] !== 0) break;
    const results = evaluate(body, given, options);
    state = results.slice(0, carries);
    results.slice(carries).forEach(({ data }, i) => stacked[i].data.set(data, turn * data.length));
  }
  return [...state, ...stacked, scalar("i32", turn)];
}
