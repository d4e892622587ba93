/** The library, written in the language: file name -> text. All its names are known in every program. */
import activations from "./activations.pull?raw";
import attribution from "./attribution.pull?raw";
import conv from "./conv.pull?raw";
import elementwise from "./elementwise.pull?raw";
import estimators from "./estimators.pull?raw";
import feedback from "./feedback.pull?raw";
import indexing from "./indexing.pull?raw";
import init from "./init.pull?raw";
import lie from "./lie.pull?raw";
import linalg from "./linalg.pull?raw";
import losses from "./losses.pull?raw";
import metrics from "./metrics.pull?raw";
import nn from "./nn.pull?raw";
import ode from "./ode.pull?raw";
import optimizers from "./optimizers.pull?raw";
import random from "./random.pull?raw";
import recurrent from "./recurrent.pull?raw";
import reduce from "./reduce.pull?raw";
import special from "./special.pull?raw";
import sparse from "./sparse.pull?raw";

export const library: Readonly<Record<string, string>> = {
  "std/activations.pull": activations,
  "std/attribution.pull": attribution,
  "std/conv.pull": conv,
  "std/elementwise.pull": elementwise,
  "std/estimators.pull": estimators,
  "std/feedback.pull": feedback,
  "std/indexing.pull": indexing,
  "std/init.pull": init,
  "std/lie.pull": lie,
  "std/linalg.pull": linalg,
  "std/losses.pull": losses,
  "std/metrics.pull": metrics,
  "std/nn.pull": nn,
  "std/ode.pull": ode,
  "std/optimizers.pull": optimizers,
  "std/random.pull": random,
  "std/recurrent.pull": recurrent,
  "std/reduce.pull": reduce,
  "std/special.pull": special,
  "std/sparse.pull": sparse,
};
