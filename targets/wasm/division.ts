/** Integer division that rounds down and never traps: x / 0 = x mod 0 = 0. */
import type { Assembler, Ref } from "./assembler.ts";
import { FunctionBuilder } from "./function.ts";
import type { Apply, Emission } from "./operations.ts";

/** Emits floor(a / b). */
export function floorDivide(to: Emission, of: Apply): Ref {
  const { i32 } = to.builder.assembler.code;
  const [a, b] = of.args;
  if (b.kind === "literal" && b.value > 0) {
    const shift = Math.log2(b.value);
    if (Number.isInteger(shift)) return i32[of.operand === "i32" ? "shr_s" : "shr_u"](to.value(a), i32.const(shift));
    if (of.operand === "u32") return i32.div_u(to.value(a), i32.const(b.value | 0));
  }
  return to.builder.assembler.code.call(helper(to.builder.assembler, of), [to.value(a), to.value(b)], to.builder.assembler.type("i32"));
}

/** Emits a - b * floor(a / b). */
export function floorModulo(to: Emission, of: Apply): Ref {
  const { i32 } = to.builder.assembler.code;
  const [a, b] = of.args;
  if (b.kind === "literal" && b.value > 0) {
    if (Number.isInteger(Math.log2(b.value))) return i32.and(to.value(a), i32.const((b.value - 1) | 0));
    if (of.operand === "u32") return i32.rem_u(to.value(a), i32.const(b.value | 0));
  }
  return to.builder.assembler.code.call(helper(to.builder.assembler, of), [to.value(a), to.value(b)], to.builder.assembler.type("i32"));
}

/** The module's function for the general case, defined when first called. */
function helper(assembler: Assembler, { op, operand }: Apply): string {
  const name = `${op}_${operand}`;
  if (assembler.has(name)) return name;
  const builder = new FunctionBuilder(assembler, ["i32", "i32"]);
  const { code } = assembler;
  const { i32 } = code;
  const [a, b] = [(): Ref => builder.get(0), (): Ref => builder.get(1)];
  const zero = (): Ref => i32.const(0);
  const divides = op === "idiv";
  if (operand === "u32") {
    const result = divides ? i32.div_u(a(), b()) : i32.rem_u(a(), b());
    builder.finish(name, ["i32"], [code.if(i32.eqz(b()), code.return(zero())), result]);
    return name;
  }
  const rest = builder.local("i32");
  // The rest has the sign of a; where that is not the sign of b, rounding down takes one b more.
  const mixed = (): Ref => i32.and(i32.ne(builder.get(rest), zero()), i32.lt_s(i32.xor(builder.get(rest), b()), zero()));
  builder.finish(name, ["i32"], [
    // b = 0, and b = -1, whose quotient of the least i32 would trap
    code.if(i32.le_u(i32.add(b(), i32.const(1)), i32.const(1)), code.return(divides ? i32.mul(a(), b()) : zero())),
    builder.set(rest, i32.rem_s(a(), b())),
    divides ? i32.sub(i32.div_s(a(), b()), mixed()) : i32.add(builder.get(rest), code.select(mixed(), b(), zero())),
  ]);
  return name;
}
