/** What both modes share: which rule stands at a call, and which values a request concerns. */
import type { Builder, BuildNode } from "../ir/builder.ts";
import type { CallSite, LeaveNode, OpNode, RuleHandle, SiteId, ValueId } from "../ir/graph.ts";
import { loopLinks } from "./scan.ts";
import { carriesCredit, passesCredit } from "../ops/index.ts";

export type Mode = "backward" | "tangent";

export interface RequestOptions {
  /**
   * The request's rule set: the rule for a call, `undefined` for none, null where its body counts in spite of its own
   * rules. Asked before the callee's own rule. Operators that a rule set of the file names are built as calls
   * (`matmul`, `add`, ...).
   */
  readonly rules?: (call: CallSite, mode: Mode) => RuleHandle | undefined | null;
  /** The rule of a set that speaks of operations; `undefined`: the derivative counts. */
  readonly operation?: (b: Builder, node: OpNode, mode: Mode) => RuleHandle | undefined;
  /** Told of a call that has only the other mode's rule (an error of the request). */
  readonly missing?: (call: CallSite, mode: Mode) => void;
  /** Told of what has no derivative here (an error of the request). */
  readonly refuse?: (what: string) => void;
  /**
   * Values that are free variables where the request stands (arguments of the function around it, the cotangent that a
   * rule was given): credit reaches them and goes no further.
   */
  readonly leaves?: ReadonlySet<ValueId>;
  /** Told before the derivative of a node is made: where that is said to come from. Default: from where the node does. */
  readonly derivativeSite?: (node: BuildNode) => SiteId;
}

/** What stands for a call's body: a rule; "none", where only the other mode has one; null, where the body itself counts. */
export type StandIn = (node: LeaveNode) => RuleHandle | "none" | null;

/** The rules of a request. Each call is looked up once. */
export function standIns(mode: Mode, options: RequestOptions): StandIn {
  const known = new Map<LeaveNode, ReturnType<StandIn>>();
  const other: Mode = mode === "backward" ? "tangent" : "backward";
  return (node) => {
    let found = known.get(node);
    if (found === undefined) {
      const asked = options.rules?.(node.call, mode);
      found = asked !== undefined ? asked : node.call[mode] ?? (node.call[other] === undefined ? null : "none");
      known.set(node, found);
    }
    return found;
  };
}

/**
 * The pairs (arg, result) along which credit passes through one node. A call that a rule stands for joins its inputs
 * with its results; what lies between is not on that way.
 */
export function* links(b: Builder, node: BuildNode, standIn: StandIn): Generator<readonly [ValueId, ValueId]> {
  switch (node.kind) {
    case "op":
      for (const result of node.results) {
        for (let i = 0; i < node.args.length; i++) {
          if (passesCredit(node.op, i, b.typeOf(node.args[i]), b.typeOf(result))) yield [node.args[i], result];
        }
      }
      return;
    case "leave": {
      const passes = (value: ValueId): boolean => carriesCredit(b.typeOf(value).element);
      const rule = standIn(node);
      if (rule === null) {
        for (let i = 0; i < node.args.length; i++) if (passes(node.args[i])) yield [node.args[i], node.results[i]];
        return;
      }
      const credits = rule === "none" ? undefined : rule.credits;
      for (const result of node.results) {
        for (const [i, input] of node.call.inputs.entries()) {
          if (credits?.[i] !== false && passes(input) && passes(result)) yield [input, result];
        }
      }
      return;
    }
    case "host":
      return; // the host's functions have no derivative
    case "openScan":
      yield* loopLinks(node, standIn);
      return;
    case "scan":
    case "while":
      return; // closed loops are part of constants, computed at build
  }
}

/** Where a way from a value of `wrt` to a value of `of` can lie: in the nodes defined between them. */
export function between(b: Builder, wrt: readonly ValueId[], of: readonly ValueId[]): readonly BuildNode[] {
  const first = Math.min(...wrt);
  const last = Math.max(...of);
  return b.nodes.filter(({ results }) => results.length > 0 && results[0] <= last && results[results.length - 1] > first);
}

const mark = (b: Builder, values: readonly ValueId[]): Uint8Array => {
  const marked = new Uint8Array(b.types.length);
  for (const value of values) marked[value] = Number(carriesCredit(b.typeOf(value).element));
  return marked;
};

/** Which values depend on one of `wrt`, by links of the nodes. */
export function dependents(b: Builder, wrt: readonly ValueId[], nodes: readonly BuildNode[], standIn: StandIn, leaves?: ReadonlySet<ValueId>): Uint8Array {
  const marked = mark(b, wrt);
  for (const node of nodes) {
    for (const [arg, result] of links(b, node, standIn)) if (marked[arg] === 1 && !leaves?.has(result)) marked[result] = 1;
  }
  return marked;
}

/** Which values lead to one of `of`, by links of the nodes. */
export function contributors(b: Builder, of: readonly ValueId[], nodes: readonly BuildNode[], standIn: StandIn, leaves?: ReadonlySet<ValueId>): Uint8Array {
  const marked = mark(b, of);
  for (let at = nodes.length - 1; at >= 0; at--) {
    for (const [arg, result] of links(b, nodes[at], standIn)) if (marked[result] === 1 && !leaves?.has(result)) marked[arg] = 1;
  }
  return marked;
}
