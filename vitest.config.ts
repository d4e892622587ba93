import { defineConfig } from "vitest/config";
import { sourcePlugin } from "./targets/package/loaders.mjs";

export default defineConfig({
  plugins: [sourcePlugin()],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
