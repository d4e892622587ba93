/** The f64 reference. */
export { applyOp, evaluate, roundTensor } from "./evaluate.ts";
export type { EvaluateOptions } from "./evaluate.ts";
export { ReferenceModule, tensor } from "./run.ts";
export type { Tensor } from "../ops/index.ts";
