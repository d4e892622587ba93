/** Modules for a device, loaded on the process's. */
import type { BuildResult } from "../../../targets/compile.ts";
import { openDevice } from "./device.ts";

type Typed = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** What a module with a wgsl target has: every call is a promise. */
export interface GpuInstance {
  readonly parameters: Readonly<Record<string, { read(): Promise<Typed>; write(values: Typed): Promise<void>; readonly shape: readonly number[] }>>;
  save(): Promise<Uint8Array>;
  load(file: Uint8Array, options?: { readonly only?: string }): Promise<void>;
  reset(seed?: number): Promise<void>;
  selfTest(): Promise<{ readonly passed: boolean; readonly worst: string }>;
  readonly [entry: string]: any; // an entry's types are in the generated .d.ts
}

export async function openModule({ files }: Pick<BuildResult, "files">, options: Readonly<Record<string, unknown>> = {}): Promise<GpuInstance> {
  const script = String(files.find(({ name }) => name.endsWith(".js"))?.contents);
  const { create } = await import(/* @vite-ignore */ `data:text/javascript;charset=utf-8,${encodeURIComponent(script)}`);
  return create({ device: await openDevice(), ...options });
}
