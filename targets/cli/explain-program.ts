/** Where a program's memory, work and kernels come from, by source line. */
import { positionOf, type Sources } from "../../compiler/diagnostics/render.ts";
import { type Entry, type Graph, elementCount, type Region, type SiteId, type TensorType } from "../../compiler/ir/graph.ts";
import { byteSize, type Program, type ProgramEntry } from "../../compiler/program.ts";
import { definitionOf } from "../../compiler/ops/index.ts";
import { leavesOf, type PlacedLeaf } from "../module/index.ts";
import type { Kernel, Place, Statement, Step } from "../../compiler/schedule/kernel.ts";
import { byteText, flopsText, table } from "./io.ts";

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

/** The first and the last byte (exclusive) that a place of so many bytes covers in all turns of the loops around. */
function extent(at: Place, bytes: number, turns: readonly number[]): readonly [number, number] {
  if (typeof at === "number") return [at, at + bytes];
  const ways = at.perTurn.map(({ depth, by }) => by * (turns[depth] - 1));
  const low = ways.reduce((total, way) => total + Math.min(0, way), at.base);
  return [low, low + ways.reduce((total, way) => total + Math.abs(way), bytes)];
}

/** What is in the arena and when: from the step that writes a range to the last that reads it; in a loop, to the loop's end. */
class ArenaValues {
  readonly values: Value[] = [];
  /** Steps, those in loops included. */
  steps = 0;
  private readonly current = new Map<number, Value>();
  /** Turns of the loops around, and where the outermost began. */
  private readonly turns: number[] = [];
  private outermost = 0;
  private used = new Set<Value>();
  private readonly fixed: ReadonlySet<number>;

  constructor(entry: ProgramEntry, private readonly program: Program) {
    this.fixed = new Set([...program.states, ...program.constants].map(({ at }) => at));
    for (const { name, tree } of entry.parameters) {
      for (const { leaf, path } of leavesOf<PlacedLeaf>(tree)) this.begin({ name: `argument ${name}${path}`, at: leaf.at, bytes: bytesOf(leaf.type), from: 0, to: 0 });
    }
    this.walk(entry.plan);
    if (entry.result !== null) for (const { leaf } of leavesOf<PlacedLeaf>(entry.result)) { const value = this.current.get(leaf.at); if (value) value.to = this.steps; }
  }

  private begin(value: Value): void {
    this.values.push(value);
    this.current.set(value.at, value);
  }

  private walk(steps: readonly Step[]): void {
    for (const step of steps) {
      const index = this.steps++;
      if (step.kind === "run") this.run(step, index);
      if (step.kind !== "loop") continue;
      if (this.turns.length === 0) {
        this.outermost = index;
        this.used = new Set();
      }
      this.turns.push(step.turns);
      this.walk(step.body);
      this.turns.pop();
      if (this.turns.length === 0) for (const value of this.used) if (value.from <= index) value.to = this.steps - 1;
    }
  }

  private run({ kernel: id, bindings }: Extract<Step, { kind: "run" }>, index: number): void {
    const { memory, kernels } = this.program;
    const kernel = kernels[id];
    const { stored, loaded } = accesses(kernel);
    const buffers = kernel.buffers.map((buffer, buffersId) => ({ ...buffer, id: buffersId })).filter(({ space }) => space === "memory");
    for (const [i, place] of bindings.entries()) {
      const { id: buffer, name, storage, length } = buffers[i];
      const [at, end] = extent(place, byteSize(storage) * length, this.turns);
      if (this.fixed.has(at) || at < memory.constantBytes + memory.stateBytes) continue;
      // A part of a larger value belongs to it; what loops make part by part is there from their start.
      const known = this.current.get(at) ?? (typeof place === "number" ? undefined : this.values.findLast((value) => value.at <= at && at < value.at + value.bytes));
      const isMade = stored.has(buffer) && !loaded.has(buffer) && (known === undefined || typeof place === "number");
      if (isMade) this.begin({ name: `${kernel.name}: ${name}`, at, bytes: end - at, from: typeof place === "number" ? index : this.outermost, to: index, site: kernel.site });
      const value = isMade ? this.current.get(at) : known;
      if (value === undefined) continue;
      value.to = index;
      this.used.add(value);
    }
  }
}

/** State by source line, then what the arena holds at each entry's fullest step. */
export function explainMemory(program: Program, sources: Sources): string {
  const { constantBytes, stateBytes, arenaBytes } = program.memory;
  const rows = program.states.map(({ path, type, role, span }) => [byteText(bytesOf(type)), role, path, placeText({ span, path: [] }, sources)]);
  const sums = `state ${byteText(stateBytes)}, constants ${byteText(constantBytes)}, intermediate values ${byteText(arenaBytes)}`;
  const parts = [`${byteText(program.peakBytes)} at the peak: ${sums}\n\nstate\n${table(rows, 9)}`];
  for (const entry of program.entries) {
    const { values, steps } = new ArenaValues(entry, program);
    let peak = { step: 0, bytes: -1 };
    for (let step = 0; step <= steps; step++) {
      const bytes = values.filter(({ from, to }) => from <= step && step <= to).reduce((sum, value) => sum + value.bytes, 0);
      if (bytes > peak.bytes) peak = { step, bytes };
    }
    const live = values.filter(({ from, to }) => from <= peak.step && peak.step <= to).sort((a, b) => b.bytes - a.bytes);
    const lines = live.map(({ name, bytes, site }) => [byteText(bytes), name, site === undefined ? "" : placeText(program.sites[site], sources)]);
    parts.push(`\n${entry.symbol}: ${byteText(Math.max(peak.bytes, 0))} live at step ${peak.step + 1} of ${steps}\n${table(lines, 9)}`);
  }
  return parts.join("");
}

interface LineCost {
  flops: number;
  readonly ops: Map<string, number>;
}

/** Adds a region's operations to their lines, `times` over. */
function addCost({ nodes, types }: Region, times: number, lineOf: (site: SiteId) => LineCost): number {
  const typesOf = (ids: readonly number[]) => ids.map((id) => types[id]);
  let total = 0;
  for (const node of nodes) {
    if (node.kind === "scan") total += addCost(node.body, times * node.length, lineOf);
    if (node.kind === "while") total += addCost(node.until, times * node.max, lineOf) + addCost(node.body, times * node.max, lineOf);
    if (node.kind !== "op") continue;
    const { flops } = definitionOf(node.op);
    // The attributes belong to this op: the pair comes from one node.
    const count = times * (flops as (args: unknown, results: unknown, attributes: unknown) => number)(typesOf(node.args), typesOf(node.results), node.attributes);
    if (count === 0) continue;
    const line = lineOf(node.site);
    line.flops += count;
    line.ops.set(node.op, (line.ops.get(node.op) ?? 0) + count);
    total += count;
  }
  return total;
}

function entryCost(entry: Entry, graph: Graph, sources: Sources): { rows: string[][]; total: number } {
  const lines = new Map<string, LineCost>();
  const total = addCost(entry.region, 1, (site) => {
    const place = placeText(graph.sites[site], sources);
    const line = lines.get(place) ?? { flops: 0, ops: new Map<string, number>() };
    lines.set(place, line);
    return line;
  });
  const rows = [...lines].sort(([, a], [, b]) => b.flops - a.flops).map(([place, { flops, ops }]) =>
    [flopsText(flops), `${((100 * flops) / total).toFixed(1)}%`, place, [...ops].sort(([, a], [, b]) => b - a).slice(0, 4).map(([op]) => op).join(", ")]);
  return { rows, total };
}

/** Floating-point operations of each entry by source line, the derived backward pass on the lines that it comes from. */
export function explainCost(graph: Graph, sources: Sources): string {
  return graph.entries.map((entry) => {
    const { rows, total } = entryCost(entry, graph, sources);
    const sizes = Object.entries(entry.variant).map(([name, size]) => `${name}=${size}`).join(", ");
    return `${entry.name}${sizes ? ` (${sizes})` : ""}: ${flopsText(total)} operations\n${table(rows, 9)}`;
  }).join("\n");
}

/** The kernels of each entry in order, with the line that each comes from; those inside a loop are indented. */
export function explainKernels(program: Program, sources: Sources): string {
  return program.entries.map((entry) => {
    let steps = 0;
    const rowsOf = (plan: readonly Step[], indent: string): string[][] => plan.flatMap((step) => {
      const row = (name: string, bytes = "", place = ""): string[] => [String(++steps), `${indent}${name}`, bytes, place];
      switch (step.kind) {
        case "copy": return [row("copy", byteText(step.bytes))];
        case "host": return [row(`host ${step.extern}`)];
        case "index": return [row("index")];
        case "until": return [row("until")];
        case "loop": return [row(`loop of ${step.turns} turns`), ...rowsOf(step.body, `${indent}  `)];
        case "run": {
          const kernel = program.kernels[step.kernel];
          const bytes = kernel.buffers.filter(({ space }) => space === "memory").reduce((sum, { storage, length }) => sum + byteSize(storage) * length, 0);
          return [row(kernel.name, byteText(bytes), placeText(program.sites[kernel.site], sources))];
        }
      }
    });
    const rows = rowsOf(entry.plan, "");
    return `${entry.symbol}: ${rows.length} steps (kernel, bytes it touches, line)\n${table(rows, 9)}`;
  }).join("\n");
}
