/** Which part of a step an operation belongs to. */
import type { Site } from "../../compiler/ir/graph.ts";
import type { Flat, FlatOperation } from "./flat.ts";

/**
 * forward: what the entry computes. backward: derivatives and own rules. again: what a backward loop computes once more,
 * so as not to keep it. update: what is made of gradients.
 */
export type Phase = "forward" | "backward" | "again" | "update";

/** Tells apart places of the program, whatever is done there. */
export const placeKey = ({ span, path }: Site): string => `${span.file}:${span.start}-${span.end} ${path.join(".")}`;

/** By operation. */
export function phasesOf(flat: Flat, sites: readonly Site[]): readonly Phase[] {
  const derived = ({ site }: { readonly site: FlatOperation["site"] }): boolean => sites[site].derivativeOf !== undefined;
  const differentiated = new Set(sites.filter((site) => site.derivativeOf !== undefined).map(placeKey));
  const inBackwardLoop = ({ loop }: FlatOperation): boolean => {
    for (let at = loop; at !== null; at = flat.loops[at].around) if (derived(flat.loops[at])) return true;
    return false;
  };
  const ofGradients = new Set<number>();
  const phases = flat.operations.map((operation): Phase => {
    if (derived(operation)) return "backward";
    if (inBackwardLoop(operation)) return "again";
    const after = operation.args.some((arg) => {
      const maker = makerOf(flat, arg);
      return maker !== null && (ofGradients.has(maker) || derived(flat.operations[maker]));
    });
    if (!after || differentiated.has(placeKey(sites[operation.site]))) return "forward";
    ofGradients.add(operation.id);
    return "update";
  });
  // What only an update reads belongs to it.
  const readers = readersOf(flat);
  const results = new Set(flat.results);
  for (const { id, results: made } of [...flat.operations].reverse()) {
    if (phases[id] !== "forward" || made.some((value) => results.has(value))) continue;
    const reading = made.flatMap((value) => readers[value]);
    if (reading.length > 0 && reading.every((reader) => phases[reader] === "update")) phases[id] = "update";
  }
  return phases;
}

/** The operation that makes a value, looked for beyond the borders of loops; null: it is given. */
export function makerOf(flat: Flat, value: number): number | null {
  for (let at = flat.values[value]; ; at = flat.values[at.across.of]) if (at.across === null) return at.maker;
}

/** By value: the operations that read it, also those beyond the borders of loops. */
export function readersOf(flat: Flat): readonly (readonly number[])[] {
  const readers: number[][] = flat.values.map(() => []);
  for (const { id, args } of flat.operations) {
    for (const arg of args) {
      let at = flat.values[arg];
      readers[at.id].push(id);
      while (at.across !== null) {
        at = flat.values[at.across.of];
        readers[at.id].push(id);
      }
    }
  }
  return readers;
}
