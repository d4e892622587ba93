/** What the device can do at all: multiply-adds in registers, and a copy of memory. */
import { openDevice } from "../../targets/wgsl/device.ts";

const turns = 256;

/** `chains` accumulators, each a vec4: what is best depends on the registers that there are. */
const arithmetic = (chains) => (invocations) => `
@group(0) @binding(0) var<storage, read_write> m: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let a = m[id.x];
  let b = m[id.x + ${invocations}u];
${Array.from({ length: chains }, (_, c) => `  var v${c} = a * ${c}.5;\n`).join("")}  for (var i = 0; i < ${turns}; i++) {
${Array.from({ length: chains }, (_, c) => `    v${c} = v${c} * b + a;\n`).join("")}  }
  m[id.x] = ${Array.from({ length: chains }, (_, c) => `v${c}`).join(" + ")};
}`;

const copy = (count) => `
@group(0) @binding(0) var<storage, read_write> m: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) { m[id.x + ${count}u] = m[id.x]; }`;

/** The best of some runs, in ms, of a shader over 2 * `count` vec4. */
async function timeOf(device, code, count) {
  const memory = device.createBuffer({ size: 32 * count, usage: GPUBufferUsage.STORAGE });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module: device.createShaderModule({ code }), entryPoint: "main" } });
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: memory } }] });
  const run = async (times) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(count / 64);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const start = performance.now();
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / times;
  };
  let ms = await run(1);
  const times = Math.max(1, Math.round(20 / ms));
  for (let i = 0; i < 10; i++) ms = Math.min(ms, await run(times));
  memory.destroy();
  return ms;
}

/** GFLOP/s and GB/s. Sizes follow from a small first run: a fast device gets more work. */
export async function measurePeak() {
  const device = await openDevice();
  const best = async (text, work) => {
    let count = 2 ** 12;
    let ms = await timeOf(device, text(count), count);
    while (ms < 2 && count < 2 ** 20) ms = await timeOf(device, text((count *= 4)), count);
    return (work * count) / ms / 1e6;
  };
  let gflops = 0;
  for (const chains of [1, 2, 4, 8]) gflops = Math.max(gflops, await best(arithmetic(chains), turns * chains * 8));
  return { gflops, gigabytes: await best(copy, 32) };
}
