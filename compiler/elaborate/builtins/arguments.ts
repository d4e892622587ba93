/** Reading the arguments of a built-in function: by position or name, compile-time axes and shapes. */
import { type Expression, printExpression, type Span } from "../../../grammar/index.ts";
import { say } from "../../diagnostics/catalogue.ts";
import { invariant } from "../../diagnostics/diagnostic.ts";
import type { GivenArgument } from "../calls.ts";
import type { Frame } from "../context.ts";
import type { Expected } from "../expressions.ts";
import { fail, Problem } from "../problem.ts";
import { asTensor, staticNumber } from "../tensors.ts";
import { isSize } from "../types.ts";
import { type Axis, describe, number, ownShape, type RangeValue, type TensorValue, type Value } from "../values.ts";

/** The first of a range beyond the rank is refused: no need for the others. */
const rangeItems = ({ from, to }: RangeValue, rank: number): Value[] => Array.from({ length: Math.max(0, Math.min(to - from, 2 * rank + 1)) }, (_, i) => number(from + i, true));

export class Arguments {
  private readonly slots: (GivenArgument | undefined)[];

  constructor(
    readonly frame: Frame, readonly owner: string, readonly names: readonly string[], given: readonly GivenArgument[], readonly span: Span, readonly expected?: Expected,
  ) {
    this.slots = names.map(() => undefined);
    let next = 0;
    for (const argument of given) {
      let at = next;
      if (argument.name !== undefined) {
        at = names.indexOf(argument.name);
        if (at < 0) fail(say.unknownArgument(argument.nameSpan ?? argument.span, argument.name, owner, names));
        if (this.slots[at]) fail(say.argumentTwice(argument.nameSpan ?? argument.span, argument.name, owner));
      } else next++;
      if (at >= names.length) fail(say.tooManyArguments(argument.span, owner, names.length, given.length));
      this.slots[at] = argument;
    }
  }

  has(name: string): boolean {
    return this.slots[this.names.indexOf(name)] !== undefined;
  }

  private slot(name: string): GivenArgument {
    return this.slots[this.names.indexOf(name)] ?? fail(say.missingArgument(this.span, name, this.owner, this.names));
  }

  spanOf(name: string): Span {
    return this.slots[this.names.indexOf(name)]?.span ?? this.span;
  }

  value(name: string, expected?: Expected): Value {
    const slot = this.slot(name);
    const value = expected && slot.under ? slot.under(expected) : slot.value;
    if (value.kind === "poison") throw new Problem(null);
    // Lazy arguments moved the site to their own span.
    this.frame.context.builder.site = this.frame.session.site(this.span, this.frame);
    return value;
  }

  optional(name: string): Value | undefined {
    return this.has(name) ? this.value(name) : undefined;
  }

  expression(name: string): Expression {
    const { expression } = this.slot(name);
    invariant(expression, () => `argument ${name} of ${this.owner} was made by nobody`);
    return expression;
  }

  tensor(name: string): TensorValue {
    return asTensor(this.frame.context, this.value(name), this.spanOf(name));
  }

  /** A compile-time number. */
  number(name: string, otherwise?: number): number {
    if (!this.has(name) && otherwise !== undefined) return otherwise;
    const value = this.value(name);
    return staticNumber(value) ?? fail(say.argumentNotStatic(this.spanOf(name), name, this.owner, describe(value)));
  }

  boolean(name: string, otherwise: boolean): boolean {
    if (!this.has(name)) return otherwise;
    const value = this.value(name);
    return value.kind === "boolean" ? value.value : fail(say.argumentNotStatic(this.spanOf(name), name, this.owner, describe(value)));
  }

  /** Own axes of `x`, negative ones from the end; undefined where the argument is absent. */
  axes(name: string, x: TensorValue): number[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.value(name);
    const rank = ownShape(x).length;
    const items = value.kind === "tuple" ? value.items : value.kind === "range" ? rangeItems(value, rank) : [value];
    const axes = items.map((item) => this.wrapAxis(staticNumber(item), name, rank, x));
    if (new Set(axes).size < axes.length) fail(say.axisTwice(this.spanOf(name), describe(x)));
    return axes;
  }

  axis(name: string, x: TensorValue, otherwise?: number): number {
    const rank = ownShape(x).length;
    if (!this.has(name) && otherwise !== undefined) return this.wrapAxis(otherwise, name, rank, x);
    return this.wrapAxis(staticNumber(this.value(name)), name, rank, x);
  }

  private wrapAxis(axis: number | undefined, name: string, rank: number, x: TensorValue): number {
    if (axis === undefined) return fail(say.argumentNotStatic(this.spanOf(name), name, this.owner, "a run-time value"));
    const wrapped = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(axis) || wrapped < 0 || wrapped >= rank) fail(say.axisOutside(this.spanOf(name), axis, describe(x)));
    return wrapped;
  }

  /** One compile-time size. */
  size(name: string): number {
    const value = this.value(name);
    const { shape } = this.shape(name);
    return value.kind === "tuple" ? fail(say.oneSize(this.spanOf(name), name, this.owner, describe(value))) : shape[0];
  }

  /** A compile-time shape: `[B, 10]`, `shape(x)`, or one size. */
  shape(name: string): { shape: number[]; axes: Axis[] } {
    const value = this.value(name);
    const items = value.kind === "tuple" ? value.items : [value];
    const { expression, span } = this.slot(name);
    const sizes = items.map((item, i) => {
      const size = staticNumber(item);
      const written = expression?.kind === "list" && expression.items.length === items.length ? expression.items[i].value : expression;
      const quoted = written ? printExpression(written) : name;
      if (size === undefined) return fail(say.sizeNotKnown(written?.span ?? span, quoted, describe(item)));
      if (!isSize(size)) return fail(say.badSize(written?.span ?? span, quoted, size));
      return { size, axis: item.kind === "number" ? item.axis ?? {} : {} };
    });
    return { shape: sizes.map(({ size }) => size), axes: sizes.map(({ axis }) => axis) };
  }
}
