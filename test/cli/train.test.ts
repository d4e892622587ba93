import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../runtime/safetensors.ts";
import { esbuildLoaders } from "../../targets/package/loaders.mjs";
import { line, workspace } from "./command.ts";

const classes = `dim B = 8
var w: f32[2, 2] = zeros([2, 2])
export train fn step(x: f32[B, 2], y: i32[B], lr: f32) -> { loss: f32, accuracy: f32 } {
  let logits = x @ w
  let l = mean(cross_entropy(logits, y))
  minimize l over w with adam(lr = lr)
  return { loss: l, accuracy: mean(f32(argmax(logits, axis = -1) == y)) }
}
export fn predict[N in {1, 8}](x: f32[N, 2]) -> f32[N, 2] = x @ w
`;
/** Points left and right of a line; every label as \`names\` says. */
const points = (count: number, names: readonly string[] = ["0", "1"]): string =>
  `a,b,label\n${Array.from({ length: count }, (_, i) => `${Math.sin(i * 7) + (i % 2 ? 1.5 : -1.5)},${Math.cos(i * 3)},${names[i % 2]}`).join("\n")}\n`;
const plane = `x,y,z,target\n${Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i)]).map(([x, y, z]) => `${x},${y},${z},${2 * x - y + 0.5 * z}`).join("\n")}\n`;

describe("a run", () => {
  it("prints a line per epoch, validates by class and saves", async () => {
    const { pullback, file } = workspace({ "c.pull": classes, "p.csv": points(200) });
    const { code, out, err } = await pullback("train", "c.pull", "p.csv", "--validate", "by-class", "--epochs", "6", "--lr", "0.05");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe("step: 160 rows to train, 40 to validate; 20 steps of 8 rows per epoch");
    expect(lines[6]).toMatch(/^epoch 6\/6 {2}loss 0\.\d+ {2}accuracy (9\d\.\d|100\.0)% {2}validation accuracy (9\d\.\d|100\.0)% {2}\d\.\d\d s$/);
    expect(lines[7]).toBe("saved c.safetensors");
    expect([...readSafetensors(readFileSync(file("c.safetensors"))).tensors.keys()]).toContain("w");
  });
  it("learns the digits sample", async () => {
    const { pullback } = workspace({ "digits.pull": readFileSync("samples/digits.pull"), "digits.csv": readFileSync("samples/data/digits.csv") });
    const { code, out } = await pullback("train", "digits.pull", "digits.csv", "--scale", "16", "--validate", "by-class", "--epochs", "25", "--lr", "2e-3");
    expect(code).toBe(0);
    expect(out).toContain("step: 1442 rows to train, 355 to validate; 45 steps of 32 rows per epoch\n");
    expect(Number(/epoch 25\/25.* validation accuracy ([\d.]+)%/.exec(out)?.[1])).toBeGreaterThan(96);
  });
  it("is the same again, and another with another seed", async () => {
    const { pullback, file } = workspace({ "c.pull": classes, "p.csv": points(64) });
    const weights = async (seed: string) => {
      await pullback("train", "c.pull", "p.csv", "--lr", "0.1", "--epochs", "2", "--seed", seed);
      return [...(readSafetensors(readFileSync(file("c.safetensors"))).tensors.get("w")?.bytes ?? [])];
    };
    const first = await weights("1");
    expect(await weights("1")).toEqual(first);
    expect(await weights("2")).not.toEqual(first);
  });
  it("fits numbers: --batch, --scale, a part to validate, JSON lines", async () => {
    const { pullback } = workspace({ "line.pull": line, "p.csv": plane });
    const { code, out } = await pullback("train", "line.pull", "p.csv", "--lr=0.3", "--batch", "8", "--scale", "standardise", "--validate", "0.2", "--epochs", "60", "--json");
    expect(code).toBe(0);
    const epochs = out.trimEnd().split("\n").map((text) => JSON.parse(text));
    expect(epochs.length).toBe(60);
    expect(epochs[59]).toMatchObject({ epoch: 60 });
    expect(epochs[59]["validation rmse"]).toBeLessThan(0.1);
    expect(epochs[59]["validation rmse"]).toBeLessThan(epochs[0]["validation rmse"]);
  });
  it("numbers classes of text", async () => {
    const { pullback } = workspace({ "c.pull": classes, "p.csv": points(40, ["setosa", "virginica"]) });
    expect((await pullback("train", "c.pull", "p.csv", "--lr", "0.1", "--epochs", "1")).out).toContain("classes: 0 setosa, 1 virginica\n");
  });
  it("shows a bar on a terminal", async () => {
    const { pullback } = workspace({ "c.pull": classes, "p.csv": points(40) }, true);
    const { out } = await pullback("train", "c.pull", "p.csv", "--lr", "0.1", "--epochs", "2");
    expect(out).toMatch(/\r\u001b\[Kepoch 1\/2 \[#+-*\] \d+% {2}loss /);
    expect(out).toContain("\r\u001b[Kepoch 2/2  loss ");
  });
  it("stops where it diverges", async () => {
    const { pullback } = workspace({ "line.pull": line, "p.csv": plane });
    const { code, err } = await pullback("train", "line.pull", "p.csv", "--lr", "1e30", "--epochs", "3");
    expect(code).toBe(1);
    expect(err).toMatch(/^error: loss is (NaN|Infinity): the run has diverged; a smaller step may help/);
  });
});

describe("wrong command lines", () => {
  const files = { "line.pull": line, "c.pull": classes, "p.csv": plane, "c.csv": points(20), "bad.csv": "1,2,7\n1,2,0\n", "w.safetensors": "nonsense" };
  it.each([
    [["line.pull"], "train takes a program and a file of data; found line.pull"],
    [["line.pull", "p.csv"], "step needs --lr VALUE"],
    [["line.pull", "p.csv", "--lr"], "--lr needs a value"],
    [["line.pull", "p.csv", "--lr", "fast"], "--lr must be a number, found fast"],
    [["line.pull", "p.csv", "--lr", "1", "--momentum", "2"], "there is no option --momentum, and step has no scalar argument of that name (it has lr)"],
    [["line.pull", "c.csv", "--lr", "1"], "c.csv has 3 columns, step takes 4: 'x' 3 (f32[B=4, 3]), 'y' 1 (f32[B=4])"],
    [["line.pull", "p.csv", "--lr", "1", "--entry", "fit"], "line.pull exports no 'fit'"],
    [["line.pull", "p.csv", "--lr", "1", "--batch", "64"], "p.csv has 40 rows to train on, a batch has 64: use --batch"],
    [["line.pull", "p.csv", "--lr", "1", "--scale", "much"], "--scale must be standardise, none or a number to divide by, found much"],
    [["line.pull", "p.csv", "--lr", "1", "--out", "w.safetensors", "--resume"], "w.safetensors is no checkpoint of a run"],
    [["line.pull", "gone.csv", "--lr", "1"], "cannot read gone.csv: there is no such file"],
    [["c.pull", "bad.csv", "--lr", "1"], "bad.csv: row 1, column 3: 'y' needs a whole number in 0..1, found 7"],
  ])("%j: exit code 2", async (args, message) => {
    const { pullback } = workspace(files);
    const { code, err } = await pullback("train", ...args);
    expect(err).toContain(`error: ${message}`);
    expect(code).toBe(2);
  });
});

describe("an interrupted run", () => {
  const cli = path.resolve("test/out/cli.mjs");
  beforeAll(async () => {
    mkdirSync(path.dirname(cli), { recursive: true });
    await build({ entryPoints: ["targets/cli/main.ts"], bundle: true, outfile: cli, format: "esm", platform: "node", external: ["binaryen"], plugins: [esbuildLoaders()], banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` } });
  });

  /** Runs until it ends, or interrupts it once its output has the text. */
  function run(cwd: string, args: readonly string[], interruptAt?: string): Promise<{ code: number | null; out: string; err: string }> {
    return new Promise((resolve) => {
      const child: ChildProcess = spawn(process.execPath, [cli, "train", "c.pull", "p.csv", "--lr", "0.01", "--epochs", "40", ...args], { cwd });
      let [out, err] = ["", ""];
      let sent = false;
      child.stderr?.on("data", (data) => { err += data; });
      child.stdout?.on("data", (data) => {
        out += data;
        if (interruptAt === undefined || sent || !out.includes(interruptAt)) return;
        sent = true;
        child.kill("SIGINT");
      });
      child.on("close", (code) => resolve({ code, out, err }));
    });
  }
  const metrics = (out: string) => out.split("\n").filter((text) => text.startsWith("epoch")).map((text) => text.replace(/ {2}[\d.]+ s$/, ""));

  it("goes on with the same numbers as if nothing had been", async () => {
    const { cwd, file } = workspace({ "c.pull": classes, "p.csv": points(40_000) });
    const whole = await run(cwd, ["--out", "whole.safetensors"]);
    expect(whole).toMatchObject({ code: 0, err: "" });
    const first = await run(cwd, ["--out", "parts.safetensors"], "epoch  2/40");
    expect(first.code).toBe(130);
    expect(first.err).toBe("interrupted; parts.safetensors has everything: go on with --resume\n");
    const second = await run(cwd, ["--out", "parts.safetensors", "--resume"]);
    expect(second).toMatchObject({ code: 0, err: "" });
    expect([...metrics(first.out), ...metrics(second.out)]).toEqual(metrics(whole.out));
    expect(readFileSync(file("parts.safetensors"))).toEqual(readFileSync(file("whole.safetensors")));
    expect(existsSync(file("parts.safetensors.part"))).toBe(false);
    expect((await run(cwd, ["--out", "parts.safetensors", "--resume"])).out).toContain("parts.safetensors has 40 epochs already; more come with --epochs\n");
    expect(await run(cwd, ["--out", "parts.safetensors", "--resume", "--seed", "4"])).toMatchObject({ code: 2, err: `error: parts.safetensors is of a run with seed 0, this one has 4\n` });
  });
});
