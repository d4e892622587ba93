/** The list of passes, and how it is run. */
import { invariant } from "../diagnostics/diagnostic.ts";
import type { Graph, Region } from "../ir/graph.ts";
import { passLengthOn } from "../lengths/index.ts";
import { absorbTransposes } from "./absorb-transposes.ts";
import { mapBodies } from "./bodies.ts";
import { commonSubexpressions } from "./common-subexpressions.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";
import { eraseMarkers } from "./erase-markers.ts";
import { flattenDots } from "./flatten-dots.ts";
import { foldConstants } from "./fold-constants.ts";
import { formDots } from "./form-dots.ts";
import { hoistInvariants } from "./hoist-invariants.ts";
import { inlineLoops } from "./inline-loops.ts";
import { joinPads } from "./join-pads.ts";
import { mergeReductions } from "./merge-reductions.ts";
import type { Pass, PassOptions } from "./pass.ts";
import { shrinkDots } from "./shrink-dots.ts";
import { simplifyAlgebra } from "./simplify-algebra.ts";
import { simplifyLoops } from "./simplify-loops.ts";
import { simplifyMovement } from "./simplify-movement.ts";
import { simplifyWindows } from "./simplify-windows.ts";
import { sinkMovement } from "./sink-movement.ts";
import { unrollLoops } from "./unroll-loops.ts";

/** What keeps the form in which a derivative was written: graphs are compared after these. */
export const simplifyingPrefix: readonly Pass[] = [
  eraseMarkers, // before all: a marker hides what its arg is
  inlineLoops,
  eliminateDeadCode,
  foldConstants, // before algebra, which looks for numbers
  commonSubexpressions, // before algebra, which compares values by name
  simplifyAlgebra,
  simplifyMovement,
  simplifyLoops, // after what makes equal args and constants known as such
];

export const passes: readonly Pass[] = [
  ...simplifyingPrefix,
  simplifyWindows, // before sink-movement: it leaves reshapes and transposes
  sinkMovement, // after simplify-movement, whose canonical broadcasts it reads
  mergeReductions, // after sink-movement, which brings movement to reductions
  joinPads,
  formDots, // after sink-movement: what is left to broadcast differs between the factors
  shrinkDots,
  absorbTransposes, // after form-dots, and shrink-dots, which leave transposes of results
  flattenDots, // after absorb-transposes: a reshape in between would hide the transpose
  hoistInvariants, // after all that improves bodies by themselves
  unrollLoops, // after all of them: it copies bodies
];

/** Rounds of the whole list; each but the last makes a region simpler, and few take more than four. */
const ROUNDS = 32;

/** Runs a list until nothing changes, in the bodies of loops first. */
export function runPasses(
  region: Region, list: readonly Pass[], options: PassOptions, after: (pass: Pass, region: Region) => void = () => {},
): Region {
  return runList(region, list, options, after, new WeakSet());
}

/** `finished`: the bodies in which the list finds nothing more. */
function runList(region: Region, list: readonly Pass[], options: PassOptions, after: (pass: Pass, region: Region) => void, finished: WeakSet<Region>): Region {
  if (finished.has(region)) return region;
  let current = region;
  /** What each pass left behind; there it finds nothing more. */
  const settled = new Map<Pass, Region>();
  for (let round = 0; round < ROUNDS; round++) {
    const before = current;
    current = mapBodies(current, (body, replace) => runList(body, list, options, (pass, changed) => after(pass, replace(changed)), finished));
    for (const pass of list) {
      if (settled.get(pass) === current) continue;
      const next = pass.run(current, options);
      settled.set(pass, next);
      if (next !== current) after(pass, next);
      current = next;
    }
    if (current === before) {
      finished.add(current);
      return current;
    }
  }
  invariant(false, () => "the passes do not come to an end");
}

export interface OptimizeOptions {
  /** Also float algebra that is exact over the reals only (default false). */
  readonly fastMath?: boolean;
  /** Told after every pass that changed a region, with the graph as it is then. */
  readonly trace?: (pass: string, graph: Graph) => void;
}

export function optimize(graph: Graph, options: OptimizeOptions = {}): Graph {
  let current = graph;
  const run = (region: Region, replace: (changed: Region) => Graph): void => {
    const last = runPasses(region, passes, { fastMath: options.fastMath ?? false }, (pass, changed) => options.trace?.(pass.name, replace(changed)));
    current = replace(last);
  };
  graph.entries.forEach((entry, i) => {
    const replace = (region: Region): Graph => ({ ...current, entries: current.entries.with(i, { ...entry, region }) });
    run(entry.region, replace);
    // Last of all: a loop's body that does not use the length would lose it again.
    const { region } = current.entries[i];
    if (entry.length) current = replace(passLengthOn(region, region.params[region.params.length - 1]));
  });
  run(graph.init, (init) => ({ ...current, init }));
  return current;
}
