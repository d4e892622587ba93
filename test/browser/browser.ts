/** A headless Chromium: the one that npm brings where it runs, else Debian's. And pages for it, served from memory. */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import sparticuz from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

/** Chromium's own flags for WebGPU on a processor. */
export const webgpuFlags: readonly string[] = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** null, and a loud line, if none starts. */
export async function launchBrowser(flags: readonly string[] = []): Promise<Browser | null> {
  const failures: string[] = [];
  const candidates = [
    async () => ({ executablePath: await sparticuz.executablePath(), args: [...sparticuz.args, ...flags] }),
    async () => (existsSync("/usr/bin/chromium") ? { executablePath: "/usr/bin/chromium", args: ["--no-sandbox", ...flags] } : null),
  ];
  for (const candidate of candidates) {
    try {
      const found = await candidate();
      if (found) return await chromium.launch({ ...found, headless: true });
    } catch (error) {
      failures.push(String(error).split("\n")[0]);
    }
  }
  process.stderr.write(`\n*** NO BROWSER: the browser tests are SKIPPED (${failures.join("; ") || "none is installed"}) ***\n\n`);
  return null;
}

const types: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm", pull: "text/plain" };

/** Serves files by name at a free port of localhost. */
export async function serve(files: ReadonlyMap<string, string | Uint8Array>): Promise<{ url: string; close: () => void }> {
  const server: Server = createServer((request, response) => {
    const name = (request.url ?? "/").slice(1) || "index.html";
    const contents = files.get(name);
    response.writeHead(contents === undefined ? 404 : 200, { "content-type": types[name.split(".").pop() ?? ""] ?? "application/octet-stream" });
    response.end(contents ?? "not found");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}
