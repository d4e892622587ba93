/** What a program says of its arena against the steps themselves: each byte that a step touches is live then, and no block longer than it is touched. */
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import { optimize } from "../../compiler/optimize/index.ts";
import { byteSize, type Machine, type Occupancy, type Program } from "../../compiler/program.ts";
import { schedule } from "../../compiler/schedule/index.ts";
import type { Place, Step } from "../../compiler/schedule/kernel.ts";
import { explainMemory } from "../../targets/cli/explain-program.ts";
import { wasm } from "../../targets/wasm/index.ts";

const folder = new URL("../../samples/", import.meta.url);
const texts = new Map(await Promise.all((await readdir(folder)).filter((name) => name.endsWith(".pull"))
  .map(async (name) => [name, await readFile(new URL(name, folder), "utf8")] as const)));

interface Routine {
  readonly plan: readonly Step[];
  readonly occupancy: Occupancy;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A step, with the ranges that it touches in all turns. */
interface Touch {
  readonly ranges: readonly Range[];
}

/** Bytes that a place covers in all turns of the loops around. */
function covered(at: Place, bytes: number, turns: readonly number[]): Range {
  if (typeof at === "number") return { from: at, to: at + bytes };
  const ways = at.perTurn.map(({ depth, by }) => by * (turns[depth] - 1));
  const from = ways.reduce((sum, way) => sum + Math.min(0, way), at.base);
  return { from, to: from + ways.reduce((sum, way) => sum + Math.abs(way), bytes) };
}

function touchesOf(kernels: Program["kernels"], plan: readonly Step[], turns: readonly number[] = []): Touch[] {
  const touches: Touch[] = [];
  const add = (ranges: readonly Range[]): void => { touches.push({ ranges }); };
  for (const step of plan) {
    switch (step.kind) {
      case "run": {
        const buffers = kernels[step.kernel].buffers.filter(({ space }) => space === "memory");
        add(step.bindings.map((place, i) => covered(place, byteSize(buffers[i].storage) * buffers[i].length, turns)));
        break;
      }
      case "copy": add([covered(step.from, step.bytes, turns), covered(step.to, step.bytes, turns)]); break;
      case "index": add([covered(step.at, 4, turns)]); break;
      case "until": add([covered(step.test, 1, turns)]); break;
      case "host": add([...step.args, ...step.results].map((at) => covered(at, 1, turns))); break;
      case "loop": {
        add(step.count === undefined ? [] : [covered(step.count, 4, turns)]);
        touches.push(...touchesOf(kernels, step.body, [...turns, step.turns]));
        break;
      }
    }
  }
  return touches;
}

/** What is wrong with what a routine's arena is said to hold. */
function mistakes(program: Program, { plan, occupancy: { moments, blocks } }: Routine): string[] {
  const { constantBytes, stateBytes } = program.memory;
  const arenaAt = constantBytes + stateBytes;
  const touches = touchesOf(program.kernels, plan);
  const wrong: string[] = [];
  const expectThat = (holds: boolean, text: () => string): void => { if (!holds) wrong.push(text()); };
  const starts = [0];
  for (const { steps } of moments) starts.push((starts.at(-1) ?? 0) + steps);
  expectThat(starts.at(-1) === touches.length, () => "the number of steps");
  moments.forEach((_, moment) => {
    const live = blocks.filter(({ from, to }) => from <= moment && moment <= to).sort((a, b) => a.at - b.at);
    live.slice(1).forEach(({ at }, i) => expectThat(live[i].at + live[i].bytes <= at, () => `moment ${moment}: two ranges share byte ${at}`));
    for (const { from, to } of touches.slice(starts[moment], starts[moment + 1]).flatMap(({ ranges }) => ranges)) {
      expectThat(to <= arenaAt || live.some(({ at, bytes }) => at <= from && to <= at + bytes), () => `moment ${moment}: bytes ${from} to ${to} are not live`);
    }
  });
  // A loop's borders hold what its turns share; a moment without steps is a copy to where the value lies already.
  const isBorder = (moment: number): boolean => moments[moment].what === "loop" || moments[moment].steps === 0;
  for (const { at, bytes, from, to } of blocks) {
    const touched = (moment: number): boolean =>
      touches.slice(starts[moment], starts[moment + 1]).some(({ ranges }) => ranges.some((range) => range.from < at + bytes && at < range.to));
    expectThat(bytes === 0 || from < 0 || isBorder(from) || touched(from), () => `bytes ${at} to ${at + bytes} are not made at moment ${from}`);
    expectThat(bytes === 0 || to < 0 || to >= moments.length || isBorder(to) || touched(to), () => `bytes ${at} to ${at + bytes} are not needed at moment ${to}`);
  }
  return wrong;
}

function programOf(name: string, { machine }: { readonly machine: Machine }): Program {
  const { graph } = elaborate(texts.get(name) ?? "", { file: name, read: (file) => texts.get(file) });
  if (graph === null) throw new Error(`${name} does not compile`);
  return schedule(optimize(graph, { fastMath: false }), machine);
}

describe.each([...texts.keys()])("%s", (name) => {
  test("what is live at each step is what the plan says, and adds up to its bytes", () => {
    const program = programOf(name, wasm);
    for (const routine of [program.init, ...program.entries]) expect(mistakes(program, routine)).toEqual([]);
    const text = explainMemory(program, (file) => texts.get(file));
    const bytesIn = (pattern: RegExp, part: string): number[] => [...part.matchAll(pattern)].map(([, bytes]) => Number(bytes.replaceAll(",", "")));
    const [peak, ...parts] = bytesIn(/([\d,]+) B/g, text.slice(0, text.indexOf("\n")));
    expect(peak).toBe(program.peakBytes);
    expect(parts.reduce((sum, bytes) => sum + bytes, 0)).toBe(peak);
    const routines = text.split(/^(?=\w+: )/m).slice(1);
    expect(routines.map((routine) => /^\w+/.exec(routine)?.[0])).toEqual([...program.entries.map(({ symbol }) => symbol), "init"]);
    const arenas = routines.map((routine) => {
      const [arena, ...values] = bytesIn(/^(?:\w+: )?([\d,]+) B/gm, routine);
      expect(values.reduce((sum, bytes) => sum + bytes, 0)).toBe(arena);
      return arena;
    });
    expect(Math.max(...arenas)).toBe(program.memory.arenaBytes);
  });
});
