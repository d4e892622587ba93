/** What npm packs, installed in an empty folder: the command, the library, a plugin; and what linters of packages say of it. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { line } from "../../cli/command.ts";

const run = promisify(execFile);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const packed = path.resolve("test/out/tarball");
const tarball = path.join(packed, `${manifest.name}-${manifest.version}.tgz`);
const empty = mkdtempSync(path.join(tmpdir(), "pullback-"));
afterAll(() => rmSync(empty, { recursive: true, force: true }));

beforeAll(async () => {
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed, { recursive: true });
  await run(process.execPath, ["targets/package/build.mjs", path.join(packed, "dist")]);
  for (const name of ["package.json", "README.md", "LICENSE", "grammar"]) cpSync(name, path.join(packed, name), { recursive: true });
  await run(npm, ["pack", "--ignore-scripts"], { cwd: packed });
}, 120_000);

describe("the tarball", () => {
  it("has nothing that linters of packages complain of", async () => {
    const { messages } = await publint({ pkgDir: packed, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
    const { types, problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball)))) as { types: unknown; problems: { kind: string; resolutionKind?: string }[] }; // it has types
    expect(types).toMatchObject({ kind: "included" });
    // An ES module cannot be required by CommonJS, nor be found by the resolution of Node 10: both are older than what it runs on.
    expect(problems.filter(({ kind, resolutionKind }) => kind !== "CJSResolvesToESM" && resolutionKind !== "node10")).toEqual([]);
  });
  it("installs in an empty folder and works there", async () => {
    writeFileSync(path.join(empty, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
    await run(npm, ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], { cwd: empty });
    writeFileSync(path.join(empty, "line.pull"), line);
    const command = path.join(empty, "node_modules", ".bin", "pullback");
    expect((await run(command, ["build", "line.pull"], { cwd: empty })).stdout).toContain("3 parameters");
    writeFileSync(path.join(empty, "main.mjs"), `import { create } from "./line.pull"; const line = await create(); console.log(line.predict([1, 2, 3]).length);`);
    writeFileSync(path.join(empty, "bundle.mjs"), `
      import { compile } from "pullback";
      import pullback from "pullback/esbuild";
      import { build } from ${JSON.stringify(import.meta.resolve("esbuild"))};
      const { diagnostics } = await compile("", { file: "empty.pull" });
      await build({ entryPoints: ["main.mjs"], outdir: "out", outExtension: { ".js": ".mjs" }, bundle: true, format: "esm", platform: "node", plugins: [pullback()] });
      console.log(diagnostics.length);`);
    expect((await run(process.execPath, ["bundle.mjs"], { cwd: empty })).stdout).toMatch(/^\d+\n$/);
    rmSync(path.join(empty, "node_modules"), { recursive: true }); // what was built needs none of it
    expect((await run(process.execPath, ["out/main.mjs"], { cwd: empty })).stdout).toBe("1\n");
  }, 120_000);
});
