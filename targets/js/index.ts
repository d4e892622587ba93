/** The kernels of the wasm target as plain JavaScript: the same bits, at once, without a build of WebAssembly. */
import type { Target } from "../../compiler/program.ts";
import { emitModule } from "./module.ts";

export const js: Target = {
  name: "js",
  machine: { name: "js", lanes: 4 },
  emit: (program) => Promise.resolve({ kind: "js", source: emitModule(program) }),
};
