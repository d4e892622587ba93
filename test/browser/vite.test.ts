/** Vite's development server in a real browser: training, an edit that is swapped in place, a mistake in the overlay. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createServer, type ViteDevServer } from "vite";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unplugin } from "../../targets/plugin/index.ts";
import { launchBrowser } from "./browser.ts";

const browser: Browser | null = await launchBrowser();

const program = (hidden: number, factor: string): string => `use "layers.pull"
dim B = 4

var net = Net[${hidden}]

export train fn step(x: f32[B, 2], y: f32[B], lr: f32) -> f32 {
  let loss = mean((net(x) - y) ^ 2)
  minimize loss over net with sgd(lr = lr)
  return loss
}

export fn predict(x: f32[B, 2]) -> f32[B] = ${factor} * net(x)
`;
const layers = (activation: string): string => `model Net[H](x: f32[...N, 2]) -> f32[...N] {
  layer hidden = Linear[2, H]
  layer out = Linear[H, 1]
  return (x |> hidden |> ${activation} |> out)[..., 0]
}
`;
const script = `import { create } from "./model.pull";
import { create as createInWorker } from "./model.pull?worker";
const model = await create({ seed: 3 });
const x = new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), y = new Float32Array([0, 1, 1, 0]);
window.train = (steps) => { let loss; for (let i = 0; i < steps; i++) loss = model.step(x, y, 0.1); return loss; };
window.predict = () => [...model.predict(x)];
window.weight = (name) => [...model.parameters[name].read()];
window.inWorker = async () => {
  const client = await createInWorker({ seed: 3 });
  const losses = [await client.step(x, y, 0.1), await client.step(x, y, 0.1)];
  const refused = await client.step(x, y.slice(1), 0.1).catch((error) => error.name + ": " + error.message);
  client.terminate();
  return { losses, refused, shape: client.parameters["net.out.weight"].shape };
};
window.swaps = 0;
addEventListener("pullback:swap", () => { window.swaps++; });
window.ready = true;
`;

describe.skipIf(browser === null)("Vite's development server", () => {
  const project = mkdtempSync(path.join(import.meta.dirname, "../out-vite-"));
  const write = (name: string, text: string): void => writeFileSync(path.join(project, name), text);
  let server: ViteDevServer;
  let tab: Page;
  const messages: string[] = [];

  beforeAll(async () => {
    mkdirSync(path.join(project, "node_modules")); // the cache's place
    write("model.pull", program(3, "1"));
    write("layers.pull", layers("tanh"));
    write("main.js", script);
    write("index.html", `<!doctype html><meta charset="utf-8"><title>XOR</title><script type="module" src="/main.js"></script>`);
    server = await createServer({ root: project, configFile: false, logLevel: "silent", plugins: [unplugin.vite()], server: { port: 0, host: "127.0.0.1", watch: { usePolling: true, interval: 50 } }, optimizeDeps: { noDiscovery: true } });
    await server.listen();
    tab = await (browser as Browser).newPage(); // skipped without one
    tab.on("pageerror", (error) => messages.push(String(error)));
    await tab.goto(server.resolvedUrls?.local[0] ?? "");
    await tab.waitForFunction("window.ready");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(project, { recursive: true, force: true });
  });

  const swapped = (times: number) => tab.waitForFunction(`window.swaps === ${times}`, undefined, { timeout: 20_000 });

  it("trains in the page, and in a worker to the same losses", async () => {
    const { losses, refused, shape } = await tab.evaluate("inWorker()") as { losses: number[]; refused: string; shape: number[] };
    expect(await tab.evaluate("[train(1), train(1)]")).toEqual(losses);
    expect(losses[1]).toBeLessThan(losses[0]);
    expect(refused).toMatch(/^TypeError: step: argument 2 'y'.*f32\[B=4\]/);
    expect(shape).toEqual([3, 1]);
  });
  it("swaps an edited program in place and keeps all of the parameters while they are the same", async () => {
    await tab.evaluate("train(20)");
    const before = await tab.evaluate("predict()") as number[];
    const weights = await tab.evaluate(`weight("net.hidden.weight")`);
    write("model.pull", program(3, "2"));
    await swapped(1);
    expect(await tab.evaluate(`weight("net.hidden.weight")`)).toEqual(weights);
    expect(await tab.evaluate("predict()")).toEqual(before.map((value) => Math.fround(2 * value)));
  });
  it("keeps those that still fit when others change", async () => {
    const bias = await tab.evaluate(`weight("net.out.bias")`);
    write("model.pull", program(5, "2"));
    await swapped(2);
    expect(await tab.evaluate(`weight("net.hidden.weight")`)).toHaveLength(10);
    expect(await tab.evaluate(`weight("net.out.bias")`)).toEqual(bias);
    expect(await tab.evaluate("train(1)")).toBeGreaterThan(0);
  });
  it("follows a file that the program uses", async () => {
    const before = await tab.evaluate("predict()");
    write("layers.pull", layers("relu"));
    await swapped(3);
    expect(await tab.evaluate("predict()")).not.toEqual(before);
  });
  it("shows a mistake in the overlay with its place and frame, and goes on when it is mended", async () => {
    write("layers.pull", layers("rleu"));
    const overlay = tab.locator("vite-error-overlay");
    await overlay.waitFor({ state: "attached", timeout: 20_000 });
    const text = (part: string) => overlay.locator(part).first().textContent();
    expect(await text(".message-body")).toContain("'rleu'");
    expect(await text(".file")).toMatch(/layers\.pull:4:26/);
    expect(await text(".frame")).toContain("return (x |> hidden |> rleu |> out)[..., 0]");
    expect(await text(".frame")).toContain("help");
    write("layers.pull", layers("relu"));
    await overlay.waitFor({ state: "detached", timeout: 20_000 });
    expect(await tab.evaluate("train(1)")).toBeGreaterThan(0);
    expect(messages).toEqual([]);
  });
});
