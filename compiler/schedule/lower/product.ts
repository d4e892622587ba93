/**
 * A product and what is done to its finished values while they are in registers.
 *
 *     %2 = dot %x %w;  %3 = add %2 (bcast %b);  %4 = max %3 0      sums start from %b; the epilogue stores max(sum, 0)
 */
import type { OpNode, RunTimeSize, SiteId, ValueId } from "../../ir/graph.ts";
import type { Machine } from "../../program.ts";
import { lowerDot } from "../contraction/index.ts";
import type { DotRequest, Epilogue, Place } from "../contraction/index.ts";
import { keyOf, linear } from "../coordinates.ts";
import type { Affine } from "../coordinates.ts";
import { rowsBeforeZeros } from "../demand.ts";
import { store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import { dotRuns } from "../fuse.ts";
import type { Group } from "../group.ts";
import type { BufferId, LocalId, Statement } from "../kernel.ts";
import { leavesOf, leavesUnder } from "../leaves.ts";
import type { Binding, InPlace, Unit } from "../unit.ts";
import { windowsOf } from "../view.ts";
import { Evaluator } from "./evaluate.ts";
import { Registers } from "./registers.ts";

export function lowerProduct(facts: Facts, group: Group, stored: ReadonlySet<ValueId>, machine: Machine, name: string, site: SiteId): Unit {
  const [dot] = group.ops();
  if (dot.op !== "dot") throw new Error("internal: a product starts with a dot");
  const bias = findBias(facts, group, dot, stored);
  /** What the epilogue gets. */
  const given = bias === null ? dot.results[0] : bias.sum;
  const outputs = group.ops().map((node) => node.results[0]).filter((value) => stored.has(value));
  const epilogue = outputs.length === 1 && outputs[0] === given ? null : new Finish(facts, group, dot, given, outputs);
  const [leftView, rightView] = dot.args.map((arg) => windowsOf(facts, arg));
  const [left, right] = [leftView?.source ?? dot.args[0], rightView?.source ?? dot.args[1]];
  const filled = leftView || rightView ? undefined : filledDepth(facts, dot);
  const request: DotRequest = {
    name, site, machine, left: facts.types[dot.args[0]], right: facts.types[dot.args[1]], attributes: dot.attributes,
    leftView: leftView?.view, rightView: rightView?.view,
    ...(bias === null ? {} : { initial: "row" as const }),
    ...(epilogue === null ? {} : { epilogue }),
    ...(filled && { filled }),
  };
  const { kernels, scratchBytes } = lowerDot(request);
  const value = (of: ValueId, byteOffset = 0): Binding => ({ kind: "value", value: facts.source(of), byteOffset });
  const operands = [left, right, ...(bias === null ? [] : [bias.value]), ...(filled && facts.length !== undefined ? [facts.length] : [])].map((operand) => facts.source(operand));
  return {
    runs: kernels.map(({ kernel, roles }) => ({
      kernel,
      bindings: roles.map((role): Binding => {
        switch (role.kind) {
          case "left": return value(left, role.byteOffset);
          case "right": return value(right, role.byteOffset);
          case "initial": return value(bias?.value ?? left);
          case "result": return value(given);
          case "extra": return value(epilogue?.values[role.index] ?? given);
          case "length": return value(facts.length ?? given);
          case "scratch": return { kind: "scratch", byteOffset: role.byteOffset };
        }
      }),
    })),
    reads: [...new Set([...operands, ...(epilogue?.inputs ?? [])])],
    writes: outputs,
    scratchBytes,
    inPlace: (epilogue?.inPlace() ?? []).filter(({ input }) => !operands.includes(input)),
  };
}

/** How many k count where both sides hold zeros beyond: rows that are summed over. */
function filledDepth(facts: Facts, { args, attributes: { leftContract, rightContract } }: OpNode<"dot">): RunTimeSize | undefined {
  const { length } = facts;
  if (length === undefined || leftContract[0] !== 0 || rightContract[0] !== 0) return undefined;
  const [left, right] = args.map((arg) => rowsBeforeZeros(facts, arg, length));
  if (!left || !right || left.times !== right.times || left.plus !== right.plus) return undefined;
  const perRow = leftContract.slice(1).reduce((product, axis) => product * facts.types[args[0]].shape[axis], 1);
  return { times: left.times * perRow, plus: left.plus * perRow };
}

interface Bias {
  /** What the sums start from. */
  readonly value: ValueId;
  /** The product with the bias. */
  readonly sum: ValueId;
}

/** A vector along the columns that is added to the product, whose bare value nothing else needs. */
function findBias(facts: Facts, group: Group, dot: OpNode<"dot">, stored: ReadonlySet<ValueId>): Bias | null {
  const [result] = dot.results;
  const add = facts.readers.get(result);
  if (add?.op !== "add" || facts.uses[result] !== 1 || stored.has(result)) return null;
  const [sum] = add.results;
  if (!group.has(sum) && facts.roles[sum] !== "virtual") return null;
  const other = add.args[0] === result ? add.args[1] : add.args[0];
  const place = group.places.get(result) ?? [];
  const found: (ValueId | null)[] = [];
  leavesOf(facts, other, place, group.sizes, (leaf) => {
    const isRow = leaf.kind === "value" && leaf.dynamic === null && keyOf([leaf.index]) === keyOf([rowIndex(facts, group, dot)]);
    found.push(isRow && leaf.kind === "value" && onlyMoves(facts, other) ? facts.source(leaf.value) : null);
  });
  const [value] = found;
  return found.length === 1 && value !== null && !group.has(value) ? { value, sum } : null;
}

/** The index of the column. */
function rowIndex(facts: Facts, group: Group, dot: OpNode<"dot">): Affine {
  const columns = dotRuns(dot, facts)[2];
  const factors = group.sizes.map(() => 0);
  let step = 1;
  for (const atom of [...columns].reverse()) {
    factors[atom] = step;
    step *= group.sizes[atom];
  }
  return { base: 0, factors };
}

function onlyMoves(facts: Facts, value: ValueId): boolean {
  const node = facts.producers[value];
  if (facts.roles[value] !== "virtual") return true;
  return node?.kind === "op" && (node.op === "broadcast" || node.op === "reshape") && onlyMoves(facts, node.args[0]);
}

class Finish implements Epilogue {
  readonly buffers: Epilogue["buffers"];
  /** By extra buffer. */
  readonly values: readonly ValueId[];
  readonly inputs: readonly ValueId[];
  private readonly indices: ReadonlyMap<ValueId, readonly Affine[]>;
  /** By the body that values are finished in: what does not depend on their place is made once. */
  private readonly bodies = new WeakMap<Statement[], Registers>();

  constructor(
    private readonly facts: Facts,
    private readonly group: Group,
    private readonly dot: OpNode<"dot">,
    private readonly given: ValueId,
    private readonly outputs: readonly ValueId[],
  ) {
    const indices = new Map<ValueId, Affine[]>();
    for (const node of group.ops()) {
      if (node === dot) continue;
      leavesUnder(facts, node, group.places.get(node.results[0]) ?? [], group.sizes, (leaf) => {
        if (leaf.kind !== "value" || group.has(leaf.value)) return;
        const source = facts.source(leaf.value);
        indices.set(source, [...(indices.get(source) ?? []), leaf.index]);
      }, (made) => made.results[0] !== given);
    }
    this.indices = indices;
    this.inputs = [...indices.keys()];
    this.values = [...this.inputs, ...outputs];
    this.buffers = this.values.map((value, i) => {
      const { element, shape } = facts.types[value];
      const name = i < this.inputs.length ? `in${i}` : `out${i - this.inputs.length}`;
      return { name, storage: element, length: shape.reduce((product, size) => product * size, 1) };
    });
  }

  finish(value: LocalId, place: Place, buffers: readonly BufferId[]): void {
    const { facts, group, given } = this;
    const r = this.bodies.get(place.out) ?? new Registers(place.scope, place.out);
    this.bodies.set(place.out, r);
    r.open(place.out);
    const runs = dotRuns(this.dot, facts).map((atoms) => ({ atoms, size: atoms.reduce((product, atom) => product * group.sizes[atom], 1) }));
    const walked = runs.filter(({ atoms }) => atoms.length > 0);
    const evaluator = new Evaluator(facts, r, group.sizes, walked, {
      find: (of, index) => (group.has(of) ? null : { buffer: buffers[this.values.indexOf(of)], index }),
    });
    const indices = [place.batch, place.row, place.column];
    let next = 0;
    runs.forEach(({ atoms }, role) => {
      if (atoms.length === 0) return;
      const vector = role === (place.along === "column" ? 2 : 1);
      evaluator.bindings[next++] = { at: indices[role], level: 1, lanes: vector ? place.lanes : 1, count: place.count, vector };
    });
    const at = group.places.get(this.dot.results[0]) ?? [];
    const { element } = facts.types[given];
    r.remember(`${given}@${keyOf(at)}`, r.held(value, element, place.lanes, false));
    const results = this.outputs.map((output) => r.settle(evaluator.value(output, group.places.get(output) ?? [])));
    results.forEach((result, i) => {
      const index = linear(facts.types[this.outputs[i]].shape, group.places.get(this.outputs[i]) ?? [], group.sizes.length);
      const { expression } = r.widen(result, place.lanes, r.level);
      place.out.push(store(buffers[this.inputs.length + i], evaluator.index(index), expression, place.lanes, place.count));
    });
    r.close();
  }

  inPlace(): InPlace[] {
    const { types } = this.facts;
    return this.outputs.flatMap((output) => {
      const index = keyOf([linear(types[output].shape, this.group.places.get(output) ?? [], this.group.sizes.length)]);
      return [...this.indices]
        .filter(([input, loads]) => types[input].element === types[output].element
          && types[input].shape.reduce((a, b) => a * b, 1) === types[output].shape.reduce((a, b) => a * b, 1)
          && loads.every((load) => keyOf([load]) === index))
        .map(([input]) => ({ output, input }));
    });
  }
}
