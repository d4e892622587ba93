/** The programs of all covered cases, by file of the data; optimizers have their own way (`optim.ts`). */
import type { CaseTexts } from "../harness.ts";
import { convolution } from "./conv.ts";
import { creditAttribution } from "./credit-attribution.ts";
import { creditLearning } from "./credit-learning.ts";
import { elementwise } from "./elementwise.ts";
import { estimators } from "./estimators.ts";
import { higher } from "./higher.ts";
import { indexing } from "./indexing.ts";
import { linear } from "./linear.ts";
import { loss } from "./loss.ts";
import { nets } from "./nets.ts";
import { norm } from "./norm.ts";
import { ode } from "./ode.ts";
import { reduce } from "./reduce.ts";

export const covered: Readonly<Record<string, CaseTexts>> = {
  ops_elementwise: elementwise,
  ops_reduce: reduce,
  ops_linear: linear,
  ops_conv: convolution,
  ops_index: indexing,
  ops_loss: loss,
  ops_norm: norm,
  nets,
  estimators,
  higher,
  ode,
  credit_learning: creditLearning,
  credit_attribution: creditAttribution,
};

export const allFiles = [...Object.keys(covered), "optim"];
