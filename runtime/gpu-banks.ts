/** The memory of a module on a device: buffers of so many bytes each, and what shaders bind of them. */

/** Bytes of a buffer. */
export type Part = readonly [buffer: GPUBuffer, at: number, bytes: number];

export interface Banks {
  /** Of a pipeline that binds so many banks, then groups of these layouts. */
  pipelineLayout(count: number, ...more: readonly GPUBindGroupLayout[]): GPUPipelineLayout;
  /** The banks of these numbers, in order. */
  group(banks: readonly number[]): GPUBindGroup;
  /** A range of the memory, by the buffers that it lies in. */
  parts(at: number, bytes: number): Part[];
  write(at: number, source: ArrayBuffer | ArrayBufferView): void;
  destroy(): void;
}

export function openBanks(device: GPUDevice, bytes: number, bankBytes: number): Banks {
  const memory: GPUBuffer[] = [];
  for (let from = 0; from < Math.max(1, bytes); from += bankBytes) {
    const size = Math.max(16, Math.ceil(Math.min(bankBytes, bytes - from) / 16) * 16);
    memory.push(device.createBuffer({ size, usage: 0x80 | 8 | 4 })); // STORAGE, COPY_DST, COPY_SRC
  }
  const layouts: GPUBindGroupLayout[] = [];
  const layout = (count: number): GPUBindGroupLayout =>
    (layouts[count] ??= device.createBindGroupLayout({ entries: Array.from({ length: count }, (_, binding) => ({ binding, visibility: 4, buffer: { type: "storage" } })) })); // COMPUTE
  const pipelineLayouts = new Map<string, GPUPipelineLayout>();
  const groups = new Map<string, GPUBindGroup>();
  const parts = (at: number, length: number): Part[] => {
    const bank = Math.min(memory.length - 1, Math.floor(at / bankBytes));
    const start = at - bank * bankBytes;
    const here = Math.min(length, bankBytes - start);
    return here === length || length === 0 ? [[memory[bank], start, length]] : [[memory[bank], start, here], ...parts(at + here, length - here)];
  };
  return {
    pipelineLayout(count, ...more) {
      const key = `${count},${more.length}`; // the first so many of the same
      const found = pipelineLayouts.get(key) ?? device.createPipelineLayout({ bindGroupLayouts: [layout(count), ...more] });
      pipelineLayouts.set(key, found);
      return found;
    },
    group(banks) {
      const key = banks.join();
      const found = groups.get(key) ?? device.createBindGroup({ layout: layout(banks.length), entries: banks.map((bank, binding) => ({ binding, resource: { buffer: memory[bank] } })) });
      groups.set(key, found);
      return found;
    },
    parts,
    write(at, source) {
      const [buffer, offset] = ArrayBuffer.isView(source) ? [source.buffer, source.byteOffset] : [source, 0];
      let from = offset;
      for (const [bank, start, length] of parts(at, source.byteLength)) {
        device.queue.writeBuffer(bank, start, buffer as ArrayBuffer, from, length); // of plain memory
        from += length;
      }
    },
    destroy() {
      for (const bank of memory) bank.destroy();
    },
  };
}
