import type { Plugin } from "esbuild";

/** For Vite and vitest. */
export function sourcePlugin(): { name: string; enforce: "pre"; load(id: string): Promise<string | null> };
/** For esbuild. */
export function esbuildLoaders(): Plugin;
