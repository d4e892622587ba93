/** Appends nodes to a region in the making. The only way in which nodes come to be; `infer` refuses what does not fit. */
import type { AttributesOf, OpName } from "../ops/attributes.ts";
import { inferTypes } from "../ops/index.ts";
import { sameShape } from "./graph.ts";
import { invariant } from "../diagnostics/diagnostic.ts";
import type { CallSite, Element, Node, Region, ScanNode, SiteId, TensorType, ValueId, WhileNode } from "./graph.ts";
import type { OpenScanNode } from "./open-loop.ts";

/** What a region in the making holds: its loops may still get emits and captures. */
export type BuildNode = Node | OpenScanNode;

export class Builder {
  readonly params: ValueId[] = [];
  readonly nodes: BuildNode[] = [];
  readonly types: TensorType[] = [];
  /** Where the next nodes are said to come from. */
  site = 0 as SiteId;

  typeOf(value: ValueId): TensorType {
    return this.types[value];
  }

  parameter(type: TensorType): ValueId {
    const id = this.define(type);
    this.params.push(id);
    return id;
  }

  /** Appends an op with one result. */
  op<K extends OpName>(op: K, args: readonly ValueId[], attributes: AttributesOf<K>): ValueId {
    return this.ops(op, args, attributes)[0];
  }

  /** Appends an op; `sort` alone has two results. */
  ops<K extends OpName>(op: K, args: readonly ValueId[], attributes: AttributesOf<K>): readonly ValueId[] {
    const types = inferTypes(op, args.map((arg) => this.types[arg]), attributes);
    const results = types.map((type) => this.define(type));
    // K is one name, so the union member is the right one; TypeScript cannot see it.
    this.nodes.push({ kind: "op", op, attributes, args, results, site: this.site } as unknown as Node);
    return results;
  }

  leave(args: readonly ValueId[], call: CallSite): readonly ValueId[] {
    const results = args.map((arg) => this.define(this.types[arg]));
    this.nodes.push({ kind: "leave", args, results, call, site: this.site });
    return results;
  }

  host(name: string, args: readonly ValueId[], types: readonly TensorType[]): readonly ValueId[] {
    const results = types.map((type) => this.define(type));
    this.nodes.push({ kind: "host", name, args, results, site: this.site });
    return results;
  }

  /** A closed loop; the results' types follow from the body's. */
  scan(args: readonly ValueId[], loop: Pick<ScanNode, "length" | "reversed" | "carries" | "inputs" | "unroll" | "body">): readonly ValueId[] {
    const results = stackedTypes(loop.body, loop.carries, loop.length).map((type) => this.define(type));
    this.nodes.push({ ...loop, kind: "scan", args, results, site: this.site });
    return results;
  }

  while(args: readonly ValueId[], loop: Pick<WhileNode, "max" | "carries" | "until" | "body">): readonly ValueId[] {
    const { body, carries, max } = loop;
    const results = [...stackedTypes(body, carries, max).map((type) => this.define(type)), this.define({ element: "i32", shape: [] })];
    this.nodes.push({ ...loop, kind: "while", args, results, site: this.site });
    return results;
  }

  /** A loop in the making: its args are there, its results come with its body's. */
  open(node: OpenScanNode): void {
    this.nodes.push(node);
  }
  /** One more result of a loop in the making. */
  openResult(type: TensorType): ValueId {
    return this.define(type);
  }

  /** The nodes as a closed region; loops in the making need `finish` instead. */
  region(results: readonly ValueId[]): Region {
    const nodes = this.nodes.map((node): Node => {
      invariant(node.kind !== "openScan", () => "a loop in the making has no region");
      return node;
    });
    return { params: [...this.params], nodes, results: [...results], types: [...this.types] };
  }

  // ---- the shorthand that derivative rules, passes and the elaborator share

  /** A constant of the given type; one number fills it. */
  constant(type: TensorType, ...data: readonly number[]): ValueId {
    return this.op("constant", [], { element: type.element, shape: type.shape, data });
  }
  zeros(type: TensorType): ValueId {
    return this.constant(type, 0);
  }
  /** A constant shaped like `value`. */
  like(value: ValueId, number: number): ValueId {
    return this.constant(this.types[value], number);
  }
  add(a: ValueId, b: ValueId): ValueId { return this.op("add", [a, b], {}); }
  sub(a: ValueId, b: ValueId): ValueId { return this.op("sub", [a, b], {}); }
  mul(a: ValueId, b: ValueId): ValueId { return this.op("mul", [a, b], {}); }
  div(a: ValueId, b: ValueId): ValueId { return this.op("div", [a, b], {}); }
  neg(a: ValueId): ValueId { return this.op("neg", [a], {}); }
  select(condition: ValueId, a: ValueId, b: ValueId): ValueId { return this.op("select", [condition, a, b], {}); }
  cast(a: ValueId, to: Element): ValueId {
    return this.types[a].element === to ? a : this.op("cast", [a], { to });
  }
  reshape(a: ValueId, shape: readonly number[]): ValueId {
    return sameShape(this.types[a].shape, shape) ? a : this.op("reshape", [a], { shape });
  }
  transpose(a: ValueId, permutation: readonly number[]): ValueId {
    return permutation.every((axis, i) => axis === i) ? a : this.op("transpose", [a], { permutation });
  }
  /** Input axis i becomes output axis axes[i]. */
  broadcast(a: ValueId, shape: readonly number[], axes: readonly number[]): ValueId {
    return sameShape(this.types[a].shape, shape) ? a : this.op("broadcast", [a], { shape, axes });
  }
  sum(a: ValueId, axes: readonly number[]): ValueId {
    return axes.length === 0 ? a : this.op("reduce_sum", [a], { axes });
  }

  protected define(type: TensorType): ValueId {
    this.types.push(type);
    return (this.types.length - 1) as ValueId;
  }
}

/** Of a loop's results: carries as they are, emits stacked. */
const stackedTypes = ({ results, types }: Region, carries: number, length: number): TensorType[] =>
  results.map((result, i) => (i < carries ? types[result] : { ...types[result], shape: [length, ...types[result].shape] }));

export { sameShape };
