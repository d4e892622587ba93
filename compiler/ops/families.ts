/** Constructors of op table entries, by what is known of an op's derivative. */
import { elementCount, sameShape } from "../ir/graph.ts";
import type { Element, TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf, OpName } from "./attributes.ts";
import type { OpDefinition, RuleContext } from "./define.ts";
import { pointwise, shifted } from "./batching.ts";
import type { Shift } from "./batching.ts";
import { addCredit } from "./rules.ts";
import { describe, need, needElement } from "./shapes.ts";
import { newTensor, wraps } from "./tensors.ts";

/** What every family is told and the tests use. */
interface Common {
  readonly doc: string;
  readonly samples?: OpDefinition<unknown>["samples"];
  readonly tolerance?: number;
}

const anySample = { low: -2, high: 2 } as const;

const withDefaults = ({ doc, samples, tolerance }: Common) =>
  ({ doc, samples: samples ?? anySample, tolerance: tolerance ?? 2e-6 }) as const;

/**
 * A partial derivative times d. The Jacobian of an elementwise op is diagonal, so the same map serves tangents and
 * cotangents. null: zero.
 */
export type Scale<A> = (context: RuleContext<A>, d: ValueId) => ValueId | null;

/** The scale of a partial derivative given as a value. */
export const times = <A>(partial: (context: RuleContext<A>) => ValueId): Scale<A> =>
  (context, d) => context.b.mul(d, partial(context));

/** One result per element; args not taken are undefined. */
export type ScalarFunction = (a: number, b: number, c: number) => number;

interface Elementwise<A> extends Common {
  readonly arity: 1 | 2 | 3;
  /** Elements that the args may have; they all have the same. */
  readonly elements: readonly Element[];
  /** Absent: the args' element. */
  readonly result?: Element;
  /** For what shapes and elements say otherwise. */
  readonly infer?: OpDefinition<A>["infer"];
  /** The meaning for an element of the args; integers wrap afterwards. */
  readonly value: (element: Element, attributes: A) => ScalarFunction;
  /** Per arg; absent: the op has no derivative. */
  readonly partials?: readonly (Scale<A> | null)[];
  /** Floating operations per element. */
  readonly flops?: number;
}

export function elementwise<A>(entry: Elementwise<A>): OpDefinition<A> {
  const { arity, elements, partials } = entry;
  const base: OpDefinition<A> = {
    ...withDefaults(entry),
    arity,
    infer: entry.infer ?? ((args) => {
      needElement(args[0], elements);
      for (const arg of args) {
        need(arg.element === args[0].element && sameShape(arg.shape, args[0].shape),
          () => `${args.map(describe).join(" and ")} differ`);
      }
      return [{ element: entry.result ?? args[0].element, shape: args[0].shape }];
    }),
    reference: ([x, y = x, z = x], attributes, [type]) => {
      const value = entry.value(x.type.element, attributes);
      const wrap = wraps[type.element];
      const result = newTensor(type);
      for (let i = 0; i < result.data.length; i++) result.data[i] = wrap(value(x.data[i], y.data[i], z.data[i]));
      return [result];
    },
    batch: pointwise,
    flops: (_, [type]) => (entry.flops ?? 1) * elementCount(type.shape),
  };
  if (partials === undefined) return base;
  return {
    ...base,
    jvp: (context, dx) => [
      partials
        .map((partial, i) => { const d = dx[i]; return partial === null || d === null ? null : partial(context, d); })
        .reduce((sum, term) => addCredit(context.b, sum, term), null),
    ],
    vjp: (context, [ct], wanted) =>
      partials.map((partial, i) => (wanted[i] && partial !== null && ct !== null ? partial(context, ct) : null)),
    credits: partials.map((partial) => partial !== null),
  };
}

interface Shaped<A> extends Common {
  readonly infer: OpDefinition<A>["infer"];
  readonly reference: OpDefinition<A>["reference"];
  readonly flops?: OpDefinition<A>["flops"];
}

const noFlops = (): number => 0;

/** y = L x: the tangent is the op itself, the cotangent goes through the transpose of L. */
export function linear<K extends OpName>(
  op: K,
  entry: Shaped<AttributesOf<K>> & {
    readonly transposed: (context: RuleContext<AttributesOf<K>>, ct: ValueId) => ValueId;
    readonly shift: Shift<AttributesOf<K>>;
  },
): OpDefinition<AttributesOf<K>> {
  return {
    ...withDefaults(entry),
    arity: 1,
    infer: entry.infer,
    reference: entry.reference,
    batch: shifted(entry.shift),
    flops: entry.flops ?? noFlops,
    jvp: ({ b, attributes }, [dx]) => [dx === null ? null : b.op(op, [dx], attributes)],
    vjp: (context, [ct]) => [ct === null ? null : entry.transposed(context, ct)],
  };
}

/** y is linear in each of two args: dy = op(dx0, x1) + op(x0, dx1); one transpose for each. */
export function bilinear<K extends OpName>(
  op: K,
  entry: Shaped<AttributesOf<K>> & Pick<OpDefinition<AttributesOf<K>>, "batch"> & {
    readonly transposed: readonly [
      (context: RuleContext<AttributesOf<K>>, ct: ValueId) => ValueId,
      (context: RuleContext<AttributesOf<K>>, ct: ValueId) => ValueId,
    ];
  },
): OpDefinition<AttributesOf<K>> {
  return {
    ...withDefaults(entry),
    arity: 2,
    infer: entry.infer,
    reference: entry.reference,
    batch: entry.batch,
    flops: entry.flops ?? noFlops,
    jvp: ({ b, x, attributes }, [left, right]) => [
      addCredit(
        b,
        left === null ? null : b.op(op, [left, x[1]], attributes),
        right === null ? null : b.op(op, [x[0], right], attributes),
      ),
    ],
    vjp: (context, [ct], wanted) =>
      entry.transposed.map((transposed, i) => (wanted[i] && ct !== null ? transposed(context, ct) : null)),
  };
}

/** Tangents and cotangents vanish on purpose. */
export function nonDifferentiable<A>(entry: Shaped<A> & Pick<OpDefinition<A>, "arity" | "batch">): OpDefinition<A> {
  return {
    ...withDefaults(entry),
    arity: entry.arity,
    infer: entry.infer,
    reference: entry.reference,
    batch: entry.batch,
    flops: entry.flops ?? noFlops,
  };
}

/** An op whose rules fit no pattern. */
export function general<A>(
  entry: Shaped<A> & Required<Pick<OpDefinition<A>, "jvp" | "vjp">> & Pick<OpDefinition<A>, "arity" | "batch" | "credits">,
): OpDefinition<A> {
  return { ...nonDifferentiable(entry), jvp: entry.jvp, vjp: entry.vjp, credits: entry.credits };
}

/** Floating operations of an op that touches every element of its first arg once. */
export const onePerInput = ([x]: readonly TensorType[]): number => elementCount(x.shape);
