/** The plugin for Rollup. */
import type { Plugin } from "rollup";
import { type PluginOptions, unplugin } from "./index.ts";

export type { PluginOptions };

/**
 * `import { create } from "./digits.pull"` in Rollup.
 * @throws OptionError for an option that does not exist or has a wrong value
 */
const pullback: (options?: PluginOptions) => Plugin = unplugin.rollup;

export default pullback;
