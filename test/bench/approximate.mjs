/** `node test/bench/approximate.mjs`: speed of the approximated functions. */
import { bundleAndRun } from "./bundle.mjs";

await bundleAndRun(new URL("approximate.ts", import.meta.url));
