/** `optim.json`: thirty steps of an optimizer on least squares or on a small network. */

/** The statement that moves the parameters; `P` stands for them, `G` for their gradient, `T` for a counter of steps from 1. */
export interface OptimizerText {
  readonly step: string;
  /** Outputs beside the loss, by name. */
  readonly extra?: Readonly<Record<string, string>>;
  /** A second copy of the parameters, `Q`, equal to them at first. */
  readonly copy?: boolean;
}

const minimize = (optimizer: string): OptimizerText => ({ step: `minimize l over P with ${optimizer}` });
const scheduled = (factor: string): OptimizerText => ({
  step: `let rate = 0.2 * ${factor}  minimize l over P with sgd(lr = rate)`,
  extra: { lr: "rate" },
});

const both = (texts: Readonly<Record<string, OptimizerText>>): Readonly<Record<string, OptimizerText>> =>
  Object.fromEntries(Object.entries(texts).flatMap(([name, text]) => [[`${name}_lsq`, text], [`${name}_mlp`, text]]));

export const optim: Readonly<Record<string, OptimizerText>> = {
  ...both({
    sgd: minimize("sgd(lr = 0.1)"),
    sgd_weight_decay: minimize("sgd(lr = 0.1, decay = 0.05)"),
    momentum: minimize("momentum(lr = 0.05)"),
    momentum_dampening: minimize("momentum(lr = 0.1, momentum = 0.8, dampening = 0.5)"),
    nesterov: minimize("nesterov(lr = 0.05)"),
    nesterov_weight_decay: minimize("nesterov(lr = 0.05, decay = 0.02)"),
    adam: minimize("adam(lr = 0.02)"),
    adam_weight_decay: minimize("adam(lr = 0.02, b1 = 0.8, b2 = 0.95, eps = 1e-6, decay = 0.1)"),
    amsgrad: minimize("amsgrad(lr = 0.02, b2 = 0.9)"),
    adamw: minimize("adamw(lr = 0.02, decay = 0.1)"),
    adamax: minimize("adamax(lr = 0.02)"),
    nadam: minimize("nadam(lr = 0.02)"),
    radam: minimize("radam(lr = 0.02)"),
    rmsprop: minimize("rmsprop(lr = 0.01)"),
    rmsprop_momentum_centered: minimize("rmsprop(lr = 0.005, alpha = 0.9, eps = 1e-3, momentum = 0.5, centered = true)"),
    adagrad: minimize("adagrad(lr = 0.1)"),
    adagrad_decay: minimize("adagrad(lr = 0.2, eps = 1e-6, lr_decay = 0.1)"),
    adadelta: minimize("adadelta(lr = 1, eps = 1e-4)"),
    rprop: minimize("rprop(lr = 0.01)"),
    lion: minimize("lion(lr = 0.01, decay = 0.1)"),
    lamb: minimize("lamb(lr = 0.02, decay = 0.1)"),
    cosine_warmup_adamw: {
      step: `
        let rate = 0.05 * cosine(T, 5, 30, low = 0.02)
        let n = global_norm(G)
        apply clip_norm(G, 0.5) to P with adamw(lr = rate, decay = 0.1)`,
      extra: { lr: "rate", norm: "n" },
    },
  }),
  clip_global_norm_mlp: { step: "let n = global_norm(G)  apply clip_norm(G, 0.25) to P with sgd(lr = 0.2)", extra: { norm: "n" } },
  clip_value_mlp: { step: "apply clip_value(G, 0.1) to P with sgd(lr = 0.2)" },
  step_decay_lsq: scheduled("step_decay(T - 1, 10)"),
  exponential_decay_lsq: scheduled("exponential_decay(T - 1, 0.95)"),
  linear_decay_lsq: scheduled("linear_decay(T - 1, 30)"),
  inverse_sqrt_lsq: scheduled("inverse_sqrt(T, 8)"),
  weight_average_mlp: { step: "minimize l over P with sgd(lr = 0.1)  Q <- 0.9 * Q + 0.1 * P", copy: true },
  lookahead_mlp: {
    step: `
      minimize l over P with sgd(lr = 0.1)
      if mod(T, 5) == 0 {
        Q <- Q + 0.5 * (P - Q)
        P <- Q
      }`,
    copy: true,
  },
  sharpness_aware_mlp: {
    step: `
      let up = P + 0.05 / (global_norm(G) + 1e-12) * G
      let l2 = mse(up(x), t)
      apply grad(l2, up) to P with sgd(lr = 0.1)`,
  },
};

const mlpParameters: Readonly<Record<string, string>> = { w1: "f32[3, 4]", b1: "f32[4]", w2: "f32[4, 2]", b2: "f32[2]" };
const lsqParameters: Readonly<Record<string, string>> = { w: "f32[3, 2]" };
const network = `model Network(x: f32[6, 3]) -> f32[6, 2] {
  ${Object.entries(mlpParameters).map(([name, type]) => `param ${name}: ${type} = 0`).join("\n  ")}
  return tanh(x @ w1 + b1) @ w2 + b2
}`;

/** The names of a case's parameters. */
export const parametersOf = (name: string): readonly string[] => Object.keys(typesOf(name));
const typesOf = (name: string) => (name.endsWith("_mlp") ? mlpParameters : lsqParameters);

/** A module with, for each case, `start_` (sets the parameters), `step_` (loss, extras, gradient `g_w`) and `read_` (parameters, copy). */
export function optimModule(names: readonly string[]): string {
  return [network, ...names.map((name) => caseText(name, optim[name]))].join("\n\n");
}

function caseText(name: string, { step, extra = {}, copy }: OptimizerText): string {
  const mlp = name.endsWith("_mlp");
  const parameters = parametersOf(name);
  const [p, q, t] = [`p_${name}`, `q_${name}`, `t_${name}`];
  const own = step.replace(/\bP\b/g, p).replace(/\bQ\b/g, q).replace(/\bT\b/g, t).replace(/\bG\b/g, "g");
  const signature = parameters.map((each) => `${each}: ${typesOf(name)[each]}`).join(", ");
  const leaf = (of: string, each: string): string => (mlp ? `${of}.${each}` : of);
  const results = [
    "loss: l",
    ...Object.entries(extra).map(([field, value]) => `${field}: ${value}`),
    ...parameters.map((each) => `g_${each}: ${leaf("g", each)}`),
  ];
  return `
    var ${p} = ${mlp ? "Network" : "zeros([3, 2])"}
    ${copy ? `var ${q} = ${p}` : ""}
    var ${t} = 0
    export fn start_${name}(${signature}) {
      ${parameters.map((each) => `${leaf(p, each)} <- ${each}`).join("\n      ")}
      ${copy ? `${q} <- ${p}` : ""}
    }
    export train fn step_${name}(${mlp ? "x: f32[6, 3], t: f32[6, 2]" : "a: f32[6, 3], b: f32[6, 2]"}) {
      let l = ${mlp ? `mse(${p}(x), t)` : `mean((a @ ${p} - b) ^ 2)`}
      let g = grad(l, ${p})
      ${t} <- ${t} + 1
      ${own}
      return { ${results.join(", ")} }
    }
    export fn read_${name}() {
      return { ${[
        ...parameters.map((each) => `${each}: ${leaf(p, each)}`),
        ...(copy ? parameters.map((each) => `${each}_average: ${leaf(q, each)}`) : []),
      ].join(", ")} }
    }`;
}
