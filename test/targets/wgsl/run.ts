/** Regions and programs run by WGSL on the process's device, on plain tensors. */
import type { Region } from "../../../compiler/ir/graph.ts";
import { elementCount } from "../../../compiler/ir/graph.ts";
import { byteSize, type Program, type WgslArtifact } from "../../../compiler/program.ts";
import type { Tensor } from "../../../compiler/reference/index.ts";
import { optimize } from "../../../compiler/optimize/index.ts";
import { schedule } from "../../../compiler/schedule/index.ts";
import { type Gpu, openGpu } from "../../../runtime/webgpu.ts";
import { emitShaders, wgsl } from "../../../targets/wgsl/index.ts";
import { graphOf, leaves } from "../../schedule/run.ts";
import { complaints, openDevice } from "./device.ts";

export async function openArtifact({ shaders, runs, program }: WgslArtifact, shares = false): Promise<Gpu> {
  const gpu = await openGpu(await openDevice(), program.peakBytes,
    shaders.map(({ name, code, workgroups: [x, y], shared }) => (shared === undefined ? [name, code, x, y] : [name, code, x, y, shared.code, ...shared.workgroups])),
    runs.map(({ shader, places }) => [shader, ...places]), shares);
  // Nothing may lean on zeros: this is NaN as a float and far away as an integer.
  gpu.write(0, new Uint8Array(Math.ceil(program.peakBytes / 16) * 16).fill(0xff));
  for (const { at, bytes } of program.constants) gpu.write(at, bytes);
  return gpu;
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint32Array, f64: Float64Array };

/** The results of a region. `shares`: as on a device with fast workgroup memory. @throws what the driver complains of */
export async function runRegion(region: Region, args: readonly Tensor[], shares = false): Promise<Tensor[]> {
  const program: Program = schedule(optimize(graphOf(region)), wgsl.machine);
  const artifact = emitShaders(program);
  const gpu = await openArtifact(artifact, shares);
  const [entry] = program.entries;
  entry.parameters.flatMap(({ tree }) => leaves(tree)).forEach(({ at, type }, i) => gpu.write(at, arrays[type.element].from(args[i].data)));
  const results = entry.result === null ? [] : leaves(entry.result);
  const ranges = results.map(({ at, type }) => [at, byteSize(type.element, 4) * elementCount(type.shape)] as const);
  const buffer = await gpu.run(artifact.routines[entry.symbol], ranges);
  gpu.destroy();
  if (complaints.length > 0) throw new Error(complaints.splice(0).join("\n"));
  let from = 0;
  return results.map(({ type }, i) => {
    const data = Float64Array.from(new arrays[type.element](buffer, from, elementCount(type.shape)));
    from += ranges[i][1];
    return { type, data };
  });
}
