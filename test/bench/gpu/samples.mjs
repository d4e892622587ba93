/** Every sample that trains: its first training entry on made-up batches. There is no peer: the figure is ours alone. */
import { readdirSync, readFileSync } from "node:fs";
import { build } from "../../../targets/compile.ts";
import { openModule } from "../../targets/wgsl/modules.ts";
import { numbers } from "../numbers.mjs";

const folder = process.env.PULLBACK_SAMPLES;

export const sampleNames = readdirSync(folder).flatMap((file) => (file.endsWith(".pull") ? [file.slice(0, -".pull".length)] : []));

/** Arguments for a parameter's tree: small floats; indices within their axis. */
function made(tree, seed) {
  if (tree.kind === "record") return Object.fromEntries(tree.fields.map(({ name, tree: field }, i) => [name, made(field, seed + i)]));
  if (tree.kind === "tuple") return tree.items.map((item, i) => made(item, seed + i));
  const { type: { element, shape }, below } = tree;
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length === 0) return element === "bool" ? true : element === "f32" ? 0.01 : 0;
  if (element === "f32") return numbers(count, 1, seed);
  return ({ i32: Int32Array, u32: Uint32Array, bool: Uint8Array })[element].from({ length: count }, (_, i) => (7 * i) % (below ?? 2));
}

/** null: the sample has no training entry, or WebGPU refuses it. */
export async function sampleCase(name) {
  const read = (file) => readFileSync(`${folder}/${file}`, "utf8");
  const built = await build(read(`${name}.pull`), { file: `${name}.pull`, targets: ["wgsl"], selfTest: false, read });
  const entry = built.program?.entries.find(({ train }) => train);
  if (built.files.length === 0 || entry === undefined) return null;
  const externs = Object.fromEntries(built.program.externs.map(({ name: extern }) => [extern, () => 0]));
  const started = performance.now();
  const module = await openModule(built, { externs });
  const args = entry.parameters.map(({ tree }, i) => made(tree, i + 1));
  await module[entry.name](...args);
  const firstMs = performance.now() - started;
  return {
    entry: entry.name, firstMs, flops: entry.flops, dispatches: entry.plan.length,
    contenders: [{
      name: "Pullback",
      async run(steps) {
        let last;
        for (let i = 0; i < steps; i++) last = entry.plan.some(({ kind }) => kind === "host") ? await module[entry.name](...args) : module[entry.name](...args);
        return last;
      },
    }],
  };
}
