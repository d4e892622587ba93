/** The part of a module that runs on a device: shaders as text, and what `create` does with them. */
import { elementCount } from "../../compiler/ir/graph.ts";
import type { Constant, Program, Shader, WgslArtifact } from "../../compiler/program.ts";
import type { TestCase } from "../../runtime/self-test.ts";
import { endsEarly } from "../wgsl/index.ts";
import type { Scope } from "./entry.ts";
import { hasHost } from "./entry.ts";
import { gpuEntryFunction, ioBytes } from "./gpu-entry.ts";
import { property } from "./text.ts";
import { byName, variantFunction } from "./variants.ts";

/** Names that the script uses; no entry is called so inside of it. */
export const gpuNames = "gpu io image initial rows state boot idle running shaders runs routines initialKernels words f32 i32 u32 u8 device adapter createOnDevice createOnProcessor options".split(" ");

export interface GpuPart {
  /** The body of `create`. */
  readonly body: string;
  readonly settings: readonly string[];
  /** Top-level constants. */
  readonly text: string;
}

/** `memory`: rows of the persistent tensors on one processor. */
export function gpuPart({ shaders, runs, routines, program, initial }: WgslArtifact, scope: Scope, checkExterns: string, selfTest: readonly TestCase[]): GpuPart {
  const { uses, names } = scope;
  const host = program.initial;
  if (host === undefined) throw new Error("internal: no program makes the initial values");
  for (const used of ["openGpu", "findDevice", "persistent", "onDevice"]) uses.add(used);
  const mayEnd = Object.values(routines).some(endsEarly);
  if (mayEnd) uses.add("loopCode");
  const { peakBytes, bankBytes = peakBytes } = program;
  const largest = Math.min(peakBytes, bankBytes);
  const settings = [...(mayEnd ? ["loops: loopCode"] : []), ...(peakBytes > bankBytes ? [`bankBytes: ${bankBytes}`, `banks: ${JSON.stringify(shaders.map(({ banks }) => banks))}`] : [])];
  const guarded = program.entries.some(hasHost);
  const functions: string[] = [];
  const members: string[] = [];
  for (const [name, entries] of byName(program.entries)) {
    const publicName = names.pick(name);
    members.push(publicName === name ? name : `${property(name)}: ${publicName}`);
    if (entries.length === 1) functions.push(gpuEntryFunction(entries[0], publicName, program, scope));
    else {
      const symbols = new Map(entries.map((entry) => [entry, names.pick(entry.symbol)]));
      for (const entry of entries) functions.push(gpuEntryFunction(entry, symbols.get(entry) ?? entry.symbol, program, scope));
      functions.push(variantFunction(entries, symbols, publicName, scope).replace(/^ {2}function/, "  async function"));
    }
  }
  const rows = host.states.map(({ path, type, at, role }) => `    [${JSON.stringify(path)}, "${type.element}", [${type.shape.join(", ")}], ${at}, "${role}"],\n`).join("");
  const idle = guarded
    ? "  let running;\n  const idle = (name) => {\n    if (running) throw new Error(`${name}: ${running} is still running; await it first`);\n  };\n"
    : "  const idle = () => {};\n";
  const test = selfTest.length > 0
    ? [`selfTest: () => selfTestOnDevice(gpu, routines, (value) => { boot(value); state.sendAll(); }, [${statesRange(program).join(", ")}], [\n${selfTest.map((row) => `    ${JSON.stringify(row)},\n`).join("")}  ])`]
    : [];
  if (test.length > 0) uses.add("selfTestOnDevice");
  const imageBytes = Math.ceil(Math.max(host.peakBytes, host.init.seedAt + 4) / 8) * 8;
  const body = `  const gpu = await openGpu(await findDevice(device, adapter, ${largest}), ${program.peakBytes}, shaders, runs${settings.length > 0 ? `, { ${settings.join(", ")} }` : ""});
${program.constants.map((constant) => constantText(constant, uses)).join("")}  const io = new ArrayBuffer(${Math.ceil(ioBytes(program) / 16) * 16});
  const f32 = new Float32Array(io), i32 = new Int32Array(io), u32 = new Uint32Array(io), u8 = new Uint8Array(io);
${checkExterns}${idle}${functions.join("")}  const image = new ArrayBuffer(${imageBytes});
  const initial = initialKernels(image);
  const boot = (value) => {
    new Uint32Array(image)[${host.init.seedAt / 4}] = value;
    initial.init();
  };
  const rows = [
${rows}  ];
  const state = onDevice(gpu, image, rows, [${program.states.map(({ at }) => at).join(", ")}], persistent(image, rows, boot, signature, seed, () => {}), idle);
  const { parameters, reset, save, load } = state;
  if (weights !== undefined) await load(weights);
  return { ${[...members, "parameters", "reset", "save", "load", `peakBytes: ${program.peakBytes}`, "signature", ...test].join(", ")} };
`;
  const text = `
const shaders = [
${shaders.map((shader) => `[${JSON.stringify(shader.name)}, ${formText(shader)}${shader.shared === undefined ? "" : `, ${formText(shader.shared)}`}],\n`).join("")}];
const runs = ${JSON.stringify(runs.map(({ shader, places }) => [shader, ...places]))};
const routines = ${JSON.stringify(routines)};
const initialKernels = ${initial};
`;
  return { body, settings: ["device", "adapter"], text };
}

const formText = ({ code, workgroups: [x, y] }: Pick<Shader, "code" | "workgroups">): string => `\`\n${code}\n\`, ${x}, ${y}`;

function constantText({ at, bytes }: Constant, uses: Set<string>): string {
  if (bytes.length === 0) return "";
  if (bytes.length <= 16) return `  gpu.write(${at}, Uint8Array.of(${bytes.join(", ")}));\n`;
  uses.add("fromBase64");
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `  gpu.write(${at}, fromBase64("${btoa(binary)}"));\n`;
}

/** From the first state to the last. */
function statesRange({ states }: Program): readonly [at: number, bytes: number] {
  const from = Math.min(...states.map(({ at }) => at));
  const to = Math.max(...states.map(({ at, type }) => at + 4 * elementCount(type.shape)));
  return states.length === 0 ? [0, 0] : [from, to - from];
}
