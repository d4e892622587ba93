/** Which results of a region are batched, given which of its params are, without building anything. */
import type { BuildNode } from "../ir/builder.ts";
import type { Region, ScanNode, ValueId, WhileNode } from "../ir/graph.ts";
import { assertNever } from "../ir/graph.ts";
import type { OpenScanNode } from "../ir/open-loop.ts";

/** A region, or one in the making. */
type Body = Omit<Region, "nodes"> & { readonly nodes: readonly BuildNode[] };

/** An op's results depend on all its args; a marker's on the call's inputs too, since its owner may put anything there. */
export function batchedResults(region: Body, params: readonly boolean[]): boolean[] {
  const batched = new Array<boolean>(region.types.length).fill(false);
  region.params.forEach((param, i) => { batched[param] = params[i]; });
  for (const node of region.nodes) {
    const results = resultsOf(node, node.args.map((arg) => batched[arg]), (value) => batched[value]);
    node.results.forEach((result, i) => { batched[result] = results[i]; });
  }
  return region.results.map((result) => batched[result]);
}

function resultsOf(node: BuildNode, args: readonly boolean[], known: (value: ValueId) => boolean): readonly boolean[] {
  switch (node.kind) {
    case "op":
    case "host":
      return node.results.map(() => args.includes(true));
    case "leave":
      return node.results.map(() => args.includes(true) || node.call.inputs.some(known));
    case "scan":
    case "openScan": { // an open one counts its turns by a carry
      const carries = batchedCarries(node, args);
      return batchedResults(bodyOf(node), [false, ...carries, ...args.slice(carries.length)]);
    }
    case "while": {
      const carries = batchedCarries(node, args);
      const emits = batchedResults(node.body, [false, ...carries, ...args.slice(carries.length)]).slice(carries.length);
      return [...carries, ...emits, stopsApart(node, carries, args)];
    }
    default:
      return assertNever(node, "batchedResults");
  }
}

/** The body of a loop: (index, carries, inputs, captures) -> (next carries, emits). */
function bodyOf(node: ScanNode | WhileNode | OpenScanNode): Body {
  if (node.kind !== "openScan") return node.body;
  const { loop: { builder, index, carries, inputs, captures, emits } } = node;
  return {
    params: [index, ...carries.map(({ param }) => param), ...inputs, ...captures],
    nodes: builder.nodes, results: [...carries.map(({ next }) => next), ...emits], types: builder.types,
  };
}

/** Whether the elements of a batch may stop at different turns. */
export function stopsApart(node: ScanNode | WhileNode | OpenScanNode, carries: readonly boolean[], args: readonly boolean[]): boolean {
  if (node.kind === "while") return batchedResults(node.until, [false, ...carries, ...args.slice(carries.length)])[0];
  if (node.kind !== "openScan" || !node.early) return false;
  const { early, loop } = node;
  const captures = args.slice(carries.length + loop.inputs.length);
  if (early.kind === "turns") return captures[loop.captures.indexOf(early.turns)];
  const { builder, index, result, ...params } = early.test;
  const test = { params: [index, ...params.carries, ...params.captures], nodes: builder.nodes, results: [result], types: builder.types };
  return batchedResults(test, [false, ...carries, ...captures.slice(0, params.captures.length)])[0];
}

/**
 * The carries of a loop that are batched: where the start or what a turn makes of it is, which is a fixed point; all of
 * them where the elements stop at different turns.
 */
export function batchedCarries(node: ScanNode | WhileNode | OpenScanNode, args: readonly boolean[]): boolean[] {
  const count = node.kind === "openScan" ? node.loop.carries.length : node.carries;
  const rest = args.slice(count);
  let carries = args.slice(0, count);
  for (;;) {
    const apart = stopsApart(node, carries, args);
    const next = batchedResults(bodyOf(node), [false, ...carries, ...rest]);
    const grown = carries.map((batched, i) => batched || apart || next[i]);
    if (grown.every((batched, i) => batched === carries[i])) return carries;
    carries = grown;
  }
}
