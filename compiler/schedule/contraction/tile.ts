/**
 * The register-blocked core: rows x vectors sums of products, k ascending.
 *
 * Note [Fences]. Engines hoist all loads of a basic block above its arithmetic; with 15 vector registers a 3 x 3 tile
 * has room for its sums, one row of the right operand and one splat of the left, not for those of several steps. A fence
 * after each row keeps the loads where they are. Without: half the speed. 3 x 3 and 2 x 4 vectors with 4 steps a turn
 * were the fastest of the tiles that are fast in every engine.
 */
import { at, local, loop, setLocal } from "../expression.ts";
import type { Expression, Index, Lanes, LocalId, Statement } from "../kernel.ts";
import type { ProductScope } from "./product-scope.ts";

/** k steps in a turn of the loop. */
export const STEPS = 4;
const GROUP = 4;
/** Up to this many k steps are written out. */
const WRITTEN_OUT = 8;

export interface Tile {
  readonly lanes: Lanes;
  readonly rows: number;
  readonly vectors: number;
  readonly depth: number;
  /** The left operand's element, one lane. */
  left(row: number, k: Index): Expression;
  /** The right operand's rows k .. k + steps - 1 (STEPS or 1 of them): vector number `vector` of row k + step. */
  right(k: Index, steps: number, out: Statement[]): (vector: number, step: number) => Expression;
  /** Sets the sums, by row and vector, to what they start from. */
  start(sums: readonly (readonly LocalId[])[]): readonly Statement[];
}

/** The sums in locals, by row and vector; statements go to `out`. */
export function emitTile(scope: ProductScope, tile: Tile, out: Statement[]): readonly (readonly LocalId[])[] {
  const { lanes, depth } = tile;
  const rows = count(tile.rows);
  const vectors = count(tile.vectors);
  const sums = rows.map(() => vectors.map(() => scope.local(scope.element, lanes)));
  out.push(...tile.start(sums));
  // vectors of the right operand that are in registers at a time
  const groups = count(Math.ceil(tile.vectors / GROUP)).map((group) => vectors.slice(GROUP * group, GROUP * (group + 1)));
  const operands = vectors.map(() => scope.local(scope.element, lanes));
  const splat = scope.local(scope.element, lanes);

  const block = (from: Index, steps: number): Statement[] => {
    const body: Statement[] = [];
    const right = tile.right(from, steps, body);
    for (const step of count(steps)) {
      for (const group of groups) {
        for (const vector of group) body.push(setLocal(operands[vector], right(vector, step)));
        for (const row of rows) {
          if (group === groups[0] || rows.length > 1) body.push(setLocal(splat, scope.splat(tile.left(row, { ...from, base: from.base + step }), lanes)));
          for (const vector of group) body.push(scope.accumulate(sums[row][vector], local(splat), local(operands[vector]), lanes));
          body.push({ kind: "fence" });
        }
      }
    }
    return body.slice(0, -1);
  };

  const whole = depth - (depth % STEPS);
  if (depth <= WRITTEN_OUT) {
    const body = count(whole / STEPS).flatMap((turn) => block(at(turn * STEPS), STEPS));
    body.push(...count(depth - whole).flatMap((k) => block(at(whole + k), 1)));
    out.push(...body.filter(({ kind }) => kind !== "fence"));
    return sums;
  }
  const turn = scope.variable();
  out.push(loop(turn, 0, whole, STEPS, block(at(0, [turn, 1]), STEPS)));
  if (whole < depth) {
    const rest = scope.variable();
    out.push(loop(rest, whole, depth, 1, block(at(0, [rest, 1]), 1)));
  }
  return sums;
}

export const count = (turns: number): number[] => Array.from({ length: turns }, (_, turn) => turn);
