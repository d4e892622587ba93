/** A page with the generated module trains digits by WebGPU in a real browser, and draws its loss; `test/out/digits-webgpu.png` shows it. */
import { mkdirSync, readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { build } from "../../targets/compile.ts";
import { batches, randomNumbers, readClasses } from "../samples/support.ts";
import { launchBrowser, serve, webgpuFlags } from "./browser.ts";

const browser: Browser | null = await launchBrowser(webgpuFlags);
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

interface Result {
  readonly losses: readonly number[];
  readonly right: number;
  readonly held: number;
  readonly complaints: readonly string[];
}

describe.skipIf(browser === null)("in a browser with WebGPU", () => {
  afterAll(async () => browser?.close());

  it("a page trains digits and draws the curve of its loss", async () => {
    const { training, testing } = await readClasses("digits", 1 / 16);
    const rows = [...batches(training, 32, randomNumbers(1))].map(({ x, y }) => ({ x: [...x], y: [...y] }));
    const held = Array.from({ length: 100 }, (_, i) => ({ x: [...testing.x.slice(64 * i, 64 * (i + 1))], y: testing.y[i] }));
    const { files } = await build(read("../../samples/digits.pull"), { file: "digits.pull", targets: ["wgsl"] });
    const script = files.find(({ name }) => name === "digits.js")?.contents ?? "";
    const server = await serve(new Map([["index.html", read("digits.html")], ["digits.js", script], ["digits.json", JSON.stringify({ batches: rows, held })]]));
    try {
      const page = await (browser as Browser).newPage({ viewport: { width: 900, height: 620 } }); // skipped without one
      const messages: string[] = [];
      page.on("pageerror", (error) => messages.push(String(error)));
      page.on("console", (message) => { if (message.type() === "error" || message.type() === "warning") messages.push(message.text()); });
      await page.goto(server.url);
      await page.waitForFunction("window.result !== undefined", undefined, { timeout: 50_000 });
      const { losses, right, complaints } = await page.evaluate("window.result") as Result; // as the page made it
      mkdirSync("test/out", { recursive: true });
      await page.screenshot({ path: "test/out/digits-webgpu.png" });
      expect([complaints, messages]).toEqual([[], []]);
      expect(losses[0]).toBeGreaterThan(2);
      expect(losses.at(-1)).toBeLessThan(0.8);
      expect(right).toBeGreaterThanOrEqual(93);
      const drawn: number = await page.evaluate(`document.querySelector("#curve").getContext("2d").getImageData(0, 0, 800, 300).data.filter((value, i) => i % 4 === 3 && value > 0).length`);
      expect(drawn).toBeGreaterThan(800);
    } finally {
      server.close();
    }
  }, 60_000);
});
