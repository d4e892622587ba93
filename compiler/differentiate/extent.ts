/**
 * Which elements of each value can get credit from some elements of others: by walking the nodes forward, movement taking
 * the elements where it takes the values. `x[0]` of a stack shares no credit with `x[1]`.
 *
 *     %1 = slice %0 {start=[0] limit=[1] step=[1]}      %0: 0 1      %1: none
 *     %2 = concat %0 %1 {axis=0}                        %2: 0 1 0
 *
 * What is said to get none gets none; the other way round it is only a bound: a product with zero counts as a way, and
 * where an op mixes elements in no simple manner, or too many are concerned, any counts as all.
 */
import type { Builder, BuildNode } from "../ir/builder.ts";
import { elementCount, type OpNode, sameShape, type TensorType, type ValueId } from "../ir/graph.ts";
import type { OpenScanNode } from "../ir/open-loop.ts";
import { type AttributesOf, definitionOf, isPointwise, type OpName, passesCredit, type Tensor } from "../ops/index.ts";
import { links, type StandIn } from "./requests.ts";

/** 1 at each element that is concerned, row-major; a value without an extent has none. */
export type Extent = Float64Array | "all";
export type Extents = Map<ValueId, Extent>;

/** Elements and multiplications that one walk may look at; behind that any concerned element counts as all. */
const budget = 2 ** 25;
/** Rounds after which a loop's carries that still grow count as all. */
const maximumRounds = 8;

/** Movement, and reductions along axes: where the reference takes zeros and ones. */
const movement: ReadonlySet<OpName> = new Set<OpName>([
  "reshape", "broadcast", "transpose", "slice", "pad", "concat", "reverse", "window", "overlap_add", "dot",
  "reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "cumsum", "cumprod", "cummax",
]);

const simplest = (data: Float64Array): Extent | undefined => {
  if (data.every((x) => x !== 0)) return data.length === 0 ? undefined : "all";
  return data.some((x) => x !== 0) ? data.map((x) => Number(x !== 0)) : undefined;
};

function union(a: Extent | undefined, b: Extent | undefined): Extent | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a === "all" || b === "all") return "all";
  return simplest(a.map((x, i) => x + b[i]));
}

const asFloat = ({ shape }: TensorType): TensorType => ({ element: "f32", shape });

/** One walk over the nodes of a builder. */
export class ExtentWalk {
  private spent = 0;
  private readonly makers = new Map<ValueId, OpNode>();

  constructor(private readonly b: Builder, private readonly standIn: StandIn, private readonly leaves?: ReadonlySet<ValueId>) {
    for (const node of b.nodes) if (node.kind === "op") node.results.forEach((result) => this.makers.set(result, node));
  }

  /** Adds the extents of what the nodes make. */
  run(nodes: readonly BuildNode[], extents: Extents): void {
    for (const node of nodes) {
      this.results(node, extents).forEach((extent, i) => {
        const result = node.results[i];
        if (extent === undefined || this.leaves?.has(result)) return;
        const whole = union(extents.get(result), extent);
        if (whole !== undefined) extents.set(result, whole);
      });
    }
  }

  /** The extents of a node's results by those of its args; with `only`, by that of one. */
  results(node: BuildNode, extents: ReadonlyMap<ValueId, Extent>, only?: ValueId): readonly (Extent | undefined)[] {
    const of = (arg: ValueId): Extent | undefined => (only === undefined || only === arg ? extents.get(arg) : undefined);
    if (node.kind === "openScan") return this.throughLoop(node, node.args.map(of));
    if (node.kind === "op") return node.args.some((arg) => of(arg) !== undefined) ? this.throughOp(node, node.args.map(of)) : [];
    const found = node.results.map((): Extent | undefined => undefined);
    for (const [arg, result] of links(this.b, node, this.standIn)) {
      const extent = of(arg);
      const alias = node.kind === "leave" && this.standIn(node) === null;
      const i = node.results.indexOf(result);
      if (extent !== undefined) found[i] = union(found[i], alias ? extent : "all");
    }
    return found;
  }

  private throughOp<K extends OpName>(node: OpNode<K>, given: readonly (Extent | undefined)[]): readonly (Extent | undefined)[] {
    const { b } = this;
    return node.results.map((result) => {
      const type = b.typeOf(result);
      const passing = node.args.map((arg, i) => (passesCredit(node.op, i, b.typeOf(arg), type) ? given[i] : undefined));
      if (passing.every((extent) => extent === undefined)) return undefined;
      if (isPointwise(node.op)) {
        const same = node.args.every((arg, i) => passing[i] === undefined || sameShape(b.typeOf(arg).shape, type.shape));
        return same ? passing.reduce(union) : "all";
      }
      if (node.op === "gather" || node.op === "scatter") return this.throughIndices(node as OpNode, passing, type); // K is one name
      return movement.has(node.op) ? this.moved(node, passing, type) : "all";
    });
  }

  /** Whether so many more elements may be looked at. */
  private affords(count: number): boolean {
    this.spent += count;
    return this.spent <= budget;
  }

  private moved<K extends OpName>(node: OpNode<K>, passing: readonly (Extent | undefined)[], type: TensorType): Extent | undefined {
    // Only these have elements that come from one arg alone.
    if (node.op !== "concat" && node.op !== "pad" && passing.includes("all")) return "all";
    const types = node.args.map((arg) => this.b.typeOf(arg));
    const { flops, reference } = definitionOf(node.op);
    // K is one name, so node.attributes are its own; TypeScript cannot see it.
    const attributes = node.attributes as AttributesOf<K>;
    const count = elementCount(type.shape) + types.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    if (!this.affords(count + (node.op === "dot" ? flops(types, [type], attributes) : 0))) return "all";
    const args = types.map((arg, i) => tensorOf(asFloat(arg), passing[i]));
    switch (node.op) {
      case "dot": {
        // A factor that gets credit, times the other wherever it is.
        const ones = types.map((arg) => tensorOf(asFloat(arg), "all"));
        const [left] = reference([args[0], ones[1]], attributes, [asFloat(type)]);
        const [right] = reference([ones[0], args[1]], attributes, [asFloat(type)]);
        return simplest(left.data.map((x, i) => x + right.data[i]));
      }
      case "reduce_prod":
      case "reduce_max":
      case "reduce_min":
        return simplest(definitionOf("reduce_sum").reference(args, attributes as AttributesOf<"reduce_sum">, [asFloat(type)])[0].data); // all have axes
      case "cumprod":
      case "cummax":
        return simplest(definitionOf("cumsum").reference(args, attributes as AttributesOf<"cumsum">, [asFloat(type)])[0].data); // the same form
      default:
        return simplest(reference(args, attributes, [asFloat(type)])[0].data);
    }
  }

  /** Rows at indices that are known. */
  private throughIndices(node: OpNode, passing: readonly (Extent | undefined)[], type: TensorType): Extent | undefined {
    const indices = this.known(node.args[1]);
    const types = node.args.map((arg) => this.b.typeOf(arg));
    if (!indices || !this.affords(types.reduce((sum, { shape }) => sum + elementCount(shape), elementCount(type.shape)))) return "all";
    const args = types.map((arg, i) => (i === 1 ? indices : tensorOf(asFloat(arg), passing[i])));
    if (node.op === "gather") return simplest(definitionOf("gather").reference(args, node.attributes, [asFloat(type)])[0].data);
    if (node.op !== "scatter") return "all";
    const mode = node.attributes.mode === "set" ? "set" : "add"; // a greatest one may come from either
    return simplest(definitionOf("scatter").reference(args, { ...node.attributes, mode }, [asFloat(type)])[0].data);
  }

  /** The numbers of a value made of constants. */
  private known(value: ValueId, depth = 0): Tensor | undefined {
    const maker = this.makers.get(value);
    if (!maker || depth > 8 || maker.results.length !== 1) return undefined;
    const type = this.b.typeOf(value);
    if (elementCount(type.shape) > 2 ** 16) return undefined;
    const args: Tensor[] = [];
    for (const arg of maker.args) {
      const tensor = this.known(arg, depth + 1);
      if (!tensor) return undefined;
      args.push(tensor);
    }
    return definitionOf<OpName>(maker.op).reference(args, maker.attributes, [type])[0];
  }

  /** The body, until its carries grow no more. Slices stand for every turn's, and so do emits. */
  private throughLoop(node: OpenScanNode, given: readonly (Extent | undefined)[]): readonly (Extent | undefined)[] {
    const { loop } = node;
    if (given.every((extent) => extent === undefined)) return [];
    const inside = new ExtentWalk(loop.builder, this.standIn);
    const first = loop.carries.length;
    const starts = new Map<ValueId, Extent>();
    const start = (param: ValueId, extent: Extent | undefined): void => { if (extent !== undefined) starts.set(param, extent); };
    loop.carries.forEach(({ param }, j) => start(param, given[j]));
    loop.inputs.forEach((param, i) => start(param, this.anyTurn(given[first + i], loop.builder.typeOf(param))));
    loop.captures.forEach((param, c) => start(param, given[first + loop.inputs.length + c]));
    let extents: Extents = new Map(starts);
    for (let round = 0, grew = true; grew; round++) {
      extents = new Map(starts);
      inside.run(loop.builder.nodes, extents);
      grew = false;
      for (const { param, next } of loop.carries) {
        const before = starts.get(param);
        const after = union(before, extents.get(next));
        if (after === undefined || sameExtent(before, after)) continue;
        grew = true;
        starts.set(param, round < maximumRounds ? after : "all");
      }
    }
    this.spent += inside.spent;
    return [
      ...loop.carries.map(({ param }) => starts.get(param)),
      ...loop.emits.map((emit) => everyTurn(extents.get(emit), node.length)),
    ];
  }

  /** The extent of a slice that stands for all. */
  private anyTurn(extent: Extent | undefined, { shape }: TensorType): Extent | undefined {
    if (extent === undefined || extent === "all") return extent;
    const count = elementCount(shape);
    if (!this.affords(extent.length)) return "all";
    const slice = new Float64Array(count);
    extent.forEach((x, i) => { slice[i % count] += x; });
    return simplest(slice);
  }
}

const tensorOf = (type: TensorType, extent: Extent | undefined): Tensor => {
  if (extent !== undefined && extent !== "all") return { type, data: extent };
  return { type, data: new Float64Array(elementCount(type.shape)).fill(extent === undefined ? 0 : 1) };
};

function everyTurn(extent: Extent | undefined, length: number): Extent | undefined {
  if (extent === undefined || length === 0) return undefined;
  if (extent === "all" || extent.length * length > budget) return "all";
  const whole = new Float64Array(extent.length * length);
  for (let turn = 0; turn < length; turn++) whole.set(extent, turn * extent.length);
  return whole;
}

const sameExtent = (a: Extent | undefined, b: Extent): boolean =>
  a === b || (a !== undefined && a !== "all" && b !== "all" && a.every((x, i) => x === b[i]));
