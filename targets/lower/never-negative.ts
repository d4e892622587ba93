/** Which i32 locals can only hold values of 0 and more: clamped indices, mostly. */
import type { LocalId } from "../../compiler/schedule/kernel.ts";
import { rangeOf } from "./fold-index.ts";
import type { Action, LoweredKernel, Value } from "./lowered.ts";

/** A test for locals, from all their assignments. Sums and products are taken not to overflow, as indices do not. */
export function neverNegative(kernel: LoweredKernel): (local: LocalId) => boolean {
  let collected: ReadonlyMap<LocalId, readonly Value[]> | undefined;
  const known = new Map<LocalId, boolean>();
  const ofLocal = (local: LocalId): boolean => {
    const earlier = known.get(local);
    if (earlier !== undefined) return earlier;
    known.set(local, false); // while it is looked at: a local that depends on itself is not followed
    collected ??= assignments(kernel.body);
    const result = kernel.locals[local].type === "i32" && (collected.get(local) ?? []).every(ofValue);
    known.set(local, result);
    return result;
  };
  const ofValue = (value: Value): boolean => {
    switch (value.kind) {
      case "literal":
        return value.value >= 0;
      case "local":
        return ofLocal(value.local);
      case "index":
        return rangeOf(value.at, kernel.ranges)[0] >= 0 && (value.at.offset === undefined || ofLocal(value.at.offset));
      case "apply":
        if (value.type !== "i32" || value.operand !== "i32") return value.op === "toI32" && value.operand === "bool";
        switch (value.op) {
          case "add":
          case "mul":
          case "min":
          case "idiv":
            return value.args.every(ofValue);
          case "max":
          case "and":
            return value.args.some(ofValue);
          case "imod":
          case "shr":
            return ofValue(value.args[value.op === "imod" ? 1 : 0]);
          case "select":
            return value.args.slice(1).every(ofValue);
          default:
            return false;
        }
      default:
        return false;
    }
  };
  return ofLocal;
}

function assignments(body: readonly Action[], into = new Map<LocalId, Value[]>()): ReadonlyMap<LocalId, readonly Value[]> {
  for (const action of body) {
    if (action.kind === "let") {
      const values = into.get(action.local);
      if (values === undefined) into.set(action.local, [action.value]);
      else values.push(action.value);
    } else if (action.kind === "if") [action.then, action.else].forEach((branch) => assignments(branch, into));
    else if (action.kind === "loop") assignments(action.body, into);
  }
  return into;
}
