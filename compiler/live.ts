/** What a routine keeps in the arena where it keeps most, by name and source line. */
import { isLoop, type Node, type SiteId, type TensorType } from "./ir/graph.ts";
import { fullestMoment, type Occupancy, type Origin, type PlacedTree, type ProgramEntry } from "./program.ts";

export interface LiveValue {
  /** The op or function that makes it with its type, or the argument that it is. */
  readonly name: string;
  /** Of its range: a multiple of 16. */
  readonly bytes: number;
  readonly site: SiteId | null;
}

export interface Live {
  /** The step of the plan, those in loops counted once, from 1; 0: before the first. */
  readonly step: number;
  readonly steps: number;
  /** The largest first. */
  readonly values: readonly LiveValue[];
  /** Their sum. */
  readonly bytes: number;
  /** What the routine takes of the arena at most. */
  readonly arenaBytes: number;
}

export interface LiveRequest {
  readonly occupancy: Occupancy;
  readonly parameters: ProgramEntry["parameters"];
  /** Where the arena begins. */
  readonly arenaAt: number;
}

export function liveMost({ occupancy, parameters, arenaAt }: LiveRequest): Live {
  const { moments, blocks } = occupancy;
  const { moment, bytes, blocks: held } = fullestMoment(occupancy);
  const given = new Map(parameters.flatMap(({ name, tree }) => leavesOf(tree, `argument ${name}`)));
  const values = held.map(({ at, bytes: size, from, holds }): LiveValue => {
    const value = holds.findLast((each) => each.from <= moment);
    const made = moments.at(value?.from ?? from);
    if (value === undefined) return { name: `scratch of ${made?.what}`, bytes: size, site: made?.site ?? null };
    if (value.from < 0) return { name: given.get(at) ?? "seed", bytes: size, site: null };
    const maker = value.origin === null ? undefined : makerOf(value.origin);
    return { name: `${maker === undefined ? made?.what : nameOf(maker)} ${typeText(value.type)}`, bytes: size, site: maker?.site ?? made?.site ?? null };
  });
  const stepsBefore = (end: number): number => moments.slice(0, end).reduce((sum, { steps }) => sum + steps, 0);
  return {
    step: moment < 0 ? 0 : stepsBefore(moment) + 1, steps: stepsBefore(moments.length),
    values: values.sort((a, b) => b.bytes - a.bytes), bytes,
    arenaBytes: Math.max(0, ...blocks.map((block) => block.at + block.bytes - arenaAt)),
  };
}

/** `at step 3 of 7`. */
export const stepText = ({ step, steps }: Live): string => (step === 0 ? "before the first step" : `at step ${step} of ${steps}`);

/** The node that makes a value; for a loop's result, the one in its body. */
function makerOf({ region, value }: Origin): Node | undefined {
  const maker = region.nodes.find(({ results }) => results.includes(value));
  if (maker === undefined || !isLoop(maker)) return maker;
  const inner = maker.body.results[maker.results.indexOf(value)];
  return (inner === undefined ? undefined : makerOf({ region: maker.body, value: inner })) ?? maker;
}

const typeText = ({ element, shape }: TensorType): string => `${element}[${shape.join(", ")}]`;

function nameOf(node: Node): string {
  switch (node.kind) {
    case "op": return node.op;
    case "host": return node.name;
    default: return node.kind;
  }
}

/** Its leaves by place: `x`, `state.h`. */
function leavesOf(tree: PlacedTree, name: string): (readonly [number, string])[] {
  switch (tree.kind) {
    case "tensor": return [[tree.at, name]];
    case "record": return tree.fields.flatMap((field) => leavesOf(field.tree, `${name}.${field.name}`));
    case "tuple": return tree.items.flatMap((item, i) => leavesOf(item, `${name}.${i}`));
  }
}
