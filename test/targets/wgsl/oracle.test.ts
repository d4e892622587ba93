/** The covered cases of the reference vectors on WGSL, within each case's tolerance. */
import { beforeAll, describe, expect, test } from "vitest";
import { covered } from "../../oracle/cases/index.ts";
import { argumentsOf, type CaseText, entryName, expected, moduleText } from "../../oracle/harness.ts";
import { differences, type OracleCase, readCases } from "../../oracle/vectors.ts";
import { adapter } from "./watched.ts";
import { compileForDevice, type DeviceRunner } from "./run.ts";

/** For a module on a busy machine, milliseconds. */
const compileTimeout = 120_000;
/** Cases of one module: many, since each module is compiled as a whole. */
const moduleSize = 64;

for (const [file, texts] of Object.entries(covered)) {
  const cases = readCases(file).filter(({ name }) => name in texts).map((of): readonly [OracleCase, CaseText] => [of, texts[of.name]]);
  for (let from = 0; from < cases.length; from += moduleSize) {
    const part = cases.slice(from, from + moduleSize);
    describe.skipIf(adapter === null)(`${file} ${from}.. on WGSL`, () => {
      let module: DeviceRunner;
      beforeAll(async () => {
        module = await compileForDevice(moduleText(part));
      }, compileTimeout);
      test.each(part)("$name", async (of, text) => {
        expect(differences(await module.call(entryName(of.name), argumentsOf(of, text)), expected(of, text), of.tolerance)).toEqual([]);
      });
    });
  }
}
