/** What `pullback view` shows, as plain data: operations, values, what is kept for the backward pass, the arena over time. */
import { positionOf, type Sources } from "../../compiler/diagnostics/render.ts";
import { type Element, elementCount, type Entry, type Graph, type Site, type SiteId } from "../../compiler/ir/graph.ts";
import { byteSize, fullestMoment, type Program, type ProgramEntry } from "../../compiler/program.ts";
import { leavesOf, type PlacedLeaf } from "../module/index.ts";
import { axisNames } from "./axes.ts";
import { flatten, type Flat, parameterNames } from "./flat.ts";
import { type Kept, keptValues } from "./kept.ts";
import { makerOf, type Phase, phasesOf } from "./phases.ts";
import { rowsOf } from "./rows.ts";

/** Of the program's text. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface ViewValue {
  readonly id: number;
  /** Of an argument or a state; else what the program's text says where it is made. */
  readonly name: string;
  readonly element: Element;
  readonly shape: readonly number[];
  readonly axes: readonly (string | null)[];
  readonly bytes: number;
  /** The operation that makes it; null: it is given. */
  readonly maker: number | null;
}

export interface ViewOperation {
  readonly id: number;
  readonly op: string;
  readonly phase: Phase;
  readonly row: number;
  readonly args: readonly number[];
  readonly results: readonly number[];
  readonly place: Place | null;
  readonly derivativeOf?: string;
  readonly loop: number | null;
  readonly turns: number;
  /** Of all turns. */
  readonly flops: number;
  /** Of its results, of one turn. */
  readonly bytes: number;
}

export interface ViewLoop {
  readonly id: number;
  readonly around: number | null;
  readonly turns: number;
  readonly endsEarly: boolean;
  readonly reversed: boolean;
  /** Values that a turn hands to the next: what it makes, and what the next one reads. */
  readonly feedback: readonly (readonly [made: number, read: number])[];
  readonly place: Place | null;
  /** Of a backward pass. */
  readonly backward: boolean;
}

export interface ViewBlock {
  /** From the start of the arena. */
  readonly offset: number;
  readonly bytes: number;
  /** Moments; -1: from before the first. */
  readonly from: number;
  readonly to: number;
  /** null: a copy, or a kernel's scratch. */
  readonly value: number | null;
}

export interface ViewEntry {
  readonly name: string;
  readonly symbol: string;
  readonly variant: Readonly<Record<string, number>>;
  readonly rows: readonly { readonly path: readonly string[]; readonly loop: number | null }[];
  readonly loops: readonly ViewLoop[];
  readonly values: readonly ViewValue[];
  readonly operations: readonly ViewOperation[];
  readonly kept: readonly Kept[];
  readonly totals: { readonly flops: number; readonly byPhase: Readonly<Record<Phase, number>>; readonly keptBytes: number };
  readonly arena: {
    /** High-water mark. */
    readonly bytes: number;
    /** At which most bytes are live, and how many those are. */
    readonly fullest: { readonly moment: number; readonly bytes: number };
    readonly moments: readonly { readonly what: string; readonly phase: Phase | null; readonly place: Place | null }[];
    readonly blocks: readonly ViewBlock[];
  };
}

export interface View {
  readonly file: string;
  readonly memory: { readonly peakBytes: number; readonly stateBytes: number; readonly constantBytes: number; readonly arenaBytes: number };
  readonly entries: readonly ViewEntry[];
}

/** `entries`: of the program, those to show. */
export function viewOf(file: string, graph: Graph, program: Program, sources: Sources, entries: readonly ProgramEntry[]): View {
  const { peakBytes, memory: { stateBytes, constantBytes, arenaBytes } } = program;
  return {
    file, memory: { peakBytes, stateBytes, constantBytes, arenaBytes },
    entries: entries.map((entry) => entryView(graph.entries[program.entries.indexOf(entry)], entry, graph, program, sources)),
  };
}

function entryView(entry: Entry, planned: ProgramEntry, graph: Graph, program: Program, sources: Sources): ViewEntry {
  const { sites } = graph;
  const leaves = planned.parameters.flatMap(({ name, tree }) => [...leavesOf<PlacedLeaf>(tree)].map(({ leaf, path }) => ({ name: `${name}${path}`, axes: leaf.axes })));
  const flat = flatten(entry, parameterNames(entry, graph, leaves.map(({ name }) => name)));
  const phases = phasesOf(flat, sites);
  const { rows, rowOf } = rowsOf(flat, phases, sites);
  const axes = axisNames(flat, border(entry, planned, graph, flat, leaves));
  const kept = keptValues(flat, phases, planned.occupancy, sites);
  const placeOf = (site: SiteId | null): Place | null => (site === null ? null : placeIn(sites[site], sources));
  const byPhase: Record<Phase, number> = { forward: 0, backward: 0, again: 0, update: 0 };
  for (const { id, flops } of flat.operations) byPhase[phases[id]] += flops;
  return {
    name: entry.name, symbol: planned.symbol, variant: entry.variant, rows,
    loops: flat.loops.map(({ id, around, turns, endsEarly, reversed, feedback, site }) => ({ id, around, turns, endsEarly, reversed, feedback, place: placeOf(site), backward: sites[site].derivativeOf !== undefined })),
    values: flat.values.map((value) => {
      const { id, element, shape, bytes } = value;
      return { id, element, shape, bytes, axes: axes[id], maker: makerOf(flat, id), name: value.name ?? nameOf(flat, id, placeOf) };
    }),
    operations: flat.operations.map(({ id, op, args, results, site, loop, turns, flops, bytes }) => {
      const { derivativeOf } = sites[site];
      return { id, op, phase: phases[id], row: rowOf[id], args, results, place: placeOf(site), ...(derivativeOf === undefined ? {} : { derivativeOf }), loop, turns, flops, bytes };
    }),
    kept,
    totals: { flops: flat.operations.reduce((sum, { flops }) => sum + flops, 0), byPhase, keptBytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) },
    arena: arenaView(planned, program, flat, phases, placeOf),
  };
}

/** The text of an expression is the name of its value; a loop's carry has that of what a turn makes for the next. */
function nameOf(flat: Flat, id: number, placeOf: (site: SiteId) => Place | null): string {
  const made = new Map(flat.loops.flatMap(({ feedback }) => feedback.map(([from, read]) => [read, from])));
  const seen = new Set<number>();
  let at = flat.values[id];
  while (at.across !== null && !seen.has(at.id)) {
    seen.add(at.id);
    at = flat.values[made.get(at.id) ?? at.across.of];
  }
  if (at.maker === null) return at.name ?? `value ${id}`;
  const { site, op } = flat.operations[at.maker];
  return placeOf(site)?.text ?? op;
}

function placeIn({ span }: Site, sources: Sources): Place | null {
  const source = sources(span.file);
  if (source === undefined) return null;
  return { file: span.file, line: positionOf(source, span.start).line, text: source.slice(span.start, span.end).replace(/\s+/g, " ") };
}

/** Values at the entry's border with the names of their axes: arguments, states, results. */
function border({ reads, writes, region }: Entry, planned: ProgramEntry, { states }: Graph, flat: Flat, leaves: readonly { readonly axes: readonly (string | null)[] }[]) {
  const results = planned.result === null ? [] : [...leavesOf<PlacedLeaf>(planned.result)].map(({ leaf }) => leaf.axes);
  const param = (i: number): number => flat.valueOf({ region, value: region.params[i] }) ?? 0;
  return [
    ...leaves.map(({ axes }, i) => [param(reads.length + i), axes] as const),
    ...reads.map((state, i) => [param(i), states[state].axes ?? []] as const),
    ...results.map((axes, i) => [flat.results[writes.length + i], axes] as const),
  ];
}

function arenaView({ occupancy }: ProgramEntry, { memory }: Program, flat: Flat, phases: readonly Phase[], placeOf: (site: SiteId | null) => Place | null): ViewEntry["arena"] {
  const { moments, blocks } = occupancy;
  const start = memory.constantBytes + memory.stateBytes;
  const { moment, bytes: most } = fullestMoment(occupancy);
  const phaseAt = new Map(flat.operations.map(({ id, site }) => [site, phases[id]]));
  return {
    bytes: Math.max(0, ...blocks.map(({ at, bytes }) => at + bytes - start)),
    fullest: { moment, bytes: most },
    moments: moments.map(({ what, site }) => ({ what, phase: site === null ? null : phaseAt.get(site) ?? null, place: placeOf(site) })),
    blocks: blocks.flatMap(({ at, bytes, from, to, holds }): ViewBlock[] => {
      if (holds.length === 0) return [{ offset: at - start, bytes, from, to, value: null }];
      return holds.map((held, i) => ({
        offset: at - start, bytes: i === 0 && holds.length === 1 ? bytes : byteSize(held.type.element) * elementCount(held.type.shape),
        from: held.from, to: holds[i + 1] === undefined ? to : holds[i + 1].from - 1, value: held.origin === null ? null : flat.valueOf(held.origin) ?? null,
      }));
    }),
  };
}
