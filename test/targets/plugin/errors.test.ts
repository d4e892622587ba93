/** What is wrong is said in each bundler's own form, with the program's place, and never as a stack trace of the plugin. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rspack } from "@rspack/core";
import * as esbuild from "esbuild";
import { rolldown } from "rolldown";
import { rollup } from "rollup";
import { build as viteBuild } from "vite";
import webpack from "webpack";
import { afterAll, describe, expect, it } from "vitest";
import { type PluginOptions, unplugin } from "../../../targets/plugin/index.ts";

const folder = mkdtempSync(path.join(import.meta.dirname, "../../out-plugin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const right = "export fn twice(x: f32[2]) -> f32[2] = 2 * x\n";
const wrong = "export fn twice(x: f32[2]) -> f32[2] = 2 * z\n\nexport fn thrice(x: f32[2]) -> f32[3] = 3 * x\n";

function project(name: string, files: Readonly<Record<string, string>>): string {
  const at = path.join(folder, name.replace(/\W+/g, "-"));
  mkdirSync(at, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(at, file), text);
  return at;
}

/** The failure of a build as its users see it: all texts of the error. */
type Failure = (root: string, options?: PluginOptions) => Promise<string>;

const textOf = (error: unknown): string => {
  const { message = "", frame = "", loc, id = "", errors = [] } = error as { message?: string; frame?: string; loc?: { file?: string; line: number; column: number }; id?: string; errors?: { frame?: string; message?: string; loc?: { line: number; column: number } }[] };
  return [message, id, frame, loc && `${loc.file}:${loc.line}:${loc.column}`, ...errors.map((inner) => `${inner.message}\n${inner.frame}`)].join("\n");
};

async function failureOf(build: () => Promise<unknown>): Promise<string> {
  try {
    await build();
  } catch (error) {
    return textOf(error);
  }
  return "no failure";
}

const packed = (bundler: typeof webpack | typeof rspack, plugin: object, root: string): Promise<string> => new Promise((resolve) => {
  const settings: object = { context: root, mode: "production", entry: "./main.js", output: { path: path.join(root, "dist") }, plugins: [plugin] };
  (bundler as typeof webpack)(settings, (error, stats) => resolve(error ? String(error) : (stats?.toString({ all: false, errors: true, errorStack: true, colors: false }) ?? ""))); // both take these settings
});

const bundlers: Readonly<Record<string, Failure>> = {
  rollup: (root, options) => failureOf(() => rollup({ input: path.join(root, "main.js"), plugins: [unplugin.rollup(options)] })),
  rolldown: (root, options) => failureOf(async () => (await rolldown({ input: path.join(root, "main.js"), plugins: [unplugin.rolldown(options)] })).generate()),
  vite: (root, options) => failureOf(() => viteBuild({ root, configFile: false, logLevel: "silent", plugins: [unplugin.vite(options)], build: { rollupOptions: { input: path.join(root, "main.js") } } })),
  esbuild: (root, options) => failureOf(async () => {
    try {
      await esbuild.build({ entryPoints: [path.join(root, "main.js")], bundle: true, format: "esm", write: false, outdir: root, absWorkingDir: root, logLevel: "silent", plugins: [unplugin.esbuild(options)] });
    } catch (error) {
      throw new Error((await esbuild.formatMessages((error as esbuild.BuildFailure).errors, { kind: "error" })).join("\n")); // its only failure
    }
  }),
  webpack: (root, options) => packed(webpack, unplugin.webpack(options), root),
  rspack: (root, options) => packed(rspack, unplugin.rspack(options), root),
};

const traces = /\n\s+at .*(?:targets[/\\]plugin|compiler[/\\])/;

describe.each(Object.entries(bundlers))("%s", (name, failure) => {
  it("shows the places and frames of a wrong program", async () => {
    const text = await failure(project(`${name}-wrong`, { "main.js": `import * as model from "./model.pull"; console.log(model);`, "model.pull": wrong }), { cache: false, types: false });
    expect(text).toContain("model.pull");
    expect(text).toContain("'z'");
    expect(text).toContain("export fn twice(x: f32[2]) -> f32[2] = 2 * z");
    expect(text).toContain("export fn thrice(x: f32[2]) -> f32[3] = 3 * x"); // all errors in one run
    expect(text).toMatch(/model\.pull:1:4[34]/);
    expect(text).not.toMatch(traces);
  });
  it("says which part of a query means nothing", async () => {
    const text = await failure(project(`${name}-query`, { "main.js": `import * as model from "./model.pull?wroker"; console.log(model);`, "model.pull": right }), { cache: false, types: false });
    expect(text).toContain("'?wroker' means nothing: an import may say ?inline, ?url, ?worker");
    expect(text).not.toMatch(traces);
  });
  it("says what a target may be", async () => {
    const text = await failure(project(`${name}-target`, { "main.js": `import * as model from "./model.pull?target=cuda"; console.log(model);`, "model.pull": right }), { cache: false, types: false });
    expect(text).toContain(`option 'target' is ["cuda"]: it must be one or several of "wasm", "js", "wgsl"`);
    expect(text).not.toMatch(traces);
  });
  it("refuses the URL of what has none", async () => {
    const text = await failure(project(`${name}-url`, { "main.js": `import * as model from "./model.pull?url&target=js"; console.log(model);`, "model.pull": right }), { cache: false, types: false });
    expect(text).toContain("?url gives the URL of the WebAssembly, and this build has none of its own");
  });
  it("names a file that is not there", async () => {
    const text = await failure(project(`${name}-missing`, { "main.js": `import * as model from "./absent.pull"; console.log(model);` }), { cache: false, types: false });
    expect(text).toContain("absent.pull");
    expect(text).not.toMatch(traces);
  });
});

describe("options", () => {
  it.each([
    [{ targets: "wasm" }, "there is no option 'targets': there are target, dims, seed, memory, fastMath, simd, inline, types, cache"],
    [{ target: [] }, "option 'target' is []: it must be one or several of"],
    [{ dims: { B: 0 } }, `option 'dims' is {"B":0}: it must be an object of whole numbers above 0, as { B: 64 }`],
    [{ memory: "4M" }, `option 'memory' is "4M": it must be a number of bytes`],
    [{ cache: true }, "option 'cache' is true: it must be a folder, or false"],
  ])("%j", (options, message) => {
    expect(() => unplugin.vite(options as PluginOptions)).toThrow(message); // wrong on purpose
  });
});
