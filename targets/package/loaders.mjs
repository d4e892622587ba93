/**
 * Two import suffixes that the build (esbuild) and the tests (Vite) share:
 *   `x.pull?raw`   the text of a file (Vite knows it; esbuild gets a plugin here);
 *   `x.ts?source`  the text of a module after its types are stripped, for code that is embedded in generated modules.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { transform } from "esbuild";

async function strippedSource(file) {
  const text = await readFile(file, "utf8");
  const { code } = await transform(text, { loader: "ts", target: "es2022", format: "esm" });
  return code;
}

/** For Vite and vitest. */
export function sourcePlugin() {
  return {
    name: "pullback-source",
    enforce: "pre",
    async load(id) {
      if (!id.endsWith("?source")) return null;
      return `export default ${JSON.stringify(await strippedSource(id.slice(0, -"?source".length)))};`;
    },
  };
}

/** For esbuild. */
export function esbuildLoaders() {
  return {
    name: "pullback-loaders",
    setup(build) {
      build.onResolve({ filter: /\?(raw|source)$/ }, ({ path: file, resolveDir }) => ({
        path: path.resolve(resolveDir, file),
        namespace: file.endsWith("?raw") ? "raw" : "source",
      }));
      build.onLoad({ filter: /.*/, namespace: "raw" }, async ({ path: file }) => ({
        contents: await readFile(file.slice(0, -"?raw".length), "utf8"),
        loader: "text",
      }));
      build.onLoad({ filter: /.*/, namespace: "source" }, async ({ path: file }) => ({
        contents: await strippedSource(file.slice(0, -"?source".length)),
        loader: "text",
      }));
    },
  };
}
