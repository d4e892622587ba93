/** Modules with a run-time length: the results of the module built for each length, whatever earlier calls have left behind. */
import { describe, expect, test } from "vitest";
import { build, type TargetName } from "../../targets/compile.ts";
import { instantiate } from "../../targets/index.ts";
import { programs } from "./programs.ts";
import { argumentsOf, bound, bounded, fixed, given, graphOf, numbersOf, poison } from "./support.ts";

const moduleOf = async (source: string, target: TargetName) => instantiate(await build(source, { file: "length.pull", targets: [target], selfTest: false }), { seed: 3 });

/** A sum over rows and columns at once goes in another order; all else has the same bits. */
const bandOf = (program: string): number => (program === "reductions" ? 2e-6 : 0);

describe.each(["js", "wasm"] as const)("on %s", (target) => {
  test.each(Object.entries(programs))("%s", async (name, source) => {
    const band = bandOf(name);
    const one = await moduleOf(bounded(source), target);
    const full = argumentsOf(graphOf(fixed(source, bound)));
    for (const n of [1, 3, bound]) {
      const other = await moduleOf(fixed(source, n), target);
      const args = argumentsOf(graphOf(fixed(source, n)));
      one.reset(3);
      one.f(...poison(full));
      one.reset(3);
      for (let call = 0; call < 2; call++) {
        const [left, right] = [numbersOf(one.f(...given(args))), numbersOf(other.f(...given(args)))];
        expect(left.length).toBe(right.length);
        left.forEach((value, i) => expect(Math.abs(value - right[i]), `n = ${n}, number ${i}`).toBeLessThanOrEqual(band * Math.max(1, Math.abs(right[i]))));
        for (const [path, parameter] of Object.entries(other.parameters)) {
          const mine = one.parameters[path].read();
          parameter.read().forEach((value, i) => expect(Math.abs(mine[i] - value), `n = ${n}, ${path}[${i}]`).toBeLessThanOrEqual(band * Math.max(1, Math.abs(value))));
        }
      }
    }
  });
});

test("sums long enough for vectors, panels and partials have the same bits, too", async () => {
  const program = (declared: string) => `
    ${declared}
    model Net(x: f32[...B, 64]) -> f32[...B, 10] { return x |> Linear[_, 96] |> relu |> Linear[_, 10] }
    var net = Net
    export train fn f[N](x: f32[N, 64], y: i32[N], lr: f32) -> f32 {
      let loss = mean(cross_entropy(net(x), y))
      minimize loss over net with adam(lr = lr)
      return loss
    }`;
  const one = await moduleOf(program("").replace(" f[N]", " f[N <= 256]"), "wasm");
  for (const n of [1, 37, 200]) {
    const source = program(`dim N = ${n}`).replace(" f[N]", " f");
    const other = await moduleOf(source, "wasm");
    const args = [...given(argumentsOf(graphOf(source))).slice(0, 2), 0.01];
    one.reset(3);
    for (let call = 0; call < 3; call++) expect(one.f(...args)).toBe(other.f(...args));
    for (const [path, parameter] of Object.entries(other.parameters)) expect(one.parameters[path].read(), path).toEqual(parameter.read());
  }
});
