/** Validates a module by the engine and, independently, by wabt. */
import { expect } from "vitest";

interface Wabt {
  readWasm(bytes: Uint8Array, features: Record<string, boolean>): { validate(features: Record<string, boolean>): void; destroy(): void; toText(options: object): string; applyNames(): void };
}

let loaded: Promise<Wabt> | undefined;
async function wabt(): Promise<Wabt> {
  const { default: load } = await import("wabt");
  return load() as unknown as Promise<Wabt>; // its declarations lack the features that validate takes
}

const features = { simd: true, bulk_memory: true, sat_float_to_int: true, sign_extension: true, mutable_globals: true };

export async function validate(bytes: Uint8Array): Promise<void> {
  expect(WebAssembly.validate(new Uint8Array(bytes))).toBe(true);
  const module = (await (loaded ??= wabt())).readWasm(new Uint8Array(bytes), features);
  module.validate(features);
  module.destroy();
}

/** The module's text. */
export async function textOf(bytes: Uint8Array): Promise<string> {
  const module = (await (loaded ??= wabt())).readWasm(new Uint8Array(bytes), features);
  const text = module.toText({});
  module.destroy();
  return text;
}
