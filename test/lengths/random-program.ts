/** Random programs with a length `N`: rows mixed with one another, with whole tensors, in loops, and their derivatives. */
import { Random } from "../ops/random.ts";

type Shape = "N,3" | "N" | "3" | "3,3" | "";

/** What makes a value of a shape; `of` names one of a shape. */
type Make = (of: (shape: Shape) => string, pick: (choices: readonly string[]) => string) => string;

const makers: Readonly<Record<Shape, readonly Make[]>> = {
  "N,3": [
    (of, pick) => `${of("N,3")} ${pick(["+", "-", "*"])} ${of(pick(["N,3", "3", ""]) as Shape)}`, // one of these
    (of) => `${of("N,3")} @ ${of("3,3")}`,
    (of, pick) => `${pick(["tanh", "sigmoid", "softmax", "relu", "exp"])}(0.5 * ${of("N,3")})`,
    (of) => `expand(${of("N")}, -1) * ${of("3")}`,
    (of) => `where(${of("N,3")} > 0, ${of("N,3")}, 0.3)`,
    (of) => `cumsum(${of("N,3")}, axis = 0)`,
    (of) => `reverse(${of("N,3")})`,
    (of) => `${of("N,3")}[ids]`,
    (of) => `${of("3,3")}[ids]`,
    (of) => `softmax(for [i, j] => sum[k](${of("N,3")}[i, k] * ${of("N,3")}[j, k])) @ ${of("N,3")}`,
    (of) => `(${of("N,3")} - mean(${of("N,3")}, axis = 0)) * 0.5`,
    (of) => `map (a, b) in (${of("N,3")}, ${of("N")}) => a * b + ${of("3")}`,
    (of) => `scan h = ${of("3")} for a in ${of("N,3")} { h <- tanh(0.5 * h + a)  emit h }`.replace(/^/, "second(").replace(/$/, ")"),
    (of) => `${of("N,3")} + 0.1 * uniform([N, 3])`,
    (of) => `concat(expand(${of("3")}, 0), ${of("N,3")}, axis = 0)[1:]`,
    (of) => `reshape(reshape(${of("N,3")}, [3 * N]) * 0.7, [N, 3])`,
  ],
  N: [
    (of, pick) => `${pick(["sum", "max", "mean", "prod"])}(${of("N,3")}, axis = -1)`,
    (of, pick) => `${of("N")} ${pick(["+", "-", "*"])} ${of(pick(["N", ""]) as Shape)}`, // as above
    (of) => `${of("N,3")} @ ${of("3")}`,
    (of) => `sort(${of("N")})`,
    (of) => `softmax(${of("N")})`,
    (of) => `${of("N,3")}[:, 1]`,
    (of) => `f32(argmax(${of("N,3")}, axis = -1))`,
    (of) => `cross_entropy(${of("N,3")}, ids)`,
  ],
  "3": [
    (of, pick) => `${pick(["sum", "mean", "max", "min"])}(${of("N,3")}, axis = 0) * 0.2`,
    (of, pick) => `${of("3")} ${pick(["+", "-", "*"])} ${of("3")}`,
    (of) => `${of("N")} @ ${of("N,3")} / N`,
    (of, pick) => `${of("N,3")}[${pick(["0", "-1", "N - 1"])}]`,
    (of) => `f32(argmax(${of("N,3")}, axis = 0))`,
    (of) => `first(scan h = ${of("3")} for a in ${of("N,3")} { h <- tanh(h * a)  emit a })`,
  ],
  "3,3": [
    (of) => `(for [i, j] => sum[n](${of("N,3")}[n, i] * ${of("N,3")}[n, j])) / N`,
    (of) => `${of("3,3")} * 0.5 + ${of("3")}`,
    (of) => `mean(for [n, i, j] => ${of("N,3")}[n, i] * ${of("3,3")}[i, j], axis = 0)`,
  ],
  "": [
    (of, pick) => `${pick(["mean", "max", "min"])}(${of(pick(["N,3", "N", "3"]) as Shape)})`, // as above
    (of) => `sum(${of("N")}) / N`,
    (of) => `${of("N")}[-1] * 0.5`,
  ],
};

export function randomProgram(seed: number): string {
  const random = new Random(seed);
  const pick = <T>(choices: readonly T[]): T => random.pick(choices);
  const values: Record<Shape, string[]> = { "N,3": ["x"], N: ["y"], "3": ["b"], "3,3": ["w"], "": ["0.7"] };
  const lines: string[] = [];
  for (let i = 0; i < 8; i++) {
    const shape = pick<Shape>(["N,3", "N,3", "N,3", "N", "N", "3", "3,3", ""]);
    lines.push(`let v${i} = ${pick(makers[shape])((of) => pick(values[of]), pick)}`);
    values[shape].push(`v${i}`);
  }
  const terms = Object.values(values).flatMap((names) => names.slice(1).map((name) => `mean(${name})`));
  return `
    fn first[A, B](t: (A, B)) -> A { let (a, _) = t  return a }
    fn second[A, B](t: (A, B)) -> B { let (_, b) = t  return b }
    var w: f32[3, 3] = normal(0, 0.5)
    var b: f32[3] = [0.3, -0.2, 0.6]
    export train fn f[N](x: f32[N, 3], y: f32[N], ids: i32[N]) -> { loss: f32, rows: f32[N, 3], row: f32[N] } {
      ${lines.join("\n      ")}
      let loss = ${terms.join(" + ")} + sum(w * w) + sum(b * b)
      minimize loss over (w, b) with sgd(lr = 0.1)
      return { loss, rows: ${values["N,3"].at(-1)}, row: ${values.N.at(-1)} }
    }`;
}
