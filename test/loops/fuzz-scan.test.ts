/** `scan` against its program written out, on random bodies: values, first and second derivatives. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { body, type Both, helpers, turns, value } from "./random-body.ts";
import { length, same, signature } from "./same.ts";
import { argumentsOf, moduleOf } from "./support.ts";

const start = "let a = a0 let b = w + xs[0]";
/** A turn with its input and index. */
const turn = (t: number, text: Both, emit?: string): string => `let x = xs[${t}] let i = ${t}\n${text.plain}${emit === undefined ? "" : `\nlet e${t} = ${emit}`}`;
const results = (count: number): string => `let y = concat(a, b, reshape(es, [${3 * count}]), axis = 0)`;
const emits = (order: readonly number[]): string => `let es = stack(${order.map((t) => `e${t}`).join(", ")})`;

const loop = (options: string, text: Both, emit: string, count = length): string =>
  `let (last, es) = scan${options} a = a0, b = w + xs[0] for (x, i) in (xs[0:${count}], 0..${count}) {\n${text.loop}\nemit ${emit} }\nlet (a, b) = last\n${results(count)}`;

const scanned = (options: string, reversed = false, count = length): fc.Arbitrary<Both> => fc.tuple(body(), value()).map(([text, emit]) => {
  const order = Array.from({ length: count }, (_, t) => (reversed ? count - 1 - t : t));
  return {
    loop: loop(options, text, emit, count),
    plain: `${start}\n${order.map((t) => turn(t, text, emit)).join("\n")}\n${emits(order.toSorted((p, q) => p - q))}\n${results(count)}`,
  };
});

describe("scan", () => {
  test("several carries, captures, inputs and emits, loops and maps inside", () => same(scanned(""), { runs: 30 }));
  test("the last turn first", () => same(scanned("(reversed = true)", true)));
  test.each(["checkpoint = sqrt", "checkpoint = 2", "unroll = 2", "unroll = 3", "reversed = true, checkpoint = sqrt"])("%s", (policy) => {
    same(scanned(`(${policy})`, policy.startsWith("reversed")), { runs: 12 });
  });

  test.each(["checkpoint = sqrt", "reversed = true, checkpoint = 2"])("%s: a last piece of one turn", (policy) => {
    same(scanned(`(${policy})`, policy.startsWith("reversed"), 3), { runs: 12 });
  });

  test.each([2, 3])("truncate = %i: no credit goes back past a turn that is a multiple of it", (every) => {
    const texts = fc.tuple(body(), value()).map(([text, emit]): Both => ({
      loop: loop(`(truncate = ${every})`, text, emit),
      plain: `${start}\n${turns(length, (t) => `${t % every === 0 ? "let a = stop(a) let b = stop(b)\n" : ""}${turn(t, text, emit)}`)}\n${emits([0, 1, 2, 3])}\n${results(length)}`,
    }));
    same(texts, { asked: ["reverse", "reverse over reverse"] });
  });

  test("until: as many turns as the values say", () => {
    const texts = fc.tuple(body({ reads: ["a0"] }), fc.double({ min: 0.1, max: 0.9, noNaN: true })).map(([text, part]): Both => {
      const loop = (bound: number): string => `let (a, b, k) = scan a = a0, b = w + xs[0], k = 0.0 for i in 0..9 until k > ${bound} {\n${text.loop}\nk <- k + 0.1 + sum(a * a) }\nlet y = concat(a, b, axis = 0)`;
      // The number of turns, for arguments that are always the same.
      const bound = part * 3;
      const counted = `${helpers}export fn f${signature} { let (a, b, k, taken) = scan a = a0, b = w + xs[0], k = 0.0, taken = 0 for i in 0..9 until k > ${bound} { ${text.loop}\nk <- k + 0.1 + sum(a * a) taken <- taken + 1 } return taken }`;
      return { loop: loop(bound), plain: `${start}\n${turns(turnsOf(counted), (t) => `let i = ${t}\n${text.plain}`)}\nlet y = concat(a, b, axis = 0)` };
    });
    same(texts);
  });

  test("over a family of layers", () => {
    const texts = body({ reads: ["z"] }).map((text): Both => ({
      loop: `let (a, b) = scan a = a0, b = w + xs[0] for (layer_, i) in (net.b, 0..3) {\nlet z = tanh(layer_(a))\n${text.loop} }\nlet y = concat(a, b, axis = 0)`,
      plain: `${start}\n${turns(3, (t) => `let z = tanh(net.b[${t}](a)) let i = ${t}\n${text.plain}`)}\nlet y = concat(a, b, axis = 0)`,
    }));
    same(texts, { declarations: "model Net(x: f32[3]) -> f32[3] { layer b[3] = Linear[3, 3] return x }\nvar net = Net" });
  });

  test("module state that the body assigns", () => {
    const texts = fc.tuple(body({ reads: ["x", "s"] }), value(["x", "s"])).map(([text, next]): Both => ({
      loop: `let (a, b) = scan a = a0, b = w + xs[0] for (x, i) in (xs, 0..${length}) {\n${text.loop}\ns <- 0.5 * sin(${next}) }\nlet y = concat(a, b, s, axis = 0)`,
      plain: `${start}\n${turns(length, (t) => `${turn(t, text)}\ns <- 0.5 * sin(${next})`)}\nlet y = concat(a, b, s, axis = 0)`,
    }));
    same(texts, { declarations: "var s: f32[3] = 0.25", head: "train fn" });
  });
});

const turnsOf = (source: string): number => moduleOf(source).call("f", {}, argumentsOf(source))[0].data[0];
