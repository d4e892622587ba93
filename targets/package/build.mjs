/**
 * Builds dist/ (or the directory named on the command line): the command (cli.js), the library (index.js, for Node and
 * browsers), its types, and the plugins for bundlers. Binaryen stays outside: it is loaded when first needed.
 */
import { execFile } from "node:child_process";
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { esbuildLoaders } from "./loaders.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const out = path.resolve(root, process.argv[2] ?? "dist");
const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  external: ["binaryen"],
  plugins: [esbuildLoaders()],
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

async function types() {
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  try {
    await promisify(execFile)(process.execPath, [tsc, "-p", "targets/package/tsconfig.json", "--outDir", path.join(out, "types")], { cwd: root });
  } catch (error) {
    process.stderr.write(error.stdout ?? "");
    throw new Error("tsc cannot write the types", { cause: error });
  }
}

/** The licenses of the packages whose code is in the bundles. */
async function notices(bundles) {
  const folders = new Set(bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs)).map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean));
  const parts = await Promise.all([...folders].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(path.join(root, folder, "package.json"), "utf8"));
    const file = (await readdir(path.join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file ? (await readFile(path.join(root, folder, file), "utf8")).trim() : ""}\n`;
  }));
  await writeFile(path.join(out, "LICENSES.txt"), `Code of these packages is part of the files here.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`);
}

await rm(out, { recursive: true, force: true });
const [, ...bundles] = await Promise.all([
  types(),
  build({
    ...common,
    entryPoints: ["targets/cli/main.ts"],
    outfile: path.join(out, "cli.js"),
    platform: "node",
    // Bundled CommonJS asks for built-in modules by `require`.
    banner: { js: `#!/usr/bin/env node\nimport { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);` },
  }),
  build({ ...common, entryPoints: ["targets/index.ts"], outfile: path.join(out, "index.js"), platform: "neutral", mainFields: ["module", "main"] }),
  // One for each bundler; what they share is one file.
  build({
    ...common,
    entryPoints: ["vite", "rollup", "rolldown", "esbuild", "webpack", "rspack"].map((name) => `targets/plugin/${name}.ts`),
    outdir: out,
    splitting: true,
    chunkNames: "plugin-[hash]",
    platform: "node",
    external: [...common.external, "unplugin"],
  }),
]);
await notices(bundles);
await copyFile(path.join(root, "targets/plugin/client.d.ts"), path.join(out, "client.d.ts"));
