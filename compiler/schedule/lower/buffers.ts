/** The memory buffers of a kernel in the making: what each is bound to, and which output may lie on which input. */
import { elementCount } from "../../ir/graph.ts";
import type { ValueId } from "../../ir/graph.ts";
import { byteSize } from "../../program.ts";
import { keyOf } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import type { KernelScope } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { BufferId, Kernel } from "../kernel.ts";
import type { Binding, InPlace, Unit } from "../unit.ts";

const align = (bytes: number): number => Math.ceil(bytes / 16) * 16;

export class BufferTable {
  private readonly bindings: Binding[] = [];
  private readonly inputs = new Map<ValueId, { readonly buffer: BufferId; readonly loads: { readonly key: string; readonly phase: number }[] }>();
  private readonly outputs = new Map<ValueId, { readonly buffer: BufferId; readonly key: string; readonly phase: number }>();
  private readonly spills = new Map<ValueId, BufferId>();
  private scratchBytes = 0;

  constructor(
    private readonly facts: Facts,
    private readonly scope: KernelScope,
  ) {}

  /** A load of a value at an index in a phase of the kernel. */
  input(value: ValueId, index: Affine, dynamic: boolean, phase: number): BufferId {
    let input = this.inputs.get(value);
    if (input === undefined) {
      input = { buffer: this.add(`in${this.inputs.size}`, value), loads: [] };
      this.inputs.set(value, input);
    }
    input.loads.push({ key: dynamic ? "dynamic" : keyOf([index]), phase });
    return input.buffer;
  }

  /** The store of a value. Infinite phase: after all others of the outer turn. */
  output(value: ValueId, index: Affine, phase: number): BufferId {
    const known = this.outputs.get(value);
    if (known !== undefined) return known.buffer;
    const buffer = this.add(`out${this.outputs.size}`, value);
    this.outputs.set(value, { buffer, key: keyOf([index]), phase });
    return buffer;
  }

  /** An output whose places are not known to be those of any input. */
  target(value: ValueId): BufferId {
    return this.output(value, { base: NaN, factors: [] }, -1);
  }

  /** An input whose places are not known. */
  gathered(value: ValueId): BufferId {
    return this.input(value, { base: NaN, factors: [] }, false, 0);
  }

  spill(value: ValueId, length: number): BufferId {
    const known = this.spills.get(value);
    if (known !== undefined) return known;
    const { element } = this.facts.types[value];
    const buffer = this.scratch(`row${this.spills.size}`, element, length);
    this.spills.set(value, buffer);
    return buffer;
  }

  scratch(name: string, element: Parameters<typeof byteSize>[0], length: number): BufferId {
    this.bindings.push({ kind: "scratch", byteOffset: this.scratchBytes });
    this.scratchBytes += align(length * byteSize(element, this.facts.boolBytes));
    return this.scope.buffer(name, element, length);
  }

  unit(kernel: Kernel): Unit {
    return {
      runs: [{ kernel, bindings: this.bindings }],
      reads: [...this.inputs.keys()],
      writes: [...this.outputs.keys()],
      scratchBytes: this.scratchBytes,
      inPlace: this.inPlace(),
    };
  }

  private add(name: string, value: ValueId): BufferId {
    const { element, shape } = this.facts.types[value];
    this.bindings.push({ kind: "value", value, byteOffset: 0 });
    return this.scope.buffer(name, element, elementCount(shape));
  }

  private inPlace(): InPlace[] {
    const { types, boolBytes } = this.facts;
    const bytes = (value: ValueId): number => elementCount(types[value].shape) * byteSize(types[value].element, boolBytes);
    const pairs: InPlace[] = [];
    for (const [output, { key, phase }] of this.outputs) {
      for (const [input, { loads }] of this.inputs) {
        const fits = byteSize(types[input].element, boolBytes) === byteSize(types[output].element, boolBytes) && bytes(input) === bytes(output);
        if (fits && loads.every((load) => load.key === key && load.phase <= phase)) pairs.push({ output, input });
      }
    }
    return pairs;
  }
}
