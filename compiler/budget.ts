/** `--memory`: a program that needs more is refused, with what it holds where it needs most. */
import type { Span } from "../grammar/index.ts";
import { say } from "./diagnostics/catalogue.ts";
import { type Diagnostic, isLibrary, type Note } from "./diagnostics/diagnostic.ts";
import { elementCount, type Graph, type Site, userSpan } from "./ir/graph.ts";
import { type Live, liveMost, stepText } from "./live.ts";
import { byteSize, type Program } from "./program.ts";

/** Values that the error names. */
const shown = 6;

/** `graph`: what the program was made of. */
export function overBudget(program: Program, graph: Graph, { memory: budget, file }: { readonly memory?: number; readonly file: string }): Diagnostic[] {
  const { peakBytes, memory, states, sites } = program;
  if (budget === undefined || peakBytes <= budget) return [];
  const arenaAt = memory.constantBytes + memory.stateBytes;
  const routines: readonly { symbol: string; span: Span; live: Live }[] = [
    ...program.entries.map((entry, i) => ({ symbol: entry.symbol, span: graph.entries[i].span, live: liveMost({ ...entry, arenaAt }) })),
    { symbol: "init", span: { file, start: 0, end: 0 }, live: liveMost({ ...program.init, parameters: [], arenaAt }) },
  ];
  const { symbol, span, live } = routines.reduce((best, routine) => (routine.live.arenaBytes > best.live.arenaBytes ? routine : best));
  const held: readonly { name: string; bytes: number; span?: Span }[] = [
    ...states.map((state) => ({ name: `${state.role === "trained" ? "parameter" : state.role} ${state.path}`, bytes: byteSize(state.type.element) * elementCount(state.type.shape), span: userSpan(state) })),
    ...live.values.map(({ name, bytes, site }) => (site === null ? { name, bytes } : { name: [name, ...within(sites[site])].join(" in "), bytes, span: userSpan(sites[site]) })),
  ].sort((a, b) => b.bytes - a.bytes);
  const rest = held.slice(shown);
  const notes = [
    `state takes ${memory.stateBytes} bytes, constants ${memory.constantBytes}, intermediate values ${memory.arenaBytes}`,
    `most are live in \`${symbol}\` ${stepText(live)}, the largest:`,
    ...held.slice(0, shown).map(({ name, bytes, span: place }) => noteOf(`${bytes} bytes: ${name}`, place)),
    ...(rest.length > 0 ? [`${rest.reduce((sum, { bytes }) => sum + bytes, 0)} bytes: ${rest.length} smaller ones`] : []),
  ];
  return [say.overBudget(span, peakBytes, budget, notes)];
}

const within = ({ path }: Site): string[] => (path.length > 0 ? [path.join(".")] : []);

/** The lines of the library are not the user's. */
const noteOf = (text: string, span: Span | undefined): Note => (span === undefined || isLibrary(span.file) ? text : { text, span });
