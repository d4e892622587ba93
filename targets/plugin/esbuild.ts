/** The plugin for esbuild. */
import type { Plugin } from "esbuild";
import { type PluginOptions, unplugin } from "./index.ts";

export type { PluginOptions };

/**
 * `import { create } from "./digits.pull"` in esbuild.
 * @throws OptionError for an option that does not exist or has a wrong value
 */
const pullback: (options?: PluginOptions) => Plugin = unplugin.esbuild;

export default pullback;
