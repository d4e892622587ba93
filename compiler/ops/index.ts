/** The one op table. */
import type { TensorType } from "../ir/graph.ts";
import type { AttributesOf, OpName } from "./attributes.ts";
import type { OpDefinition, OpTable } from "./define.ts";

export type { AttributesOf, OpAttributes, OpName } from "./attributes.ts";

export const ops: OpTable<OpName> = {} as never; // families are spread here

export function inferTypes<K extends OpName>(op: K, args: readonly TensorType[], attributes: AttributesOf<K>): readonly TensorType[] {
  return (ops[op] as OpDefinition<AttributesOf<K>>).infer(args, attributes);
}
