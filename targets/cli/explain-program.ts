/** Where a program's memory, work and kernels come from, by source line. */
import { positionOf, type Sources } from "../../compiler/diagnostics/render.ts";
import { type Entry, type Graph, elementCount, type Region, type Site, type SiteId, type TensorType, userSpan } from "../../compiler/ir/graph.ts";
import { liveMost, stepText } from "../../compiler/live.ts";
import { byteSize, type Program } from "../../compiler/program.ts";
import { definitionOf } from "../../compiler/ops/index.ts";
import type { Step } from "../../compiler/schedule/kernel.ts";
import { byteText, flopsText, grouped, table } from "./io.ts";

/** `digits.pull:9`, and the model path where there is one. */
function placeText(site: Site | undefined, sources: Sources): string {
  if (site === undefined) return "?";
  const { file, start } = userSpan(site);
  const text = sources(file);
  const line = text === undefined ? "" : `:${positionOf(text, start).line}`;
  return `${file}${line}${site.path.length ? ` (${site.path.join(".")})` : ""}`;
}

const bytesOf = ({ element, shape }: TensorType): number => byteSize(element) * elementCount(shape);
const bytesText = (bytes: number): string => `${grouped(bytes)} B`;

/** State by source line, then what the arena holds at each routine's fullest step: with what is unused then, all that it takes. */
export function explainMemory(program: Program, sources: Sources): string {
  const { constantBytes, stateBytes, arenaBytes } = program.memory;
  const rows = program.states.map((state) => [bytesText(bytesOf(state.type)), state.role, state.path, placeText({ ...state, path: [] }, sources)]);
  const sums = `state ${bytesText(stateBytes)}, constants ${bytesText(constantBytes)}, intermediate values ${bytesText(arenaBytes)}`;
  const routines = [...program.entries, { symbol: "init", parameters: [], ...program.init }].map(({ symbol, ...routine }) => {
    const live = liveMost({ ...routine, arenaAt: constantBytes + stateBytes });
    const lines = live.values.map(({ name, bytes, site }) => [bytesText(bytes), name, site === null ? "" : placeText(program.sites[site], sources)]);
    const unused = live.arenaBytes - live.bytes;
    if (unused > 0) lines.push([bytesText(unused), "unused then", ""]);
    return `\n${symbol}: ${bytesText(live.arenaBytes)}, most live ${stepText(live)}\n${table(lines, 9)}`;
  });
  return `${bytesText(program.peakBytes)} at the peak: ${sums}\n\nstate\n${table(rows, 9)}${routines.join("")}`;
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
