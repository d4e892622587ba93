/**
 * Takes out of a loop what is the same in every turn, or known outside of it.
 *
 *     carry that no turn changes                  -> capture
 *     captured constant, iota, broadcast          -> made in the body (from what is broadcast)
 *     input that is one number, a broadcast or a
 *     count along its first axis                  -> made in the body
 *     args given twice                            -> given once
 *     emit of a capture, an input's slice, one
 *     number, the index, or of another emit       -> made outside
 *
 * What then serves nobody is left to eliminate-dead-code, which removes it from the loop. Should run after fold-constants
 * and common-subexpressions, which make equal values known as such.
 */
import type { Builder } from "../ir/builder.ts";
import { elementCount, isLoop } from "../ir/graph.ts";
import type { LoopNode, Node, OpNode, Region, ValueId } from "../ir/graph.ts";
import { Copier, nameOf, partsOf } from "./bodies.ts";
import { nodeKey } from "./common-subexpressions.ts";
import type { Pass } from "./pass.ts";
import { prune } from "./prune-loops.ts";

export const simplifyLoops: Pass = {
  name: "simplify-loops",
  doc: "Loops carry, take and emit only what changes from turn to turn; constants are made where they are used.",
  keeps: "exact",
  run(region) {
    if (!region.nodes.some(isLoop)) return region;
    // One loop's simpler results may be another's args.
    for (let current = region; ;) {
      const simplifier = new Simplifier(current);
      const next = simplifier.run();
      if (!simplifier.changed) return current;
      current = prune(next);
    }
  },
};

/** How a param of a body is made where it is no param of its own. `captures`: those of the new body. */
type Bind = (b: Builder, index: ValueId, captures: readonly ValueId[]) => ValueId;

class Simplifier {
  changed = false;
  private readonly b = new Copier();
  private readonly names = new Map<ValueId, ValueId>();
  /** By new id. */
  private readonly definitions = new Map<ValueId, Node>();

  constructor(private readonly region: Region) {}

  run(): Region {
    const { b, names, region } = this;
    for (const param of region.params) names.set(param, b.parameter(region.types[param]));
    for (const node of region.nodes) {
      b.site = node.site;
      const loop = isLoop(node) ? this.loop({ ...node, args: node.args.map((arg) => nameOf(names, arg)) }) : null;
      const results = loop ?? b.copy(node, region.types, names);
      node.results.forEach((result, i) => {
        names.set(result, results[i]);
        if (loop === null) this.definitions.set(results[i], node);
      });
    }
    return b.region(region.results.map((result) => nameOf(names, result)));
  }

  private op(value: ValueId): OpNode | undefined {
    const node = this.definitions.get(value);
    return node?.kind === "op" ? node : undefined;
  }

  /** The results of a simpler loop; null: there is none. */
  private loop(node: LoopNode): readonly ValueId[] | null {
    const { b } = this;
    const parts = partsOf(node);
    const inside = new Map(node.body.nodes.flatMap((inner) => inner.results.map((result) => [result, inner] as const)));
    const captures: ValueId[] = [];
    const captured = (value: ValueId): number => {
      const known = captures.indexOf(value);
      return known >= 0 ? known : captures.push(value) - 1;
    };
    const binds = new Map<number, Bind>();
    let simpler = false;

    const carries = parts.inits.flatMap((init, i) => {
      if (!this.stays(init, parts.nexts[i], parts.carryParams[i], parts, inside)) return [i];
      binds.set(1 + i, this.capture(init, captured).bind);
      simpler = true;
      return [];
    });
    const inputs = parts.inputs.flatMap((input, i) => {
      const position = 1 + parts.inits.length + i;
      const first = parts.inputs.indexOf(input);
      const bind = this.slice(input, captured);
      if (bind === null && first === i) return [i];
      simpler = true;
      if (bind !== null) binds.set(position, bind);
      return [];
    });
    parts.captures.forEach((capture, i) => {
      const { bind, isMade } = this.capture(capture, captured);
      binds.set(1 + parts.inits.length + parts.inputs.length + i, bind);
      simpler ||= isMade || parts.captures.indexOf(capture) !== i;
    });
    const outside = parts.emits.map((emit, i) => this.emitted(node, parts, emit, i, inside));
    if (!simpler && outside.every((value) => value === null)) return null;
    this.changed = true;

    const emits = parts.emits.flatMap((_, i) => (outside[i] === null ? [i] : []));
    const args = [...carries.map((i) => parts.inits[i]), ...inputs.map((i) => parts.inputs[i]), ...captures];
    const rebuilt = (region: Region, results: readonly ValueId[]): Region => {
      const inner = new Copier();
      const names = new Map<ValueId, ValueId>();
      const own = (param: ValueId): void => { names.set(param, inner.parameter(region.types[param])); };
      own(region.params[0]);
      for (const i of carries) own(region.params[1 + i]);
      for (const i of inputs) own(parts.inputParams[i]); // only a scan has any, and no `until`
      const given = captures.map((value) => inner.parameter(b.typeOf(value)));
      region.params.forEach((param, position) => {
        const bind = binds.get(position);
        if (bind !== undefined) names.set(param, bind(inner, nameOf(names, region.params[0]), given));
      });
      parts.inputParams.forEach((param, i) => {
        if (!names.has(param)) names.set(param, nameOf(names, parts.inputParams[parts.inputs.indexOf(parts.inputs[i])]));
      });
      inner.inline(region, names);
      return inner.region(results.map((result) => nameOf(names, result)));
    };
    const body = rebuilt(node.body, [...carries.map((i) => parts.nexts[i]), ...emits.map((i) => parts.emits[i])]);
    const results = node.kind === "scan"
      ? b.scan(args, { ...node, carries: carries.length, inputs: inputs.length, body })
      : b.while(args, { ...node, carries: carries.length, body, until: rebuilt(node.until, node.until.results) });
    const finals = parts.finals.map((_, i) => (carries.includes(i) ? results[carries.indexOf(i)] : parts.inits[i]));
    const stacks: ValueId[] = [];
    parts.stacks.forEach((_, i) => {
      const made = outside[i];
      stacks.push(made === null ? results[carries.length + emits.indexOf(i)] : typeof made === "function" ? made(stacks) : made);
    });
    return node.kind === "scan" ? [...finals, ...stacks] : [...finals, ...stacks, results[results.length - 1]];
  }

  /** Whether a carry has its initial value in every turn. */
  private stays(init: ValueId, next: ValueId, param: ValueId, parts: ReturnType<typeof partsOf>, inside: ReadonlyMap<ValueId, Node>): boolean {
    if (next === param) return true;
    const capture = parts.captureParams.indexOf(next);
    if (capture >= 0) return parts.captures[capture] === init;
    const [initial, later] = [this.op(init), inside.get(next)];
    return initial?.op === "constant" && later?.kind === "op" && later.op === "constant" && nodeKey(initial, []) === nodeKey(later, []);
  }

  /** A captured value in the body; isMade: not by a param of its own. */
  private capture(value: ValueId, captured: (value: ValueId) => number): { readonly bind: Bind; readonly isMade: boolean } {
    const node = this.op(value);
    if (node?.op === "constant" || node?.op === "iota") return { bind: (b) => b.op(node.op, [], node.attributes), isMade: true };
    if (node?.op === "broadcast") {
      const source = nameOf(this.names, node.args[0]);
      if (elementCount(this.b.typeOf(source).shape) < elementCount(this.b.typeOf(value).shape)) {
        const { bind } = this.capture(source, captured);
        return { bind: (b, index, captures) => b.broadcast(bind(b, index, captures), node.attributes.shape, node.attributes.axes), isMade: true };
      }
    }
    const at = captured(value);
    return { bind: (_, __, captures) => captures[at], isMade: false };
  }

  /** An input's slice, made in the body; null: it must be read. */
  private slice(input: ValueId, captured: (value: ValueId) => number): Bind | null {
    const node = this.op(input);
    const shape = this.b.typeOf(input).shape.slice(1);
    if (node?.op === "constant" && node.attributes.data.length === 1) {
      return (b) => b.op("constant", [], { ...node.attributes, shape });
    }
    if (node?.op === "iota") {
      const { axis, element } = node.attributes;
      return (b, index) => (axis === 0 ? b.broadcast(b.cast(index, element), shape, []) : b.op("iota", [], { shape, axis: axis - 1, element }));
    }
    if (node?.op === "broadcast") {
      const { axes } = node.attributes;
      const source = nameOf(this.names, node.args[0]);
      const counted = this.op(source);
      // A row of counts beside other axes, as simplify-movement writes an iota.
      const counts = counted?.op === "iota" && axes.length === 1 && axes[0] === 0 ? counted.attributes.element : null;
      if (counts !== null && this.b.typeOf(source).shape[0] === this.b.typeOf(input).shape[0]) return (b, index) => b.broadcast(b.cast(index, counts), shape, []);
      if (axes.includes(0)) return null;
      const { bind } = this.capture(source, captured);
      return (b, index, captures) => b.broadcast(bind(b, index, captures), shape, axes.map((axis) => axis - 1));
    }
    return null;
  }

  /** A stacked emit that needs no loop; null: it does. A function, of the stacked emits before it. */
  private emitted(
    node: LoopNode, parts: ReturnType<typeof partsOf>, emit: ValueId, position: number, inside: ReadonlyMap<ValueId, Node>,
  ): ValueId | ((stacks: readonly ValueId[]) => ValueId) | null {
    if (node.kind === "while") return null;
    const { b } = this;
    const type = { ...node.body.types[emit], shape: [node.length, ...node.body.types[emit].shape] };
    const input = parts.inputParams.indexOf(emit);
    if (input >= 0) return parts.inputs[input];
    const capture = parts.captureParams.indexOf(emit);
    if (capture >= 0) return b.broadcast(parts.captures[capture], type.shape, type.shape.slice(1).map((_, axis) => axis + 1));
    if (emit === node.body.params[0]) return b.op("iota", [], { shape: type.shape, axis: 0, element: "i32" });
    const made = inside.get(emit);
    if (made?.kind === "op" && made.op === "constant" && made.attributes.data.length === 1) return b.constant(type, ...made.attributes.data);
    const first = parts.emits.indexOf(emit);
    return first < position ? (stacks) => stacks[first] : null;
  }
}
