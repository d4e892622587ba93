/** Shaders over a memory of one storage buffer, or a few: finds a device, makes pipelines once, then runs routines of them and reads ranges back. */
import { openBanks, type Part } from "./gpu-banks.ts";
import { pipelineTable } from "./gpu-pipelines.ts";
import { type Dispatch, dispatchesAtOnce, endsEarly, isLong, placeAt, recording, type Recording, type RoutineStep, type RunRow, shadersOf, turnsAtOnce } from "./gpu-routine.ts";

/** name, text, workgroups along x and y; the same for devices on which workgroup memory is fast, if it differs. */
export type ShaderRow = readonly [name: string, code: string, x: number, y: number, shared?: string, sharedX?: number, sharedY?: number];
/** Bytes of the memory. */
export type Range = readonly [at: number, bytes: number];

export interface Gpu {
  readonly device: GPUDevice;
  /** Puts bytes into the memory, before whatever is run later. */
  write(at: number, source: ArrayBuffer | ArrayBufferView): void;
  /**
   * Runs a routine; then the ranges are read, side by side, if there are any. One routine may be called before another has ended.
   * @param turns of the loops around it
   */
  run(routine: readonly RoutineStep[], ranges: readonly Range[], turns?: readonly number[]): Promise<ArrayBuffer>;
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

/** What a recording's dispatches take their places and sizes from; undefined: they have none. */
interface Tables {
  readonly places: GPUBuffer | undefined;
  readonly placesGroup: GPUBindGroup | undefined;
  readonly sizes: GPUBuffer | undefined;
  readonly whole: GPUBuffer | undefined;
  readonly loopsGroup: GPUBindGroup | undefined;
}

export interface GpuOptions {
  /** The code of loops that may end early. Default: there are none. */
  readonly loops?: string;
  /** The memory comes in buffers of so many bytes. Default: it is one. */
  readonly bankBytes?: number;
  /** Which of them each shader binds. Default: the first. */
  readonly banks?: readonly (readonly number[])[];
  /** Whether workgroup memory is fast. Default: as it seems. */
  readonly shares?: boolean;
}

/** @throws OutOfMemoryError if the memory does not fit. What runs a shader that the driver refuses throws an Error with its message. */
export async function openGpu(device: GPUDevice, bytes: number, rows: readonly ShaderRow[], runs: readonly RunRow[], options: GpuOptions = {}): Promise<Gpu> {
  const { loops = "", bankBytes = Math.max(16, bytes), banks = [], shares = hasFastSharing(device) } = options;
  const shaders = rows.map(([name, code, x, y, shared, sharedX = x, sharedY = y]) => (shares && shared !== undefined ? ([name, shared, sharedX, sharedY] as const) : ([name, code, x, y] as const)));
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const largest = Math.min(bytes, bankBytes);
  if (largest > most) throw gpuError("OutOfMemoryError", `create: the module needs ${largest} bytes in one buffer, this device has at most ${most}`);
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  // Flags by number, here and below: the names are globals of browsers only.
  const memory = openBanks(device, bytes, bankBytes);
  const banksOf = rows.map((_, shader) => banks[shader] ?? [0]);
  const groups = banksOf.map((bound) => memory.group(bound));
  const placesLayout = device.createBindGroupLayout({ entries: [{ binding: 0, visibility: 4, buffer: { type: "uniform", hasDynamicOffset: true } }] });
  const loopsLayout = device.createBindGroupLayout({ entries: [{ binding: 0, visibility: 4, buffer: { type: "storage" } }, { binding: 1, visibility: 4, buffer: { type: "read-only-storage" } }] });
  const isOpen = new Set(runs.flatMap(([shader, ...own]) => (own.length > 0 ? [shader] : [])));
  const refused = device.popErrorScope();
  const full = device.popErrorScope();
  const [invalid, noMemory] = await Promise.all([refused, full]);
  if (noMemory) throw gpuError("OutOfMemoryError", `create: the device has no ${bytes} bytes left: ${noMemory.message}`);
  if (invalid) throw new Error(`create: ${invalid.message}`);

  let lost: GPUDeviceLostInfo | undefined;
  void device.lost.then((info) => { lost = info; });
  const check = (): void => {
    if (lost) throw gpuError("DeviceLostError", `the device is lost (${lost.reason}: ${lost.message}); create the module again and load what was saved last`);
  };
  /** Once it is lost, whatever else fails is of no interest. */
  const checkAfter = async (): Promise<void> => {
    await Promise.race([device.lost, Promise.resolve()]);
    check();
  };
  const pipelines = pipelineTable(device, [
    ...shaders.map(([label, code], shader) => [label, code, memory.pipelineLayout(banksOf[shader].length, ...(isOpen.has(shader) ? [placesLayout] : []))] as const),
    ...(loops === "" ? [] : [["loop", loops, memory.pipelineLayout(1, placesLayout, loopsLayout)] as const]),
  ], checkAfter);
  const tables = (slots: number, words: number): Tables => {
    const places = slots > 0 ? device.createBuffer({ size: slots * slotBytes, usage: 0x40 | 8 }) : undefined; // UNIFORM, COPY_DST
    const [sizes, whole] = words > 0
      ? [device.createBuffer({ size: 4 * words, usage: 0x100 | 0x80 | 8 | 4 }), device.createBuffer({ size: 4 * words, usage: 0x80 | 8 })] // INDIRECT, STORAGE, COPY_DST, COPY_SRC
      : [];
    return {
      places, sizes, whole,
      placesGroup: places && device.createBindGroup({ layout: placesLayout, entries: [{ binding: 0, resource: { buffer: places, size: slotBytes } }] }),
      loopsGroup: sizes && whole && device.createBindGroup({ layout: loopsLayout, entries: [sizes, whole].map((buffer, binding) => ({ binding, resource: { buffer } })) }),
    };
  };
  const close = ({ places, sizes, whole }: Tables): void => [places, sizes, whole].forEach((buffer) => buffer?.destroy());
  const fill = ({ places, whole }: Tables, { slots, sizes }: Recording): void => {
    const words = new Int32Array(slots.length * (slotBytes / 4));
    slots.forEach((slot, i) => words.set(slot, i * (slotBytes / 4)));
    if (places) device.queue.writeBuffer(places, 0, words);
    if (whole) device.queue.writeBuffer(whole, 0, Uint32Array.from(sizes));
  };
  const fresh = (): Recording => recording(runs, (shader) => [shaders[shader][2], shaders[shader][3]], bankBytes / 4);
  /** Buffers to read from, by their bytes: each is in use until it has been read. */
  const spare = new Map<number, GPUBuffer[]>();
  const read = async (buffer: GPUBuffer, size: number): Promise<ArrayBuffer> => {
    try {
      await buffer.mapAsync(1);
    } catch (error) {
      await checkAfter();
      throw error;
    }
    const result = buffer.getMappedRange().slice(0, size);
    buffer.unmap();
    spare.get(buffer.size)?.push(buffer);
    return result;
  };
  const submit = (dispatches: readonly Dispatch[], { placesGroup, sizes, loopsGroup }: Tables, copies: readonly Part[]): Promise<ArrayBuffer> => {
    check();
    const encoder = device.createCommandEncoder();
    if (dispatches.length > 0) {
      const pass = encoder.beginComputePass();
      let last: GPUBindGroup | undefined;
      for (const { shader, slot, x, y, size, bank } of dispatches) {
        const bound = shader < 0 ? memory.group([bank]) : groups[shader];
        if (bound !== last) pass.setBindGroup(0, bound);
        last = bound;
        pass.setPipeline(pipelines.of(shader < 0 ? shaders.length : shader));
        if (placesGroup && slot >= 0) pass.setBindGroup(1, placesGroup, [slot * slotBytes]);
        if (loopsGroup && shader < 0) pass.setBindGroup(2, loopsGroup);
        if (sizes && size >= 0) pass.dispatchWorkgroupsIndirect(sizes, 4 * size);
        else pass.dispatchWorkgroups(x, y);
      }
      pass.end();
    }
    const size = copies.reduce((total, [, , length]) => total + length, 0);
    if (size === 0) {
      device.queue.submit([encoder.finish()]);
      return Promise.resolve(new ArrayBuffer(0));
    }
    const free = spare.get(size) ?? [];
    spare.set(size, free);
    const staging = free.pop() ?? device.createBuffer({ size, usage: 1 | 8 }); // MAP_READ, COPY_DST
    let at = 0;
    for (const [from, start, length] of copies) {
      encoder.copyBufferToBuffer(from, start, staging, at, length);
      at += length;
    }
    device.queue.submit([encoder.finish()]);
    return read(staging, size);
  };

  /** Of what is written out anew each time: grows when it must. */
  let shared = tables(0, 0);
  const submitOnce = (list: Recording, copies: (from: Tables) => readonly Part[]): Promise<ArrayBuffer> => {
    const [slots, words] = [list.slots.length, list.sizes.length];
    if (slots * slotBytes > (shared.places?.size ?? 0) || 4 * words > (shared.sizes?.size ?? 0)) {
      close(shared);
      shared = tables(2 * slots, 2 * words);
    }
    fill(shared, list);
    return submit(list.dispatches, shared, copies(shared));
  };
  const fromMemory = (ranges: readonly Range[]): Part[] => ranges.flatMap(([at, length]) => memory.parts(at, length));
  /** Runs a routine with long loops, turn after turn. */
  const play = async (routine: readonly RoutineStep[], ranges: readonly Range[], turns: readonly number[]): Promise<ArrayBuffer> => {
    let list = fresh();
    const flush = (copies: (from: Tables) => readonly Part[]): Promise<ArrayBuffer> => {
      const full = list;
      list = fresh();
      return submitOnce(full, copies);
    };
    const isZero = async (copies: (from: Tables) => readonly Part[]): Promise<boolean> => new Uint32Array(await flush(copies))[0] === 0;
    /** @returns whether a test among the steps was true */
    const walk = async (steps: readonly RoutineStep[], around: readonly number[]): Promise<boolean> => {
      for (const step of steps) {
        if (typeof step !== "number" && step.length === 1) {
          if (!(await isZero(() => memory.parts(4 * placeAt(step[0], around), 4)))) return true;
        } else if (typeof step === "number" || !isLong(step)) list.add([step], around);
        else if (endsEarly(step) && !step[1].some(isLong)) {
          for (let from = 0; from < step[0]; from += turnsAtOnce) {
            const word = list.addTurns(step, around, from, Math.min(step[0], from + turnsAtOnce));
            if (await isZero(({ sizes }) => (sizes ? [[sizes, 4 * word, 4]] : []))) break;
          }
        } else for (let turn = 0; turn < step[0]; turn++) if (await walk(step[1], [...around, turn])) break;
        if (list.dispatches.length >= dispatchesAtOnce) await flush(() => []);
      }
      return false;
    };
    await walk(routine, turns);
    return flush(() => fromMemory(ranges));
  };

  /** What a routine without long loops comes to, written out once; null: it has some. An empty one, to read what is there, may be any array. */
  const routines = new Map<readonly RoutineStep[], { readonly dispatches: readonly Dispatch[]; readonly tables: Tables } | null>();
  const prepared = (routine: readonly RoutineStep[]) => {
    if (routine.length === 0) return { dispatches: [], tables: shared };
    const found = routines.get(routine);
    if (found !== undefined) return found;
    const list = routine.some(isLong) ? null : fresh();
    list?.add(routine, []);
    const made = list && { dispatches: list.dispatches, tables: tables(list.slots.length, list.sizes.length) };
    if (made) fill(made.tables, list);
    routines.set(routine, made);
    return made;
  };
  /** Shaders of routines that have not run yet, the loops' own by the place it has in the table. */
  const needs = new WeakMap<readonly RoutineStep[], readonly number[]>();
  /** Settled when the pipelines of a routine are made; undefined: they are. */
  const pipelinesOf = (routine: readonly RoutineStep[]): Promise<unknown> | undefined => {
    const needed = needs.get(routine) ?? [...shadersOf(routine, runs)].map((shader) => (shader < 0 ? shaders.length : shader));
    const making = pipelines.ask(needed);
    needs.set(routine, making === undefined ? [] : needed);
    return making;
  };
  /** While the host counts the turns of a loop, or pipelines are made, what is asked for next waits. */
  let busy: Promise<unknown> | undefined;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = (busy ?? Promise.resolve()).then(work);
    const settled = result.then(() => {}, () => {}).then(() => { if (busy === settled) busy = undefined; });
    busy = settled;
    return result;
  };
  return {
    device,
    write(at, source) {
      check();
      if (source.byteLength === 0) return;
      if (busy === undefined) return memory.write(at, source);
      const copy = ArrayBuffer.isView(source) ? new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength).slice() : source.slice(0); // of plain memory
      void inTurn(async () => memory.write(at, copy));
    },
    run(routine, ranges, turns = []) {
      check();
      const making = pipelinesOf(routine);
      const ready = turns.length > 0 ? null : prepared(routine);
      if (ready === null) return inTurn(() => Promise.resolve(making).then(() => play(routine, ranges, turns)));
      const start = (): Promise<ArrayBuffer> => submit(ready.dispatches, ready.tables, fromMemory(ranges));
      if (busy === undefined && making === undefined) return start();
      // Its turn is over when it is submitted, not when it is read.
      return inTurn(() => Promise.resolve(making).then(() => ({ result: start() }))).then(({ result }) => result);
    },
    destroy() {
      pipelines.close();
      memory.destroy();
      close(shared);
      for (const routine of routines.values()) if (routine) close(routine.tables);
      for (const buffers of spare.values()) for (const buffer of buffers) buffer.destroy();
    },
  };
}
