/** Shaders over one storage buffer: finds a device, makes pipelines once, then runs lists of them and reads ranges back. */

/** name, text, workgroups along x and y. */
export type ShaderRow = readonly [name: string, code: string, x: number, y: number];
/** Index of a shader, values of its overrides. */
export type PipelineRow = readonly [shader: number, constants: Readonly<Record<string, number>>];
/** Bytes of the memory. */
export type Range = readonly [at: number, bytes: number];

export interface Gpu {
  readonly device: GPUDevice;
  /** Puts bytes into the memory, before whatever is run later. */
  write(at: number, source: ArrayBuffer | ArrayBufferView): void;
  /** Runs pipelines in order; then the ranges are read, side by side, if there are any. */
  run(pipelines: readonly number[], ranges: readonly Range[]): Promise<ArrayBuffer>;
  /** Gives the memory back. */
  destroy(): void;
}

/** @returns Error with a name of its own: DeviceLostError, OutOfMemoryError, NoAdapterError */
export function gpuError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/**
 * The device given, or one of the adapter given, or of the best adapter there is.
 * @param bytes that one buffer must hold
 * @throws NoAdapterError, saying what to do
 */
export async function findDevice(device: GPUDevice | undefined, given: GPUAdapter | undefined, bytes: number): Promise<GPUDevice> {
  if (device !== undefined) return device;
  const adapter = given ?? (await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" }));
  if (!adapter) {
    throw gpuError("NoAdapterError",
      "create: there is no WebGPU adapter. In a browser: use https and switch hardware acceleration on. In Node: give { device } from the package webgpu. " +
      'Elsewhere: build with --target wasm,wgsl and create({ target: "auto" })');
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const requiredLimits = bytes > 2 ** 27 ? { maxBufferSize, maxStorageBufferBindingSize } : {};
  return adapter.requestDevice({ requiredLimits });
}

/** @throws OutOfMemoryError if the memory does not fit; Error with the driver's message for a shader that it refuses */
export async function openGpu(device: GPUDevice, bytes: number, shaders: readonly ShaderRow[], pipelines: readonly PipelineRow[]): Promise<Gpu> {
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (bytes > most) throw gpuError("OutOfMemoryError", `create: the module needs ${bytes} bytes in one buffer, this device has at most ${most}`);
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  // Flags by number: the names are globals of browsers only. STORAGE, COPY_DST, COPY_SRC; COMPUTE.
  const memory = device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 16) * 16), usage: 0x80 | 8 | 4 });
  const bindGroupLayout = device.createBindGroupLayout({ entries: [{ binding: 0, visibility: 4, buffer: { type: "storage" } }] });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] });
  const group = device.createBindGroup({ layout: bindGroupLayout, entries: [{ binding: 0, resource: { buffer: memory } }] });
  const modules = shaders.map(([label, code]) => device.createShaderModule({ label, code }));
  const making = Promise.all(pipelines.map(([shader, constants]) => device.createComputePipelineAsync({ layout, compute: { module: modules[shader], entryPoint: "main", constants } })));
  const refused = device.popErrorScope();
  const full = device.popErrorScope();
  const [made, invalid, noMemory] = await Promise.all([making, refused, full]);
  if (noMemory) throw gpuError("OutOfMemoryError", `create: the device has no ${bytes} bytes left: ${noMemory.message}`);
  if (invalid) throw new Error(`create: ${invalid.message}`);

  let lost: GPUDeviceLostInfo | undefined;
  void device.lost.then((info) => { lost = info; });
  const check = (): void => {
    if (lost) throw gpuError("DeviceLostError", `the device is lost (${lost.reason}: ${lost.message}); create the module again and load what was saved last`);
  };
  /** Buffers to read from, by their bytes: each is in use until it has been read. */
  const spare = new Map<number, GPUBuffer[]>();
  const read = async (buffer: GPUBuffer, size: number): Promise<ArrayBuffer> => {
    try {
      await buffer.mapAsync(1);
    } catch (error) {
      await Promise.race([device.lost, Promise.resolve()]);
      check();
      throw error;
    }
    const result = buffer.getMappedRange().slice(0, size);
    buffer.unmap();
    spare.get(buffer.size)?.push(buffer);
    return result;
  };
  return {
    device,
    write(at, source) {
      check();
      if (source.byteLength > 0) device.queue.writeBuffer(memory, at, source as BufferSource); // of plain memory
    },
    run(list, ranges) {
      check();
      const encoder = device.createCommandEncoder();
      if (list.length > 0) {
        const pass = encoder.beginComputePass();
        pass.setBindGroup(0, group);
        for (const index of list) {
          const [, , x, y] = shaders[pipelines[index][0]];
          pass.setPipeline(made[index]);
          pass.dispatchWorkgroups(x, y);
        }
        pass.end();
      }
      const size = ranges.reduce((total, [, length]) => total + length, 0);
      if (size === 0) {
        device.queue.submit([encoder.finish()]);
        return Promise.resolve(new ArrayBuffer(0));
      }
      const free = spare.get(size) ?? [];
      spare.set(size, free);
      const staging = free.pop() ?? device.createBuffer({ size, usage: 1 | 8 }); // MAP_READ, COPY_DST
      let at = 0;
      for (const [from, length] of ranges) {
        encoder.copyBufferToBuffer(memory, from, staging, at, length);
        at += length;
      }
      device.queue.submit([encoder.finish()]);
      return read(staging, size);
    },
    destroy() {
      memory.destroy();
      for (const buffers of spare.values()) for (const buffer of buffers) buffer.destroy();
    },
  };
}
