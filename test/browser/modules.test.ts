/** Generated modules, and the compiler itself, in a real browser. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { esbuildLoaders } from "../../targets/package/loaders.mjs";
import { compile, instantiate } from "../../targets/index.ts";
import { launchBrowser, serve } from "./browser.ts";
import { trial, type Trial } from "./trial.mjs";

const browser: Browser | null = await launchBrowser();
const source = readFileSync(new URL("../../targets/cli/starter/model.pull", import.meta.url), "utf8");
const here = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

const worker = `
  import { create } from "./model.js";
  import { trial } from "./trial.mjs";
  postMessage(await trial(await create({ seed: 3 })));
`;
const page = `<!doctype html><meta charset="utf-8"><script type="importmap">{ "imports": { "binaryen": "/binaryen.js" } }</script>`;

describe.skipIf(browser === null)("in a browser", () => {
  let tab: Page;
  let close = () => {};
  let expected: Trial;
  const messages: string[] = [];

  beforeAll(async () => {
    const files = new Map<string, string | Uint8Array>();
    const both = await compile(source, { file: "model.pull", targets: ["wasm", "js"] });
    const inline = await compile(source, { file: "inline.pull", inline: true });
    for (const { name, contents } of [...both.files, ...inline.files]) files.set(name, contents);
    const bundle = await build({
      entryPoints: [new URL("../../targets/index.ts", import.meta.url).pathname], bundle: true, format: "esm", platform: "browser", target: "es2022",
      external: ["binaryen"], plugins: [esbuildLoaders()], write: false,
    });
    files.set("pullback.js", bundle.outputFiles[0].text);
    files.set("binaryen.js", readFileSync(createRequire(import.meta.url).resolve("binaryen")));
    files.set("trial.mjs", here("trial.mjs"));
    files.set("worker.js", worker);
    files.set("model.pull", source);
    files.set("index.html", page);
    expected = await trial(await instantiate(both, { seed: 3 }));
    const server = await serve(files);
    close = server.close;
    tab = await (browser as Browser).newPage(); // skipped without one
    tab.on("pageerror", (error) => messages.push(String(error)));
    await tab.goto(server.url);
  }, 60_000);
  afterAll(async () => {
    close();
    await browser?.close();
  });

  /** Runs a module's text in the page; its default export is the answer. */
  const inPage = (text: string): Promise<Trial> => tab.evaluate(`(async () => { ${text} })()`);

  it("a module trains to the same bits as in Node", async () => {
    expect(expected.selfTest).toMatchObject({ passed: true });
    expect(await inPage(`const { create } = await import("/model.js"); const { trial } = await import("/trial.mjs"); return trial(await create({ seed: 3 }));`)).toEqual(expected);
  });
  it("so do its JavaScript kernels, and WebAssembly that is inline or handed over", async () => {
    const given = (file: string, options: string) => inPage(`const { create } = await import("/${file}.js"); const { trial } = await import("/trial.mjs"); return trial(await create({ seed: 3, ${options} }));`);
    expect(await given("model", `target: "js"`)).toEqual(expected);
    expect(await given("inline", "")).toEqual(expected);
    expect(await given("model", `wasm: fetch("/model.wasm")`)).toEqual(expected);
    expect(await given("model", `wasm: "model.wasm"`)).toEqual(expected);
    expect(await given("model", `wasm: await WebAssembly.compileStreaming(fetch("/model.wasm"))`)).toEqual(expected);
    await expect(given("model", `wasm: "gone.wasm"`)).rejects.toThrow(/create: .*gone\.wasm cannot be loaded: 404/);
  });
  it("in a worker, too", async () => {
    expect(await inPage(`return new Promise((resolve, reject) => {
      const worker = new Worker("/worker.js", { type: "module" });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });`)).toEqual(expected);
  });
  it("a program is compiled in the page to the same bytes", async () => {
    const inBrowser: { names: string[]; script: string; wasm: number[]; trial: Trial; codes: string[] } = await tab.evaluate(`(async () => {
      const { compile, instantiate, check } = await import("/pullback.js");
      const { trial } = await import("/trial.mjs");
      const source = await (await fetch("/model.pull")).text();
      const result = await compile(source, { file: "model.pull", targets: ["wasm", "js"] });
      return {
        names: result.files.map(({ name }) => name), script: result.files[0].contents, wasm: [...result.files[2].contents],
        trial: await trial(await instantiate(result, { seed: 3 })), codes: check("export fn f() = y", { file: "f.pull" }).map(({ code }) => code),
      };
    })()`);
    const inNode = await compile(source, { file: "model.pull", targets: ["wasm", "js"] });
    expect(inBrowser.names).toEqual(["model.js", "model.d.ts", "model.wasm"]);
    expect(inBrowser.script).toBe(inNode.files[0].contents);
    expect(Uint8Array.from(inBrowser.wasm)).toEqual(new Uint8Array(inNode.files[2].contents as Uint8Array)); // the wasm file is bytes
    expect(inBrowser.trial).toEqual(expected);
    expect(inBrowser.codes).toEqual(["name"]);
    expect(messages).toEqual([]);
  });
});
