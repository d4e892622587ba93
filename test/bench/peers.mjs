/** The peers, each on one thread of WebAssembly. */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";

await tf.setBackend("wasm"); // its threads are off in Node
await tf.ready();
if (tf.getBackend() !== "wasm") throw new Error("tfjs has no WASM backend here");

globalThis.navigator ??= { userAgent: "node" }; // jax-js reads it unguarded; Node 20 has none
const jax = await import("@jax-js/jax");
await jax.init("wasm");
jax.defaultDevice("wasm");

export { jax, tf };
