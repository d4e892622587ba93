import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { line, workspace } from "./command.ts";

describe("init", () => {
  it("writes a project that builds, trains and predicts at once", async () => {
    const { pullback, cwd } = workspace();
    const { code, out } = await pullback("init", "spiral");
    expect({ code, out }).toEqual({ code: 0, out: "wrote model.pull, train.mjs, README.md, package.json; now\n  cd spiral\n  npx pullback build model.pull\n  node train.mjs\n" });
    expect(await pullback("fmt", "--check", "spiral/model.pull")).toEqual({ code: 0, out: "", err: "" });
    expect((await pullback("build", "spiral/model.pull")).code).toBe(0);
    const { stdout } = await promisify(execFile)(process.execPath, ["train.mjs"], { cwd: path.join(cwd, "spiral") });
    expect(stdout).toMatch(/^step 200 {2}loss [\d.]+ {2}accuracy [\d.]+%\n/);
    expect(Number(/(\d+) of 256 new points are right\n$/.exec(stdout)?.[1])).toBeGreaterThan(250);
  });
  it("writes nothing over what is there", async () => {
    const { pullback } = workspace({ "train.mjs": "mine" });
    expect(await pullback("init")).toEqual({ code: 2, out: "", err: "error: train.mjs exists already; nothing was written\n" });
  });
});

describe("--watch", () => {
  /** Waits until the text has come, at most 20 s. */
  async function until(ready: () => boolean): Promise<void> {
    for (let i = 0; !ready(); i++) {
      if (i > 400) throw new Error("it did not come");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it("runs again at every change, also after an error, until it is interrupted", async () => {
    const { file, cwd } = workspace({ "a.pull": line });
    const { runCommand } = await import("../../targets/cli/index.ts");
    let [out, err] = ["", ""];
    const ended = runCommand(["check", "--watch", "a.pull"], { out: (text) => { out += text; }, err: (text) => { err += text; }, terminal: false, color: false, cwd });
    const rounds = (count: number) => () => err.split("watching for changes").length > count;
    await until(rounds(1));
    expect(out).toBe("a.pull: no problems\n");
    writeFileSync(file("a.pull"), line.replace("x @ w - y", "x @ v - y"));
    await until(rounds(2));
    expect(err).toContain("error[name]: unknown name 'v'");
    writeFileSync(file("a.pull"), `${line}\n`);
    await until(rounds(3));
    expect(out).toBe("a.pull: no problems\na.pull: no problems\n");
    process.emit("SIGINT");
    expect(await ended).toBe(0);
  }, 60_000);
});
