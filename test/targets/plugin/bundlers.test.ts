/** For each bundler a small project is built, and its bundle run in Node. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
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

const program = `use "layers.pull"
dim B = 2

var net = Net

export train fn step(x: f32[B, 3], y: f32[B]) -> f32 {
  let loss = mean((net(x) - y) ^ 2)
  minimize loss over net with sgd(lr = 0.01)
  return loss
}

export fn predict(x: f32[B, 3]) -> f32[B] = net(x)
`;
const layers = `model Net(x: f32[...N, 3]) -> f32[...N] {
  layer out = Linear[3, 1]
  return out(x)[..., 0]
}
`;
const main = (query: string): string => `import { create, signature } from "./model.pull${query}";
const model = await create({ seed: 3 });
const x = new Float32Array([1, 2, 3, 4, 5, 6]), y = new Float32Array([1, -1]);
const losses = [];
for (let i = 0; i < 3; i++) losses.push(await model.step(x, y));
console.log(JSON.stringify({ losses, signature, shape: model.parameters["net.out.weight"].shape }));
model.terminate?.();
`;

type Bundler = (project: string, out: string, options: PluginOptions) => Promise<void>;

function finished(resolve: () => void, reject: (error: Error) => void) {
  return (error: Error | null, stats?: { hasErrors(): boolean; toString(options: object): string }) =>
    error || stats?.hasErrors() ? reject(error ?? new Error(stats?.toString({ all: false, errors: true }))) : resolve();
}

const webpackSettings = (project: string, out: string) => ({
  context: project,
  mode: "production" as const,
  target: "node20" as const,
  devtool: false as const,
  entry: "./main.js",
  output: { path: out, filename: "main.mjs", module: true, chunkFormat: "module" as const },
});

const bundlers: Readonly<Record<string, Bundler>> = {
  async rollup(project, out, options) {
    const bundle = await rollup({ input: path.join(project, "main.js"), plugins: [unplugin.rollup(options)] });
    await bundle.write({ dir: out, format: "es", entryFileNames: "main.mjs" });
  },
  async rolldown(project, out, options) {
    const bundle = await rolldown({ input: path.join(project, "main.js"), plugins: [unplugin.rolldown(options)], platform: "node" });
    await bundle.write({ dir: out, format: "es", entryFileNames: "main.mjs" });
  },
  async vite(project, out, options) {
    await viteBuild({
      root: project, configFile: false, logLevel: "error", base: "./", plugins: [unplugin.vite(options)],
      build: { outDir: out, target: "esnext", modulePreload: false, rollupOptions: { input: path.join(project, "main.js"), output: { entryFileNames: "main.mjs" } } },
    });
  },
  async "vite, server-side"(project, out, options) {
    await viteBuild({
      root: project, configFile: false, logLevel: "error", plugins: [unplugin.vite(options)],
      build: { ssr: path.join(project, "main.js"), outDir: out, rollupOptions: { output: { entryFileNames: "main.mjs" } } },
    });
  },
  async esbuild(project, out, options) {
    await esbuild.build({ entryPoints: [path.join(project, "main.js")], outfile: path.join(out, "main.mjs"), bundle: true, format: "esm", platform: "node", logLevel: "silent", plugins: [unplugin.esbuild(options)] });
  },
  webpack: (project, out, options) => new Promise((resolve, reject) => {
    webpack({ ...webpackSettings(project, out), experiments: { outputModule: true }, plugins: [unplugin.webpack(options)] }, finished(resolve, reject));
  }),
  rspack: (project, out, options) => new Promise((resolve, reject) => {
    rspack({ ...webpackSettings(project, out), plugins: [unplugin.rspack(options)] }, finished(resolve, reject));
  }),
};

function projectOf(name: string, query: string, source = program): { project: string; out: string } {
  const project = path.join(folder, `${name.replace(/\W/g, "-")}-${query.replace(/\W/g, "-")}`);
  mkdirSync(project, { recursive: true });
  writeFileSync(path.join(project, "main.js"), main(query));
  writeFileSync(path.join(project, "model.pull"), source);
  writeFileSync(path.join(project, "layers.pull"), layers);
  return { project, out: path.join(project, "dist") };
}

const filesUnder = (out: string): string[] => readdirSync(out, { recursive: true, encoding: "utf8" });

async function outputOf(out: string): Promise<{ losses: number[]; signature: string; shape: number[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(out, "main.mjs")], { timeout: 20_000 });
  return JSON.parse(stdout);
}

describe.each(Object.entries(bundlers))("%s", (name, bundle) => {
  it.each(["", "?inline", "?target=js", "?simd=false", "?worker"])("builds and runs ./model.pull%s", async (query) => {
    const { project, out } = projectOf(name, query);
    await bundle(project, out, { cache: path.join(folder, "cache"), types: false });
    const { losses, signature, shape } = await outputOf(out);
    expect(losses[2]).toBeLessThan(losses[0]);
    expect(signature).toMatch(/^\w{8,}$/);
    expect(shape).toEqual([3, 1]);
    const assets = filesUnder(out).filter((file) => file.endsWith(".wasm"));
    const beside = query === "" || query === "?simd=false";
    expect(assets).toHaveLength(beside && name !== "vite, server-side" ? 1 : 0);
  });
});

describe("a worker", () => {
  it("asks for the host's functions, and hands on what they and the module refuse", async () => {
    const { project, out } = projectOf("externs", "?worker", `extern fn reward(action: i32) -> f32\nvar total = 0.0\nexport train fn play(action: i32) -> f32 {\n  total <- total + reward(action)\n  return total\n}\n`);
    writeFileSync(path.join(project, "main.js"), `import { create } from "./model.pull?worker";
const model = await create({ externs: { reward: async (action) => { if (action === 7) throw new RangeError("no such arm"); return action / 2; } } });
const refusal = (call) => call.then(() => "none", ({ name, message }) => name + ": " + message);
const totals = await Promise.all([1, 2, 3].map((action) => model.play(action)));
const refused = [await refusal(model.play(7)), await refusal(model.play("x"))];
totals.push(await model.play(0));
model.terminate();
console.log(JSON.stringify({ totals, refused, ended: await refusal(model.play(1)) }));
`);
    await bundlers.esbuild(project, out, { cache: path.join(folder, "cache"), types: false });
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(out, "main.mjs")], { timeout: 20_000 });
    expect(JSON.parse(stdout)).toEqual({
      totals: [0.5, 1.5, 3, 3],
      refused: ["RangeError: no such arm", "TypeError: play: argument 1 'action' must be a whole number (i32), found string x"],
      ended: "Error: the worker was terminated",
    });
  });
});
