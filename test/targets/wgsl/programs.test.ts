/** The programs of the grammar's tests: what compiles for a processor does for a device, which takes the shaders and passes the module's own test. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { build } from "../../../targets/compile.ts";
import { openModule } from "./modules.ts";
import { adapter } from "./watched.ts";

const folder = new URL("../../grammar/programs/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const names = readdirSync(folder).filter((file) => file.endsWith(".pull"));
const read = (file: string): string | undefined => (names.includes(file) ? text(file) : undefined);

describe.skipIf(adapter === null)("programs on WGSL", () => {
  let whole = 0;
  test.each(names)("%s", async (file) => {
    const built = await build(text(file), { file, read, targets: ["js", "wgsl"] });
    if (built.files.length === 0) { // what it needs is not there, for no target
      return expect((await build(text(file), { file, read, targets: ["js"], selfTest: false })).files).toEqual([]);
    }
    whole++;
    const externs = Object.fromEntries((built.program?.externs ?? []).map(({ name }) => [name, () => 0]));
    const gpu = await openModule(built, { externs });
    if (gpu.selfTest !== undefined) expect(await gpu.selfTest()).toMatchObject({ passed: true });
  }, 120_000);

  test("most of them are compiled", () => expect(whole).toBeGreaterThan(15));
});
