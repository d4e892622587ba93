/** Scans written out turn by turn: what a loop must equal. */
import type { Region, ScanNode, ValueId } from "../../compiler/ir/graph.ts";
import { Builder } from "../../compiler/ir/builder.ts";

const nameOf = (names: ReadonlyMap<ValueId, ValueId>, value: ValueId): ValueId => {
  const name = names.get(value);
  if (name === undefined) throw new Error(`%${value} has no name`);
  return name;
};

/** A region of ops and scans without scans. */
export function unroll(region: Region): Region {
  const b = new Builder();
  const names = new Map(region.params.map((param) => [param, b.parameter(region.types[param])] as const));
  return b.region(append(b, region, names));
}

function append(b: Builder, region: Region, names: Map<ValueId, ValueId>): readonly ValueId[] {
  for (const node of region.nodes) {
    const args = node.args.map((arg) => nameOf(names, arg));
    if (node.kind !== "op" && node.kind !== "scan") throw new Error(`a ${node.kind} cannot be written out`);
    const results = node.kind === "op" ? b.ops(node.op, args, node.attributes) : turns(b, node, args);
    node.results.forEach((result, i) => names.set(result, results[i]));
  }
  return region.results.map((result) => nameOf(names, result));
}

function turns(b: Builder, { length, reversed, carries, inputs, body }: ScanNode, args: readonly ValueId[]): readonly ValueId[] {
  let state = args.slice(0, carries);
  const emits: ValueId[][] = body.results.slice(carries).map(() => []);
  for (let turn = 0; turn < length; turn++) {
    const index = reversed ? length - 1 - turn : turn;
    const slices = args.slice(carries, carries + inputs).map((input) => {
      const { shape } = b.typeOf(input);
      const slice = b.op("slice", [input], { start: shape.map((_, i) => (i === 0 ? index : 0)), limit: shape.map((size, i) => (i === 0 ? index + 1 : size)), step: shape.map(() => 1) });
      return b.reshape(slice, shape.slice(1));
    });
    const given = [b.constant({ element: "i32", shape: [] }, index), ...state, ...slices, ...args.slice(carries + inputs)];
    const results = append(b, body, new Map(body.params.map((param, i) => [param, given[i]])));
    state = results.slice(0, carries);
    results.slice(carries).forEach((emit, i) => { emits[i][index] = b.reshape(emit, [1, ...b.typeOf(emit).shape]); });
  }
  return [...state, ...emits.map((parts) => (parts.length === 1 ? parts[0] : b.op("concat", parts, { axis: 0 })))];
}
