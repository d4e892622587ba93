/** The plugin for Rolldown. */
import type { Plugin } from "rolldown";
import { type PluginOptions, unplugin } from "./index.ts";

export type { PluginOptions };

/**
 * `import { create } from "./digits.pull"` in Rolldown.
 * @throws OptionError for an option that does not exist or has a wrong value
 */
const pullback: (options?: PluginOptions) => Plugin = unplugin.rolldown;

export default pullback;
