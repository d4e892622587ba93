/** Thirty steps of every optimizer, by calls of a train entry. */
import { beforeAll, describe, expect, test } from "vitest";
import { optim, optimModule, parametersOf } from "./cases/optim.ts";
import { compileModule, type Runner } from "./harness.ts";
import { differences, exact, type OracleCase, readCases, type Tensors } from "./vectors.ts";

const cases = readCases("optim");
const steps = 30;
/** For a module on a busy machine, milliseconds. */
const compileTimeout = 120_000;

/** Runs a case; the results under the names of its data. */
function train(module: Runner, { name, inputs }: OracleCase): ReadonlyMap<string, ArrayLike<number>> {
  const parameters = parametersOf(name);
  const data = Object.keys(inputs).filter((input) => !parameters.includes(input)).map((input) => inputs[input].data);
  module.call(`start_${name}`, parameters.map((parameter) => inputs[parameter].data));
  const results = new Map<string, ArrayLike<number>>();
  const series: Record<string, number[]> = {};
  for (let step = 0; step <= steps; step++) {
    if ([1, 2, 10, 30].includes(step)) for (const [parameter, value] of module.call(`read_${name}`, [])) {
      results.set(parameter.endsWith("_average") ? parameter : `${parameter}_after_${step}`, Array.from(value));
    }
    for (const [field, value] of module.call(`step_${name}`, data)) {
      if (!field.startsWith("g_")) (series[field] ??= []).push(value[0]);
      else if (step === 0) results.set(field, Array.from(value));
    }
  }
  for (const [field, values] of Object.entries(series)) results.set(field, field === "loss" ? values : values.slice(0, steps));
  return results;
}

const wanted = ({ outputs, gradients }: OracleCase): Tensors =>
  ({ ...outputs, ...Object.fromEntries(Object.entries(gradients ?? {}).map(([name, value]) => [`g_${name}`, value])) });

describe.each(["_lsq", "_mlp"])("optim%s", (problem) => {
  const part = cases.filter(({ name }) => name.endsWith(problem) && name in optim);
  let module: Awaited<ReturnType<typeof compileModule>>;
  beforeAll(async () => {
    module = await compileModule(optimModule(part.map(({ name }) => name)));
  }, compileTimeout);
  test.each(part)("$name", (of) => {
    const [reference, wasm, js] = [module.reference, module.wasm, module.js].map((runner) => train(runner, of));
    const found = {
      reference: differences(reference, wanted(of), exact),
      wasm: differences(wasm, wanted(of), of.tolerance),
      js: differences(js, wanted(of), of.tolerance),
    };
    expect(found).toEqual({ reference: [], wasm: [], js: [] });
    expect(js).toEqual(wasm); // in every bit
  });
});
