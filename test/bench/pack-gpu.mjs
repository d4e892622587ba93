/**
 * `npm run pack:gpu [-- FOLDER]`: the benchmark of the WGSL target as a folder for a machine without network (x86-64 Linux with glibc
 * 2.34). `sh run.sh` in it runs the benchmark, results on stdout; arguments as `npm run bench:gpu` takes them. It carries Node,
 * Dawn, the peers, SwiftShader and the samples; the vendor's Vulkan driver must be there.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

const mostBytes = 60e6;
const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(import.meta.url);
const folder = path.resolve(process.argv[2] ?? `${root}dist/bench-gpu`);
const stage = mkdtempSync(path.join(tmpdir(), "pullback-pack-"));

/** The folder of an installed package. */
const packageOf = (name) => require.resolve(name).replace(new RegExp(`(.*[\\\\/]${name.replace("/", "[\\\\/]")})[\\\\/].*`), "$1");

const script = `#!/bin/sh
# Runs the benchmark; arguments choose cases.
set -e
cd "$(dirname "$0")"
[ -e unpacked/run.mjs ] || { mkdir -p unpacked && tar -xzf pack.tar.gz -C unpacked; }
PULLBACK_SAMPLES="$PWD/unpacked/samples" WGSL_ADAPTER="\${WGSL_ADAPTER:-any}" exec unpacked/node unpacked/run.mjs "$@"
`;

try {
  await bundle(new URL("gpu/run.mjs", import.meta.url), path.join(stage, "run.mjs"), ["webgpu", "@sparticuz/chromium", "binaryen"]);
  cpSync(process.execPath, path.join(stage, "node"));
  cpSync(path.join(root, "samples"), path.join(stage, "samples"), { recursive: true, filter: (file) => !file.includes("node_modules") && !file.endsWith(".csv") });
  const modules = path.join(stage, "node_modules");
  const [dawn, chromium] = [packageOf("webgpu"), packageOf("@sparticuz/chromium")];
  const keep = (from, to, files) => {
    for (const file of files) cpSync(path.join(from, file), path.join(modules, to, file), { recursive: true });
  };
  keep(dawn, "webgpu", ["package.json", "index.js", "dist/linux-x64"]);
  // Only its main file's place is asked for.
  keep(chromium, "@sparticuz/chromium", ["package.json", path.relative(chromium, require.resolve("@sparticuz/chromium")), "bin/swiftshader.tar.br"]);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-C", stage, "-I", "gzip -9", "-cf", path.join(folder, "pack.tar.gz"), "."]);
  writeFileSync(path.join(folder, "run.sh"), script, { mode: 0o755 });
  const { size } = statSync(path.join(folder, "pack.tar.gz"));
  if (size > mostBytes) throw new Error(`the pack has ${size} bytes, at most ${mostBytes} are wanted`);
  console.log(`${folder}: ${(size / 1e6).toFixed(1)} MB`);
} finally {
  rmSync(stage, { recursive: true });
}
