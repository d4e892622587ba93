/** WebAssembly with 128-bit SIMD: no imports, one memory of a fixed size. */
import type { Target } from "../../compiler/program.ts";
import { emitModule } from "./module.ts";

export { emitText } from "./module.ts";

export const wasm: Target = {
  name: "wasm",
  machine: { name: "simd128", lanes: 4 },
  emit: async (program) => ({ kind: "wasm", bytes: await emitModule(program) }),
};
