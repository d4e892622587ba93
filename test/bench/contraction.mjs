/** `node test/bench/contraction.mjs [part of a name...]`: speed of matrix products as a share of the machine's limit. */
import { bundleAndRun } from "./bundle.mjs";

await bundleAndRun(new URL("contraction.ts", import.meta.url));
