/**
 * Routines of a device, written out as dispatches. Of a loop all turns are written out; in one that may end early each dispatch takes its
 * size from a buffer, where a kernel of the loop's own (`loopCode`) puts zeros once the test is true.
 */

/** A word of the memory, or one that moves: its first turn's, then pairs of a loop's depth and the words that each turn of it adds. */
export type PlaceRow = number | readonly number[];
/** Index of a shader, then the places of buffers that it finds in its uniform buffer. */
export type RunRow = readonly [shader: number, ...places: readonly PlaceRow[]];
/** A run, by its index; a test, directly in a loop, that ends it before the rest of a turn; a loop of at most so many turns. */
export type RoutineStep = number | readonly [test: PlaceRow] | readonly [turns: number, body: readonly RoutineStep[]];

/** `shader` -1: the loops' own. `slot`: which of the places, -1: none. `size`: word of the buffer of sizes, -1: `x` and `y` hold. */
export interface Dispatch {
  readonly shader: number;
  readonly slot: number;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  /** Of the loops' own: which part of the memory it reads. */
  readonly bank: number;
}

export interface Recording {
  readonly dispatches: Dispatch[];
  /** What the uniform buffer holds: the words of each slot. */
  readonly slots: (readonly number[])[];
  /** The buffer of sizes while all loops go on: x, y, 1 for each. */
  readonly sizes: number[];
  /** Adds steps to the dispatches; `turns`: of the loops around. */
  add(steps: readonly RoutineStep[], turns: readonly number[]): void;
  /** Adds some turns of a loop that may end early. @returns the word of `sizes` that is 0 if it has ended */
  addTurns(loop: readonly [turns: number, body: readonly RoutineStep[]], turns: readonly number[], from: number, to: number): number;
}

/** A loop that may end early: its words of `sizes`, those of loops in it last, and which hold each size. The first is 0 when it has ended. */
interface Open {
  readonly from: number;
  readonly inner: number;
  readonly to: number;
  readonly at: ReadonlyMap<string, number>;
  /** `from` of the loop around it, -1: none. */
  readonly around: number;
}

export const placeAt = (place: PlaceRow, turns: readonly number[]): number => {
  if (typeof place === "number") return place;
  let word = place[0];
  for (let i = 1; i < place.length; i += 2) word += turns[place[i]] * place[i + 1];
  return word;
};

const isTest = (step: RoutineStep): step is readonly [test: PlaceRow] => typeof step !== "number" && step.length === 1;
export const endsEarly = (step: RoutineStep): boolean => typeof step !== "number" && step.length === 2 && step[1].some(isTest);

/** Data-dependent turns that are submitted together: then the host looks whether there are more. */
export const turnsAtOnce = 64;
/** Dispatches that are submitted together. */
export const dispatchesAtOnce = 2 ** 16;

export const dispatchCount = (steps: readonly RoutineStep[]): number =>
  steps.reduce<number>((total, step) => total + (typeof step === "number" || step.length === 1 ? 1 : step[0] * dispatchCount(step[1])), 0);

/** Whether the host counts a loop's turns, or those of one in it. */
export const isLong = (step: RoutineStep): boolean =>
  typeof step !== "number" && step.length === 2 && ((endsEarly(step) && step[0] > turnsAtOnce) || step[1].some(isLong) || step[0] * dispatchCount(step[1]) > dispatchesAtOnce);

/** The shaders of some steps; -1: that of loops which may end early. */
export function shadersOf(steps: readonly RoutineStep[], runs: readonly RunRow[], found = new Set<number>()): Set<number> {
  for (const step of steps) {
    if (typeof step === "number") found.add(runs[step][0]);
    else if (step.length === 2) shadersOf(step[1], runs, found);
    else found.add(-1);
  }
  return found;
}

/**
 * @param sizeOf workgroups of a shader
 * @param bankWords of each part of the memory
 */
export function recording(runs: readonly RunRow[], sizeOf: (shader: number) => readonly [x: number, y: number], bankWords: number): Recording {
  const dispatches: Dispatch[] = [];
  const slots: (readonly number[])[] = [];
  const sizes: number[] = [];
  const slotsByText = new Map<string, number>();
  const opened = new Map<RoutineStep, Open>();
  const slotOf = (words: readonly number[]): number => {
    if (words.length === 0) return -1;
    const text = words.join();
    const slot = slotsByText.get(text) ?? slots.push(words) - 1;
    slotsByText.set(text, slot);
    return slot;
  };
  const open = (step: RoutineStep, body: readonly RoutineStep[], around: number): Open => {
    const from = sizes.length;
    sizes.push(1, 1, 1);
    const at = new Map<string, number>();
    const inside: (readonly [turns: number, body: readonly RoutineStep[]])[] = [];
    const visit = (steps: readonly RoutineStep[]): void => {
      for (const step of steps) {
        if (typeof step === "number") {
          const [x, y] = sizeOf(runs[step][0]);
          if (!at.has(`${x},${y}`)) at.set(`${x},${y}`, sizes.push(x, y, 1) - 3);
        } else if (step.length === 2) {
          if (endsEarly(step)) inside.push(step);
          else visit(step[1]);
        }
      }
    };
    visit(body);
    const inner = sizes.length;
    for (const loop of inside) open(loop, loop[1], from);
    const loop = { from, inner, to: sizes.length, at, around };
    opened.set(step, loop);
    return loop;
  };
  const control = (from: number, to: number, test: number, around: number): void => {
    const bank = test < 0 ? 0 : Math.floor(test / bankWords);
    dispatches.push({ shader: -1, slot: slotOf([from, to, test < 0 ? test : test - bank * bankWords, around]), x: 1, y: 1, size: -1, bank });
  };
  const addLoop = (step: readonly [turns: number, body: readonly RoutineStep[]], turns: readonly number[], from: number, to: number, around: Open | undefined): Open | undefined => {
    const own = endsEarly(step) ? opened.get(step) ?? open(step, step[1], around?.from ?? -1) : undefined;
    if (own !== undefined) control(own.from, own.inner, -1, own.around);
    for (let turn = from; turn < to; turn++) add(step[1], [...turns, turn], own ?? around);
    return own;
  };
  const add = (steps: readonly RoutineStep[], turns: readonly number[], loop?: Open): void => {
    for (const step of steps) {
      if (typeof step === "number") {
        const [shader, ...places] = runs[step];
        const [x, y] = sizeOf(shader);
        dispatches.push({ shader, slot: slotOf(places.map((place) => placeAt(place, turns))), x, y, size: loop?.at.get(`${x},${y}`) ?? -1, bank: 0 });
      } else if (step.length === 2) addLoop(step, turns, 0, step[0], loop);
      else if (loop !== undefined) control(loop.from, loop.to, placeAt(step[0], turns), -1);
    }
  };
  return { dispatches, slots, sizes, add, addTurns: (loop, turns, from, to) => addLoop(loop, turns, from, to, undefined)?.from ?? -1 };
}

/**
 * The shader of loops that may end early. Starts one: sizes from .. to - 1 become whole, unless the loop around has ended (its first size
 * is 0). Or ends it, if the memory's word `test` is not 0: they become 0. In one line, as what is embedded must be.
 */
export const loopCode =
  "@group(0) @binding(0) var<storage, read_write> m: array<u32>;" +
  "@group(1) @binding(0) var<uniform> places: vec4<i32>;" + // from, to, test, the first size of the loop around
  "@group(2) @binding(0) var<storage, read_write> sizes: array<u32>;" +
  "@group(2) @binding(1) var<storage, read> whole: array<u32>;" +
  "@compute @workgroup_size(1) fn main() {" +
  "let starts = places.z < 0;" +
  "if (starts && places.w >= 0 && sizes[max(places.w, 0)] == 0u) { return; }" +
  "if (!starts && m[max(places.z, 0)] == 0u) { return; }" +
  "for (var i = places.x; i < places.y; i++) { sizes[i] = select(0u, whole[i], starts); }" +
  "}";
