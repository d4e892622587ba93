/** Runs a TypeScript program: bundled into the temporary folder, packages left outside. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

export async function bundleAndRun(entry) {
  const folder = await mkdtemp(join(fileURLToPath(new URL("../../node_modules", import.meta.url)), ".bench-")); // packages resolve from here
  try {
    const outfile = join(folder, "bench.mjs");
    await build({ entryPoints: [fileURLToPath(entry)], outfile, bundle: true, packages: "external", platform: "node", format: "esm", logLevel: "error" });
    await import(pathToFileURL(outfile).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}
