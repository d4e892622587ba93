/** A lowered kernel as the text of a function. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { BufferId, Index, Scalar } from "../../compiler/schedule/kernel.ts";
import type { Action, Bindings, LoweredKernel, Value } from "../lower/index.ts";
import { literalText, operations, type Emission, type helpers } from "./operations.ts";

/** The typed array over the memory that holds each storage type. */
export const views: Record<Scalar, { readonly name: string; readonly array: string; readonly bytes: number }> = {
  f32: { name: "F", array: "Float32Array", bytes: 4 },
  f64: { name: "D", array: "Float64Array", bytes: 8 },
  i32: { name: "I", array: "Int32Array", bytes: 4 },
  u32: { name: "U", array: "Uint32Array", bytes: 4 },
  bool: { name: "B", array: "Uint8Array", bytes: 1 },
};

/** A byte offset as an index into a view. */
export function elementAt(type: Scalar, byteOffset: number): number {
  const index = byteOffset / views[type].bytes;
  invariant(Number.isInteger(index), () => `an ${type} at byte ${byteOffset}`);
  return index;
}

/** The text; what it needs of the module is added to `uses`. Its parameters are element indices of what `bindings` leaves open. */
export function emitKernel(kernel: LoweredKernel, bindings: Bindings, symbol: string, uses: { readonly helpers: Set<keyof typeof helpers>; readonly views: Set<Scalar> }): string {
  return new KernelWriter(kernel, bindings, uses).write(symbol);
}

const laneNames = ["a", "b", "c", "d"];

class KernelWriter implements Emission {
  readonly #kernel: LoweredKernel;
  readonly #uses: { readonly helpers: Set<keyof typeof helpers>; readonly views: Set<Scalar> };
  /** Place of each buffer: a constant index, or the parameter that has it. */
  readonly #places = new Map<BufferId, { readonly index: number; readonly parameter?: string }>();
  readonly #parameters: string[] = [];
  readonly #declared = new Map<string, string>();
  #lines: string[] = [];
  #temporaries = 0;

  constructor(kernel: LoweredKernel, bindings: Bindings, uses: { readonly helpers: Set<keyof typeof helpers>; readonly views: Set<Scalar> }) {
    this.#kernel = kernel;
    this.#uses = uses;
    for (const { id, binding, storage } of kernel.buffers.values()) {
      const place = bindings[binding];
      if (place !== null) this.#places.set(id, { index: elementAt(storage, place) });
      else {
        const parameter = `p${this.#parameters.length}`;
        this.#parameters.push(parameter);
        this.#places.set(id, { index: 0, parameter });
      }
    }
  }

  write(symbol: string): string {
    this.#actions(this.#kernel.body);
    const declarations = [...this.#declared].map(([name, initial]) => `${name} = ${initial}`);
    const head = declarations.length === 0 ? [] : [`let ${declarations.join(", ")};`];
    return `function ${symbol}(${this.#parameters.join(", ")}) {\n${[...head, ...this.#lines].join("\n")}\n}`;
  }

  helper(name: keyof typeof helpers): string {
    this.#uses.helpers.add(name);
    return name;
  }

  name(text: string): string {
    if (/^(\w|\.|\(-[\w.]+\))+$/.test(text)) return text;
    const name = `t${this.#temporaries++}`;
    this.#lines.push(`const ${name} = ${text};`);
    return name;
  }

  #actions(body: readonly Action[]): void {
    for (const action of body) {
      switch (action.kind) {
        case "loop": {
          const variable = `i${action.variable}`;
          this.#lines.push(`for (let ${variable} = ${this.#index(action.from)}; ${variable} < ${this.#index(action.to)}; ${variable} += ${action.step}) {`);
          this.#actions(action.body);
          this.#lines.push("}");
          break;
        }
        case "if":
          this.#lines.push(`if (${this.#value(action.test)[0]}) {`);
          this.#actions(action.then);
          if (action.else.length > 0) this.#lines.push("} else {");
          this.#actions(action.else);
          this.#lines.push("}");
          break;
        case "let": {
          const lanes = this.#value(action.value);
          // A lane may be set before another is computed from it, unless each lane depends on its own alone.
          const whole = lanes.length === 4 && mixesLanes(action.value) ? lanes.map((lane) => this.#fresh(lane)) : lanes;
          whole.forEach((text, lane) => this.#lines.push(`${this.#local(action.local, lanes.length === 4 ? lane : null)} = ${text};`));
          break;
        }
        case "store": {
          const lanes = this.#value(action.value).slice(0, action.count);
          const whole = lanes.length > 1 ? lanes.map((lane) => this.name(lane)) : lanes;
          whole.forEach((text, lane) => this.#lines.push(`${this.#element(action.buffer, action.at, lane)} = ${text};`));
          break;
        }
        case "fence":
          break;
        case "bind":
        case "barrier":
        case "leave":
          throw new Error(`internal: ${this.#kernel.name} is for a grid of invocations`);
      }
    }
  }

  #fresh(text: string): string {
    const name = `t${this.#temporaries++}`;
    this.#lines.push(`const ${name} = ${text};`);
    return name;
  }

  #local(local: number, lane: number | null): string {
    const name = `v${local}${lane === null ? "" : laneNames[lane]}`;
    if (!this.#declared.has(name)) this.#declared.set(name, this.#kernel.locals[local].type === "bool" ? "false" : "0");
    return name;
  }

  #element(buffer: BufferId, at: Index, lane: number): string {
    const place = this.#places.get(buffer);
    const storage = this.#kernel.buffers.get(buffer)?.storage;
    invariant(place !== undefined && storage !== undefined, () => `buffer ${buffer} is not in memory`);
    this.#uses.views.add(storage);
    return `${views[storage].name}[${this.#index({ ...at, base: at.base + place.index + lane }, place.parameter)}]`;
  }

  #index(at: Index, parameter?: string): string {
    const parts = at.terms.map(([variable, factor]) => (factor === 1 ? `i${variable}` : `i${variable} * ${factor}`));
    if (at.offset !== undefined) parts.unshift(this.#local(at.offset, null));
    if (parameter !== undefined) parts.unshift(parameter);
    if (at.base !== 0 || parts.length === 0) parts.push(String(at.base));
    return parts.join(" + ").replaceAll("+ -", "- ");
  }

  /** The texts of the lanes. */
  #value(value: Value): readonly string[] {
    const lanes = Array.from({ length: value.lanes }, (_, lane) => lane);
    switch (value.kind) {
      case "literal":
        return lanes.map(() => literalText(value.type, value.value));
      case "local":
        return lanes.map((lane) => this.#local(value.local, value.lanes === 1 ? null : lane));
      case "index":
        // 0 times a negative factor is -0, which is no i32.
        return lanes.map((lane) => `(${this.#index({ ...value.at, base: value.at.base + lane })} | 0)`);
      case "load":
        return lanes.map((lane) => {
          if (lane >= (value.count ?? 4)) return literalText(value.type, 0);
          const element = this.#element(value.buffer, value.at, lane);
          return value.type === "bool" ? `(${element} !== 0)` : element;
        });
      case "pack":
        return value.parts.flatMap((part) => this.#value(part));
      case "lane":
        return [this.#value(value.of)[value.lane]];
      case "apply":
        return this.#apply(value, lanes);
    }
  }

  #apply({ op, operand, args }: Extract<Value, { kind: "apply" }>, lanes: readonly number[]): readonly string[] {
    const emitted = args.map((arg) => this.#value(arg));
    switch (op) {
      case "splat": {
        const scalar = this.name(emitted[0][0]);
        return lanes.map(() => scalar);
      }
      case "zipLow":
      case "zipHigh": {
        const first = op === "zipLow" ? 0 : 2;
        return [emitted[0][first], emitted[1][first], emitted[0][first + 1], emitted[1][first + 1]];
      }
      case "shl":
      case "shr": {
        const count = lanes.length === 1 ? emitted[1][0] : this.name(emitted[1][0]);
        return lanes.map((lane) => operations[op](this, operand, [emitted[0][lane], count]));
      }
      default:
        return lanes.map((lane) => operations[op](this, operand, emitted.map((texts) => texts[lane])));
    }
  }
}

/** Whether a lane of the value depends on other lanes of a local. */
function mixesLanes(value: Value): boolean {
  if (value.kind === "apply") return value.op === "zipLow" || value.op === "zipHigh" || value.args.some(mixesLanes);
  return value.kind === "pack" || value.kind === "lane";
}
