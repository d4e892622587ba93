/** Which results of a region are batched, given which of its params are, without building anything. */
import type { LoopNode, Node, Region } from "../ir/graph.ts";
import { assertNever } from "../ir/graph.ts";

/** An op's results depend on all its args; a marker's on the call's inputs too, since its owner may put anything there. */
export function batchedResults(region: Region, params: readonly boolean[]): boolean[] {
  const batched = new Array<boolean>(region.types.length).fill(false);
  region.params.forEach((param, i) => { batched[param] = params[i]; });
  for (const node of region.nodes) {
    const results = resultsOf(node, node.args.map((arg) => batched[arg]), (value) => batched[value]);
    node.results.forEach((result, i) => { batched[result] = results[i]; });
  }
  return region.results.map((result) => batched[result]);
}

function resultsOf(node: Node, args: readonly boolean[], known: (value: number) => boolean): readonly boolean[] {
  switch (node.kind) {
    case "op":
    case "host":
      return node.results.map(() => args.includes(true));
    case "leave":
      return node.results.map(() => args.includes(true) || node.call.inputs.some(known));
    case "scan": {
      const carries = batchedCarries(node, args);
      return batchedResults(node.body, [false, ...carries, ...args.slice(node.carries)]);
    }
    case "while": {
      const carries = batchedCarries(node, args);
      return [...carries, stopsApart(node, carries, args)];
    }
    default:
      return assertNever(node, "batchedResults");
  }
}

/** Whether the elements of a batch may stop at different turns. */
const stopsApart = (node: LoopNode, carries: readonly boolean[], args: readonly boolean[]): boolean =>
  node.kind === "while" && batchedResults(node.until, [false, ...carries, ...args.slice(node.carries)])[0];

/**
 * The carries of a loop that are batched: where the start or what a turn makes of it is, which is a fixed point; all of
 * them where the elements stop at different turns.
 */
export function batchedCarries(node: LoopNode, args: readonly boolean[]): boolean[] {
  const rest = args.slice(node.carries);
  let carries = args.slice(0, node.carries);
  for (;;) {
    const apart = stopsApart(node, carries, args);
    const next = batchedResults(node.body, [false, ...carries, ...rest]);
    const grown = carries.map((batched, i) => batched || apart || next[i]);
    if (grown.every((batched, i) => batched === carries[i])) return carries;
    carries = grown;
  }
}
