/**
 * A real WebGPU device in Node: the system's Vulkan driver, or SwiftShader as an npm package ships it. One for each process.
 *
 * WGSL_ADAPTER=system|swiftshader|lavapipe|any chooses (any: the system's if it has one); WGSL_REQUIRED=1 makes a missing adapter an
 * error, else tests are skipped, loudly.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { create, globals } from "webgpu";

const require = createRequire(import.meta.url);
const wanted = /^(libvk_swiftshader\.so|libvulkan\.so\.1|vk_swiftshader_icd\.json)$/;

/** Files of a tar archive: name and bytes. */
function* filesOf(tar: Buffer): Generator<readonly [string, Buffer]> {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const name = path.basename(tar.toString("latin1", at, at + 100).replace(/\0.*$/s, ""));
    const size = parseInt(tar.toString("latin1", at + 124, at + 136), 8) || 0;
    const isFile = tar[at + 156] === 0 || tar[at + 156] === 48;
    if (isFile) yield [name, tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Unpacks SwiftShader and a Vulkan loader once for each user; null if the package is not installed. */
function unpackSwiftShader(): string | null {
  let archive: string;
  try {
    const main = require.resolve("@sparticuz/chromium");
    archive = path.join(main.slice(0, main.lastIndexOf("chromium") + "chromium".length), "bin", "swiftshader.tar.br");
  } catch {
    return null;
  }
  if (!fs.existsSync(archive)) return null;
  const folder = path.join(os.tmpdir(), `pullback-swiftshader-${process.getuid?.() ?? 0}-${fs.statSync(archive).size}`);
  if (fs.existsSync(path.join(folder, "complete"))) return folder;
  const fresh = fs.mkdtempSync(`${folder}-`);
  for (const [name, bytes] of filesOf(brotliDecompressSync(fs.readFileSync(archive)))) {
    if (wanted.test(name)) fs.writeFileSync(path.join(fresh, name), bytes, { mode: 0o755 });
  }
  fs.writeFileSync(path.join(fresh, "complete"), "");
  try {
    fs.renameSync(fresh, folder);
  } catch {
    fs.rmSync(fresh, { recursive: true, force: true }); // another process was first
  }
  return folder;
}

/** Keeps the loader mapped, so that Dawn finds it by its name. */
function mapLoader(file: string): void {
  const nodelete = 0x1000;
  try {
    process.dlopen({ exports: {} }, file, os.constants.dlopen.RTLD_NOW | os.constants.dlopen.RTLD_GLOBAL | nodelete);
  } catch {
    // It is no addon of Node, which says so after mapping it.
  }
}

/** Instances that are collected while a device lives take the process down. */
const pins: unknown[] = [];
/** The last one made. */
export let instance: GPU | undefined;

async function adapterOf(): Promise<GPUAdapter | null> {
  instance = create([]);
  pins.push(instance);
  return instance.requestAdapter();
}

/** Mesa's driver for processors, of Debian's package mesa-vulkan-drivers; VK_DRIVER_FILES may name another place of it. */
async function lavapipe(): Promise<GPUAdapter | null> {
  const folder = "/usr/share/vulkan/icd.d";
  const file = process.env.VK_DRIVER_FILES ?? (fs.existsSync(folder) ? fs.readdirSync(folder) : []).filter((name) => /^lvp_icd.*json$/.test(name)).map((name) => path.join(folder, name)).at(0);
  if (file === undefined) return null;
  process.env.VK_ICD_FILENAMES = process.env.VK_DRIVER_FILES = file;
  const loader = unpackSwiftShader(); // for its loader, where the system has none
  if (loader !== null) mapLoader(path.join(loader, "libvulkan.so.1"));
  const found = await adapterOf();
  return found !== null && /llvmpipe|lavapipe/.test(found.info.description) ? found : null;
}

async function findAdapter(): Promise<GPUAdapter | null> {
  process.env.XDG_RUNTIME_DIR ??= os.tmpdir();
  const kind = process.env.WGSL_ADAPTER ?? "swiftshader";
  if (kind === "system") return adapterOf();
  if (kind === "lavapipe") return lavapipe();
  const own = kind === "any" ? await adapterOf() : null;
  if (own !== null) return own;
  const folder = unpackSwiftShader();
  if (folder === null) return null;
  if (kind === "any") { // a driver without a loader is found by this one
    mapLoader(path.join(folder, "libvulkan.so.1"));
    const found = await adapterOf();
    if (found !== null) return found;
  }
  process.env.VK_ICD_FILENAMES = process.env.VK_DRIVER_FILES = path.join(folder, "vk_swiftshader_icd.json");
  mapLoader(path.join(folder, "libvulkan.so.1"));
  return adapterOf();
}

Object.assign(globalThis, globals);
export const adapter: GPUAdapter | null = await findAdapter();

if (adapter === null) {
  const message = "NO WEBGPU ADAPTER: WGSL WAS NOT RUN";
  process.stderr.write(`\n!!! ${message} !!!\n\n`);
  if (process.env.WGSL_REQUIRED === "1") throw new Error(message);
}

/** What the driver complained of outside of any scope: a test that leaves something here has failed. */
export const complaints: string[] = [];
let device: Promise<GPUDevice> | undefined;

export function openDevice(): Promise<GPUDevice> {
  if (adapter === null) throw new Error("there is no adapter");
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  device ??= adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } }).then((opened) => {
    pins.push(opened);
    opened.addEventListener("uncapturederror", (event) => complaints.push(event.error.message));
    return opened;
  });
  return device;
}

/** A device that a test may lose. */
export async function disposableDevice(): Promise<GPUDevice> {
  const another = await adapterOf();
  if (another === null) throw new Error("there is no adapter");
  const device = await another.requestDevice();
  pins.push(device);
  device.addEventListener("uncapturederror", (event) => complaints.push(event.error.message));
  return device;
}
