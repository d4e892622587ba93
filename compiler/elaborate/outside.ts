/**
 * Rules of loops for what their bodies read from outside: which values these are, in which state of the program they were
 * read, and how a request inside of a later body finds them.
 */
import type { Span } from "../../grammar/index.ts";
import { pull, type RequestOptions } from "../differentiate/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { ValueId } from "../ir/graph.ts";
import { carriesCredit } from "../ops/index.ts";
import type { Context, Frame } from "./context.ts";
import { fail } from "./problem.ts";
import { idOf, tensor } from "./tensors.ts";
import { leaves } from "./trees.ts";
import type { TensorValue, Value } from "./values.ts";

/** What a body reads, seen from the context that its loop stands in. */
export interface Reading {
  readonly context: Context;
  readonly outside: readonly ValueId[];
  readonly span: Span;
}

/** What the last loop captured, without what was made for it. */
export function readFromOutside({ builder, captures, versions }: Context, first: number): ValueId[] {
  const loop = builder.nodes.findLast((node) => node.kind === "openScan");
  if (loop?.kind !== "openScan") return [];
  const taken = new Set([...captures.values(), ...[...versions.values()].flat()]);
  const read = loop.args.slice(loop.loop.carries.length + loop.loop.inputs.length);
  return [...new Set(read)].filter((id) => carriesCredit(builder.typeOf(id).element) && (id < first || taken.has(id)));
}

/** Runs something in the state of an earlier place of the program. */
export function withVersions<T>(context: Context, pinned: ReadonlyMap<Parameters<Context["read"]>[0], ValueId>, run: () => T): T {
  const now = new Map(context.versions);
  for (const [cell, id] of pinned) context.versions.set(cell, [id]);
  try {
    return run();
  } finally {
    for (const [cell, versions] of now) context.versions.set(cell, versions);
  }
}

/** The param of a body that stands for a value of a region around it. */
function standIn(at: Context, of: Context, id: ValueId): ValueId {
  if (at === of || !at.parent) return id;
  const outer = standIn(at.parent, of, id);
  for (const [cell, [param]] of at.versions) if (at.parent.read(cell) === outer) return param;
  return at.capture(outer);
}

/** Cotangents of `wrt` and of what the field reads, where `value` has the credit `credit`. */
export function pulled({ context: around, outside, span }: Reading, frame: Frame, value: Value, wrt: readonly TensorValue[], credit: Value): Value[] {
  const { context } = frame;
  const { builder } = context;
  const ids = (given: readonly TensorValue[]): ValueId[] => given.map((leaf) => idOf(context, leaf, span));
  const tensors = (tree: Value): TensorValue[] => leaves(tree).map((leaf) => leaf.value);
  const of = ids(tensors(value));
  const seeds = ids(tensors(credit));
  const own = ids(wrt);
  const targets = [...own, ...outside.map((id) => standIn(context, around, id))];
  // One of them may be made of another; whoever asked for the rule takes credit on from there.
  const found = pull(builder, of, targets, seeds, { leaves: new Set([...frame.free, ...targets]), ...refuseMissing(span) });
  return found.map((id, i) => tensor(context, id ?? builder.zeros(builder.typeOf(targets[i])), wrt.at(i)?.axes));
}

export const refuseMissing = (span: Span): RequestOptions => ({
  missing: ({ callee }, mode) => fail(say.missingRule(span, callee, mode)),
  refuse: (what) => fail(say.notYet(span, what)),
});
