/** Random programs with loops and without are asked for their values and derivatives. */
import fc from "fast-check";
import { type Both, helpers } from "./random-body.ts";
import { expectEqual } from "./support.ts";

export const length = 4;
export const signature = `(xs: f32[${length}, 3], w: f32[3], m: f32[3, 3], a0: f32[3], v: f32[3], n: f32[3, 3])`;

/** What is asked of `l` and of the values it is made of. */
const derivatives: Readonly<Record<string, string>> = {
  reverse: "grad(l, (xs, w, m, a0))",
  forward: "(push(l, (w, m), (v, n)), push(y, a0, v), push(y, xs, cos(xs)))",
  "forward over reverse": "push(grad(l, (w, a0)), (w, m), (v, n))",
  "reverse over reverse": "grad(sum(grad(l, w) * v) + sum(grad(l, m) * n), (xs, w, m, a0))",
  "reverse over forward": "grad(push(l, (w, m), (v, n)), (w, m, a0))",
};
const kinds = Object.keys(derivatives);

const program = (statements: string, asked: readonly string[], declarations = "", head = "fn"): string =>
  `${helpers}${declarations}\nexport ${head} f${signature} {\n${statements}\nlet l = sum(sin(y)) + sum(y * y * 0.2)\nreturn { y, ${asked.map((kind, i) => `d${i}: ${derivatives[kind]}`).join(", ")} }\n}`;

export interface Check {
  readonly asked?: readonly string[];
  readonly runs?: number;
  readonly declarations?: string;
  readonly head?: string;
  readonly within?: number;
}

/** Each sample with one kind of derivative of first order and one of second, as far as they are asked. */
export function same(texts: fc.Arbitrary<Both>, { asked = kinds, runs = 20, declarations, head, within }: Check = {}): void {
  const orders = [asked.filter((kind) => !kind.includes("over")), asked.filter((kind) => kind.includes("over"))];
  const some = fc.tuple(...orders.filter((order) => order.length > 0).map((order) => fc.constantFrom(...order)));
  fc.assert(fc.property(texts, some, ({ loop, plain }, wanted) => {
    expectEqual(program(loop, wanted, declarations, head), program(plain, wanted, declarations, head), { within });
  }), { numRuns: runs, seed: 20_261_124, endOnFailure: true });
}
