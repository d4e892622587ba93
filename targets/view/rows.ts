/** Operations by the part of the model that they belong to: the rows of the drawing, in the order of the forward pass. */
import type { Site } from "../../compiler/ir/graph.ts";
import type { Flat } from "./flat.ts";
import { makerOf, type Phase, placeKey, readersOf } from "./phases.ts";

export interface Row {
  /** Of the model instance; empty: the entry itself. */
  readonly path: readonly string[];
  /** The innermost loop around what it does forward. */
  readonly loop: number | null;
}

export interface Rows {
  readonly rows: readonly Row[];
  /** By operation. */
  readonly rowOf: readonly number[];
}

/**
 * A forward operation joins the last row of its part and loop, unless what it reads is made after that. What is derived
 * from a place stands in the row of that place; an update in the row whose gradient it takes.
 */
export function rowsOf(flat: Flat, phases: readonly Phase[], sites: readonly Site[]): Rows {
  const rows: Row[] = [];
  const rowOf: number[] = [];
  const last = new Map<string, number>();
  const byPlace = new Map<string, number>();
  const byPath = new Map<string, number>();
  const open = (path: readonly string[], loop: number | null): number => rows.push({ path, loop }) - 1;
  for (const { id, args, site, loop } of flat.operations) {
    if (phases[id] !== "forward") continue;
    const { path } = sites[site];
    const key = `${loop} ${path.join(".")}`;
    const after = Math.max(-1, ...args.map((arg) => rowOf[makerOf(flat, arg) ?? -1] ?? -1));
    const known = last.get(key);
    const row = known !== undefined && known >= after ? known : open(path, loop);
    last.set(key, row);
    rowOf[id] = row;
    if (!byPlace.has(placeKey(sites[site]))) byPlace.set(placeKey(sites[site]), row);
    byPath.set(path.join("."), row);
  }
  const readers = readersOf(flat);
  const near = (id: number): number | undefined => {
    const { args, results } = flat.operations[id];
    const around = [...args.map((arg) => makerOf(flat, arg) ?? -1), ...results.flatMap((result) => readers[result])];
    return around.map((other) => rowOf[other]).find((row) => row !== undefined);
  };
  const place = (id: number): void => {
    const site = sites[flat.operations[id].site];
    const found = phases[id] === "update" ? near(id) : byPlace.get(placeKey(site)) ?? byPath.get(site.path.join(".")) ?? near(id);
    if (found !== undefined) rowOf[id] = found;
  };
  const rest = flat.operations.map(({ id }) => id).filter((id) => rowOf[id] === undefined);
  rest.forEach(place);
  // Those that read nothing which has a row yet have readers that do.
  [...rest].reverse().filter((id) => rowOf[id] === undefined).forEach(place);
  const left = rest.filter((id) => rowOf[id] === undefined);
  if (left.length > 0) {
    const row = open([], null);
    for (const id of left) rowOf[id] = row;
  }
  return { rows, rowOf };
}
