/** The peers on the bench's adapter: each opens a device of its own on it. */
import { instance } from "../../targets/wgsl/device.ts";

// Both look for a browser's globals.
Object.defineProperty(globalThis, "navigator", { configurable: true, value: { gpu: instance, userAgent: "node" } });
globalThis.self ??= globalThis;

const tf = await import("@tensorflow/tfjs");
await import("@tensorflow/tfjs-backend-webgpu");
await tf.setBackend("webgpu");
await tf.ready();
if (tf.getBackend() !== "webgpu") throw new Error("tfjs has no WebGPU backend here");

const jax = await import("@jax-js/jax");
await jax.init("webgpu");
jax.defaultDevice("webgpu");

export { jax, tf };
