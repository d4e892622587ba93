import { describe, expect, test } from "vitest";
import type { Region, ValueId } from "../../compiler/ir/graph.ts";
import { sameShape } from "../../compiler/ir/builder.ts";
import { printRegion } from "../../compiler/ir/print.ts";
import { passes, runPasses } from "../../compiler/optimize/index.ts";
import { evaluate } from "../../compiler/reference/index.ts";
import { schedule } from "../../compiler/schedule/index.ts";
import { js } from "../../targets/js/index.ts";
import { Random } from "../ops/random.ts";
import { randomGraph } from "../ops/random-graph.ts";
import { call, difference, graphOf, instanceOf, machine, poison, read, write } from "./run.ts";

/** A region whose first params are states; each is written with some value of its type, often one of another state. */
function withStates(region: Region, r: Random): { region: Region; states: number; reads: number[]; writes: number[] } {
  const states = r.integer(1, region.params.length - 1);
  const reads = region.params.slice(0, states).map((_, i) => i);
  const written: ValueId[] = [];
  const writes: number[] = [];
  for (const state of reads) {
    const type = region.types[region.params[state]];
    const fits = region.types.flatMap((other, id) => (other.element === type.element && sameShape(other.shape, type.shape) ? [id as ValueId] : [])); // an index into types
    if (r.integer(0, 3) === 0) continue;
    writes.push(state);
    written.push(r.pick(fits));
  }
  return { region: { ...region, results: [...written, ...region.results] }, states, reads, writes };
}

describe("entries with states", () => {
  test("write what the reference computes, whatever is made in place", async () => {
    for (let seed = 0; seed < 250; seed++) {
      const { region: plain, args } = randomGraph(seed + 1000, { nodes: 5 + (seed % 25), kind: "continuous", elements: ["f32", "i32"] });
      const made = withStates(plain, new Random(seed));
      const region = runPasses(made.region, passes, { fastMath: false });
      const specs = region.params.slice(0, made.states).map((param, i) => ({ path: `s${i}`, type: region.types[param] }));
      const program = schedule(graphOf(region, specs, made.reads, made.writes), machine);
      const instance = await instanceOf(program, js);
      poison(program, instance.memory);
      made.reads.forEach((state) => write(instance.memory, program.states[state].at, args[state]));
      const results = call(program, instance, program.entries[0], args.slice(made.states));
      const expected = evaluate(region, args, { round: "f32" });
      const states = program.states.map(({ at, type }) => read(instance.memory, at, type));
      const wanted = program.states.map((_, i) => (made.writes.includes(i) ? expected[made.writes.indexOf(i)] : args[i]));
      try {
        expect(difference(expected.slice(made.writes.length), results, 2e-3)).toBe(undefined);
        expect(difference(wanted, states, 2e-3)).toBe(undefined);
      } catch (error) {
        throw new Error(`seed ${seed}: writes ${made.writes.join()}: ${String(error)}\n${printRegion(region)}`, { cause: error });
      }
    }
  });
});
