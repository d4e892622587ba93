/** Types beside a program: literal shapes, a client of its worker, definitions that lead into the program. Builds by content. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { rollup } from "rollup";
import type typescript from "../../../node_modules/@arethetypeswrong/core/node_modules/typescript/lib/typescript.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unplugin } from "../../../targets/plugin/index.ts";

// The native compiler has no interface for programs; an earlier one comes with the checker of packages.
const require = createRequire(import.meta.resolve("@arethetypeswrong/core"));
const ts: typeof typescript = require("typescript");
const tsc = path.resolve("node_modules/typescript/bin/tsc");

const folder = mkdtempSync(path.join(import.meta.dirname, "../../out-plugin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => path.join(folder, name);
const write = (name: string, text: string): void => writeFileSync(at(name), text);
const read = (name: string): string => readFileSync(at(name), "utf8");

const program = `use "parts/layers.pull"

var net = Net

/// One step of gradient descent.
export train fn step(x: f32[4, 3], y: i32[4], lr: f32) -> f32 {
  let loss = mean(cross_entropy(net(x), y))
  minimize loss over net with sgd(lr = lr)
  return loss
}

export fn predict[N in {1, 4}](x: f32[N, 3]) -> f32[N, 2] = softmax(net(x))
`;
const layers = `model Net(x: f32[...N, 3]) -> f32[...N, 2] {
  layer out = Linear[3, 2]
  param scale: f32[2] = 1
  return out(x) * scale
}
`;

async function bundle(): Promise<{ bytes: Record<string, string | Uint8Array>; ms: number }> {
  const start = performance.now();
  const made = await rollup({ input: at("main.js"), plugins: [unplugin.rollup({ cache: at("cache") })] });
  const { output } = await made.generate({ format: "es" });
  return { bytes: Object.fromEntries(output.map((file) => [file.fileName, file.type === "asset" ? file.source : file.code])), ms: performance.now() - start };
}

let first: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  mkdirSync(at("parts"));
  write("model.pull", program);
  write("parts/layers.pull", layers);
  write("main.js", `import { create } from "./model.pull"; console.log(create);`);
  write("package.json", JSON.stringify({ name: "types-of-imports", type: "module", private: true }));
  mkdirSync(at("node_modules"));
  const client = readFileSync("targets/plugin/client.d.ts", "utf8");
  write("tsconfig.json", JSON.stringify({ compilerOptions: { target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2023", "dom"], strict: true, noEmit: true, skipLibCheck: false, allowArbitraryExtensions: true, types: [] } }));
  write("client.d.ts", client.replaceAll(`import("pullback").CreateOptions`, "{ readonly seed?: number; readonly wasm?: string }").replaceAll(`import("pullback").Instance`, "{ readonly [entry: string]: any }"));
  first = await bundle();
});

async function errorsOf(name: string, text: string): Promise<string> {
  write(name, text);
  try {
    await promisify(execFile)(process.execPath, [tsc, "-p", "."], { cwd: folder });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout; // of a process that ended with another code than 0
  } finally {
    rmSync(at(name));
  }
}

describe("types of an import", () => {
  it("are the model's: names, literal shapes, doc comments", async () => {
    expect(read("model.d.pull.ts")).toContain("/**\n   * One step of gradient descent.");
    expect(await errorsOf("right.ts", `
      import { create, type Model, type ModelInWorker, type ParameterName, type Tensor } from "./model.pull";
      import { create as createInWorker } from "./model.pull?worker";
      import url from "./model.pull?url";
      const model: Model = await create({ seed: 1, wasm: url });
      const loss: number = model.step(new Float32Array(12), [0, 1, 1, 0], 0.1);
      const x: Tensor<Float32Array, [4, 3]> = new Float32Array(12);
      const y: Tensor<Float32Array, [4, 2]> = model.predict(x);
      const shape: readonly [3, 2] = model.parameters["net.out.weight"].shape;
      const name: ParameterName = "net.scale";
      const client = await createInWorker<ModelInWorker>({ seed: 1 });
      const later: Promise<number> = client.step(x, [0, 1, 1, 0], 0.1);
      const weights: Promise<Float32Array> = client.parameters["net.out.weight"].read();
      client.terminate();
      export { loss, y, shape, name, later, weights };`)).toBe("");
  });
  it("refuse a wrong length, a wrong name, a wrong kind", async () => {
    const errors = await errorsOf("wrong.ts", `
      import { create, type Tensor } from "./model.pull";
      const model = await create();
      const short: Tensor<Float32Array, [3, 3]> = new Float32Array(9);
      model.step(short, [0, 1, 1, 0], 0.1);
      model.parameters["net.weight"];
      model.step(new Float64Array(12), [0, 1, 1, 0], 0.1);
      model.train();
      model.step(new Float32Array(12), [0, 1, 1], 0.1);
      const three: readonly [number, number, number] = [0, 1, 1];
      model.step(new Float32Array(12), three, 0.1);
      const labels: number[] = [0, 1, 1, 0];
      model.step(new Float32Array(12), labels, 0.1);
      model.step(new Float32Array(12), [0, 1, 1, 0], 0.1);
      const five: readonly [5] = model.parameters["net.scale"].shape;`);
    const lines = [...errors.matchAll(/^wrong\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    expect(lines).toEqual([5, 6, 7, 8, 9, 11, 15]);
  });
  it("lead to the program's lines", () => {
    const text = `import { create } from "./model.pull";\nconst model = await create();\nmodel.step([], [], 0);\nmodel.parameters["net.scale"];\n`;
    write("go.ts", text);
    const host: typescript.LanguageServiceHost = {
      getCompilationSettings: () => ({ module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, moduleResolution: ts.ModuleResolutionKind.Bundler, allowArbitraryExtensions: true, types: [] }),
      getScriptFileNames: () => [at("go.ts")],
      getScriptVersion: () => "1",
      getScriptSnapshot: (file) => (ts.sys.fileExists(file) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(file) ?? "") : undefined),
      getCurrentDirectory: () => folder,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
    };
    const service = ts.createLanguageService(host);
    const target = (word: string): string => {
      const [definition] = service.getDefinitionAtPosition(at("go.ts"), text.lastIndexOf(word) + 1) ?? [];
      // What editors' server does with each definition; its type keeps quiet about it.
      const mapper = (service as unknown as { getSourceMapper(): { tryGetSourcePosition(place: { fileName: string; pos: number }): { fileName: string; pos: number } | undefined } }).getSourceMapper();
      const place = mapper.tryGetSourcePosition({ fileName: definition.fileName, pos: definition.textSpan.start });
      return place ? `${path.relative(folder, place.fileName)}:${readFileSync(place.fileName, "utf8").slice(0, place.pos).split("\n").length}` : "nowhere";
    };
    expect(target("step")).toBe("model.pull:6");
    expect(target(`"net.scale"`)).toBe(path.join("parts", "layers.pull:3"));
    rmSync(at("go.ts"));
  });
});

it("an import with other options leaves the program's types alone", async () => {
  const before = read("model.d.pull.ts");
  write("device.js", `import { create } from "./model.pull?target=wgsl"; console.log(create);`);
  await (await rollup({ input: at("device.js"), plugins: [unplugin.rollup({ cache: false })] })).generate({ format: "es" });
  expect(read("model.d.pull.ts")).toBe(before);
});

describe("finished builds", () => {
  it("are kept by content, and are the same to the byte when made again", async () => {
    const again = await bundle();
    expect(again.bytes).toEqual(first.bytes);
    const kept = readdirSync(at("cache"));
    expect(kept).toHaveLength(1);
    rmSync(at("cache"), { recursive: true });
    expect((await bundle()).bytes).toEqual(first.bytes);
    expect(readdirSync(at("cache"))).toEqual(kept);
  });
  it("do not touch types that are the same", async () => {
    const { mtimeMs } = statSync(at("model.d.pull.ts"));
    await bundle();
    expect(statSync(at("model.d.pull.ts")).mtimeMs).toBe(mtimeMs);
  });
  it("count only while what was read is the same", async () => {
    write("parts/layers.pull", layers.replace("out(x) * scale", "out(x) + scale"));
    expect((await bundle()).bytes).not.toEqual(first.bytes);
    write("parts/layers.pull", layers);
    expect((await bundle()).bytes).toEqual(first.bytes);
  });
  it("are made again where a file of one is gone or cut", async () => {
    const [key] = readdirSync(at("cache"));
    writeFileSync(path.join(folder, "cache", key, "build.json"), "{");
    expect((await bundle()).bytes).toEqual(first.bytes);
    rmSync(path.join(folder, "cache", key, "model.js"));
    expect((await bundle()).bytes).toEqual(first.bytes);
  });
});
