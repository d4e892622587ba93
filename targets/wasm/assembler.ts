/**
 * Binaryen, loaded when first needed and kept to what is safe with it:
 * - features are enumerated (`All` encodes imports in a form that engines refuse);
 * - an instruction is used once (binaryen's IR is a tree), so helpers make it anew or go through a local;
 * - labels are unique within a function;
 * - its failures, which print its own minified source, become InternalErrors.
 */
import type binaryenModule from "binaryen";
import { InternalError, invariant } from "../../compiler/diagnostics/diagnostic.ts";

type Binaryen = typeof binaryenModule;
/** An instruction with its operands; goes into exactly one place. */
export type Ref = number;
export type ValueType = "i32" | "f32" | "f64" | "v128";

export const pageBytes = 65536;

/** A module under construction. `code` makes instructions. */
export class Assembler {
  readonly code: InstanceType<Binaryen["Module"]>;
  readonly #binaryen: Binaryen;
  readonly #declared = new Set<string>();

  constructor(binaryen: Binaryen) {
    this.#binaryen = binaryen;
    this.code = new binaryen.Module();
    const { Features } = binaryen; // of the run-time object: the numbers in the declarations are not those of the release
    this.code.setFeatures(Features.MutableGlobals | Features.NontrappingFPToInt | Features.SIMD128 | Features.BulkMemory | Features.BulkMemoryOpt | Features.SignExt);
  }

  type(type: ValueType): number {
    return this.#binaryen[type];
  }

  get none(): number {
    return this.#binaryen.none;
  }

  /** One memory of a fixed size, exported as `memory`. */
  memory(bytes: number, segments: readonly { readonly at: number; readonly bytes: Uint8Array }[]): void {
    const pages = Math.max(1, Math.ceil(bytes / pageBytes));
    const data = segments.map(({ at, bytes: content }, index) => ({ name: `c${index}`, passive: false, offset: this.code.i32.const(at), data: content }));
    this.code.setMemory(pages, pages, "memory", data, false, false, "0");
  }

  function(name: string, params: readonly ValueType[], results: readonly ValueType[], locals: readonly ValueType[], body: Ref): void {
    invariant(!this.#declared.has(name), () => `two functions named ${name}`);
    this.#declared.add(name);
    const types = (list: readonly ValueType[]): number => (list.length === 0 ? this.none : this.#binaryen.createType(list.map((type) => this.type(type))));
    this.code.addFunction(name, types(params), types(results), locals.map((type) => this.type(type)), body);
  }

  has(name: string): boolean {
    return this.#declared.has(name);
  }

  export(name: string, symbol: string): void {
    this.code.addFunctionExport(name, symbol);
  }

  /** The finished module. The engine's validator is asked, it is much faster than binaryen's. */
  binary(): Uint8Array {
    const bytes = this.code.emitBinary();
    // A copy that owns its buffer: the declarations of WebAssembly ask for one.
    invariant(WebAssembly.validate(new Uint8Array(bytes)), () => "the module is not valid");
    return bytes;
  }

  /** The module in the text format. */
  text(): string {
    return this.code.emitText();
  }

  dispose(): void {
    this.code.dispose();
  }
}

/** Runs `build` on a new module. Any failure of binaryen is an InternalError with its first line. */
export async function assemble<T>(build: (assembler: Assembler) => T): Promise<T> {
  const { default: binaryen } = await import("binaryen");
  const assembler = new Assembler(binaryen);
  try {
    return build(assembler);
  } catch (error) {
    if (error instanceof InternalError) throw error;
    throw new InternalError(`internal: binaryen: ${String(error instanceof Error ? error.message : error).split("\n")[0].slice(0, 300)}`);
  } finally {
    assembler.dispose();
  }
}
