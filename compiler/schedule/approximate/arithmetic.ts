/**
 * Arithmetic on registers of one float type and lane count, for writing approximations as formulas.
 *
 * An expression is a tree: what is used twice is `hold`-ed in a local first. Every op rounds by itself (no fused
 * multiply-add), so the same formula gives the same bits in every target.
 */
import { apply, literal, local, setLocal } from "../expression.ts";
import type { KernelScope } from "../expression.ts";
import type { Expression, Lanes, MachineOp, Scalar, Statement } from "../kernel.ts";
import type { Real } from "./coefficients.ts";

export class Arithmetic {
  constructor(
    readonly type: Real,
    readonly lanes: Lanes,
    private readonly scope: KernelScope,
    private readonly out: Statement[],
  ) {}

  /** Whether sums may be made in another order than they are written in: then rounding steps vanish, and with them some digits. */
  get reorders(): boolean {
    return this.scope.reorders;
  }

  hold(value: Expression, type: Scalar = this.type): Expression {
    const id = this.scope.local(type, this.lanes);
    this.out.push(setLocal(id, value));
    return local(id);
  }

  number(value: number): Expression {
    return literal(this.type === "f32" ? Math.fround(value) : value, this.type, this.lanes);
  }
  integer(value: number): Expression {
    return literal(value, "i32", this.lanes);
  }

  /** An op on floats; numbers stand for constants. */
  op(op: MachineOp, ...args: readonly (Expression | number)[]): Expression {
    return apply(op, this.type, this.lanes, ...args.map((arg) => (typeof arg === "number" ? this.number(arg) : arg)));
  }
  add(a: Expression | number, b: Expression | number): Expression {
    return this.op("add", a, b);
  }
  sub(a: Expression | number, b: Expression | number): Expression {
    return this.op("sub", a, b);
  }
  mul(a: Expression | number, b: Expression | number): Expression {
    return this.op("mul", a, b);
  }
  div(a: Expression | number, b: Expression | number): Expression {
    return this.op("div", a, b);
  }
  abs(a: Expression): Expression {
    return this.op("abs", a);
  }
  /** test ? yes : no */
  choose(test: Expression, yes: Expression | number, no: Expression | number): Expression {
    return this.op("select", test, yes, no);
  }
  both(a: Expression, b: Expression): Expression {
    return apply("and", "bool", this.lanes, a, b);
  }
  either(a: Expression, b: Expression): Expression {
    return apply("or", "bool", this.lanes, a, b);
  }
  /** x between bounds; NaN stays NaN. */
  clamp(x: Expression, low: number, high: number): Expression {
    return this.op("pmax", this.op("pmin", x, high), low);
  }

  /** An op on i32. A shift's count is one lane. */
  int(op: MachineOp, a: Expression, b: Expression | number): Expression {
    const shift = op === "shl" || op === "shr";
    return apply(op, "i32", this.lanes, a, typeof b === "number" ? literal(b, "i32", shift ? 1 : this.lanes) : b);
  }
  /** The bits of an f32 as i32. */
  bits(x: Expression): Expression {
    return apply("bitsI32", "f32", this.lanes, x);
  }
  fromBits(x: Expression): Expression {
    return apply("bitsF32", "i32", this.lanes, x);
  }

  /** c0 + c1 x + c2 x^2 + ... by Horner's rule; x is a local. */
  polynomial(coefficients: readonly number[], x: Expression): Expression {
    const [last, ...rest] = [...coefficients].reverse();
    return rest.reduce((sum, coefficient) => this.add(this.mul(sum, x), coefficient), this.number(last));
  }

  /** Whether the sign bit is set, for -0 too. x is a local. */
  negative(x: Expression): Expression {
    if (this.type === "f32") return this.int("lt", this.bits(x), 0);
    return this.either(this.op("lt", x, 0), this.op("lt", this.div(1, x), 0));
  }
  /** magnitude >= +0, with the sign of x. x is a local. */
  withSign(magnitude: Expression, x: Expression): Expression {
    if (this.type === "f32") return this.fromBits(this.int("or", this.bits(magnitude), this.int("and", this.bits(x), SIGN_BIT)));
    const held = this.hold(magnitude);
    return this.choose(this.negative(x), this.op("neg", held), held);
  }
}

const SIGN_BIT = -0x80000000;
