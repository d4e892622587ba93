/** Bakes the numbers of a module's self test: one call per entry, computed by the f64 reference on the same made-up arguments. */
import type { Graph } from "../../compiler/ir/graph.ts";
import type { Program, ProgramEntry } from "../../compiler/program.ts";
import { type EvaluateOptions, ReferenceModule, type Tensor } from "../../compiler/reference/index.ts";
import { deviationOf, type TestArgument, type TestCheck, type TestCase, testValue } from "../../runtime/self-test.ts";
import { hasHost } from "./entry.ts";
import { countOf, leavesOf, type PlacedLeaf } from "./text.ts";

/** An entry above this is not baked: the reference would take seconds. */
const maxFlops = 2e8;

/** Five digits: more than a comparison within a thousandth needs. */
const short = (value: number): number => Number(value.toPrecision(5));

function sums(tensor: Tensor): readonly [sum: number, squares: number] {
  let [sum, squares] = [0, 0];
  for (const value of tensor.data) {
    sum += value;
    squares += value * value;
  }
  return [short(sum), short(squares)];
}

const floats = (element: string): boolean => element === "f32" || element === "f64";

/** A part of what is allowed: what rounding alone moves further is no yardstick. */
const steady = 0.1;

/** The reference, in f64 and with every result rounded to f32, each with its states at the start. */
interface Run {
  readonly reference: ReferenceModule;
  readonly initial: ReadonlyMap<string, Tensor>;
}

function openRun(graph: Graph, options: EvaluateOptions): Run {
  const reference = new ReferenceModule(graph, options);
  return { reference, initial: new Map(reference.states) }; // of seed 0; tensors are never changed in place
}

/** The results and the states after one call. */
function called({ reference, initial }: Run, entry: ProgramEntry, args: readonly Tensor[]): { results: readonly Tensor[]; state: (path: string) => Tensor } {
  for (const [path, value] of initial) reference.states.set(path, value);
  const results = reference.call(entry.name, entry.variant, args);
  return { results, state: (path) => reference.state(path) };
}

/**
 * One case, or null if there is nothing to compare. A value is left out that is infinite or NaN, or that rounding moves: such as a
 * parameter whose gradient is zero but for rounding, of which Adam makes a whole step.
 */
function bake(exact: Run, rounded: Run, program: Program, entry: ProgramEntry): TestCase | null {
  const leaves = entry.parameters.flatMap(({ tree }) => [...leavesOf<PlacedLeaf>(tree)].map(({ leaf }) => leaf));
  const args = leaves.map((leaf, ordinal): Tensor => {
    const { element } = leaf.type;
    const count = countOf(leaf);
    return { type: leaf.type, data: Float64Array.from({ length: count }, (_, i) => testValue(element, ordinal, i, count, leaf.below ?? 0)) };
  });
  const [told, moved] = [exact, rounded].map((run) => called(run, entry, args));
  const checks: TestCheck[] = [];
  const expect = (name: string, { element }: Tensor["type"], at: number, tensor: Tensor, other: Tensor): void => {
    const check: TestCheck = [name, element, at, tensor.data.length, ...sums(tensor)];
    if (deviationOf(other.data, check) <= steady) checks.push(check); // not if either is NaN
  };
  const places = entry.result === null ? [] : [...leavesOf<PlacedLeaf>(entry.result)];
  // A near tie may turn an integer (argmax) or a truth value over: only floats are compared.
  for (const [i, { leaf, path }] of places.entries()) if (floats(leaf.type.element)) expect(path.replace(/^\./, "") || "result", leaf.type, leaf.at, told.results[i], moved.results[i]);
  for (const { path, type, at, role } of entry.train ? program.states : []) if (role === "trained" && floats(type.element)) expect(path, type, at, told.state(path), moved.state(path));
  if (checks.length === 0) return null;
  const given = leaves.map((leaf): TestArgument => [leaf.type.element, leaf.at, countOf(leaf), leaf.below ?? 0]);
  const length: TestArgument[] = entry.length ? [["i32", entry.length.at, 1, 0, entry.length.bound]] : [];
  return [entry.symbol, [...given, ...length], checks];
}

/** Cases for the first variant of every entry that is cheap enough and needs no host. */
export function bakeSelfTest(graph: Graph, program: Program): readonly TestCase[] {
  const [exact, rounded] = [openRun(graph, {}), openRun(graph, { round: "f32" })];
  const names = new Set<string>();
  const cases: TestCase[] = [];
  for (const entry of program.entries) {
    if (names.has(entry.name) || hasHost(entry) || entry.flops > maxFlops) continue;
    names.add(entry.name);
    const baked = bake(exact, rounded, program, entry);
    if (baked !== null) cases.push(baked);
  }
  return cases;
}
