/** The covered cases of the reference vectors: the f64 reference nearly exactly, wasm and js within each case's tolerance and equal. */
import { beforeAll, describe, expect, test } from "vitest";
import { covered } from "./cases/index.ts";
import { argumentsOf, type CaseText, compileModule, entryName, expected, moduleText } from "./harness.ts";
import { differences, exact, type OracleCase, readCases } from "./vectors.ts";

/** For a module on a busy machine, milliseconds. */
const compileTimeout = 120_000;
/** Cases of one module: many, since each module is compiled as a whole; not all, so that a broken one hides few others. */
const moduleSize = 32;

for (const [file, texts] of Object.entries(covered)) {
  const cases = readCases(file).filter(({ name }) => name in texts).map((of): readonly [OracleCase, CaseText] => [of, texts[of.name]]);
  for (let from = 0; from < cases.length; from += moduleSize) {
    const part = cases.slice(from, from + moduleSize);
    describe(`${file} ${from}..`, () => {
      let module: Awaited<ReturnType<typeof compileModule>>;
      beforeAll(async () => {
        module = await compileModule(moduleText(part));
      }, compileTimeout);
      test.each(part)("$name", (of, text) => {
        const name = entryName(of.name);
        const args = argumentsOf(of, text);
        const want = expected(of, text);
        const [reference, wasm, js] = [module.reference, module.wasm, module.js].map((runner) => runner.call(name, args));
        const found = {
          reference: differences(reference, want, exact),
          wasm: differences(wasm, want, of.tolerance),
          js: differences(js, want, of.tolerance),
        };
        expect(found).toEqual({ reference: [], wasm: [], js: [] });
        expect(js).toEqual(wasm); // in every bit
      });
    });
  }
}
