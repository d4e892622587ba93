/** samples/page, built and opened in a real browser: it learns, is taught, switches, keeps weights, and works offline. `test/out/page-*.png` show it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { build, mergeConfig, preview, type PreviewServer } from "vite";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import config from "../../samples/page/vite.config.js";
import { launchBrowser, webgpuFlags } from "./browser.ts";

const browser: Browser | null = await launchBrowser(webgpuFlags);
const root = new URL("../../samples/page", import.meta.url).pathname;
const out = mkdtempSync(path.join(import.meta.dirname, "../out-page-"));
const inOut = { configFile: false as const, root, logLevel: "silent" as const, build: { outDir: out } };
afterAll(() => {
  rmSync(out, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

beforeAll(async () => {
  mkdirSync("test/out", { recursive: true });
  vi.stubEnv("NODE_ENV", "production"); // else Vite makes a page for tests
  await build(mergeConfig(config, inOut));
}, 120_000);

const names = (): string[] => readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(out, path.join(entry.parentPath, entry.name)));
/** The module with shaders, which is fetched when WebGPU is chosen. */
const isLater = (name: string): boolean => name.endsWith(".js") && readFileSync(path.join(out, name), "utf8").includes("@compute");

it("is at most 60 kB to download", () => {
  const size = (name: string): number => gzipSync(readFileSync(path.join(out, name)), { level: 9 }).length;
  const sizes = names().map((name) => [name, size(name), isLater(name)] as const);
  if (process.env.FIGURES) console.log(sizes);
  const first = sizes.filter(([, , later]) => !later);
  expect(sizes.length - first.length).toBe(1);
  expect(first.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeLessThanOrEqual(60_000);
});

it("keeps for offline use what it downloads first, and nothing else", () => {
  const kept: string[] = JSON.parse(/^const files = (.*);$/m.exec(readFileSync(path.join(out, "offline.js"), "utf8"))?.[1] ?? "[]");
  expect(kept.sort()).toEqual(["./", ...names().filter((name) => !isLater(name) && name !== "index.html" && name !== "offline.js")].sort());
});

describe.skipIf(browser === null)("the page", () => {
  let server: PreviewServer;
  let context: BrowserContext;
  let page: Page;
  let url: string;
  const messages: string[] = [];

  async function open(size: { width: number; height: number }, options: object = {}): Promise<Page> {
    context = await (browser as Browser).newContext({ viewport: size, ...options }); // skipped without one
    const opened = await context.newPage();
    opened.on("pageerror", (error) => messages.push(String(error)));
    opened.on("console", (message) => { if (message.type() === "error") messages.push(message.text()); });
    await opened.goto(url);
    await opened.locator("#train:enabled").waitFor();
    return opened;
  }
  const text = (id: string): Promise<string> => page.evaluate(`document.getElementById("${id}").textContent`);
  const score = async (): Promise<number> => Number.parseInt(await text("score"), 10);
  const scoreReaches = (part: number) => page.waitForFunction(`parseInt(document.getElementById("score").textContent) >= ${part}`, undefined, { timeout: 40_000 });
  /** For the README: what a method has reached. */
  async function figure(method: string): Promise<void> {
    if (process.env.FIGURES) console.log(`${method}: ${await text("score")} of the unseen digits ${await text("steps")}`);
  }
  const answer = (): Promise<string> => page.evaluate(`document.getElementById("answer").value`);
  /** How many pixels of a canvas are painted, and a sum over what they are: the same for equal pictures. */
  const picture = (id: string): Promise<{ painted: number; sum: number }> => page.evaluate(`(() => {
    const canvas = document.getElementById("${id}");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return { painted: data.filter((value, i) => i % 4 === 3 && value > 0).length, sum: data.reduce((sum, value, i) => (31 * sum + value) % 1000003, 7) };
  })()`);
  const choose = (kind: "methods" | "backends", value: string) => page.locator(`input[name=${kind}][value=${value}]`).check();

  /** Draws with the mouse: points are 0..1 on the board. */
  async function draw(points: readonly (readonly [number, number])[]): Promise<void> {
    await page.locator("#pad").scrollIntoViewIfNeeded();
    const box = await page.locator("#pad").boundingBox();
    if (!box) throw new Error("the board is not shown");
    const [[x, y], ...rest] = points.map(([right, down]) => [box.x + right * box.width, box.y + down * box.height]);
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (const [right, down] of rest) await page.mouse.move(right, down, { steps: 4 });
    await page.mouse.up();
  }
  const ring = Array.from({ length: 25 }, (_, i) => [0.5 + 0.22 * Math.sin(i / 4), 0.5 - 0.35 * Math.cos(i / 4)] as const);

  beforeAll(async () => {
    server = await preview({ ...mergeConfig(config, inOut), preview: { port: 0, host: "127.0.0.1" } });
    url = server.resolvedUrls?.local[0] ?? "";
    page = await open({ width: 1280, height: 900 });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  it("learns by backpropagation while the curve, the filters and the answer's reasons change", async () => {
    const before = [await picture("curve"), await picture("filters"), await picture("why")];
    expect(await score()).toBeLessThan(40);
    await page.click("#train");
    await scoreReaches(90);
    await page.waitForFunction(`document.getElementById("steps").textContent.match(/\\d+/) >= 300`);
    await page.click("#train");
    await page.getByRole("button", { name: "Go on" }).waitFor();
    await figure("backpropagation");
    const after = [await picture("curve"), await picture("filters"), await picture("why")];
    before.forEach(({ sum }, i) => expect(after[i].sum).not.toBe(sum));
    expect(after[0].painted).toBeGreaterThan(before[0].painted);
    await page.screenshot({ path: "test/out/page-wide.png", fullPage: true });
  });

  it("reads what is drawn, by mouse and by keys", async () => {
    await draw(ring);
    expect(await answer()).toBe("0");
    await page.screenshot({ path: "test/out/page-drawn.png", fullPage: true });
    await page.locator("#pad").focus();
    await page.keyboard.press("Delete");
    expect(await answer()).toBe("nothing yet");
    await page.keyboard.press("Space");
    for (let i = 0; i < 9; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Space");
    expect(await answer()).toBe("1");
  });

  it("learns a drawing with the label that the visitor gives it", async () => {
    await page.click("#clear");
    await draw([[0.2, 0.2], [0.8, 0.8]]);
    await draw([[0.8, 0.2], [0.2, 0.8]]);
    await page.getByRole("button", { name: "Teach that it is a 4" }).press("Enter");
    await page.locator("#status").getByText("It has learned that this is a 4, and says 4 now.").waitFor();
    expect(await score()).toBeGreaterThanOrEqual(85);
  });

  it.each([["feedback", 88], ["forward", 88]])("has a net of its own that learns by %s", async (method, wanted) => {
    const filters = await picture("filters");
    await choose("methods", method);
    await page.getByRole("button", { name: "Start learning" }).waitFor();
    expect((await picture("filters")).sum).not.toBe(filters.sum);
    expect(await score()).toBeLessThan(40);
    await page.click("#train");
    await scoreReaches(wanted);
    await page.waitForFunction(`document.getElementById("steps").textContent.match(/\\d+/) >= 300`);
    await page.click("#train");
    await page.getByRole("button", { name: "Go on" }).waitFor();
    await figure(method);
    await page.click("#clear");
    await draw(ring);
    await page.screenshot({ path: `test/out/page-${method}.png`, fullPage: true });
  });

  it("saves weights and loads them again, and says what is wrong with another file", async () => {
    const trained = await score();
    const saved = page.waitForEvent("download");
    await page.click("#save");
    const file = await saved;
    expect(file.suggestedFilename()).toBe("digits-forward.safetensors");
    const bytes = readFileSync(await file.path());
    await page.click("#reset");
    await page.locator("#status").getByText("It has forgotten everything.").waitFor();
    expect(await score()).toBeLessThan(40);
    await page.setInputFiles("#file", { name: "mine.safetensors", mimeType: "application/octet-stream", buffer: bytes });
    await page.locator("#status").getByText("Loaded mine.safetensors.").waitFor();
    expect(await score()).toBe(trained);
    await page.setInputFiles("#file", { name: "photo.jpg", mimeType: "image/jpeg", buffer: Buffer.from("not weights") });
    await page.locator("#status.wrong").waitFor();
    expect(await text("status")).toMatch(/^This file cannot be loaded: not a whole safetensors file/);
    expect(await score()).toBe(trained);
  });

  it("goes on by WebGPU with what was learned, or says why not", async () => {
    await choose("methods", "backpropagation");
    const trained = await score();
    await choose("backends", "webgpu");
    const told = page.locator("#status");
    await page.waitForFunction(`document.getElementById("status").textContent.includes("WebGPU")`, undefined, { timeout: 50_000 });
    const there = !(await told.getAttribute("class"))?.includes("wrong");
    if (!there) {
      process.stderr.write(`\n*** NO WEBGPU: ${await told.textContent()} ***\n`);
      expect(await page.locator("input[value=wasm]").isChecked()).toBe(true);
      return;
    }
    expect(Math.abs(await score() - trained)).toBeLessThanOrEqual(1); // sums have another order
    const steps = async () => Number((await text("steps")).match(/\d+/)?.[0]);
    const before = await steps();
    await page.click("#train");
    await page.waitForFunction(`document.getElementById("steps").textContent.match(/\\d+/) >= ${before + 20}`, undefined, { timeout: 50_000 });
    await page.click("#train");
    await page.getByRole("button", { name: "Go on" }).waitFor();
    expect(await score()).toBeGreaterThanOrEqual(90);
    await choose("backends", "wasm");
    await told.getByText("Now computing by WebAssembly; nothing learned is lost.").waitFor();
    expect(await score()).toBeGreaterThanOrEqual(90);
  }, 120_000);

  it("says so where there is no WebGPU, and goes on as before", async () => {
    await page.evaluate(`Object.defineProperty(navigator, "gpu", { value: undefined, configurable: true })`);
    const trained = await score();
    await page.locator("input[name=backends][value=webgpu]").click(); // `check` would look for a mark that may be gone again
    await page.locator("#status.wrong").waitFor();
    expect(await text("status")).toMatch(/^WebGPU cannot be used here: .*WebGPU/);
    expect(await page.locator("input[value=wasm]").isChecked()).toBe(true);
    expect(await score()).toBe(trained);
  });

  it("opens and learns without a network once it has been visited", async () => {
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
    await context.setOffline(true);
    await page.reload();
    await page.locator("#train:enabled").waitFor();
    await page.click("#train");
    await scoreReaches(60);
    await page.click("#train");
    await context.setOffline(false);
  });

  it("fits a phone, in the dark, and is drawn on by touch", async () => {
    // In a single process Chromium does not survive service workers in two contexts.
    page = await open({ width: 390, height: 844 }, { hasTouch: true, isMobile: true, colorScheme: "dark", deviceScaleFactor: 2, serviceWorkers: "block" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await page.click("#train");
    await scoreReaches(90);
    await page.click("#train");
    await page.getByRole("button", { name: "Go on" }).waitFor();
    await page.locator("#pad").scrollIntoViewIfNeeded();
    const scrolled = await page.evaluate("scrollY");
    const box = await page.locator("#pad").boundingBox();
    if (!box) throw new Error("the board is not shown");
    const touch = await context.newCDPSession(page);
    const send = (type: "touchStart" | "touchMove" | "touchEnd", points: readonly (readonly [number, number])[]) =>
      touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([right, down]) => ({ x: box.x + right * box.width, y: box.y + down * box.height })) });
    await send("touchStart", [[0.5, 0.15]]);
    for (let i = 1; i <= 10; i++) await send("touchMove", [[0.5, 0.15 + 0.07 * i]]);
    await send("touchEnd", []);
    expect(await answer()).toBe("1");
    expect(await page.evaluate("scrollY")).toBe(scrolled);
    await page.screenshot({ path: "test/out/page-phone.png", fullPage: true });
    expect(messages).toEqual([]);
  });

  it("is reached by keyboard alone, in the order in which it is read", async () => {
    await page.reload();
    await page.locator("#train:enabled").waitFor();
    await page.locator("#pad").focus();
    await page.keyboard.press("Space"); // ink: there is something to teach
    const focused = (): Promise<string> => page.evaluate(`document.activeElement.id || document.activeElement.value || document.activeElement.getAttribute("aria-label")?.slice(0, 22)`);
    for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+Tab");
    const reached = [await focused()];
    while (reached.at(-1) !== "wasm" && reached.length < 30) {
      await page.keyboard.press("Tab");
      reached.push(await focused());
    }
    const labels = Array.from({ length: 10 }, (_, label) => `Teach that it is a ${label} (`);
    expect(reached).toEqual(["save", "load", "reset", "pad", "clear", "example", ...labels, "backpropagation", "wasm"]);
    expect(messages).toEqual([]);
  });
});
