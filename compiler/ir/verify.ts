/** The invariants of the graph IR. Run after every pass in tests; a violation is a bug in the compiler. */
import { invariant } from "../diagnostics/diagnostic.ts";
import { definitionOf, inferTypes, opNames } from "../ops/index.ts";
import { sameShape } from "./graph.ts";
import type { Entry, Graph, Node, Region, ScanNode, TensorType, Tree, ValueId, WhileNode } from "./graph.ts";
import { printNode, printType } from "./print.ts";

const same = (a: TensorType, b: TensorType): boolean => a.element === b.element && sameShape(a.shape, b.shape);
const show = (types: readonly TensorType[]): string => `(${types.map(printType).join(", ")})`;

/** @throws InternalError naming the node (or entry) that breaks the rules */
export function verify(subject: Region | Graph): void {
  if ("entries" in subject) verifyGraph(subject);
  else verifyRegion(subject, "region");
}

function verifyRegion(region: Region, where: string): void {
  let defined = 0;
  const define = (id: ValueId, by: () => string): void => {
    invariant(id === defined, () => `${where}: ${by()} defines %${id}, the next value is %${defined}`);
    invariant(region.types[id] !== undefined, () => `${where}: %${id} has no type`);
    defined++;
  };
  region.params.forEach((param) => define(param, () => "a param"));
  for (const node of region.nodes) {
    const name = (): string => `\`${printNode(node, region.types)}\``;
    for (const result of node.results) {
      invariant(region.types[result] !== undefined, () => `${where}: result %${result} of ${node.kind} has no type`);
    }
    for (const arg of node.args) {
      invariant(arg >= 0 && arg < defined, () => `${where}: ${name()} uses %${arg} before its definition`);
    }
    verifyNode(node, region, `${where}: ${name()}`);
    node.results.forEach((result) => define(result, name));
  }
  invariant(region.types.length === defined, () => `${where}: ${region.types.length} types for ${defined} values`);
  for (const result of region.results) {
    invariant(result >= 0 && result < defined, () => `${where}: result %${result} does not exist`);
  }
}

function verifyNode(node: Node, region: Region, name: string): void {
  const args = node.args.map((arg) => region.types[arg]);
  const results = node.results.map((result) => region.types[result]);
  switch (node.kind) {
    case "op": {
      invariant(opNames.includes(node.op), () => `${name}: there is no op ${node.op}`);
      const { arity } = definitionOf(node.op);
      invariant(arity === null || args.length === arity, () => `${name} has ${args.length} args, expected ${arity}`);
      const expected = inferred(node, args, name);
      invariant(expected.length === results.length && expected.every((type, i) => same(type, results[i])),
        () => `${name} is ${show(results)}, expected ${show(expected)}`);
      return;
    }
    case "leave":
      invariant(args.length === results.length && args.every((type, i) => same(type, results[i])),
        () => `${name} is ${show(results)}, expected ${show(args)}`);
      for (const input of node.call.inputs) {
        invariant(input >= 0 && input < node.results[0], () => `${name} has the input %${input}, defined later`);
      }
      return;
    case "host":
      return; // an entry's externs say the types
    case "scan":
      return verifyScan(node, args, results, name);
    case "while":
      return verifyWhile(node, args, results, name);
  }
}

const index: TensorType = { element: "i32", shape: [] };

function expectTypes(actual: readonly TensorType[], expected: readonly TensorType[], what: string): void {
  invariant(actual.length === expected.length && actual.every((type, i) => same(type, expected[i])), () => `${what} are ${show(actual)}, expected ${show(expected)}`);
}

function verifyScan({ carries, inputs, length, body }: ScanNode, args: readonly TensorType[], results: readonly TensorType[], name: string): void {
  verifyRegion(body, `${name}: body`);
  const whole = args.slice(carries, carries + inputs);
  invariant(whole.every(({ shape }) => shape[0] === length), () => `${name} has an input that is not ${length} long`);
  const slices = whole.map((type) => ({ ...type, shape: type.shape.slice(1) }));
  expectTypes(body.params.map((param) => body.types[param]), [index, ...args.slice(0, carries), ...slices, ...args.slice(carries + inputs)], `${name}: the body's params`);
  const next = body.results.map((result) => body.types[result]);
  expectTypes(next.slice(0, carries), args.slice(0, carries), `${name}: the next carries`);
  expectTypes(results, stacked(next, carries, length), `${name}: the results`);
}

/** The results of a loop for those of its body: emits are stacked. */
const stacked = (types: readonly TensorType[], carries: number, length: number): TensorType[] =>
  types.map((type, i) => (i < carries ? type : { ...type, shape: [length, ...type.shape] }));

function verifyWhile({ carries, max, until, body }: WhileNode, args: readonly TensorType[], results: readonly TensorType[], name: string): void {
  for (const [region, what] of [[until, "until"], [body, "body"]] as const) {
    verifyRegion(region, `${name}: ${what}`);
    expectTypes(region.params.map((param) => region.types[param]), [index, ...args], `${name}: the params of ${what}`);
  }
  expectTypes(until.results.map((result) => until.types[result]), [{ element: "bool", shape: [] }], `${name}: the results of until`);
  const next = body.results.map((result) => body.types[result]);
  expectTypes(next.slice(0, carries), args.slice(0, carries), `${name}: the next carries`);
  expectTypes(results, [...stacked(next, carries, max), index], `${name}: the results`);
}

function inferred(node: Extract<Node, { kind: "op" }>, args: readonly TensorType[], name: string): readonly TensorType[] {
  try {
    return inferTypes(node.op, args, node.attributes);
  } catch (error) {
    invariant(false, () => `${name} does not fit: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The tensors of a tree, depth first. */
function leaves(tree: Tree): readonly TensorType[] {
  switch (tree.kind) {
    case "tensor": return [tree.type];
    case "record": return tree.fields.flatMap(({ tree: field }) => leaves(field));
    case "tuple": return tree.items.flatMap(leaves);
  }
}

function verifyGraph(graph: Graph): void {
  const check = (actual: readonly ValueId[], region: Region, expected: readonly TensorType[], what: string): void => {
    const types = actual.map((id) => region.types[id]);
    invariant(types.length === expected.length && types.every((type, i) => same(type, expected[i])),
      () => `${what} are ${show(types)}, expected ${show(expected)}`);
  };
  const states = (ids: Entry["reads"], name: string): readonly TensorType[] =>
    ids.map((id) => {
      invariant(graph.states[id] !== undefined, () => `${name} names state ${id} of ${graph.states.length}`);
      return graph.states[id].type;
    });
  verifyRegion(graph.init, "init");
  check(graph.init.params, graph.init, [{ element: "u32", shape: [] }], "init's params");
  check(graph.init.results, graph.init, graph.states.map(({ type }) => type), "init's results");
  for (const entry of graph.entries) {
    const { region } = entry;
    verifyRegion(region, entry.name);
    const given = entry.parameters.flatMap(({ tree }) => leaves(tree));
    const length: readonly TensorType[] = entry.length === undefined ? [] : [index];
    check(region.params, region, [...states(entry.reads, entry.name), ...given, ...length], `${entry.name}'s params`);
    const returned = entry.result === null ? [] : leaves(entry.result);
    check(region.results, region, [...states(entry.writes, entry.name), ...returned], `${entry.name}'s results`);
    for (const node of region.nodes) {
      invariant(graph.sites[node.site] !== undefined, () => `${entry.name}: a node comes from site ${node.site} of ${graph.sites.length}`);
      if (node.kind !== "host") continue;
      invariant(graph.externs.some(({ name }) => name === node.name), () => `${entry.name} calls ${node.name}, which is no extern`);
    }
  }
}
