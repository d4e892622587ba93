/**
 * `import { create } from "./digits.pull"` in bundlers, by unplugin.
 *
 * Each bundler has a way of its own to ship a file and say its URL:
 *   Rollup, Rolldown, Vite's build   an emitted asset and `import.meta.ROLLUP_FILE_URL_...`
 *   webpack, Rspack                  `new URL(path of the finished build, import.meta.url)`, which they follow
 *   esbuild                          an import with its `file` loader
 *   Vite's server                    a path that the server answers from memory; for server-side code everything is inline
 */
import path from "node:path";
import { createUnplugin, type UnpluginBuildContext, type UnpluginContext, type UnpluginInstance } from "unplugin";
import type { ViteDevServer } from "vite";
import { type Outcome, type Problem, ProgramError } from "./build.ts";
import { hashOf, temporaryFolder, writeBuild } from "./cache.ts";
import { esbuildSide } from "./esbuild-side.ts";
import { OptionError, type PluginOptions } from "./options.ts";
import { isProgram, Programs } from "./programs.ts";
import { type Asset, scriptFor } from "./script.ts";

export type { PluginOptions };

/** Where Vite's server answers with assets. */
const served = "@pullback/";

/** A problem in Rollup's form, which Vite shows in its overlay. Further ones follow in the frame. Rollup counts columns from 0, Vite shows what it gets. */
function rollupError(problems: readonly Problem[], id: string, vite: boolean) {
  const [{ message, file, line, column }] = problems;
  return { message, id, plugin: "pullback", loc: { file, line, column: vite ? column : column - 1 }, frame: problems.map(({ text }) => text).join("\n\n"), stack: "" };
}

/** A message for bundlers that show one string. */
const plainText = (problems: readonly Problem[]): string => `\n${problems.map(({ text }) => text).join("\n\n")}\n`;

type LoadContext = UnpluginBuildContext & UnpluginContext;

export const unplugin: UnpluginInstance<PluginOptions | undefined, false> = createUnplugin<PluginOptions | undefined>((options = {}, { framework }) => {
  const programs = new Programs(options);
  let server: ViteDevServer | undefined;
  const assets = new Map<string, Asset>();

  /** Hands an asset to the bundler that runs. */
  const assetFor = (context: LoadContext, outcome: Outcome, ssr: boolean) => ({ name, contents }: Asset): string => {
    // Code for a server has no assets beside it.
    if (ssr && !name.endsWith(".wasm")) return JSON.stringify(`data:text/javascript,${encodeURIComponent(String(contents))}`);
    if (server) {
      const address = `${hashOf(contents)}/${name}`;
      assets.set(address, { name, contents });
      return `new URL(${JSON.stringify(`${server.config.base}${served}${address}`)}, import.meta.url).href`;
    }
    if (framework === "webpack" || framework === "rspack") {
      const folder = outcome.folder !== undefined && outcome.files.some((file) => file.name === name)
        ? outcome.folder
        : writeBuild(programs.cache ?? temporaryFolder(), hashOf("asset", name, contents), [{ name, contents }], []).folder;
      return `new URL(${JSON.stringify(path.join(folder, name))}, import.meta.url)`;
    }
    // Rollup's emitFile gives a reference; unplugin's type does not say so.
    const reference: unknown = (context.emitFile as (file: object) => unknown)({ type: "asset", name, source: contents });
    return `import.meta.ROLLUP_FILE_URL_${String(reference)}`;
  };

  async function load(this: LoadContext, id: string, ssr: boolean): Promise<{ code: string; map: null } | undefined> {
    try {
      const request = programs.request(id, ssr);
      this.addWatchFile(request.file);
      const outcome = await programs.build(request);
      for (const input of outcome.inputs) this.addWatchFile(input);
      for (const { text } of outcome.warnings) this.warn(text);
      const code = scriptFor(request, outcome.files, { asset: assetFor(this, outcome, ssr), hot: server !== undefined && !ssr });
      return { code, map: null };
    } catch (error) {
      if (!(error instanceof ProgramError || error instanceof OptionError)) throw error;
      if (error instanceof ProgramError) for (const input of error.inputs) this.addWatchFile(input);
      const text = error instanceof ProgramError ? plainText(error.problems) : `${path.relative(programs.root, id)}: ${error.message}`;
      // What is thrown ends a module there; what `this.error` takes would be followed by complaints about the program as JavaScript.
      if (framework === "webpack" || framework === "rspack") throw Object.assign(new Error(text), { stack: text, hideStack: true });
      this.error(error instanceof ProgramError ? rollupError(error.problems, id, framework === "vite") : { message: text, id, stack: "" });
      return undefined;
    }
  }

  return {
    name: "pullback",
    enforce: "pre",
    // Rollup itself knows no queries.
    ...(framework === "rollup" || framework === "rolldown" ? {
      resolveId(wanted: string, importer: string | undefined) {
        return isProgram.test(wanted) && wanted.includes("?") && /^[./]|^[A-Za-z]:/.test(wanted) ? path.resolve(path.dirname(importer ?? "."), wanted) : undefined;
      },
    } : {}),
    ...(framework === "esbuild" ? {} : {
      load: {
        filter: { id: isProgram },
        handler(id) {
          // Vite says in a third place whether the code is for a server.
          const ssr = Boolean((arguments[1] as { ssr?: boolean } | undefined)?.ssr); // beyond unplugin's type
          return load.call(this, id, ssr);
        },
      },
    }),
    vite: {
      configResolved({ root }) {
        programs.root = root;
      },
      configureServer(running) {
        server = running;
        running.middlewares.use((request, response, next) => {
          const at = request.url?.indexOf(served) ?? -1;
          const asset = at < 0 ? undefined : assets.get(decodeURIComponent(request.url!.slice(at + served.length).split("?")[0])); // has a url: `at` says so
          if (asset === undefined) return next();
          response.setHeader("Content-Type", asset.name.endsWith(".wasm") ? "application/wasm" : "text/javascript");
          response.setHeader("Cache-Control", "max-age=31536000, immutable");
          response.end(asset.contents);
        });
      },
    },
    webpack(compiler) {
      programs.root = compiler.context;
    },
    rspack(compiler) {
      programs.root = compiler.context;
    },
    esbuild: {
      setup(build) {
        esbuildSide(build, programs);
      },
    },
  };
});
