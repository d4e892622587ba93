/** Constants that depend on the run-time length: affine functions of it, and those plus or divided by such. */
import type { Element, Graph, OpNode, Region, RunTimeSize, Site, ValueId } from "../ir/graph.ts";
import { bodiesOf, elementCount, isLoop } from "../ir/graph.ts";
import { isFloat } from "../ops/index.ts";
import type { Masks } from "./masks.ts";
import { affine, each, type Three, Unlike } from "./probes.ts";

type Constant = OpNode<"constant">;

/**
 * The constants of a graph beside those of the graph of length 1, in which other nodes may be missing: as many of one place
 * in the program are the same in their order. A formula like `if n > 1 then n / (n - 1) else 1` has an exception there.
 */
export class AtOne {
  readonly #numbers = new Map<Constant, number>();

  /** Of an entry of two graphs. */
  constructor(graph: Graph, one: Graph, entry: number) {
    const byPlace = ({ entries, sites }: Graph) => {
      const groups = new Map<string, Constant[]>();
      for (const node of constantsOf(entries[entry].region)) {
        const place = placeText(sites[node.site]);
        groups.set(place, [...(groups.get(place) ?? []), node]);
      }
      return groups;
    };
    const ones = byPlace(one);
    for (const [place, list] of byPlace(graph)) {
      const others = ones.get(place) ?? [];
      if (others.length === list.length) list.forEach((node, i) => this.#numbers.set(node, others[i].attributes.data[0]));
    }
  }

  numberOf(node: Constant): number | undefined {
    return this.#numbers.get(node);
  }
}

/** Equal for one place in two elaborations. */
function placeText({ span, path, derivativeOf, caller }: Site): string {
  const where = ({ file, start, end }: Site["span"]): string => `${file} ${start} ${end}`;
  return [where(span), ...path, derivativeOf ?? "", caller ? where(caller) : ""].join("\n");
}

/** Those of one number. */
const constantsOf = ({ nodes }: Region): Constant[] => nodes.flatMap((node): Constant[] => {
  if (isLoop(node)) return bodiesOf(node).flatMap(constantsOf);
  return node.kind === "op" && node.op === "constant" && node.attributes.data.length === 1 ? [node as Constant] : []; // its op says so
});

/** @throws Unlike for any other dependence */
export function constant(masks: Masks, nodes: Three<Constant>, lengths: Three<number>, atOne: AtOne): ValueId {
  const { b } = masks;
  const [node] = nodes;
  const { attributes: { element, shape, data }, attributes, site } = node;
  const all = each(nodes, (other) => other.attributes);
  if (all.every((other) => other.data.length === 1)) {
    const numbers = each(all, ({ data: [number] }) => number);
    if (numbers.every((number) => Object.is(number, numbers[0]))) return b.op("constant", [], attributes);
    const formula = formulaOf(numbers, lengths, element);
    if (formula === undefined) throw new Unlike(site, "number");
    return b.broadcast(scalar(masks, formula, element, atOne.numberOf(node), site), shape, []);
  }
  // Rows of a table may be more or fewer, as long as they are the same.
  const inner = elementCount(shape.slice(1));
  const table = all.every((other) => elementCount(other.shape.slice(1)) === inner && other.data.every((number, i) => i >= data.length || Object.is(number, data[i])));
  if (table && data.length > 1) return b.op("constant", [], attributes);
  if (!all.every((other) => other.data.length === data.length)) throw new Unlike(site, "number");
  const sizes = data.flatMap((_, i) => affine(each(all, (other) => other.data[i]), lengths) ?? []);
  if (sizes.length < data.length) throw new Unlike(site, "number");
  return b.reshape(masks.vector(sizes, element), shape);
}

/** over / under, both affine in n. */
interface Formula {
  readonly over: RunTimeSize;
  readonly under: RunTimeSize;
}

const unit: RunTimeSize = { times: 0, plus: 1 };
const at = ({ times, plus }: RunTimeSize, n: number): number => times * n + plus;

function formulaOf(numbers: Three<number>, lengths: Three<number>, element: Element): Formula | undefined {
  const over = affine(numbers, lengths);
  if (over && Number.isInteger(over.plus)) return { over, under: unit };
  if (!isFloat(element)) return undefined;
  // 1 / under as the mean over rows has it; 1 + 1 / under: n / (n - 1).
  return [0, 1].map((whole): Formula | undefined => {
    const under = affine(each(numbers, (number) => Math.round(1 / (number - whole))), lengths);
    return under && { over: { times: whole * under.times, plus: whole * under.plus + 1 }, under };
  }).find((found) => found && numbers.every((number, i) => number === at(found.over, lengths[i]) / at(found.under, lengths[i])));
}

/** `one`: what the number is for n = 1, where the program says it. */
function scalar(masks: Masks, { over, under }: Formula, element: Element, one: number | undefined, site: Constant["site"]): ValueId {
  const { b } = masks;
  const number = (size: RunTimeSize): ValueId => (size.times === 0 ? b.constant({ element, shape: [] }, size.plus) : b.cast(masks.value(size), element));
  const value = under === unit ? number(over) : b.div(number(over), number(under));
  const first = at(over, 1) / at(under, 1);
  if (one === undefined && Number.isFinite(first)) return value;
  if (one === undefined) throw new Unlike(site, "number");
  if (one === first) return value;
  const isOne = b.op("eq", [masks.length, b.constant({ element: "i32", shape: [] }, 1)], {});
  return b.select(isOne, b.constant({ element, shape: [] }, one), value);
}
