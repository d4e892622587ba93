/**
 * `npm run bench:gpu [-- part of a case's name...]`: the WGSL target on the adapter that there is, SwiftShader where there is none;
 * WGSL_ADAPTER=system|swiftshader chooses.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundleAndRun } from "./bundle.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
if (!existsSync(`${here}node_modules/@tensorflow/tfjs-backend-webgpu`)) {
  execFileSync(process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund"], { cwd: here, stdio: "inherit" });
}
process.env.WGSL_ADAPTER ??= "any";
process.env.PULLBACK_SAMPLES ??= fileURLToPath(new URL("../../samples", import.meta.url));
await bundleAndRun(new URL("gpu/run.mjs", import.meta.url), ["webgpu", "@sparticuz/chromium", "binaryen"]);
