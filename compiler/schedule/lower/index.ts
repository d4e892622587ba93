/** A group as a unit: the one place where node families meet their lowerings. */
import { isLoop } from "../../ir/graph.ts";
import type { HostNode, OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import type { Machine } from "../../program.ts";
import type { Facts } from "../facts.ts";
import { lowerParallel, lowerParallelNest } from "../gpu/index.ts";
import type { Group } from "../group.ts";
import type { Unit } from "../unit.ts";
import { lowerConcat, lowerPad } from "./box.ts";
import { lowerNest } from "./nest.ts";
import { lowerOverlap } from "./overlap.ts";
import { lowerProduct } from "./product.ts";
import { lowerRandomBits, lowerRandomFold } from "./random.ts";
import { lowerRunning } from "./scan.ts";
import { lowerScatter } from "./scatter.ts";
import { lowerSort } from "./sort.ts";

/** null: nothing of the group goes to memory. */
export function lowerGroup(facts: Facts, group: Group, stored: ReadonlySet<ValueId>, machine: Machine): Unit | null {
  const [first] = group.nodes;
  if (isLoop(first)) throw new Error("internal: a loop has no kernel");
  const outputs = group.ops().filter((node) => node.results.some((result) => stored.has(result)));
  const { site } = outputs.at(-1) ?? first;
  if (first.kind === "host") return hostUnit(facts, first);
  if (group.kind === "alone") return (machine.parallel === true ? lowerParallel : lowerAlone)(facts, first, nameOf(facts, first), site);
  if (outputs.length === 0) return null;
  const name = nameOf(facts, group.kind === "dot" ? first : outputs[outputs.length - 1]);
  if (group.kind === "dot") return lowerProduct(facts, group, stored, machine, name, site);
  return (machine.parallel === true ? lowerParallelNest : lowerNest)(facts, group, stored, name, site);
}

function nameOf(facts: Facts, { op, args, results }: OpNode): string {
  const shapes = (op === "dot" ? args : results.slice(0, 1)).map((value) => facts.types[value].shape.join("x"));
  return [op, ...shapes].filter((part) => part !== "").join("_");
}

function hostUnit(facts: Facts, node: HostNode): Unit {
  const args = node.args.map((arg) => facts.source(arg));
  return { runs: [], host: { extern: node.name, args, results: node.results }, reads: [...new Set(args)], writes: node.results, scratchBytes: 0, inPlace: [] };
}

function lowerAlone(facts: Facts, node: OpNode, name: string, site: SiteId): Unit {
  switch (node.op) {
    case "concat": return lowerConcat(facts, node, name, site);
    case "overlap_add": return lowerOverlap(facts, node, name, site);
    case "pad": return lowerPad(facts, node, name, site);
    case "cumsum": case "cumprod": case "cummax": return lowerRunning(facts, node, name, site);
    case "sort": return lowerSort(facts, node, name, site);
    case "scatter": return lowerScatter(facts, node, name, site);
    case "random_bits": return lowerRandomBits(facts, node, name, site);
    case "random_fold": return lowerRandomFold(facts, node, name, site);
    default: throw new Error(`internal: ${node.op} has no kernel of its own`);
  }
}
