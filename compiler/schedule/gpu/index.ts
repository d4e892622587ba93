/** Kernels for machines that run a grid of invocations. */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { KernelScope, load, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Kernel } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { concatForGrid, padForGrid } from "./box.ts";
import { gridOf, gridScope, guarded, numberIn } from "./grid.ts";
import { overlapForGrid } from "./overlap.ts";
import { bitsForGrid, foldForGrid } from "./random.ts";
import { runningForGrid } from "./scan.ts";
import { scatterForGrid } from "./scatter.ts";
import { sortForGrid } from "./sort.ts";

export { mergeLoops } from "./loop-kernel.ts";
export { lowerParallelNest } from "./nest.ts";
export { refuseForDevice } from "./refuse.ts";
export { parallelProduct } from "./product.ts";

/** An op with a kernel of its own. */
export function lowerParallel(facts: Facts, node: OpNode, name: string, site: SiteId): Unit {
  switch (node.op) {
    case "concat": return concatForGrid(facts, node, name, site);
    case "overlap_add": return overlapForGrid(facts, node, name, site);
    case "pad": return padForGrid(facts, node, name, site);
    case "cumsum": case "cumprod": case "cummax": return runningForGrid(facts, node, name, site);
    case "sort": return sortForGrid(facts, node, name, site);
    case "scatter": return scatterForGrid(facts, node, name, site);
    case "random_bits": return bitsForGrid(facts, node, name, site);
    case "random_fold": return foldForGrid(facts, node, name, site);
    default: throw new Error(`internal: ${node.op} has no kernel of its own`);
  }
}

/** Copies bytes, whole words of them, between two places. */
export function copyKernel(bytes: number): Kernel {
  const words = bytes / 4;
  const scope = gridScope(new KernelScope());
  const from = scope.buffer("from", "u32", words);
  const to = scope.buffer("to", "u32", words);
  const grid = gridOf(words);
  const here = numberIn(grid);
  const body = guarded(grid, words, [store(to, here, load(from, here))]);
  return { name: `copy_${words}`, buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body, site: 0 as SiteId, grid }; // a copy belongs to no node
}
