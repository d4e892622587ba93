/** The programs of the grammar's tests: what compiles for wasm does for a device, which takes the shaders and passes the module's own test. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../../compiler/index.ts";
import { build } from "../../../targets/compile.ts";
import { openModule } from "./modules.ts";
import { adapter } from "./watched.ts";

const folder = new URL("../../grammar/programs/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const names = readdirSync(folder).filter((file) => file.endsWith(".pull"));
const read = (file: string): string | undefined => (names.includes(file) ? text(file) : undefined);
const isWhole = (file: string): boolean => check(text(file), { file, read }).graph !== null;

describe.skipIf(adapter === null)("programs on WGSL", () => {
  const whole = names.filter(isWhole);
  test("are most of all programs", () => expect(whole.length).toBeGreaterThan(15));

  test.each(whole)("%s", async (file) => {
    const source = text(file);
    const onWasm = await build(source, { file, read, targets: ["wasm"], selfTest: false });
    const onDevice = await build(source, { file, read, targets: ["wgsl"] });
    if (onWasm.files.length === 0) { // a proof about the plan that does not hold
      return expect(onDevice.files.length).toBe(0);
    }
    expect(onDevice.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const externs = Object.fromEntries((onDevice.program?.externs ?? []).map(({ name }) => [name, () => 0]));
    const gpu = await openModule(onDevice, { externs });
    if (gpu.selfTest !== undefined) expect(await gpu.selfTest()).toMatchObject({ passed: true });
  }, 120_000);
});
