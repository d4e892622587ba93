/** A lowered kernel as the text of a shader module with one entry point, `main`. */
import { invariant } from "../../compiler/diagnostics/diagnostic.ts";
import type { Buffer, BufferId, Index, Kernel, Lanes, Placement, Scalar, VariableId } from "../../compiler/schedule/kernel.ts";
import { invocationVariable, workgroupVariable } from "../../compiler/schedule/kernel.ts";
import { type Action, type Bindings, eachValue, lifetimesOf, type LoweredKernel, lowerKernel, type Value } from "../lower/index.ts";
import { type Emission, helperName, type HelperName, helperText, literalText, needsNaN, operations, specials, typeText } from "./operations.ts";

export interface KernelText {
  readonly code: string;
  readonly workgroups: readonly [x: number, y: number];
}

/** Where the buffers in memory of a kernel are bound. */
export interface Bound {
  /** Places that all runs share are written into the text, the others come in a uniform buffer, in their order. */
  readonly bindings: Bindings;
  /** All places, of every run, are multiples of 16 bytes. */
  readonly aligned: boolean;
  /** The bank of each binding, the same for all runs, and the byte that it begins at. */
  readonly banks: readonly Bank[];
}

export interface Bank {
  readonly index: number;
  readonly from: Placement;
}

/** The banks that are bound, each once. */
export const boundBanks = (banks: readonly Bank[]): readonly number[] => [...new Set(banks.map(({ index }) => index))];

/** More workgroups than this along an axis are refused by every device. */
const mostWorkgroups = 65535;

/** Places that come with each run: so many vec4 of a uniform buffer at most. */
const mostPlaces = 16;
/** Buffers whose places a run may hand over; those of a kernel with more are written into it. */
export const mostOpen = 4 * mostPlaces;
/** i32 is the name of a type, the others may become ones. */
const typeNames: ReadonlySet<number> = new Set([8, 16, 32, 64]);
const variableName = (variable: VariableId): string => `${typeNames.has(variable) ? "n" : "i"}${variable}`;
/** The name of the place of a binding, in elements of the memory's array. */
const placeName = (binding: number): string => `at${binding}`;

export function emitKernel(kernel: Kernel, bound: Bound): KernelText {
  return new KernelWriter(kernel, bound).write();
}

type Load = Extract<Value, { kind: "load" }>;

const inMemory = (kernel: Kernel, buffer: BufferId): boolean => kernel.buffers[buffer].space === "memory";

/** Whether an element index is a multiple of 4 whatever the variables. */
const isAligned = ({ base, terms, offset }: Index): boolean => offset === undefined && base % 4 === 0 && terms.every(([, factor]) => factor % 4 === 0);

/** Memory is an array of vec4 where all stores are whole aligned ones: then loads are, too, or take a component. */
function isVectorMemory(lowered: LoweredKernel, kernel: Kernel): boolean {
  let whole = true;
  let loads = 0;
  const visit = (body: readonly Action[]): void => {
    for (const action of body) {
      if (action.kind === "loop") visit(action.body);
      else if (action.kind === "if") [action.then, action.else].forEach(visit);
      else if (action.kind === "store" && inMemory(kernel, action.buffer)) whole &&= action.value.lanes === 4 && action.count === undefined && isAligned(action.at);
    }
  };
  visit(lowered.body);
  eachValue(lowered.body, (value) => { if (value.kind === "load" && value.lanes === 4 && value.count === undefined && isAligned(value.at)) loads++; });
  return whole && loads > 0;
}

function storesVectors(body: readonly Action[], buffer: number): boolean {
  return body.some((action) => {
    if (action.kind === "loop") return storesVectors(action.body, buffer);
    if (action.kind === "if") return storesVectors(action.then, buffer) || storesVectors(action.else, buffer);
    return action.kind === "store" && action.buffer === buffer && action.value.lanes === 4;
  });
}

/** An aligned index, counted in vec4. */
const quarter = ({ base, terms }: Index): Index => ({ base: base / 4, terms: terms.map(([variable, factor]) => [variable, factor / 4]) });

class KernelWriter implements Emission {
  readonly #kernel: Kernel;
  readonly #lowered: LoweredKernel;
  readonly #bindings: Bindings;
  readonly #bound: Bound;
  readonly #banks: readonly number[];
  readonly #vector: boolean;
  /** What the memory's array holds. */
  readonly #element: "f32" | "u32";
  readonly #once: ReadonlySet<number>;
  readonly #helpers = new Set<string>();
  readonly #declared = new Map<string, string>();
  #lines: string[] = [];
  #indent = "  ";
  #temporaries = 0;
  readonly #vectors = new Map<number, boolean>();
  #special = false;
  /** Whether invocations tell each other that a loop ends. */
  #leaves = false;

  constructor(kernel: Kernel, bound: Bound) {
    this.#kernel = kernel;
    this.#bindings = bound.bindings;
    this.#bound = bound;
    this.#banks = boundBanks(bound.banks);
    this.#lowered = lowerKernel(kernel, "registers");
    this.#vector = bound.aligned && isVectorMemory(this.#lowered, kernel);
    this.#element = kernel.buffers.every(({ space, storage }) => space !== "memory" || storage === "f32") ? "f32" : "u32";
    this.#once = lifetimesOf(this.#lowered.body).shared;
  }

  write(): KernelText {
    const { grid } = this.#kernel;
    invariant(grid !== undefined, () => `${this.#kernel.name} has no grid`);
    const y = Math.max(1, Math.ceil(grid.workgroups / mostWorkgroups));
    const x = Math.ceil(grid.workgroups / y);
    this.#line(`let i${workgroupVariable} = i32(${y === 1 ? "group.x" : `group.y * ${x}u + group.x`});`);
    this.#line(`let i${invocationVariable} = i32(invocation);`);
    if (x * y !== grid.workgroups) this.#line(`if (i${workgroupVariable} >= ${grid.workgroups}i) { return; }`);
    this.#actions(this.#lowered.body);
    const shared = this.#kernel.buffers.flatMap((buffer, id) => (buffer.space === "workgroup" ? [`var<workgroup> w${id}: array<${this.#isVector(id) ? `vec4<${buffer.storage}>, ${buffer.length / 4}` : `${buffer.storage}, ${buffer.length}`}>;`] : []));
    const open = this.#bindings.flatMap((place, binding) => (place === null ? [binding] : []));
    invariant(open.length <= mostOpen, () => `${this.#kernel.name} has ${open.length} buffers without a common place`);
    const places = open.map((binding, i) => `  let ${placeName(binding)} = places[${i >> 2}].${"xyzw"[i & 3]}${this.#vector ? " >> 2u" : ""};`);
    const locals = [...this.#declared].map(([name, type]) => `  var ${name}: ${type};`);
    const code = [
      ...this.#banks.map((_, i) => `@group(0) @binding(${i}) var<storage, read_write> ${this.#memory(i)}: array<${this.#vector ? `vec4<${this.#element}>` : this.#element}>;`),
      ...(open.length > 0 ? [`@group(1) @binding(0) var<uniform> places: array<vec4<i32>, ${Math.ceil(open.length / 4)}>;`] : []),
      ...shared,
      ...(this.#leaves ? ["var<workgroup> leaves: u32;"] : []),
      ...(this.#special ? [specials] : []),
      ...this.#helperTexts(),
      `@compute @workgroup_size(${grid.invocations})`,
      "fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {",
      ...places,
      ...locals,
      ...this.#lines,
      "}",
    ].join("\n");
    return { code, workgroups: [x, y] };
  }

  #helperTexts(): string[] {
    return [...this.#helpers].sort().map((key) => {
      const [name, lanes] = key.split(" ");
      return helperText(name as HelperName, Number(lanes) as Lanes); // as `helper` wrote them
    });
  }

  helper(name: HelperName, lanes: Lanes): string {
    if (needsNaN.has(name)) this.#helpers.add(`nan ${lanes}`);
    this.#helpers.add(`${name} ${lanes}`);
    return helperName(name, lanes);
  }

  name(text: string): string {
    if (/^[\w.]+$/.test(text)) return text;
    const name = `t${this.#temporaries++}`;
    this.#line(`let ${name} = ${text};`);
    return name;
  }

  #line(text: string): void {
    this.#lines.push(this.#indent + text);
  }

  #block(body: readonly Action[]): void {
    this.#indent += "  ";
    this.#actions(body);
    this.#indent = this.#indent.slice(2);
  }

  #actions(body: readonly Action[]): void {
    for (const action of body) {
      switch (action.kind) {
        case "loop": {
          const variable = variableName(action.variable);
          this.#line(`for (var ${variable} = ${this.#index(action.from)}; ${variable} < ${this.#index(action.to)}; ${variable} += ${action.step}i) {`);
          this.#block(action.body);
          this.#line("}");
          break;
        }
        case "if":
          this.#line(`if (${this.#value(action.test)}) {`);
          this.#block(action.then);
          if (action.else.length > 0) {
            this.#line("} else {");
            this.#block(action.else);
          }
          this.#line("}");
          break;
        case "let": {
          const value = this.#value(action.value);
          this.#line(`${this.#once.has(action.local) ? "let " : ""}${this.#local(action.local)} = ${value};`);
          break;
        }
        case "bind":
          this.#line(`let ${variableName(action.variable)} = ${this.#value(action.value)};`);
          break;
        case "barrier":
          this.#line(`${action.over === "workgroup" ? "workgroup" : "storage"}Barrier();`);
          break;
        case "leave":
          this.#leaves = true;
          this.#line(`if (i${invocationVariable} == 0i) { leaves = u32(${this.#value(action.test)}); }`);
          this.#line("if (workgroupUniformLoad(&leaves) != 0u) { break; }");
          break;
        case "store":
          this.#store(action);
          break;
        case "fence":
          break;
      }
    }
  }

  #local(local: number): string {
    const name = `v${local}`;
    const { type, lanes } = this.#lowered.locals[local];
    if (!this.#once.has(local)) this.#declared.set(name, typeText(type, lanes));
    return name;
  }

  #index({ base, terms, offset }: Index, more?: string): string {
    const parts = terms.map(([variable, factor]) => (factor === 1 ? variableName(variable) : `${variableName(variable)} * ${factor < 0 ? `(${factor}i)` : `${factor}i`}`));
    if (offset !== undefined) parts.unshift(this.#local(offset));
    if (more !== undefined) parts.unshift(more);
    if (base !== 0 || parts.length === 0) parts.push(base < 0 ? `(${base}i)` : `${base}i`);
    return parts.join(" + ");
  }

  /** Whether workgroup memory is only met in whole vectors: then all its stores have 4 lanes. */
  #isVector(buffer: number): boolean {
    let known = this.#vectors.get(buffer);
    if (known === undefined) this.#vectors.set(buffer, (known = storesVectors(this.#lowered.body, buffer)));
    return known;
  }

  #buffer(buffer: BufferId): Buffer {
    return this.#kernel.buffers[buffer];
  }

  /** The name of the array of a bound bank. */
  #memory(which: number): string {
    return this.#banks.length === 1 ? "m" : `m${which}`;
  }

  /** The array that a buffer lies in. */
  #array(buffer: BufferId): string {
    return this.#memory(this.#banks.indexOf(this.#bound.banks[this.#bindingOf(buffer)].index));
  }

  #bindingOf(buffer: BufferId): number {
    const binding = this.#lowered.buffers.get(buffer)?.binding;
    invariant(binding !== undefined, () => `${this.#buffer(buffer).name} has no binding`);
    return binding;
  }

  /** Where a buffer begins in its bank, in bytes; null: it is a parameter. */
  #start(binding: number): number | null {
    const place = this.#bindings[binding];
    return place === null ? null : place - this.#bound.banks[binding].from;
  }

  /** The memory's array at an element index of a buffer, or its vec4 there. */
  #place(buffer: BufferId, at: Index): string {
    const by = this.#vector ? 4 : 1;
    const binding = this.#bindingOf(buffer);
    const place = this.#start(binding);
    const scaled = this.#vector ? quarter(at) : at;
    if (place === null) return this.#index(scaled, placeName(binding));
    invariant(place % (4 * by) === 0, () => `a buffer of ${this.#kernel.name} lies at byte ${place}`);
    return this.#index({ ...scaled, base: scaled.base + place / (4 * by) });
  }

  /** `text`, of the memory's element, as the buffer's. */
  #fromMemory(storage: Scalar, lanes: Lanes, text: string): string {
    if (storage === this.#element) return text;
    return storage === "bool" ? `(${text} != ${typeText("u32", lanes)}(0u))` : `bitcast<${typeText(storage, lanes)}>(${text})`;
  }

  #toMemory(storage: Scalar, lanes: Lanes, text: string): string {
    if (storage === this.#element) return text;
    return storage === "bool" ? `${typeText("u32", lanes)}(${text})` : `bitcast<${typeText("u32", lanes)}>(${text})`;
  }

  #load({ buffer, at, lanes, count, type }: Load): string {
    const { space, storage } = this.#buffer(buffer);
    if (space === "workgroup") {
      if (this.#isVector(buffer)) return `w${buffer}[${this.#index(quarter(at))}]`;
      invariant(lanes === 1, () => "workgroup memory is read in vectors, or one element at a time");
      return `w${buffer}[${this.#index(at)}]`;
    }
    if (this.#vector && lanes === 4 && count === undefined && isAligned(at)) return this.#fromMemory(storage, 4, `${this.#array(buffer)}[${this.#place(buffer, at)}]`);
    if (lanes === 1) return this.#fromMemory(storage, 1, this.#scalar(buffer, at));
    const texts = [0, 1, 2, 3].map((lane) =>
      lane < (count ?? 4) ? this.#fromMemory(storage, 1, this.#scalar(buffer, { ...at, base: at.base + lane })) : literalText(type, 0));
    return `${typeText(type, 4)}(${texts.join(", ")})`;
  }

  /** One element of the memory. */
  #scalar(buffer: BufferId, at: Index): string {
    if (!this.#vector) return `${this.#array(buffer)}[${this.#place(buffer, at)}]`;
    const binding = this.#bindingOf(buffer);
    const place = this.#start(binding);
    const start = place === null ? `${placeName(binding)} * 4i` : undefined;
    const index = this.name(`u32(${this.#index({ ...at, base: at.base + (place ?? 0) / 4 }, start)})`);
    return `${this.#array(buffer)}[${index} >> 2u][${index} & 3u]`;
  }

  #store({ buffer, at, value, count }: Extract<Action, { kind: "store" }>): void {
    const { space, storage } = this.#buffer(buffer);
    const text = this.#value(value);
    if (space === "workgroup") {
      this.#line(`w${buffer}[${this.#index(this.#isVector(buffer) ? quarter(at) : at)}] = ${text};`);
      return;
    }
    if (value.lanes === 1 || this.#vector) {
      this.#line(`${this.#array(buffer)}[${this.#place(buffer, at)}] = ${this.#toMemory(storage, value.lanes, text)};`);
      return;
    }
    const whole = this.name(text);
    for (let lane = 0; lane < (count ?? 4); lane++) {
      this.#line(`${this.#array(buffer)}[${this.#place(buffer, { ...at, base: at.base + lane })}] = ${this.#toMemory(storage, 1, `${whole}.${"xyzw"[lane]}`)};`);
    }
  }

  #value(value: Value): string {
    switch (value.kind) {
      case "literal": {
        const text = literalText(value.type, value.value);
        if (text.includes("special")) this.#special = true;
        return value.lanes === 1 ? text : `${typeText(value.type, 4)}(${text})`;
      }
      case "local":
        return this.#local(value.local);
      case "index": {
        const text = this.#index(value.at);
        return value.lanes === 1 ? (/^\w+$/.test(text) ? text : `(${text})`) : `(vec4<i32>(${text}) + vec4<i32>(0, 1, 2, 3))`;
      }
      case "load":
        return this.#load(value);
      case "pack":
        return `${typeText(value.type, 4)}(${value.parts.map((part) => this.#value(part)).join(", ")})`;
      case "lane":
        return `${this.name(this.#value(value.of))}.${"xyzw"[value.lane]}`;
      case "apply": {
        const constant = value.args.every(({ kind }) => kind === "literal");
        const args = value.args.map((arg) => (constant ? this.#held(arg) : this.#value(arg)));
        return operations[value.op](this, value.operand, value.lanes, args);
      }
    }
  }

  /** A literal among literals, kept from being computed by the shader's compiler. */
  #held(value: Value): string {
    const holders = { f32: "holdF", i32: "holdI", u32: "holdU", bool: "holdB" } as const;
    invariant(value.type !== "f64", () => "WGSL has no f64");
    return `${this.helper(holders[value.type], value.lanes)}(${this.#value(value)})`;
  }
}
