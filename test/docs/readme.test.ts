/** The README, lived through: its files are written, its commands run in order, what they print is what it shows. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { format } from "../../grammar/index.ts";
import { check, compile, instantiate, render } from "../../targets/index.ts";
import { runCommand } from "../../targets/cli/index.ts";
import { unplugin } from "../../targets/plugin/index.ts";
import manifest from "../../package.json";
import { launchBrowser, serve } from "../browser/browser.ts";
import { blocksOf, commandsOf, readDocument, wordsOf } from "./blocks.ts";

const readme = readDocument("README.md");
const blocks = blocksOf(readme);
const cwd = mkdtempSync(path.join(tmpdir(), "pullback-readme-"));
const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a command of the README prints, on both streams. */
async function run(command: string): Promise<string> {
  const [program, ...args] = wordsOf(command);
  if (program === "node") return execFileSync(process.execPath, args, { cwd, encoding: "utf8" });
  let printed = "";
  const say = (text: string) => { printed += text; };
  const words = program === "npx" ? args.slice(1) : args;
  await runCommand(words, { out: say, err: say, terminal: false, color: false, cwd });
  return printed;
}

/** Sizes and times differ from build to build and from machine to machine. */
const withoutNumbers = (text: string): string => text.replace(/\b[\da-f]{16}\b/g, "#").replace(/\d[\d.,]*/g, "#").replace(/ +/g, " ");

beforeAll(() => {
  writeFileSync(path.join(cwd, "package.json"), `{ "type": "module" }\n`);
  for (const name of ["digits.pull", "data/digits.csv"]) copyFileSync(path.join(root, "samples", name), path.join(cwd, path.basename(name)));
  for (const { name, text } of blocks.filter(({ name }) => /^[\w.-]+\.\w+$/.test(name))) writeFileSync(path.join(cwd, name), text);
});

describe("programs", () => {
  it.each(blocks.filter(({ kind }) => kind === "pull"))("$name (line $line) has no problems and is in canonical form", ({ name, text }) => {
    expect(render(check(text, { file: name }), () => text)).toBe("");
    expect(format(text)).toEqual({ text });
  });
});

describe("commands, in order", () => {
  for (const { name, text, line } of blocks.filter(({ kind }) => kind === "console")) {
    for (const { command, output } of commandsOf(text)) {
      it(`${command} (line ${line})`, async () => {
        const shape = name === "measured" ? withoutNumbers : (all: string) => all;
        expect(shape(await run(command)).trimEnd()).toBe(shape(output).trimEnd());
      });
    }
  }
  const shown = blocks.filter(({ kind }) => kind === "sh").flatMap(({ text }) => text.trimEnd().split("\n"));
  it.each(shown.filter((command) => command.startsWith("pullback ")))("%s", async (command) => {
    const words = wordsOf(command).slice(1).filter((word) => word !== "--watch");
    const said: string[] = [];
    const code = await runCommand(words, { out: () => {}, err: (text) => said.push(text), terminal: false, color: false, cwd });
    expect([code, said.join("")]).toEqual([0, ""]);
  });
  it("npm run demo", () => {
    const shown = blocks.find(({ kind }) => kind === "demo")?.text ?? "";
    const printed = execFileSync(process.execPath, ["samples/demo.mjs"], { cwd: root, encoding: "utf8" });
    expect(withoutNumbers(printed).trimEnd()).toBe(withoutNumbers(shown).trimEnd());
  });
  it("scripts of npm exist", () => {
    const scripts = [...readme.matchAll(/npm (?:run )?(demo|page|test|bench|build)\b/g)].map(([, script]) => script);
    expect(scripts).toContain("bench");
    expect(scripts.filter((script) => !Object.hasOwn(manifest.scripts, script))).toEqual([]);
  });
  it("every command line option that is mentioned exists", async () => {
    const helps = await Promise.all(["build", "check", "run", "train", "gradcheck", "explain", "view", "fmt", "types", "init"].map((command) => run(`pullback ${command} --help`)));
    const known = new Set(helps.join("").match(/--[a-z-]+/g));
    const said = [...readme.matchAll(/`[^`\n]*`/g)].flatMap(([code]) => code.match(/--[a-z][a-z-]*/g) ?? []);
    expect(said.filter((option) => !known.has(option) && option !== "--lr")).toEqual([]);
  });
});

describe("scripts", () => {
  it("the compiler as a library", async () => {
    const script = blocks.find(({ kind, name }) => kind === "js" && name === "compile.mjs");
    const body = (script?.text ?? "").replace(/^import .*\n/gm, "");
    const printed: unknown[] = [];
    const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (...names: string[]) => (...values: unknown[]) => Promise<void>; // it has no global name
    await new AsyncFunction("compile", "instantiate", "render", "source", "console", body)(compile, instantiate, render, readFileSync(path.join(cwd, "ring.pull"), "utf8"), { log: (value: unknown) => printed.push(value) });
    expect(printed).toEqual([["ring.js", "ring.d.ts", "ring.wasm"], 2]);
  });
  it("a host's function", async () => {
    await run("pullback build bandit.pull");
    const shown = /\/\/ ([\d. ]+)$/m.exec(readFileSync(path.join(cwd, "bandit.mjs"), "utf8"));
    expect((await run("node bandit.mjs")).trim()).toBe(shown?.[1]);
  });
  it("an import in a bundler", async () => {
    const config = readFileSync(path.join(cwd, "vite.config.js"), "utf8");
    expect(config).toContain("plugins: [pullback()]");
    await build({ root: cwd, configFile: false, logLevel: "error", plugins: [unplugin.vite()], build: { ssr: "app.js", outDir: "bundle" } });
    const shown = /\/\/ ([\d.]+)$/m.exec(readFileSync(path.join(cwd, "app.js"), "utf8"));
    expect((await run("node bundle/app.js")).trim()).toBe(shown?.[1]);
  });
  it("every script is run here or in the browser", () => {
    const ran = blocks.filter(({ kind }) => kind === "console").flatMap(({ text }) => commandsOf(text).map(({ command }) => wordsOf(command)[1]));
    const scripts = blocks.filter(({ kind }) => kind === "js" || kind === "html").map(({ name }) => name);
    expect(scripts.filter((name) => !ran.includes(name))).toEqual(["page.html", "worker.js", "page.js", "bandit.mjs", "vite.config.js", "app.js", "compile.mjs"]);
  });
});

const browser: Browser | null = await launchBrowser();
describe.skipIf(browser === null)("in a page", () => {
  let url = "";
  let close = () => {};
  beforeAll(async () => {
    await run("pullback build ring.pull");
    const files = new Map<string, string | Uint8Array>(readdirSync(cwd).filter((name) => /\.(js|html|wasm)$/.test(name)).map((name) => [name, readFileSync(path.join(cwd, name))]));
    files.set("worker.html", `<!doctype html><script type="module" src="page.js"></script>`);
    ({ url, close } = await serve(files));
  });
  afterAll(async () => {
    close();
    await browser?.close();
  });
  it("the module trains in the page and in a worker", async () => {
    const tab = await (browser as Browser).newPage(); // skipped without one
    await tab.goto(`${url}page.html`);
    await tab.waitForFunction("document.querySelector('output').value !== ''");
    expect(await tab.evaluate("document.querySelector('output').value")).toMatch(/^\d+%$/);
    await tab.goto(`${url}worker.html`);
    await tab.waitForFunction("document.title !== ''");
    expect(await tab.title()).toMatch(/^\d\.\d{3}$/);
  });
});

describe("figures", () => {
  it("sections with a table of numbers name the command that makes them", () => {
    const sections = readme.split(/^(?=## )/m);
    const measured = sections.filter((section) => /^\|.*\d(?:\.\d+)?\s?(?:x|kB|ms|us|s|%)\b/m.test(section));
    expect(measured.length).toBeGreaterThan(0);
    for (const section of measured) expect(section).toMatch(/`npm run bench`/);
  });
  it("links lead somewhere", () => {
    const prose = readme.replace(/^```[\s\S]*?^```$/gm, "");
    const links = [...prose.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target]) => target).filter((target) => !/^https?:/.test(target));
    for (const link of links) expect(() => readFileSync(path.join(root, link))).not.toThrow();
  });
});
