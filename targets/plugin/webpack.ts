/** The plugin for webpack. */
import type { WebpackPluginInstance } from "webpack";
import { type PluginOptions, unplugin } from "./index.ts";

export type { PluginOptions };

/**
 * `import { create } from "./digits.pull"` in webpack.
 * @throws OptionError for an option that does not exist or has a wrong value
 */
const pullback: (options?: PluginOptions) => WebpackPluginInstance = unplugin.webpack;

export default pullback;
