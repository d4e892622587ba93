/** What npm installs: the command, the library and its types, built as `prepare` builds them. */
import { execFile, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { line } from "../../cli/command.ts";

const run = promisify(execFile);
// Inside of the project, so that binaryen is found as it is beside an installed package.
const out = path.resolve("test/out/package");
const tsc = path.resolve("node_modules/typescript/bin/tsc");

beforeAll(async () => {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await run(process.execPath, ["targets/package/build.mjs", path.join(out, "dist")]);
  const { name, type, exports } = JSON.parse(readFileSync("package.json", "utf8"));
  writeFileSync(path.join(out, "package.json"), JSON.stringify({ name, type, exports })); // so that it imports itself by name
  writeFileSync(path.join(out, "line.pull"), line);
}, 60_000);

describe("the package", () => {
  it("has a command that builds a module which learns", async () => {
    const { stdout } = await run(process.execPath, ["dist/cli.js", "build", "line.pull", "--target", "wasm,js"], { cwd: out });
    expect(stdout).toContain("3 parameters");
    expect(readFileSync(path.join(out, "dist/cli.js"), "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
    writeFileSync(path.join(out, "use.mjs"), `
      import { create } from "./line.js";
      const losses = [];
      for (const target of ["wasm", "js"]) {
        const line = await create({ target });
        for (let i = 0; i < 50; i++) line.step([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1], [1, 2, 3, 6], 0.3);
        losses.push(line.step([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1], [1, 2, 3, 6], 0.3).loss, line.selfTest().passed);
      }
      console.log(JSON.stringify(losses));`);
    const [wasm, passed, js, passedToo] = JSON.parse((await run(process.execPath, ["use.mjs"], { cwd: out })).stdout);
    expect(wasm).toBeLessThan(1e-2);
    expect([passed, js, passedToo]).toEqual([true, wasm, true]);
  });
  it("ends quietly when its reader has seen enough", async () => {
    const command = spawn(process.execPath, ["dist/cli.js", "build", "line.pull", "--emit", "wat"], { cwd: out });
    command.stdout.destroy();
    let said = "";
    command.stderr.on("data", (text) => { said += text; });
    const code = await new Promise((resolve) => command.on("close", resolve));
    expect([code, said]).toEqual([0, ""]);
  });
  it("has a library that compiles and loads", async () => {
    writeFileSync(path.join(out, "library.mjs"), `
      import { readFileSync } from "node:fs";
      import { check, compile, format, instantiate } from "pullback";
      const source = readFileSync("line.pull", "utf8");
      const line = await instantiate(await compile(source, { file: "line.pull", dims: { B: 2 } }));
      const broken = await compile("fn f( = 1", { file: "f.pull" });
      console.log(JSON.stringify([line.predict([1, 2, 3]).length, check(source, { file: "line.pull" }).length, format(source).text === source, broken.files.length, broken.diagnostics[0].code, await instantiate(broken).catch(() => "refused")]));`);
    const { stdout } = await run(process.execPath, ["library.mjs"], { cwd: out });
    expect(JSON.parse(stdout)).toEqual([1, 0, true, 0, "syntax", "refused"]);
  });
  it("has types for the library and for what it builds", async () => {
    writeFileSync(path.join(out, "right.ts"), `
      import { compile, type Diagnostic, instantiate } from "pullback";
      import { create, type Line, type ParameterName } from "./line.js";
      const { diagnostics, files } = await compile("", { file: "a.pull", targets: ["wasm"], dims: { B: 3 } });
      const first: Diagnostic | undefined = diagnostics[0];
      const text: string | Uint8Array = files[0].contents;
      const line: Line = await create({ seed: 1 });
      const { loss }: { loss: number } = line.step(new Float32Array(12), [1, 2, 3, 4], 0.1);
      const name: ParameterName = "w";
      const row: Float32Array = line.predict(new Float32Array(3));
      const shape: readonly [3] = line.parameters.w.shape;
      line.load(line.save());
      export { first, text, loss, name, row, shape, instantiate };`);
    writeFileSync(path.join(out, "wrong.ts"), `
      import { compile } from "pullback"; import { create } from "./line.js";
      const line = await create();
      line.step(new Float64Array(12), [1], 0.1);
      line.step(new Float32Array(12), [1]);
      line.parameters["v"];
      line.predict(new Float32Array(3), { out: new Int32Array(1) });
      compile("", { targets: ["metal"] });`);
    const options = "--ignoreConfig --noEmit --strict --target es2022 --module esnext --moduleResolution bundler --lib es2023,dom".split(" ");
    const check = (file: string) => run(process.execPath, [tsc, ...options, file], { cwd: out });
    expect((await check("right.ts")).stdout).toBe("");
    const errors: string = await check("wrong.ts").then(() => "", ({ stdout }) => stdout);
    expect(errors.match(/^wrong\.ts\(\d+/gm)).toEqual(["wrong.ts(4", "wrong.ts(5", "wrong.ts(6", "wrong.ts(7", "wrong.ts(8"]);
  });
});
