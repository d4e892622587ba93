/** GFLOP/s of independent multiply-add chains on 128-bit registers: the limit of a WebAssembly product on this machine. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const turns = 4000;

export async function measurePeak() {
  const folder = await mkdtemp(join(fileURLToPath(new URL("../../node_modules", import.meta.url)), ".bench-")); // packages resolve from here
  try {
    const outfile = join(folder, "peak.mjs");
    await build({ entryPoints: [fileURLToPath(new URL("peak-module.ts", import.meta.url))], outfile, bundle: true, packages: "external", platform: "node", format: "esm", logLevel: "error" });
    const { peakModule } = await import(pathToFileURL(outfile).href);
    const run = await peakModule(turns);
    let best = Infinity;
    for (let i = 0; i < 200; i++) {
      const start = performance.now();
      for (let call = 0; call < 20; call++) run();
      best = Math.min(best, (performance.now() - start) / 20);
    }
    return (turns * 4 * 12 * 8) / best / 1e6;
  } finally {
    await rm(folder, { recursive: true });
  }
}
