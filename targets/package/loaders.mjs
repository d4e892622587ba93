/**
 * Two import suffixes that the build (esbuild) and the tests (Vite) share:
 *   `x.pull?raw`   the text of a file (Vite knows it; esbuild gets a plugin here);
 *   `x.ts?source`  the declarations of a module as minified JavaScript, one a line and under their own names, without
 *                  imports and exports: code that is embedded in generated modules.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { transform } from "esbuild";

async function declarations(file) {
  const text = await readFile(file, "utf8");
  const { code } = await transform(text, { loader: "ts", target: "es2022", format: "esm" });
  // As esbuild prints it, every top-level statement starts in column 0 and exports stand at the end.
  const body = code.replace(/^import .*;\n/gm, "").replace(/^export \{[^}]*\};\n?/gm, "");
  const statements = body.split(/^(?=(?:async )?function |const |let )/m).filter((statement) => statement.trim() !== "");
  // Each by itself and as a script, whose top-level names a minifier keeps.
  const minified = await Promise.all(statements.map((statement) => transform(statement, { target: "es2022", minify: true })));
  return minified.map(({ code: line }) => `${line.trim()}\n`).join("");
}

/** For Vite and vitest. */
export function sourcePlugin() {
  return {
    name: "pullback-source",
    enforce: "pre",
    async load(id) {
      if (!id.endsWith("?source")) return null;
      return `export default ${JSON.stringify(await declarations(id.slice(0, -"?source".length)))};`;
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
        contents: await declarations(file.slice(0, -"?source".length)),
        loader: "text",
      }));
    },
  };
}
