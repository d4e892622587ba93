/** The program's kernels: equal ones are kept once, and each has a name of its own. */
import type { Kernel, KernelId } from "./kernel.ts";

export class KernelTable {
  readonly kernels: Kernel[] = [];
  /** By outline; the text of a body is made only where another has the same outline. */
  private readonly known = new Map<string, { readonly id: KernelId; text: string | null }[]>();
  private readonly names = new Map<string, number>();

  add(kernel: Kernel): KernelId {
    const key = outline(kernel);
    const alike = this.known.get(key) ?? [];
    let text: string | null = null;
    if (alike.length > 0) {
      text = textOf(kernel);
      for (const other of alike) {
        other.text ??= textOf(this.kernels[other.id]);
        if (other.text === text) return other.id;
      }
    }
    const id = this.kernels.length as KernelId; // the index it gets
    this.known.set(key, [...alike, { id, text }]);
    const count = (this.names.get(kernel.name) ?? 0) + 1;
    this.names.set(kernel.name, count);
    this.kernels.push(count === 1 ? kernel : { ...kernel, name: `${kernel.name}__${count}` });
    return id;
  }
}

const outline = ({ buffers, locals, variables }: Kernel): string =>
  [variables, locals.length, ...buffers.map(({ storage, length }) => `${storage}${length}`)].join();

/** All that a kernel does; not its name and site. */
const textOf = ({ buffers, locals, variables, body, grid, shared }: Kernel): string =>
  JSON.stringify([buffers, locals, variables, body, grid, shared === undefined ? null : textOf(shared)], spelled);

/** JSON has no infinities, no NaN and no -0. */
const spelled = (_: string, value: unknown): unknown => (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)) ? `${1 / value === -Infinity ? "-" : ""}${value}` : value);
