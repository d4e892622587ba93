/** The plugin for Rspack. */
import type { RspackPluginInstance } from "@rspack/core";
import { type PluginOptions, unplugin } from "./index.ts";

export type { PluginOptions };

/**
 * `import { create } from "./digits.pull"` in Rspack.
 * @throws OptionError for an option that does not exist or has a wrong value
 */
const pullback: (options?: PluginOptions) => RspackPluginInstance = unplugin.rspack;

export default pullback;
