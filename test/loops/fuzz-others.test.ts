/** `map`, `jacobian`, `fixpoint` and `odesolve` against their programs written out, on random bodies. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { body, type Both, turns, value } from "./random-body.ts";
import { length, same } from "./same.ts";

const around = "let a = a0 let b = w + xs[0] let i = 1";

describe("map", () => {
  /** One row's program; `a` and `b` are its own. */
  const row = (text: string, result: string): string => `let a = x * 0.5 + a0 let b = w * x\n${text}\nlet out = ${result}`;
  const both = (texts: fc.Arbitrary<Both>, result: string): fc.Arbitrary<Both> => texts.map((text) => ({
    loop: `let outs = map (x, i) in (xs, 0..${length}) {\n${row(text.plain, result)}\nreturn out }\nlet y = reshape(outs, [12])`,
    plain: `${turns(length, (t) => `let x = xs[${t}] let i = ${t}\n${row(text.plain, result)}\nlet out${t} = out`)}\nlet y = concat(out0, out1, out2, out3, axis = 0)`,
  }));
  test("values", () => same(both(body(), "a * b")));
  test("gradients inside", () => same(both(body(), "grad(sum(sin(a)) + sum(b), x) + grad(sum(a * b), w)"), { runs: 10 }));
  test("of a scan", () => {
    const texts = fc.tuple(body(), value()).map(([text, emit]): Both => ({
      loop: `let outs = map (x, i) in (xs, 0..${length}) {\nlet (last, es) = scan a = a0 * x, b = w for k in 0..3 {\n${text.loop}\nemit ${emit} }\nlet (a, b) = last\nreturn a + b + sum(es, axis = 0) }\nlet y = reshape(outs, [12])`,
      plain: `${turns(length, (t) => `let x = xs[${t}] let i = ${t} let a = a0 * x let b = w\n${turns(3, (k) => `${text.plain}\nlet e${k} = ${emit}`)}\nlet out${t} = a + b + (e0 + e1 + e2)`)}\nlet y = concat(out0, out1, out2, out3, axis = 0)`,
    }));
    same(texts, { runs: 10 });
  });
  test("in a scan, over what it carries", () => {
    const texts = body().map((text): Both => ({
      loop: `let rows = scan rows = xs for k in 0..2 { rows <- map (x, i) in (rows, 0..${length}) {\nlet a = a0 let b = w\n${text.plain}\nreturn a + b } }\nlet y = reshape(rows, [12])`,
      plain: `let rows = xs\n${turns(2, () => `${turns(length, (t) => `let x = rows[${t}] let i = ${t} let a = a0 let b = w\n${text.plain}\nlet out${t} = a + b`)}\nlet rows = stack(out0, out1, out2, out3)`)}\nlet y = reshape(rows, [12])`,
    }));
    same(texts, { runs: 10 });
  });
});

test("jacobian", () => {
  const texts = body({ reads: ["a0"] }).map((text): Both => ({
    loop: `${around}\n${text.plain}\nlet y = concat(jacobian(a, a0) @ v, reshape(jacobian(a * b, m), [27]), axis = 0)`,
    plain: `${around}\n${text.plain}\nlet o = a * b\nlet y = concat(stack(sum(grad(a[0], a0) * v), sum(grad(a[1], a0) * v), sum(grad(a[2], a0) * v)), reshape(stack(grad(o[0], m), grad(o[1], m), grad(o[2], m)), [27]), axis = 0)`,
  }));
  same(texts, { runs: 10 });
});

describe("fixpoint", () => {
  // A contraction whatever the statements say: `z` goes in by less than 0.6 of itself.
  const step = "0.3 * sin(z + a) + 0.1 * (z @ m) + 0.2 * b";
  /** Turns after which nothing changes any more. */
  const enough = 45;
  test("the derivative at the fixed point is that of turns enough", () => {
    const texts = body({ reads: ["a0"] }).map((text): Both => ({
      loop: `${around}\n${text.plain}\nlet y = fixpoint(tol = 1e-14, max = 100) z = zeros([3]) => ${step}`,
      plain: `${around}\n${text.plain}\nlet z = zeros([3])\n${turns(enough, () => `let z = ${step}`)}\nlet y = z`,
    }));
    same(texts, { runs: 8, within: 1e-9 });
  });
  test("in a loop", () => {
    const texts = body().map((text): Both => ({
      loop: `let (a, b) = scan a = a0, b = w for (x, i) in (xs[:2], 0..2) {\n${text.loop}\na <- fixpoint(tol = 1e-14, max = 100) z = zeros([3]) => ${step} }\nlet y = concat(a, b, axis = 0)`,
      plain: `let a = a0 let b = w\n${turns(2, (t) => `let x = xs[${t}] let i = ${t}\n${text.plain}\nlet z = zeros([3])\n${turns(enough, () => `let z = ${step}`)}\nlet a = z`)}\nlet y = concat(a, b, axis = 0)`,
    }));
    same(texts, { runs: 6, within: 1e-9, asked: ["reverse", "forward"] });
  });
});

/** Butcher tableaus of the explicit methods: rows of a, then b. */
const tableaus: Readonly<Record<string, { readonly c: readonly number[]; readonly a: readonly (readonly number[])[]; readonly b: readonly number[] }>> = {
  euler: { c: [0], a: [[]], b: [1] },
  midpoint: { c: [0, 1 / 2], a: [[], [1 / 2]], b: [0, 1] },
  heun: { c: [0, 1], a: [[], [1]], b: [1 / 2, 1 / 2] },
  rk4: { c: [0, 1 / 2, 1 / 2, 1], a: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]], b: [1 / 6, 1 / 3, 1 / 3, 1 / 6] },
  bosh3: { c: [0, 1 / 2, 3 / 4], a: [[], [1 / 2], [0, 3 / 4]], b: [2 / 9, 1 / 3, 4 / 9] },
  dopri5: {
    c: [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1],
    a: [
      [], [1 / 5], [3 / 40, 9 / 40], [44 / 45, -56 / 15, 32 / 9], [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
      [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    ],
    b: [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
  },
};

describe("odesolve", () => {
  const count = 3;
  const [t0, t1] = [0.25, 1];
  const h = (t1 - t0) / count;
  const field = (text: Both): string => `let a = 0.5 * s + tau let b = w\n${text.plain}\n`;
  const weighted = (weights: readonly number[]): string => weights.map((weight, k) => `(${weight}) * k${k}`).join(" + ");
  const step = (text: Both, t: number, { c, a, b }: (typeof tableaus)[string]): string => [
    ...c.map((node, k) => `let tau = ${t0 + (t + node) * h} let s = ${k === 0 ? "z" : `z + ${h} * (${weighted(a[k])})`}\n${field(text)}let k${k} = a + 0.5 * b`),
    `let z = z + ${h} * (${weighted(b)})`,
  ].join("\n");
  test.each(Object.keys(tableaus).flatMap((method) => ["discrete", "checkpointed"].map((adjoint) => [method, adjoint] as const)))("%s, %s", (method, adjoint) => {
    const texts = body({ reads: ["s"] }).map((text): Both => ({
      loop: `let i = 1 let y = odesolve(${method}, steps = ${count}, adjoint = ${adjoint}) s = a0 + xs[0] for tau in [${t0}, ${t1}] {\n${field(text)}return a + 0.5 * b }`,
      plain: `let i = 1 let z = a0 + xs[0]\n${turns(count, (t) => step(text, t, tableaus[method]))}\nlet y = z`,
    }));
    same(texts, { runs: 4 });
  });
});
