/**
 * Affine indices without multiplication: every loop carries a pointer for each different linear form that its body
 * needs and steps it by a constant at the end of a turn. What is constant becomes the offset immediate of the access.
 *
 * A form is root + bias + sum of factor * variable, in bytes (or in elements, where an index is a value). It is carried
 * by the deepest loop whose variable it has; what it starts from is a form of the loops around that one. So two
 * accesses that differ by a constant share a pointer, also across buffers whose place is constant.
 *
 * Note [Signs]. An access takes (pointer as u32) + immediate without wrapping, so the pointer alone must not be
 * negative. Where the range of its variables goes below 0 the bias lifts it, and the immediate makes up for that; where
 * no range is known (a computed offset that may be negative) the bias takes everything and the immediate is 0: then the
 * sum wraps to the right address whenever the access is one the kernel may make.
 */
import type { BufferId, Index, LocalId, VariableId } from "../../compiler/schedule/kernel.ts";
import { rangeOf, type Action, type Loop, type LoweredKernel, type Value } from "../lower/index.ts";

export interface Form {
  /** A buffer whose place is a parameter. */
  readonly placement?: BufferId;
  /** scale * a computed local. */
  readonly offset?: { readonly local: LocalId; readonly scale: number };
  readonly bias: number;
  readonly terms: readonly (readonly [VariableId, number])[];
}

/** Where an access goes: a pointer and an immediate offset. */
export interface Access {
  readonly form: Form;
  readonly immediate: number;
}

export const keyOf = ({ placement, offset, bias, terms }: Form): string =>
  `${placement ?? ""}|${offset === undefined ? "" : `${offset.local}*${offset.scale}`}|${bias}|${terms.map(([variable, factor]) => `${variable}*${factor}`).join("+")}`;

/** The loop in `around` (outermost first) that carries the form, if it has a variable; and whether the form's offset is fixed while it runs. */
export function carrier(form: Form, around: readonly Loop[], sets: Sets): { readonly loop: Loop; readonly fixed: boolean } | null {
  for (let depth = around.length - 1; depth >= 0; depth--) {
    const loop = around[depth];
    if (!form.terms.some(([variable]) => variable === loop.variable)) continue;
    return { loop, fixed: form.offset === undefined || !sets(loop, form.offset.local) };
  }
  return null;
}

export const withoutOffset = (form: Form): Form => ({ terms: form.terms, bias: 0 });

export const factorOf = (form: Form, loop: Loop): number => form.terms.find(([variable]) => variable === loop.variable)?.[1] ?? 0;

/** What the pointer is when its loop starts, but for the bias and an offset in the loop's lower bound. */
export function startOf(form: Form, loop: Loop): { readonly form: Form; readonly add: number } {
  const factor = factorOf(form, loop);
  const terms = new Map(form.terms.filter(([variable]) => variable !== loop.variable));
  for (const [variable, times] of loop.from.terms) terms.set(variable, (terms.get(variable) ?? 0) + times * factor);
  return {
    form: { placement: form.placement, offset: form.offset, bias: 0, terms: [...terms].filter(([, times]) => times !== 0) },
    add: form.bias + factor * loop.from.base,
  };
}

/** The form of an access and its immediate. `place`: the buffer's constant byte offset, or null if it is a parameter. */
export function accessForm(kernel: LoweredKernel, buffer: BufferId, at: Index, elementBytes: number, place: number | null, neverNegative: (local: LocalId) => boolean): Access {
  const terms = at.terms.map(([variable, factor]) => [variable, factor * elementBytes] as const);
  const offset = at.offset === undefined ? undefined : { local: at.offset, scale: elementBytes };
  const root = { placement: place === null ? buffer : undefined, offset, terms };
  const constant = (place ?? 0) + at.base * elementBytes;
  const [least] = rangeOf({ base: 0, terms }, kernel.ranges);
  // Note [Signs]
  if (least === -Infinity || (at.offset !== undefined && !neverNegative(at.offset))) return { form: { ...root, bias: constant }, immediate: 0 };
  const lift = Math.max(0, -least);
  return { form: { ...root, bias: lift + Math.min(0, constant - lift) }, immediate: Math.max(0, constant - lift) };
}

/** The form of an index as a value, without its base. */
export const indexForm = (at: Index): Form => ({ bias: 0, terms: at.terms, offset: at.offset === undefined ? undefined : { local: at.offset, scale: 1 } });

/** Whether a loop sets a local, its inner loops included. */
export type Sets = (loop: Loop, local: LocalId) => boolean;

export function setsOf(): Sets {
  const known = new Map<Loop, Set<LocalId>>();
  const collect = (body: readonly Action[], into: Set<LocalId>): void => {
    for (const action of body) {
      if (action.kind === "let") into.add(action.local);
      else if (action.kind === "if") [action.then, action.else].forEach((branch) => collect(branch, into));
      else if (action.kind === "loop") collect(action.body, into);
    }
  };
  return (loop, local) => {
    let locals = known.get(loop);
    if (locals === undefined) {
      locals = new Set();
      collect(loop.body, locals);
      known.set(loop, locals);
    }
    return locals.has(local);
  };
}

/** The forms that each loop carries. `formOf` is asked for the form of each load and store. */
export function planPointers(
  kernel: LoweredKernel,
  sets: Sets,
  formOf: (buffer: BufferId, at: Index) => Form,
): Map<Loop, Map<string, Form>> {
  const carried = new Map<Loop, Map<string, Form>>();
  const need = (form: Form, around: readonly Loop[]): void => {
    const found = carrier(form, around, sets);
    if (found === null) return;
    if (!found.fixed) return need(withoutOffset(form), around);
    const forms = carried.get(found.loop);
    const key = keyOf(form);
    if (forms === undefined || forms.has(key)) return;
    forms.set(key, form);
    need(startOf(form, found.loop).form, around.slice(0, around.indexOf(found.loop)));
  };
  const value = (of: Value, around: readonly Loop[]): void => {
    if (of.kind === "load") need(formOf(of.buffer, of.at), around);
    else if (of.kind === "index") need(indexForm(of.at), around);
    else if (of.kind === "apply") for (const arg of of.args) value(arg, around);
    else if (of.kind === "pack") for (const part of of.parts) value(part, around);
    else if (of.kind === "lane") value(of.of, around);
  };
  const actions = (body: readonly Action[], around: readonly Loop[]): void => {
    for (const action of body) {
      switch (action.kind) {
        case "loop": {
          carried.set(action, new Map());
          const inside = [...around, action];
          actions(action.body, inside);
          if (action.turns === undefined) need(indexForm(action.to), around);
          // A loop that nothing counts for: its own variable does.
          if (action.turns === undefined || carried.get(action)?.size === 0) need({ bias: 0, terms: [[action.variable, 1]] }, inside);
          break;
        }
        case "if":
          value(action.test, around);
          actions(action.then, around);
          actions(action.else, around);
          break;
        case "let":
          value(action.value, around);
          break;
        case "store":
          value(action.value, around);
          need(formOf(action.buffer, action.at), around);
          break;
        case "fence":
          break;
      }
    }
  };
  actions(kernel.body, []);
  return carried;
}
