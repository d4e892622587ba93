import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { line, workspace } from "./command.ts";

const broken = "export fn f(x: f32[2]) -> f32[2] = x + zz\nexport fn g(x: f32[2]) -> f32[3] = x\n";

describe("usage", () => {
  it.each(["build", "check", "run", "train", "gradcheck", "explain", "view", "fmt", "init"])("%s --help has examples", async (command) => {
    const { code, out } = await workspace().pullback(command, "--help");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: pullback ${command} `));
    expect(out).toContain("Examples:\n  pullback ");
  });
  it.each([
    [["biuld", "x.pull"], "error: unknown command 'biuld'"],
    [["build"], "error: missing required argument 'file'"],
    [["build", "x.pull", "--target", "metal"], "error: option '--target <names>' argument 'metal' is invalid. It must be one of wasm, js, wgsl, or several with commas."],
    [["run", "x.pull", "f", "--target", "wgsl"], "It must be one of wasm, js, or several with commas."],
    [["build", "x.pull", "--dim", "B"], "It must be NAME=SIZE, as in B=64."],
    [["build", "x.pull", "--memory", "much"], "It must be a number of bytes, as in 65536, 256K or 4M."],
    [["build", "x.pull", "--seed", "-1"], "It must be a whole number in 0..4294967295."],
    [["build", "gone.pull"], "error: cannot read gone.pull: there is no such file"],
    [["build", "."], "error: cannot read .: it is a directory"],
    [["explain", "shap"], "error: there is no diagnostic 'shap'; is it shape?"],
    [["explain", "memory"], "error: explain memory needs a program"],
  ])("%j: exit code 2", async (args, message) => {
    const { code, out, err } = await workspace().pullback(...args);
    expect(err).toContain(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
  it("--version is the package's", async () => {
    expect(await workspace().pullback("--version")).toEqual({ code: 0, out: `${JSON.parse(readFileSync("package.json", "utf8")).version}\n`, err: "" });
  });
});

describe("check", () => {
  it("says so if there is nothing to say", async () => {
    expect(await workspace({ "line.pull": line }).pullback("check", "line.pull")).toEqual({ code: 0, out: "line.pull: no problems\n", err: "" });
  });
  it("prints frames of all errors on stderr, exit code 1", async () => {
    const { code, out, err } = await workspace({ "b.pull": broken }).pullback("check", "b.pull");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("error[name]: unknown name 'zz'\n --> b.pull:1:40\n1 | export fn f(x: f32[2]) -> f32[2] = x + zz\n  |                                        ^^ not declared\n");
    expect(err).toContain(" --> b.pull:2:");
    expect(err.endsWith("\n2 errors\n")).toBe(true);
  });
  it("prints JSON on stdout", async () => {
    const { code, out, err } = await workspace({ "b.pull": broken }).pullback("check", "--json", "b.pull");
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(JSON.parse(out).diagnostics[0]).toMatchObject({ severity: "error", code: "name", file: "b.pull", start: { line: 1, column: 40, offset: 39 }, end: { line: 1, column: 42, offset: 41 } });
  });
  it("reads what a file uses", async () => {
    const { pullback } = workspace({ "a.pull": 'use "b.pull"\nexport fn f(x: f32) -> f32 = twice(x)\n', "b.pull": "fn twice(x: f32) -> f32 = 2 * x\n" });
    expect((await pullback("check", "a.pull")).code).toBe(0);
    const { err } = await workspace({ "a.pull": 'use "gone.pull"\nexport fn f(x: f32) -> f32 = x\n' }).pullback("check", "a.pull");
    expect(err).toContain("error[use]: cannot read 'gone.pull'");
  });
  it("refuses an entry that would hide a member of the module", async () => {
    const { code, err } = await workspace({ "a.pull": "export fn save(x: f32) -> f32 = x\n" }).pullback("check", "a.pull");
    expect(code).toBe(1);
    expect(err).toContain("error[entry]: an entry cannot be called 'save'");
  });
});

describe("build", () => {
  it("writes the files beside the program, with sizes on stdout", async () => {
    const { pullback, file } = workspace({ "line.pull": line });
    const { code, out, err } = await pullback("build", "line.pull");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^line\.js +[\d.]+ kB {2}gzip [\d.]+ kB\nline\.d\.ts .*\nline\.wasm .*\nto ship .*\n3 parameters, \d+ B of memory at the peak, built in [\d.]+ s\n$/);
    expect(WebAssembly.validate(readFileSync(file("line.wasm")))).toBe(true);
    expect(readFileSync(file("line.d.ts"), "utf8")).toContain("step<const List1 extends readonly number[], const List2 extends readonly number[]>(x: Tensor<Float32Array, [4, 3]> | (List1 & Sized<List1, 12>), y: Tensor<Float32Array, [4]> | (List2 & Sized<List2, 4>), lr: number): { loss: number };");
  });
  it("--out, --inline, --dim, --json", async () => {
    const { pullback, file } = workspace({ "line.pull": line });
    const { out } = await pullback("build", "line.pull", "--out", "deep/er", "--inline", "--dim", "B=8", "--json");
    expect(JSON.parse(out)).toMatchObject({ files: [{ path: "deep/er/line.js" }, { path: "deep/er/line.d.ts" }], parameters: 3, diagnostics: [] });
    expect(existsSync(file("deep/er/line.wasm"))).toBe(false);
    expect(readFileSync(file("deep/er/line.js"), "utf8")).toContain("f32[B=8, 3]");
  });
  it("gives the same bytes again", async () => {
    const { pullback, file } = workspace({ "line.pull": line });
    const read = () => ["line.js", "line.d.ts", "line.wasm"].map((name) => readFileSync(file(name)));
    await pullback("build", "line.pull");
    const first = read();
    await pullback("build", "line.pull");
    expect(read()).toEqual(first);
  });
  it("--memory is a limit", async () => {
    const { pullback, file } = workspace({ "line.pull": line });
    const { code, err } = await pullback("build", "line.pull", "--memory", "64");
    expect(code).toBe(1);
    expect(err).toMatch(/error\[memory\]: the program needs \d+ bytes at its peak, --memory allows 64\n/);
    expect(existsSync(file("line.js"))).toBe(false);
    expect((await pullback("build", "line.pull", "--memory", "4K")).code).toBe(0);
  });
  it("--no-simd leaves out vector instructions", async () => {
    const { pullback } = workspace({ "line.pull": line });
    const wat = async (...flags: string[]) => (await pullback("build", "line.pull", "--emit", "wat", ...flags)).out;
    expect(await wat()).toMatch(/f32x4/);
    expect(await wat("--no-simd")).not.toMatch(/v128|x4/);
  });
  it("writes nothing for a broken program", async () => {
    const { pullback, file } = workspace({ "b.pull": broken });
    expect((await pullback("build", "b.pull")).code).toBe(1);
    expect(existsSync(file("b.js"))).toBe(false);
  });
  it.each([["ast", '"kind": "file"'], ["graph", "train entry step(x: f32[B=4,3]"], ["optimized", "train entry step("], ["kernels", "kernel "], ["plan", "plan step\n"], ["wat", "(export \"step\""], ["js", "(memory) => {"]])("--emit %s prints the stage and writes nothing", async (stage, part) => {
    const { pullback, file } = workspace({ "line.pull": line });
    const { code, out } = await pullback("build", "line.pull", "--emit", stage);
    expect(code).toBe(0);
    expect(out).toContain(part);
    expect(existsSync(file("line.js"))).toBe(false);
  });
});

describe("types", () => {
  it("writes what TypeScript looks for, and its map", async () => {
    const { pullback, file } = workspace({ "line.pull": line });
    expect(await pullback("types", "line.pull")).toEqual({ code: 0, out: "line.d.pull.ts\n", err: "" });
    expect(readFileSync(file("line.d.pull.ts"), "utf8")).toMatch(/export interface Line \{[^]*export interface LineInWorker \{[^]*\n\/\/# sourceMappingURL=line\.d\.pull\.ts\.map\n$/);
    expect(JSON.parse(readFileSync(file("line.d.pull.ts.map"), "utf8"))).toMatchObject({ version: 3, sources: ["line.pull"] });
    expect(existsSync(file("line.js"))).toBe(false);
  });
  it("says what is wrong with each program, and goes on", async () => {
    const { pullback } = workspace({ "line.pull": line, "b.pull": broken });
    const { code, out, err } = await pullback("types", "b.pull", "line.pull");
    expect([code, out]).toEqual([1, "line.d.pull.ts\n"]);
    expect(err).toContain("b.pull");
  });
});

describe("run", () => {
  it("takes JSON and prints JSON", async () => {
    const { pullback } = workspace({ "line.pull": line });
    expect(await pullback("run", "line.pull", "add", "0.5", '{"c": [1, 2.1], "d": 41}')).toEqual({ code: 0, out: '{ "s": [1.5, 2.6], "t": [42, true] }\n', err: "" });
    expect((await pullback("run", "line.pull", "predict", "[[1, 2, 3]]", "--target", "js")).out).toBe("[0]\n");
  });
  it("takes tables, picks the variant, saves and takes weights", async () => {
    const { pullback } = workspace({ "line.pull": line, "x.csv": "1,2,3\n0,1,0\n2,0,1\n1,1,1\n" });
    const { code, out } = await pullback("run", "line.pull", "step", "x.csv", "[1, 2, 3, 4]", "0.1", "--save", "w.safetensors");
    expect({ code, out }).toEqual({ code: 0, out: '{ "loss": 7.5 }\n' });
    const after = JSON.parse((await pullback("run", "line.pull", "predict", "[1, 0, 0]", "--weights", "w.safetensors")).out);
    expect(after[0]).toBeCloseTo(0.1 * 2 / 4 * 11, 5);
    expect(JSON.parse((await pullback("run", "line.pull", "predict", "x.csv")).out)).toEqual([0, 0, 0, 0]);
  });
  it.each([
    [["subtract", "1"], "error: line.pull exports no 'subtract'; it exports step, predict, add"],
    [["add", "1"], "error: add takes 2 arguments, a (1), b (2 + 1); found 1"],
    [["add", "x", "{}"], "error: add: argument 1 'a' is neither JSON nor the name of a .npy or .csv file: x"],
    [["predict", "[1, 2]"], "error: predict: argument 1 'x' must have 3 numbers (f32[N=1, 3]), found 2"],
    [["add", "true", '{"c": [1, 2], "d": 1}'], "error: add: argument 1 'a' must be a number, found boolean true"],
  ])("%j: exit code 2", async (args, message) => {
    const { code, err } = await workspace({ "line.pull": line }).pullback("run", "line.pull", ...args);
    expect(err).toBe(`${message}\n`);
    expect(code).toBe(2);
  });
});

describe("fmt", () => {
  it("rewrites what is not canonical and names it", async () => {
    const { pullback, file } = workspace({ "a.pull": "export   fn f(x:f32)->f32=x+1 // one\n", "b.pull": broken });
    expect(await pullback("fmt", "--check", "a.pull")).toEqual({ code: 1, out: "a.pull\n", err: "" });
    expect(await pullback("fmt", "a.pull", "b.pull")).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(file("a.pull"), "utf8")).toBe("export fn f(x: f32) -> f32 = x + 1  // one\n");
    const { mtimeMs } = statSync(file("a.pull"));
    expect(await pullback("fmt", "a.pull")).toEqual({ code: 0, out: "", err: "" });
    expect(statSync(file("a.pull")).mtimeMs).toBe(mtimeMs);
  });
  it("leaves a program with syntax errors alone", async () => {
    const { pullback, file } = workspace({ "a.pull": "fn f( = 1\n" });
    const { code, err } = await pullback("fmt", "a.pull");
    expect(code).toBe(1);
    expect(err).toContain("error[syntax]: ");
    expect(readFileSync(file("a.pull"), "utf8")).toBe("fn f( = 1\n");
  });
});

describe("view", () => {
  it("writes a page beside the program, or where --out says", async () => {
    const { pullback, file } = workspace({ "line.pull": line });
    expect(await pullback("view", "line.pull")).toEqual({ code: 0, out: "line.html\n", err: "" });
    const page = readFileSync(file("line.html"), "utf8");
    for (const part of ["<title>line.pull</title>", "id=\"step\"", "id=\"predict_4\"", "id=\"add\"", "kept for the backward pass"]) expect(page).toContain(part);
    expect((await pullback("view", "line.pull", "--entry", "step", "--dim", "B=8", "--out", "s.html")).out).toBe("s.html\n");
    expect(readFileSync(file("s.html"), "utf8")).toContain("f32[B=8, 3]");
    expect(readFileSync(file("s.html"), "utf8")).not.toContain("predict");
  });
  it("--json: totals are those of explain cost and of the build", async () => {
    const { pullback, file } = workspace({ "line.pull": line });
    const { memory, entries } = JSON.parse((await pullback("view", "line.pull", "--json")).out);
    expect(existsSync(file("line.html"))).toBe(false);
    expect(memory.peakBytes).toBe(JSON.parse((await pullback("build", "line.pull", "--json")).out).peakBytes);
    const cost = (await pullback("explain", "cost", "line.pull")).out;
    const counts = [...cost.matchAll(/^\w+(?: \(.*\))?: (\d+) operations$/gm)].map(([, count]) => Number(count));
    expect(entries.map(({ totals }: { totals: { flops: number } }) => totals.flops)).toEqual(counts);
    expect(counts).toHaveLength(4);
  });
  it("takes one variant by its symbol", async () => {
    const { entries } = JSON.parse((await workspace({ "line.pull": line }).pullback("view", "line.pull", "--json", "--entry", "predict_1")).out);
    expect(entries.map(({ symbol }: { symbol: string }) => symbol)).toEqual(["predict_1"]);
  });
  it("says what is wrong", async () => {
    const { pullback, file } = workspace({ "line.pull": line, "b.pull": broken });
    const { code, err } = await pullback("view", "b.pull");
    expect(code).toBe(1);
    expect(err).toContain("error[name]: unknown name 'zz'\n --> b.pull:1:40\n");
    expect(existsSync(file("b.html"))).toBe(false);
    expect(await pullback("view", "line.pull", "--entry", "stp")).toEqual({ code: 2, out: "", err: "error: line.pull exports no 'stp'; is it step?\n" });
    expect((await pullback("view", "line.pull", "--entry", "anything")).err).toBe("error: line.pull exports no 'anything'; it exports step, predict, add\n");
    expect((await pullback("view", "line.pull", "--out", "gone/x.html")).err).toBe("error: cannot write gone/x.html: there is no such file\n");
  });
});

describe("explain", () => {
  it("tells what a code is about", async () => {
    const { code, out } = await workspace().pullback("explain", "error[shape]");
    expect(code).toBe(0);
    expect(out).toMatch(/^Axes do not fit/);
  });
  it.each([["memory", /^\d+ B at the peak: state \d+ B.*\n\nstate\n12 B +trained +w +line\.pull:3\n[^]*\n\nstep: \d+ B, most live at step \d+ of \d+\n\d+ B +argument x\n(?:.*\n)*?\d+ B +sub f32\[4\] +line\.pull:7\n/], ["cost", /^step: \d+ operations\n.*line\.pull:7/], ["kernels", /^step: \d+ steps .*\n(?:.*\n)*?\d +dot_.*line\.pull:7/]])("%s goes by source line", async (topic, pattern) => {
    const { code, out } = await workspace({ "line.pull": line }).pullback("explain", topic, "line.pull");
    expect(code).toBe(0);
    expect(out).toMatch(pattern);
  });
});
