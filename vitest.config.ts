import { defineConfig } from "vitest/config";
import { sourcePlugin } from "./targets/package/loaders.mjs";

export default defineConfig({
  plugins: [sourcePlugin()],
  // What samples/page imports as a user would.
  resolve: { alias: { "pullback/vite": new URL("targets/plugin/vite.ts", import.meta.url).pathname } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
