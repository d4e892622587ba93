/** Runs a program: bundled, but for packages (all, or those named), which are found from where it is put. */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { esbuildLoaders } from "../../targets/package/loaders.mjs";

export async function bundle(entry, outfile, external) {
  const outside = external === undefined ? { packages: "external" } : { external };
  await build({
    entryPoints: [fileURLToPath(entry)], outfile, bundle: true, ...outside, platform: "node", format: "esm", mainFields: ["module", "main"],
    plugins: [esbuildLoaders()], logLevel: "error", banner: { js: 'import { createRequire as requireIn } from "node:module"; const require = requireIn(import.meta.url);' },
  });
}

export async function bundleAndRun(entry, external) {
  const folder = await mkdtemp(join(fileURLToPath(new URL("../../node_modules", import.meta.url)), ".bench-")); // packages resolve from here
  process.on("exit", () => rmSync(folder, { recursive: true })); // programs end by `process.exit`, too
  const outfile = join(folder, "bench.mjs");
  await bundle(entry, outfile, external);
  await import(pathToFileURL(outfile).href);
}
