/**
 * A scan over a batch: one loop whose turns are mapped. The loop's axis stays the leading one of inputs and emits, the
 * batch comes second; outside it is the other way round.
 */
import { Builder } from "../ir/builder.ts";
import type { ScanNode, TensorType, ValueId } from "../ir/graph.ts";
import { batchedCarries } from "./depends.ts";
import { allOf, batchRegion } from "./nodes.ts";
import type { BatchOptions, Mapped } from "./nodes.ts";

export function batchScan(b: Builder, node: ScanNode, args: readonly Mapped[], size: number, options: BatchOptions): readonly Mapped[] {
  const { body, carries: carryCount, inputs: inputCount } = node;
  const carries = batchedCarries(node, args.map(({ batched }) => batched));
  const inner = new Builder();
  inner.site = node.site;
  const params = body.params.map((param, i): Mapped => {
    const at = i - 1; // the index comes first
    const batched = at >= 0 && (at < carryCount ? carries[at] : args[at].batched);
    return { id: inner.parameter(batchedType(body.types[param], batched, size)), batched };
  });
  const results = batchRegion(inner, body, params, size, options);
  const mapped = inner.region(results.map((result, i) => (carries[i] === true ? allOf(inner, result, size) : result.id)));
  const given = args.map((arg, i): ValueId => {
    if (i < carryCount) return carries[i] ? allOf(b, arg, size) : arg.id;
    return i < carryCount + inputCount && arg.batched ? swapLeading(b, arg.id) : arg.id;
  });
  return b.scan(given, { ...node, body: mapped }).map((id, i): Mapped => {
    if (i < carryCount) return { id, batched: carries[i] };
    const { batched } = results[i];
    return { id: batched ? swapLeading(b, id) : id, batched };
  });
}

export const batchedType = (type: TensorType, batched: boolean, size: number): TensorType =>
  batched ? { ...type, shape: [size, ...type.shape] } : type;

/** [size, length, ...] -> [length, size, ...], and back. */
export function swapLeading(b: Builder, value: ValueId): ValueId {
  return b.transpose(value, b.typeOf(value).shape.map((_, axis) => (axis === 0 ? 1 : axis === 1 ? 0 : axis)));
}
