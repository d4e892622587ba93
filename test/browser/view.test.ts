/** The page of `pullback view` in a real browser: no text runs out of its box, in either width and colour scheme. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { workspace } from "../cli/command.ts";
import { tinyTransformer } from "../targets/view/tiny-transformer.ts";
import { launchBrowser } from "./browser.ts";

const block = tinyTransformer({ batch: 8, times: 16, width: 32, heads: 4 });

let browser: Browser | null = null;
beforeAll(async () => { browser = await launchBrowser(); }, 60_000);
afterAll(async () => { await browser?.close(); });

it("a transformer block is readable", async ({ skip }) => {
  if (!browser) return skip("no browser");
  const { pullback, file } = workspace({ "block.pull": block });
  expect(await pullback("view", "block.pull")).toEqual({ code: 0, out: "block.html\n", err: "" });
  const page = await browser.newPage({ viewport: { width: 1220, height: 900 } });
  const problems: string[] = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  await page.setContent(readFileSync(file("block.html"), "utf8"));
  const texts = await page.evaluate(() => {
    const groups = [...document.querySelectorAll(".overview a, .overview g")];
    return groups.flatMap((group) => {
      const box = group.querySelector("rect")?.getBoundingClientRect();
      return [...group.querySelectorAll("text")].map((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        const meets = [...group.querySelectorAll("text")].some((other) => {
          const its = other.getBoundingClientRect();
          return other !== text && left < its.right && its.left < right && top + 3 < its.bottom && its.top + 3 < bottom;
        });
        return { text: text.textContent, inside: !meets && box !== undefined && left >= box.left && right <= box.right && top >= box.top - 1 && bottom <= box.bottom + 1 };
      });
    });
  });
  expect(texts.length).toBeGreaterThan(60);
  expect(texts.filter(({ inside }) => !inside)).toEqual([]);
  const overlapping = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll(".overview rect:not(.loop)")].map((rect) => rect.getBoundingClientRect());
    return boxes.filter((a, i) => boxes.some((b, j) => j > i && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length;
  });
  expect(overlapping).toBe(0);
  await page.locator("summary", { hasText: "net.block.mix.qkv" }).click();
  expect(await page.locator("details[open] svg").first().isVisible()).toBe(true);
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390); // drawings scroll by themselves
  expect(problems).toEqual([]);
  await page.close();
}, 60_000);
