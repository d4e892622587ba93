/** A program, and what it uses, is watched: by each bundler in its own way. Vite's server is in test/browser. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rspack } from "@rspack/core";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { createServer } from "vite";
import webpack from "webpack";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unplugin } from "../../../targets/plugin/index.ts";

const folder = mkdtempSync(path.join(import.meta.dirname, "../../out-plugin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => path.join(folder, name);
const used = (factor: string): string => `fn scaled(x: f32[2]) -> f32[2] = ${factor} * x\n`;
const options = { cache: at("cache"), types: false };

beforeAll(() => {
  mkdirSync(at("parts"));
  writeFileSync(at("model.pull"), `use "parts/scale.pull"\nexport fn f(x: f32[2]) -> f32[2] = scaled(x)\n`);
  writeFileSync(at("parts/scale.pull"), used("2"));
  writeFileSync(at("main.js"), `import { create } from "./model.pull"; export const f = async () => [...(await (await create()).f([1, 2]))];`);
});

const packed = (bundler: typeof webpack | typeof rspack, plugin: object): Promise<readonly string[]> => new Promise((resolve, reject) => {
  const settings: object = { context: folder, mode: "development", entry: "./main.js", output: { path: at("dist") }, plugins: [plugin] };
  (bundler as typeof webpack)(settings, (error, stats) => (error || !stats ? reject(error) : resolve([...stats.compilation.fileDependencies]))); // both take these settings
});

describe("what is watched", () => {
  const files = () => [at("model.pull"), at(path.join("parts", "scale.pull"))];
  it("Rollup", async () => {
    const { watchFiles } = await rollup({ input: at("main.js"), plugins: [unplugin.rollup(options)] });
    expect(watchFiles).toEqual(expect.arrayContaining(files()));
  });
  it("webpack", async () => expect(await packed(webpack, unplugin.webpack(options))).toEqual(expect.arrayContaining(files())));
  it("Rspack", async () => expect(await packed(rspack, unplugin.rspack(options))).toEqual(expect.arrayContaining(files())));
  it("esbuild builds again, with the change", async () => {
    let built = (_code: string): void => {};
    const next = (): Promise<string> => new Promise((resolve) => { built = resolve; });
    const context = await esbuild.context({
      entryPoints: [at("main.js")], bundle: true, format: "esm", write: false, outdir: folder, platform: "node", logLevel: "silent",
      plugins: [unplugin.esbuild({ ...options, inline: true, target: "js" }), { name: "tell", setup: (build) => build.onEnd(({ outputFiles }) => built(outputFiles?.[0].text ?? "")) }],
    });
    try {
      const first = next();
      await context.watch();
      const before = await first;
      const second = next();
      writeFileSync(at("parts/scale.pull"), used("7"));
      const after = await second;
      const result = async (code: string): Promise<unknown> => (await import(`data:text/javascript,${encodeURIComponent(code)}`)).f();
      expect([await result(before), await result(after)]).toEqual([[2, 4], [7, 14]]);
    } finally {
      await context.dispose();
      writeFileSync(at("parts/scale.pull"), used("2"));
    }
  });
});

it("Vite's server gives server-side code a module that runs there", async () => {
  const server = await createServer({ root: folder, configFile: false, logLevel: "silent", appType: "custom", plugins: [unplugin.vite(options)], server: { middlewareMode: true, watch: null }, optimizeDeps: { noDiscovery: true } });
  try {
    const { f } = await server.ssrLoadModule("/main.js");
    expect(await f()).toEqual([2, 4]);
  } finally {
    await server.close();
  }
});
