/** Runs the command line in this process, on a directory of its own. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCommand } from "../../targets/cli/index.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A fresh directory with the given files, and a function that runs `pullback ARGS` in it. */
export function workspace(files: Readonly<Record<string, string | Uint8Array>> = {}, terminal = false) {
  const cwd = mkdtempSync(path.join(tmpdir(), "pullback-"));
  for (const [name, contents] of Object.entries(files)) writeFileSync(path.join(cwd, name), contents);
  const pullback = async (...args: string[]): Promise<Outcome> => {
    const [out, err]: string[][] = [[], []];
    const code = await runCommand(args, { out: (text) => out.push(text), err: (text) => err.push(text), terminal, color: false, cwd });
    return { code, out: out.join(""), err: err.join("") };
  };
  return { cwd, pullback, file: (name: string) => path.join(cwd, name) };
}

export const line = `/// A line through points.
dim B = 4
var w: f32[3] = zeros([3])
var seen: i32 = 0
/// One step of least squares.
export train fn step(x: f32[B, 3], y: f32[B], lr: f32) -> { loss: f32 } {
  let l = mean((x @ w - y) ^ 2)
  minimize l over w with sgd(lr = lr)
  seen <- seen + 1
  return { loss: l }
}
export fn predict[N in {1, 4}](x: f32[N, 3]) -> f32[N] = x @ w
export fn add(a: f32, b: { c: f32[2], d: i32 }) -> { s: f32[2], t: (i32, bool) } {
  return { s: b.c + a, t: (b.d + 1, a > 0.0) }
}
`;
