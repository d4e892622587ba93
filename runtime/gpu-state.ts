/** Persistent tensors on a device: an image of them in plain memory is checked, saved and loaded as on one processor, and sent or fetched. */
import { arrays, type ElementName } from "./elements.ts";
import type { Parameter, StateRow } from "./state.ts";
import type { Gpu, Range } from "./webgpu.ts";

/** What `persistent` makes of the image. */
interface Host {
  readonly parameters: Readonly<Record<string, Parameter>>;
  reset(seed?: number): void;
  save(): Uint8Array;
  load(file: ArrayBuffer | ArrayBufferView, options?: { readonly only?: string }): void;
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** On the device every element takes 4 bytes. */
const wordsOf = (element: ElementName, words: ArrayBuffer, at: number, count: number) => new (element === "bool" ? Uint32Array : arrays[element])(words, at, count);

/**
 * @param image the memory of `rows`, whose offsets are those of one processor
 * @param places offset of each row on the device, ascending
 * @param idle throws while a call that waits for its host is under way
 */
export function onDevice(gpu: Gpu, image: ArrayBuffer, rows: readonly StateRow[], places: readonly number[], host: Host, idle: (name: string) => void) {
  const send = (index: number): void => {
    const [, element, shape, at] = rows[index];
    const count = countOf(shape);
    const values = new arrays[element](image, at, count);
    gpu.write(places[index], element === "bool" ? Uint32Array.from(values) : values);
  };
  const sendAll = (): void => rows.forEach((_, index) => send(index));
  const collect = async (wanted: readonly number[]): Promise<void> => {
    const ranges = wanted.map((index): Range => [places[index], 4 * countOf(rows[index][2])]);
    const words = await gpu.run([], ranges);
    let from = 0;
    wanted.forEach((index, i) => {
      const [, element, shape, at] = rows[index];
      const count = countOf(shape);
      new arrays[element](image, at, count).set(wordsOf(element, words, from, count));
      from += ranges[i][1];
    });
  };
  const all = rows.map((_, index) => index);
  const parameters: Record<string, unknown> = {};
  rows.forEach(([name], index) => {
    const { [name]: parameter } = host.parameters;
    if (parameter === undefined) return;
    const { shape, element, role } = parameter;
    parameters[name] = {
      shape, element, role,
      async read() {
        await collect([index]);
        return parameter.read();
      },
      async write(values: Parameters<Parameter["write"]>[0]) {
        idle(name);
        parameter.write(values);
        send(index);
      },
    };
  });
  sendAll();
  return {
    parameters,
    sendAll,
    async reset(seed?: number) {
      idle("reset");
      host.reset(seed);
      sendAll();
    },
    async save() {
      idle("save");
      await collect(all);
      return host.save();
    },
    async load(file: ArrayBuffer | ArrayBufferView, options?: { readonly only?: string }) {
      idle("load");
      await collect(all); // what the file leaves alone
      host.load(file, options);
      sendAll();
    },
  };
}

/** A module whose calls answer at once, as one whose calls return promises. */
export function promised(module: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const later = (object: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, typeof value === "function" ? async (...args: unknown[]) => value(...args) : value]));
  const parameters = Object.fromEntries(Object.entries(Object(module.parameters)).map(([name, { shape, element, role, read, write }]: [string, any]) => // as `persistent` makes them
    [name, later({ shape, element, role, read, write })]));
  return { ...later(module), parameters };
}
