/** Shaders over one storage buffer: finds a device, makes pipelines once, then runs lists of them and reads ranges back. */

/** name, text, workgroups along x and y; the same for devices on which workgroup memory is fast, if it differs. */
export type ShaderRow = readonly [name: string, code: string, x: number, y: number, shared?: string, sharedX?: number, sharedY?: number];
/** Index of a shader, then the places of buffers that it finds in its uniform buffer. */
export type RunRow = readonly [shader: number, ...places: readonly number[]];
/** Bytes of the memory. */
export type Range = readonly [at: number, bytes: number];

export interface Gpu {
  readonly device: GPUDevice;
  /** Puts bytes into the memory, before whatever is run later. */
  write(at: number, source: ArrayBuffer | ArrayBufferView): void;
  /** Dispatches in order; then the ranges are read, side by side, if there are any. */
  run(list: readonly number[], ranges: readonly Range[]): Promise<ArrayBuffer>;
  /** Gives the memory back. */
  destroy(): void;
}

/** Offsets into uniform buffers are multiples of this on every device. */
const slotBytes = 256;

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

/** Whether a device is no processor in disguise: only then is workgroup memory faster than caches. */
export function hasFastSharing({ adapterInfo }: GPUDevice): boolean {
  const { isFallbackAdapter, vendor, architecture, device, description } = adapterInfo ?? {};
  return !isFallbackAdapter && !/swiftshader|software|llvmpipe|lavapipe|basic render/i.test(`${vendor} ${architecture} ${device} ${description}`);
}

/**
 * @param shares whether workgroup memory is fast
 * @throws OutOfMemoryError if the memory does not fit; Error with the driver's message for a shader that it refuses
 */
export async function openGpu(device: GPUDevice, bytes: number, rows: readonly ShaderRow[], runs: readonly RunRow[], shares = hasFastSharing(device)): Promise<Gpu> {
  const shaders = rows.map(([name, code, x, y, shared, sharedX = x, sharedY = y]) => (shares && shared !== undefined ? ([name, shared, sharedX, sharedY] as const) : ([name, code, x, y] as const)));
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (bytes > most) throw gpuError("OutOfMemoryError", `create: the module needs ${bytes} bytes in one buffer, this device has at most ${most}`);
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  // Flags by number: the names are globals of browsers only. STORAGE, COPY_DST, COPY_SRC; COMPUTE.
  const memory = device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 16) * 16), usage: 0x80 | 8 | 4 });
  const bindGroupLayout = device.createBindGroupLayout({ entries: [{ binding: 0, visibility: 4, buffer: { type: "storage" } }] });
  const placesLayout = device.createBindGroupLayout({ entries: [{ binding: 0, visibility: 4, buffer: { type: "uniform", hasDynamicOffset: true } }] });
  const layouts = [[bindGroupLayout], [bindGroupLayout, placesLayout]].map((bindGroupLayouts) => device.createPipelineLayout({ bindGroupLayouts }));
  const group = device.createBindGroup({ layout: bindGroupLayout, entries: [{ binding: 0, resource: { buffer: memory } }] });
  // One slot for each run, as far apart as offsets must be.
  const places = new Int32Array(runs.length * (slotBytes / 4));
  runs.forEach(([, ...own], i) => places.set(own, i * (slotBytes / 4)));
  const uniforms = device.createBuffer({ size: Math.max(slotBytes, places.byteLength), usage: 0x40 | 8 }); // UNIFORM, COPY_DST
  device.queue.writeBuffer(uniforms, 0, places);
  const placesGroup = device.createBindGroup({ layout: placesLayout, entries: [{ binding: 0, resource: { buffer: uniforms, size: slotBytes } }] });
  const isOpen = new Set(runs.flatMap(([shader, ...own]) => (own.length > 0 ? [shader] : [])));
  const making = Promise.all(shaders.map(([label, code], shader) => {
    const module = device.createShaderModule({ label, code });
    return device.createComputePipelineAsync({ label, layout: layouts[isOpen.has(shader) ? 1 : 0], compute: { module, entryPoint: "main" } });
  }));
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
          const [shader] = runs[index];
          const [, , x, y] = shaders[shader];
          pass.setPipeline(made[shader]);
          if (isOpen.has(shader)) pass.setBindGroup(1, placesGroup, [index * slotBytes]);
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
      uniforms.destroy();
      for (const buffers of spare.values()) for (const buffer of buffers) buffer.destroy();
    },
  };
}
