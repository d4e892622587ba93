/** Solvers, their discrete and continuous adjoints, and what is integrated by hand. */
import type { CaseTexts } from "../harness.ts";

const field = "tanh(y @ w1 + b1) @ w2 + b2";
const timed = "tanh(y @ w1 + t * u + b1) @ w2 + b2";

const solve = (options: string, end: string, slope: string): string => `let y = odesolve(${options}) y = y0 for t in [0, ${end}] => ${slope}`;

/** A method on the autonomous field and on the one with time. */
const both = (name: string, options: string, end = "1"): CaseTexts => ({
  [name]: solve(options, end, field),
  [`${name}_timed`]: solve(options, end, timed),
});

/** Kutta's 3/8 rule, which is not in the library. */
const threeEighths = (slope: string): string => `
  let f = fn(t, y) => ${slope}
  let h = 1 / 8
  let y = scan y = y0 for i in 0..8 {
    let t = h * f32(i)
    let k1 = f(t, y)
    let k2 = f(t + h / 3, y + h * k1 / 3)
    let k3 = f(t + 2 * h / 3, y + h * (k2 - k1 / 3))
    let k4 = f(t + h, y + h * (k1 - k2 + k3))
    y <- y + h * (k1 + 3 * k2 + 3 * k3 + k4) / 8
  }`;

/** The data have no cotangent apart: it is the input `ct`. */
const continuous = (slope: string, wrt: string): CaseTexts[string] => ({
  text: `${solve("rk4, steps = 10, adjoint = continuous", "1", slope)}
    let y0_reconstructed = odesolve(rk4, steps = 10) y = y for t in [1, 0] => ${slope}`,
  gradients: `let (${wrt.split(", ").map((name) => `g_${name}`).join(", ")}) = pull(y, (${wrt}), ct)`,
});

export const ode: CaseTexts = {
  ...both("euler_discrete", "euler, steps = 8"),
  ...both("midpoint_discrete", "midpoint, steps = 8"),
  ...both("heun_discrete", "heun, steps = 8"),
  ...both("rk4_discrete", "rk4, steps = 8, adjoint = checkpointed"),
  ...both("dopri5_discrete", "dopri5, steps = 8"),
  rk4_38_discrete: threeEighths(field),
  rk4_38_discrete_timed: threeEighths(timed),
  rk4_trajectory: `let path = odesolve(rk4, steps = 2, at = [0.25, 0.5, 0.75, 1.0]) y = y0 for t in [0, 1] => ${field}`,
  rk4_learned_time: solve("rk4, steps = 6", "T", field),
  rk4_adjoint: continuous(field, "y0, w1, b1, w2, b2"),
  rk4_adjoint_timed: continuous(timed, "y0, w1, b1, w2, b2, u"),
  linear_exact: solve("dopri5, steps = 40", "1", "y @ a"),
  linear_rk4_discrete: solve("rk4, steps = 10", "1", "y @ a"),
  linear_rk4_adjoint: continuous("y @ a", "y0, a"),
  // The data's controller looks at one error only.
  ...both("dopri5_adaptive_loose", "dopri5, rtol = 1e-3, atol = 1e-4, first = 0.25, beta = 0, max = 20", "2"),
  ...both("dopri5_adaptive_tight", "dopri5, rtol = 1e-6, atol = 1e-7, first = 0.25, beta = 0, max = 20", "2"),
  dopri5_one_step: `let f = fn(t, y) => ${timed}
    let (y5, next, error) = ode_dopri5_pair(f, y0, f(0.0, y0), 0.0, 0.5)
    let y4 = y5 - error`,
  leapfrog: {
    text: `let force = fn(q) => -(sin(q) + q @ k)
    let (q1, p1) = scan a = q, b = p for i in 0..6 {
      let half = b + 0.1 * force(a)
      a <- a + 0.2 * half
      b <- half + 0.1 * force(a)
    }`,
    gradients: "let (g_q, g_p, g_k) = pull((q1, p1), (q, p, k), (d_q, d_p))  let q = q1  let p = p1",
  },
  normalizing_flow: `let (y, dlogp) = odesolve(rk4, steps = 6) y = y0, l = zeros([3]) for t in [0, 1] {
      let v = ${field}
      let trace = map r in y => sum(jacobian(tanh(r @ w1 + b1) @ w2 + b2, r) * eye(2))
      return (v, -trace)
    }`,
  euler_maruyama: `let h = 1 / 6
    let y = scan y = y0 for z in noise { y <- y + h * (${field}) + sqrt(h) * s * cos(y) * z }`,
  equilibrium: "let z = fixpoint(tol = 1e-12, max = 200) z = zeros([3, 4]) => tanh(z @ w + x @ u + b)",
};
