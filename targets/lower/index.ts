/** What wasm and js share: kernels as they emit them, and which placements are constant. */
export { argumentsOf, bindingsOf, type Bindings } from "./bindings.ts";
export { eachPart, eachValue } from "./each-value.ts";
export { isConstant, rangeOf } from "./fold-index.ts";
export { lifetimesOf, type Lifetimes } from "./lifetimes.ts";
export { lowerKernel } from "./lower-kernel.ts";
export { neverNegative } from "./never-negative.ts";
export { routinesOf, scriptOf, waitsForHost, withoutHost, type Routine, type RoutineStep, type ScriptPart } from "./script.ts";
export type { Action, Loop, LoweredKernel, MemoryBuffer, Value } from "./lowered.ts";
