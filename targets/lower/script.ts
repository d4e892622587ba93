/** A plan as it is run: functions of the artifact and, between them, calls of the host and the loops that hold such. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Program } from "../../compiler/program.ts";
import { eachStep, type Step } from "../../compiler/schedule/kernel.ts";

/** A step that a target emits. */
export type RoutineStep = Exclude<Step, { kind: "host" }>;

export interface Routine {
  /** `step`, or `step$0`, `step$1`, ... where the plan stops for the host. */
  readonly symbol: string;
  /** Of its steps: as many loops are around them, whose turns are the function's parameters. */
  readonly depth: number;
  readonly steps: readonly RoutineStep[];
}

export type ScriptPart =
  | { readonly kind: "routine"; readonly routine: Routine }
  | Extract<Step, { kind: "host" | "until" }>
  | (Omit<Extract<Step, { kind: "loop" }>, "body"> & { readonly body: readonly ScriptPart[] });

/** Calls of the host in steps, in loops too. */
export const waitsForHost = (plan: readonly Step[]): boolean => [...eachStep(plan)].some(({ kind }) => kind === "host");

export function scriptOf(symbol: string, plan: readonly Step[]): readonly ScriptPart[] {
  if (!waitsForHost(plan)) return [{ kind: "routine", routine: { symbol, depth: 0, steps: withoutHost(plan) } }];
  let count = 0;
  const partsOf = (steps: readonly Step[], depth: number): ScriptPart[] => {
    const parts: ScriptPart[] = [];
    let stretch: RoutineStep[] = [];
    const stop = (): void => {
      parts.push({ kind: "routine", routine: { symbol: `${symbol}$${count++}`, depth, steps: stretch } });
      stretch = [];
    };
    for (const step of steps) {
      const isHosting = step.kind === "loop" && waitsForHost(step.body);
      if (step.kind !== "host" && !isHosting && !(step.kind === "until" && depth > 0)) {
        stretch.push(step);
        continue;
      }
      stop();
      parts.push(step.kind === "loop" ? { ...step, body: partsOf(step.body, depth + 1) } : step);
    }
    stop();
    return parts;
  };
  return partsOf(plan, 0);
}

function routinesIn(parts: readonly ScriptPart[]): Routine[] {
  return parts.flatMap((part) => (part.kind === "routine" ? [part.routine] : part.kind === "loop" ? routinesIn(part.body) : []));
}

/** The functions that a module exports: init's, then each entry's. */
export function routinesOf(program: Program): Routine[] {
  return [{ symbol: "init", plan: program.init.plan }, ...program.entries].flatMap(({ symbol, plan }) => routinesIn(scriptOf(symbol, plan)));
}

/** Steps among which no call of the host can be. */
export const withoutHost = (steps: readonly Step[]): readonly RoutineStep[] => steps.map((step) => {
  invariant(step.kind !== "host", () => "a call of the host inside a routine");
  return step;
});
