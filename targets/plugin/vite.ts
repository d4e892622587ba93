/** The plugin for Vite. */
import type { Plugin } from "vite";
import { type PluginOptions, unplugin } from "./index.ts";

export type { PluginOptions };

/**
 * `import { create } from "./digits.pull"` in Vite.
 * @throws OptionError for an option that does not exist or has a wrong value
 */
const pullback: (options?: PluginOptions) => Plugin = unplugin.vite;

export default pullback;
