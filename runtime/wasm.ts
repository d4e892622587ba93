/** Finds a module's WebAssembly: bytes, a compiled module, a response, or a place to fetch or read it from. */

export type WasmSource = ArrayBuffer | ArrayBufferView | WebAssembly.Module | Response | URL | string;

/** @throws Error naming the place if there is nothing to load */
export async function loadWasm(given: WasmSource | Promise<WasmSource>): Promise<BufferSource | WebAssembly.Module> {
  let source = await given;
  if (typeof source === "string") source = new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href ?? import.meta.url);
  if (source instanceof URL) {
    // No import: bundlers for browsers would look for the module, or warn.
    const files = source.protocol === "file:" ? globalThis.process?.getBuiltinModule?.("node:fs/promises") : undefined;
    if (files) return files.readFile(source);
    source = await fetch(source);
  }
  if (typeof Response !== "undefined" && source instanceof Response) {
    if (!source.ok) throw new Error(`create: ${source.url} cannot be loaded: ${source.status} ${source.statusText}`);
    return source.arrayBuffer();
  }
  return source;
}

/** @returns exports of the instance; a module has no imports */
export async function instantiateWasm(given: WasmSource | Promise<WasmSource>): Promise<WebAssembly.Exports> {
  const source = await loadWasm(given);
  return source instanceof WebAssembly.Module
    ? (await WebAssembly.instantiate(source)).exports
    : (await WebAssembly.instantiate(source)).instance.exports;
}

/** The bytes that `--inline` puts into the script. */
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
