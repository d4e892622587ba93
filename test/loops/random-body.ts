/**
 * Random statements, each with the same written out. A loop's body uses the carries `a` and `b`, the input `x`, the index
 * `i` and what stands around (`w`: f32[3], `m`: f32[3, 3]); written out, every `<-` is a `let` that shadows the one before.
 */
import fc from "fast-check";

/** The same statements in a loop, and where the loop is written out. */
export interface Both {
  readonly loop: string;
  readonly plain: string;
}

const vector = (names: readonly string[], index: string): fc.Arbitrary<string> =>
  fc.letrec<{ e: string }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 3, depthIdentifier: "expression" },
      fc.constantFrom(...names),
      fc.tuple(fc.constantFrom("+", "-", "*"), tie("e"), tie("e")).map(([op, a, b]) => `(${a} ${op} ${b})`),
      fc.tuple(fc.constantFrom("sin", "tanh", "sigmoid", "softmax", "reverse", "norm_of", "gate"), tie("e")).map(([f, a]) => `${f}(${a})`),
      tie("e").map((a) => `(${a} @ m)`),
      tie("e").map((a) => `(sum(${a}) * w)`),
      tie("e").map((a) => `(0.3 * f32(${index}) + ${a})`),
      tie("e").map((a) => `odd(${a}, ${index})`),
      fc.tuple(tie("e"), tie("e")).map(([a, b]) => `pick(${a}, ${b})`),
    ),
  })).e;

/** Called by bodies: one with its own rules, whose derivative is not that of its body. */
export const helpers = `
fn norm_of(x: f32[3]) -> f32[3] = x / sqrt(1 + sum(x * x))
fn pick(x: f32[3], y: f32[3]) -> f32[3] = where(x > y, cos(x), y)
fn odd(x: f32[3], i: i32) -> f32[3] = where(i == 1, x, 0.5 * x)
fn gate(x: f32[3]) -> f32[3] = tanh(x) surrogate backward(dx) = { x: dx * (1 - 0.5 * result * x) } tangent(dx) = dx * (1 - 0.5 * result * x)
`;

/** Turns of a loop written out. */
export const turns = (count: number, turn: (t: number) => string): string => Array.from({ length: count }, (_, t) => turn(t)).join("\n");

const assignment = (names: readonly string[], targets: readonly string[], index: string): fc.Arbitrary<Both> =>
  fc.tuple(fc.constantFrom(...targets), vector(names, index)).map(([target, e]) => ({ loop: `${target} <- ${e}`, plain: `let ${target} = ${e}` }));

const local = (names: readonly string[], target: string, index: string): fc.Arbitrary<Both> =>
  vector(names, index).map((e) => ({ loop: `let ${target} = ${e}`, plain: `let ${target} = ${e}` }));

/** A loop in a body, over the rows of `m` or a range, with what is around among what it reads. */
const inner = (names: readonly string[], result: string): fc.Arbitrary<Both> =>
  fc.tuple(vector(names, "i"), fc.array(assignment([...names, "c", "r"], ["c"], "j"), { minLength: 1, maxLength: 2 }), vector([...names, "c", "r"], "j"))
    .map(([start, statements, emit]) => ({
      loop: `let (c, os) = scan c = ${start} for (r, j) in (m, 0..3) { ${statements.map(({ loop }) => loop).join("  ")}  emit ${emit} }  let ${result} = c + sum(os, axis = 0)`,
      plain: `let c = ${start}\n${turns(3, (t) => `let r = m[${t}] let j = ${t} ${statements.map(({ plain }) => plain).join(" ")} let o${t} = ${emit}`)}\nlet ${result} = c + (o0 + o1 + o2)`,
    }));

const mapped = (names: readonly string[], result: string): fc.Arbitrary<Both> =>
  vector([...names, "r"], "j").map((e) => ({
    loop: `let ${result} = sum(map (r, j) in (m, 0..3) => ${e}, axis = 0)`,
    plain: `${turns(3, (t) => `let r = m[${t}] let j = ${t} let o${t} = ${e}`)} let ${result} = o0 + o1 + o2`,
  }));

export interface BodyOptions {
  /** What a statement may assign (default: both carries). */
  readonly targets?: readonly string[];
  /** What else it may read. */
  readonly reads?: readonly string[];
}

/** A few statements; `a` and `b` depend on all that goes in, in no linear way. */
export function body({ targets = ["a", "b"], reads = ["x"] }: BodyOptions = {}): fc.Arbitrary<Both> {
  const names = ["a", "b", "w", ...reads];
  return fc.tuple(
    fc.oneof(local(names, "t", "i"), inner(names, "t"), mapped(names, "t")),
    fc.array(assignment([...names, "t"], targets, "i"), { minLength: 1, maxLength: 3 }),
  ).map(([first, rest]) => {
    // The turn's own carries go into the next ones, whatever the statements do.
    const own = "let p = a let q = b";
    const all = [first, ...rest];
    const [nextA, nextB] = [`sin(0.6 * a + w * ${reads[0]} + q @ m)`, "tanh(a * b + 0.3 * p)"];
    return {
      loop: [own, ...all.map(({ loop }) => loop), `a <- ${nextA}`, `b <- ${nextB}`].join("\n"),
      plain: [own, ...all.map(({ plain }) => plain), `let a = ${nextA}`, `let b = ${nextB}`].join("\n"),
    };
  });
}

/** Something to emit or to return from a body. */
export const value = (reads: readonly string[] = ["x"]): fc.Arbitrary<string> => vector(["a", "b", "w", ...reads], "i");
