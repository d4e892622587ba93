import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { fromBase64, instantiateWasm } from "../../runtime/wasm.ts";

/** (module (func (export "f") (result i32) i32.const 42)) */
const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11]);
const file = pathToFileURL(path.join(mkdtempSync(path.join(tmpdir(), "pullback-")), "m.wasm"));
writeFileSync(file, bytes);

const answer = async (source: Parameters<typeof instantiateWasm>[0]) => {
  const { f } = await instantiateWasm(source);
  return typeof f === "function" ? f() : null;
};

describe("a module's WebAssembly", () => {
  it.each<[string, () => Parameters<typeof instantiateWasm>[0]]>([
    ["bytes", () => bytes],
    ["a buffer", () => bytes.buffer],
    ["a compiled module", () => new WebAssembly.Module(bytes)],
    ["a file's URL", () => file],
    ["a file's URL as text", () => file.href],
    ["a data URL", () => `data:application/wasm;base64,${Buffer.from(bytes).toString("base64")}`],
    ["a response", () => new Response(bytes)],
    ["a promise of one", () => Promise.resolve(new Response(bytes))],
    ["base64", () => fromBase64(Buffer.from(bytes).toString("base64"))],
  ])("comes from %s", async (_, source) => {
    expect(await answer(source())).toBe(42);
  });
  it("is missed with the place and the status", async () => {
    await expect(answer(new Response("", { status: 404, statusText: "Not Found" }))).rejects.toThrow("cannot be loaded: 404 Not Found");
    await expect(answer(new URL("gone.wasm", file))).rejects.toThrow(/ENOENT.*gone\.wasm/);
    await expect(answer(bytes.subarray(0, 12))).rejects.toThrow(WebAssembly.CompileError);
  });
});
