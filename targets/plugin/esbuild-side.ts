/** esbuild by itself: its messages keep their places, and its `file` loader ships assets. */
import path from "node:path";
import type { Loader, PartialMessage, PluginBuild } from "esbuild";
import { type Problem, ProgramError } from "./build.ts";
import { hashOf } from "./cache.ts";
import { OptionError } from "./options.ts";
import { isProgram, type Programs } from "./programs.ts";
import { type Asset, scriptFor } from "./script.ts";

const esbuildMessage = ({ message, file, line, column, length, lineText, text }: Problem): PartialMessage => ({
  text: message,
  location: { file, line, column: Buffer.byteLength(lineText.slice(0, column - 1)), length: Buffer.byteLength(lineText.slice(column - 1, column - 1 + length)), lineText },
  notes: text.split("\n").filter((note) => /^ *= /.test(note)).map((note) => ({ text: note.replace(/^ *= /, "") })),
});

export function esbuildSide(build: PluginBuild, programs: Programs): void {
  const { absWorkingDir, format, platform, bundle } = build.initialOptions;
  programs.root = absWorkingDir ?? process.cwd();
  const pending = new Map<string, Asset>();
  // What the `file` loader gives is relative to the script's folder.
  const iife = format === "iife" || (format === undefined && platform !== "node" && bundle === true);
  const base = format === "cjs" || (format === undefined && platform === "node")
    ? `require("node:url").pathToFileURL(__filename)`
    : iife ? "document.currentScript?.src ?? location.href" : "import.meta.url";
  build.onResolve({ filter: isProgram }, ({ path: wanted, resolveDir }) =>
    /^[a-z]+:\/\//i.test(wanted) || !/^[./]|^[A-Za-z]:[\\/]/.test(wanted) ? undefined : { path: path.resolve(resolveDir, wanted.split("?")[0]), suffix: wanted.includes("?") ? wanted.slice(wanted.indexOf("?")) : "" });
  build.onResolve({ filter: /^pullback-asset:/ }, ({ path: wanted }) => ({ path: wanted.slice("pullback-asset:".length), namespace: "pullback-asset" }));
  build.onLoad({ filter: /.*/, namespace: "pullback-asset" }, ({ path: address }) => {
    const asset = pending.get(address);
    return asset && { contents: asset.contents, loader: "file" satisfies Loader };
  });
  build.onLoad({ filter: /\.pull$/ }, async ({ path: file, suffix }) => {
    try {
      const request = programs.request(file + suffix, false);
      const outcome = await programs.build(request);
      const imports: string[] = [];
      const asset = (given: Asset): string => {
        const address = `${hashOf(given.contents)}/${given.name}`;
        pending.set(address, given);
        imports.push(`import assetPath from ${JSON.stringify(`pullback-asset:${address}`)};\nconst assetPlace = new URL(assetPath, ${base}).href;\n`);
        return "assetPlace";
      };
      const script = scriptFor(request, outcome.files, { asset, hot: false });
      return { contents: imports.join("") + script, loader: "js", watchFiles: [file, ...outcome.inputs], warnings: outcome.warnings.map(esbuildMessage), resolveDir: path.dirname(file) };
    } catch (error) {
      if (error instanceof ProgramError) return { errors: error.problems.map(esbuildMessage), watchFiles: [...error.inputs] };
      if (error instanceof OptionError) return { errors: [{ text: error.message }], watchFiles: [file] };
      return { errors: [{ text: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}` }], watchFiles: [file] };
    }
  });
}
