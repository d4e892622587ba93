/** Regions and programs run by WGSL on the process's device, on plain tensors. */
import { renderDiagnostics } from "../../../compiler/diagnostics/render.ts";
import { compile } from "../../../compiler/index.ts";
import type { Region } from "../../../compiler/ir/graph.ts";
import { elementCount } from "../../../compiler/ir/graph.ts";
import { byteSize, type Machine, type Program, type WgslArtifact } from "../../../compiler/program.ts";
import type { Tensor } from "../../../compiler/reference/index.ts";
import { optimize } from "../../../compiler/optimize/index.ts";
import { schedule } from "../../../compiler/schedule/index.ts";
import { loopCode } from "../../../runtime/gpu-routine.ts";
import { type Gpu, openGpu, type Range } from "../../../runtime/webgpu.ts";
import { emitShaders, endsEarly, wgsl } from "../../../targets/wgsl/index.ts";
import { leaves as namedLeaves } from "../../oracle/harness.ts";
import { graphOf, leaves } from "../../schedule/run.ts";
import { openDevice } from "./device.ts";

export async function openArtifact({ shaders, runs, routines, program }: WgslArtifact, shares = false): Promise<Gpu> {
  const gpu = await openGpu(await openDevice(), program.peakBytes,
    shaders.map(({ name, code, workgroups: [x, y], shared }) => (shared === undefined ? [name, code, x, y] : [name, code, x, y, shared.code, ...shared.workgroups])),
    runs.map(({ shader, places }) => [shader, ...places]), {
      shares, ...(Object.values(routines).some(endsEarly) ? { loops: loopCode } : {}), ...(program.peakBytes > (program.bankBytes ?? Infinity) ? { bankBytes: program.bankBytes, banks: shaders.map(({ banks }) => banks) } : {}),
    });
  // Nothing may lean on zeros: this is NaN as a float and far away as an integer.
  gpu.write(0, new Uint8Array(Math.ceil(program.peakBytes / 16) * 16).fill(0xff));
  for (const { at, bytes } of program.constants) gpu.write(at, bytes);
  return gpu;
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint32Array, f64: Float64Array };

const rangeOf = ({ at, type }: ReturnType<typeof leaves>[number]): Range => [at, byteSize(type.element, 4) * elementCount(type.shape)];

/** The results of a region. `shares`: as on a device with fast workgroup memory. */
export async function runRegion(region: Region, args: readonly Tensor[], shares = false, machine: Machine = wgsl.machine): Promise<Tensor[]> {
  const program: Program = schedule(optimize(graphOf(region)), machine);
  const artifact = emitShaders(program);
  const gpu = await openArtifact(artifact, shares);
  const [entry] = program.entries;
  entry.parameters.flatMap(({ tree }) => leaves(tree)).forEach(({ at, type }, i) => gpu.write(at, arrays[type.element].from(args[i].data)));
  const results = entry.result === null ? [] : leaves(entry.result);
  const ranges = results.map(rangeOf);
  const buffer = await gpu.run(artifact.routines[entry.symbol], ranges);
  gpu.destroy();
  let from = 0;
  return results.map(({ type }, i) => {
    const data = Float64Array.from(new arrays[type.element](buffer, from, elementCount(type.shape)));
    from += ranges[i][1];
    return { type, data };
  });
}

export interface DeviceRunner {
  /** Takes the leaves of an entry's arguments in order and answers those of its result, by path. */
  call(entry: string, args: readonly (readonly number[])[]): Promise<ReadonlyMap<string, ArrayLike<number>>>;
}

/** A program on the process's device, its states at their initial values. @throws Error with the rendered diagnostics */
export async function compileForDevice(source: string): Promise<DeviceRunner> {
  const { program, artifacts: [artifact], diagnostics } = await compile(source, { file: "device.pull", targets: [wgsl] });
  if (program === undefined || artifact?.kind !== "wgsl") throw new Error(renderDiagnostics(diagnostics, { source: () => source }));
  const gpu = await openArtifact(artifact);
  return {
    async call(name, args) {
      const entry = artifact.program.entries.find((other) => other.name === name);
      if (entry === undefined) throw new Error(`no entry ${name}`);
      entry.parameters.flatMap(({ tree }) => leaves(tree)).forEach(({ at, type }, i) => gpu.write(at, arrays[type.element].from(args[i])));
      const results = entry.result === null ? [] : [...namedLeaves(entry.result)];
      const words = await gpu.run(artifact.routines[entry.symbol], results.map(([, leaf]) => rangeOf(leaf)));
      let from = 0;
      return new Map(results.map(([path, leaf]) => {
        const values = new arrays[leaf.type.element](words, from, elementCount(leaf.type.shape));
        from += rangeOf(leaf)[1];
        return [path, values];
      }));
    },
  };
}
