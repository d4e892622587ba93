/** Where a program's memory, work and kernels come from, by source line. */
import { positionOf, type Sources } from "../../compiler/diagnostics/render.ts";
import { type Entry, type Graph, elementCount, type SiteId, type TensorType } from "../../compiler/ir/graph.ts";
import { byteSize, type Program, type ProgramEntry } from "../../compiler/program.ts";
import { definitionOf } from "../../compiler/ops/index.ts";
import { leavesOf, type PlacedLeaf } from "../module/index.ts";
import type { Kernel, Statement, Step } from "../../compiler/schedule/kernel.ts";
import { byteText, table } from "./io.ts";

/** `digits.pull:9`, and the model path where there is one. */
function placeText(site: { span: Program["sites"][number]["span"]; path: readonly string[] } | undefined, sources: Sources): string {
  if (site === undefined) return "?";
  const text = sources(site.span.file);
  const line = text === undefined ? "" : `:${positionOf(text, site.span.start).line}`;
  return `${site.span.file}${line}${site.path.length ? ` (${site.path.join(".")})` : ""}`;
}

const bytesOf = ({ element, shape }: TensorType): number => byteSize(element) * elementCount(shape);

interface Value {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
  readonly from: number;
  to: number;
  readonly site?: SiteId;
}

/** Buffers of a kernel that it stores to, and those that it loads from. */
function accesses(kernel: Kernel): { stored: Set<number>; loaded: Set<number> } {
  const stored = new Set<number>();
  const loaded = new Set<number>();
  const visit = (item: unknown): void => {
    if (Array.isArray(item)) return item.forEach(visit);
    if (item === null || typeof item !== "object") return;
    const { kind, buffer } = item as { kind?: Statement["kind"] | "load"; buffer?: number }; // kernels are plain data
    if (buffer !== undefined) (kind === "store" ? stored : loaded).add(buffer);
    Object.values(item).forEach(visit);
  };
  visit(kernel.body);
  return { stored, loaded };
}

/** What is in the arena and when: from the step that writes a range to the last that reads it. */
function arenaValues(entry: ProgramEntry, program: Program): Value[] {
  const { constantBytes, stateBytes } = program.memory;
  const values: Value[] = [];
  const current = new Map<number, Value>();
  const last = entry.plan.length;
  const begin = (value: Value): void => {
    values.push(value);
    current.set(value.at, value);
  };
  for (const { name, tree } of entry.parameters) {
    for (const { leaf, path } of leavesOf<PlacedLeaf>(tree)) begin({ name: `argument ${name}${path}`, at: leaf.at, bytes: bytesOf(leaf.type), from: 0, to: 0 });
  }
  const state = new Set(program.states.map(({ at }) => at));
  const inArena = (at: number): boolean => !state.has(at) && !program.constants.some((constant) => constant.at === at) && at >= Math.min(constantBytes, stateBytes);
  const step = (item: Step, index: number): void => {
    if (item.kind !== "run") return;
    const kernel = program.kernels[item.kernel];
    const { stored, loaded } = accesses(kernel);
    const buffers = kernel.buffers.map((buffer, id) => ({ ...buffer, id })).filter(({ space }) => space === "memory");
    for (const [i, at] of item.bindings.entries()) {
      const { id, name, storage, length } = buffers[i];
      if (!inArena(at)) continue;
      if (stored.has(id) && !loaded.has(id)) begin({ name: `${kernel.name}: ${name}`, at, bytes: byteSize(storage) * length, from: index, to: index, site: kernel.site });
      const value = current.get(at);
      if (value) value.to = index;
    }
  };
  entry.plan.forEach(step);
  if (entry.result !== null) for (const { leaf } of leavesOf<PlacedLeaf>(entry.result)) { const value = current.get(leaf.at); if (value) value.to = last; }
  return values;
}

/** State by source line, then what the arena holds at each entry's fullest step. */
export function explainMemory(program: Program, sources: Sources): string {
  const { constantBytes, stateBytes, arenaBytes } = program.memory;
  const rows = program.states.map(({ path, type, role, span }) => [byteText(bytesOf(type)), role, path, placeText({ span, path: [] }, sources)]);
  const sums = `state ${byteText(stateBytes)}, constants ${byteText(constantBytes)}, intermediate values ${byteText(arenaBytes)}`;
  const parts = [`${byteText(program.peakBytes)} at the peak: ${sums}\n\nstate\n${table(rows, 9)}`];
  for (const entry of program.entries) {
    const values = arenaValues(entry, program);
    let peak = { step: 0, bytes: -1 };
    for (let step = 0; step <= entry.plan.length; step++) {
      const bytes = values.filter(({ from, to }) => from <= step && step <= to).reduce((sum, value) => sum + value.bytes, 0);
      if (bytes > peak.bytes) peak = { step, bytes };
    }
    const live = values.filter(({ from, to }) => from <= peak.step && peak.step <= to).sort((a, b) => b.bytes - a.bytes);
    const lines = live.map(({ name, bytes, site }) => [byteText(bytes), name, site === undefined ? "" : placeText(program.sites[site], sources)]);
    parts.push(`\n${entry.symbol}: ${byteText(Math.max(peak.bytes, 0))} live at step ${peak.step + 1} of ${entry.plan.length}\n${table(lines, 9)}`);
  }
  return parts.join("");
}

function entryCost(entry: Entry, graph: Graph, sources: Sources): { rows: string[][]; total: number } {
  const lines = new Map<string, { flops: number; ops: Map<string, number> }>();
  let total = 0;
  for (const node of entry.region.nodes) {
    if (node.kind !== "op") continue;
    const types = (ids: readonly number[]) => ids.map((id) => entry.region.types[id]);
    const { flops } = definitionOf(node.op);
    // The attributes belong to this op: the pair comes from one node.
    const count = (flops as (args: unknown, results: unknown, attributes: unknown) => number)(types(node.args), types(node.results), node.attributes);
    if (count === 0) continue;
    const place = placeText(graph.sites[node.site], sources);
    const line = lines.get(place) ?? { flops: 0, ops: new Map<string, number>() };
    lines.set(place, line);
    line.flops += count;
    line.ops.set(node.op, (line.ops.get(node.op) ?? 0) + count);
    total += count;
  }
  const rows = [...lines].sort(([, a], [, b]) => b.flops - a.flops).map(([place, { flops, ops }]) =>
    [flopsText(flops), `${((100 * flops) / total).toFixed(1)}%`, place, [...ops].sort(([, a], [, b]) => b - a).slice(0, 4).map(([op]) => op).join(", ")]);
  return { rows, total };
}

function flopsText(flops: number): string {
  if (flops < 1e3) return String(flops);
  if (flops < 1e6) return `${(flops / 1e3).toFixed(1)}k`;
  return flops < 1e9 ? `${(flops / 1e6).toFixed(2)}M` : `${(flops / 1e9).toFixed(2)}G`;
}

/** Floating-point operations of each entry by source line, the derived backward pass on the lines that it comes from. */
export function explainCost(graph: Graph, sources: Sources): string {
  return graph.entries.map((entry) => {
    const { rows, total } = entryCost(entry, graph, sources);
    const sizes = Object.entries(entry.variant).map(([name, size]) => `${name}=${size}`).join(", ");
    return `${entry.name}${sizes ? ` (${sizes})` : ""}: ${flopsText(total)} operations\n${table(rows, 9)}`;
  }).join("\n");
}

/** The kernels of each entry in order, with the line that each comes from. */
export function explainKernels(program: Program, sources: Sources): string {
  return program.entries.map((entry) => {
    const rows = entry.plan.map((step, index) => {
      const number = String(index + 1);
      if (step.kind === "copy") return [number, "copy", `${byteText(step.bytes)}`, ""];
      if (step.kind === "host") return [number, `host ${step.extern}`, "", ""];
      const kernel = program.kernels[step.kernel];
      const bytes = kernel.buffers.filter(({ space }) => space === "memory").reduce((sum, { storage, length }) => sum + byteSize(storage) * length, 0);
      return [number, kernel.name, byteText(bytes), placeText(program.sites[kernel.site], sources)];
    });
    return `${entry.symbol}: ${entry.plan.length} steps (kernel, bytes it touches, line)\n${table(rows, 9)}`;
  }).join("\n");
}
