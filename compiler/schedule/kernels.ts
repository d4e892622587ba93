/** The program's kernels: equal ones are kept once, and each has a name of its own. */
import type { Kernel, KernelId } from "./kernel.ts";

export class KernelTable {
  readonly kernels: Kernel[] = [];
  private readonly known = new Map<string, KernelId>();
  private readonly names = new Map<string, number>();

  add(kernel: Kernel): KernelId {
    const { buffers, locals, variables, body } = kernel;
    const text = JSON.stringify([buffers, locals, variables, body]);
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const id = this.kernels.length as KernelId; // the index it gets
    const count = (this.names.get(kernel.name) ?? 0) + 1;
    this.names.set(kernel.name, count);
    this.kernels.push(count === 1 ? kernel : { ...kernel, name: `${kernel.name}__${count}` });
    this.known.set(text, id);
    return id;
  }
}
