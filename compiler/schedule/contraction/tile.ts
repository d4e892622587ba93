/**
 * The register-blocked core: rows x vectors sums of products, k ascending.
 *
 * Note [Fences]. Engines hoist all loads of a basic block above its arithmetic; with 15 vector registers a 3 x 3 tile
 * has room for its sums, one row of the right operand and one splat of the left, not for those of several steps. A fence
 * after each row keeps the loads where they are. Without: half the speed. 3 x 3 and 2 x 4 vectors with 4 steps a turn
 * were the fastest of the tiles that are fast in every engine.
 */
import { at, local, setLocal } from "../expression.ts";
import type { Expression, Index, Lanes, LocalId, Statement } from "../kernel.ts";
import { nest, scale, sum } from "./indices.ts";
import type { ProductScope } from "./product-scope.ts";
import { type Axis, innermost, turns } from "./shape.ts";

/** k steps in a turn of the loop. */
export const STEPS = 4;
const GROUP = 4;
/** Up to this many k steps are written out. */
const WRITTEN_OUT = 8;

export interface Tile {
  readonly lanes: Lanes;
  readonly rows: number;
  readonly vectors: number;
  /** The left operand's contract axes. */
  readonly depth: readonly Axis[];
  /** The left operand's element, one lane; `offset` is where its k lies. */
  left(row: number, offset: Index): Expression;
  /** The right operand's rows k .. k + steps - 1 (STEPS or 1 of them): vector number `vector` of row k + step. */
  right(k: Index, steps: number, out: Statement[]): (vector: number, step: number) => Expression;
  /** Sets the sums, by row and vector, to what they start from. */
  start(sums: readonly (readonly LocalId[])[]): readonly Statement[];
}

/** The sums in locals, by row and vector; statements go to `out`. */
export function emitTile(scope: ProductScope, tile: Tile, out: Statement[]): readonly (readonly LocalId[])[] {
  const { lanes } = tile;
  const inner = innermost(tile.depth);
  const depth = turns(tile.depth);
  const rows = count(tile.rows);
  const vectors = count(tile.vectors);
  const sums = rows.map(() => vectors.map(() => scope.local(scope.element, lanes)));
  out.push(...tile.start(sums));
  // vectors of the right operand that are in registers at a time
  const groups = count(Math.ceil(tile.vectors / GROUP)).map((group) => vectors.slice(GROUP * group, GROUP * (group + 1)));
  const operands = vectors.map(() => scope.local(scope.element, lanes));
  const splat = scope.local(scope.element, lanes);

  /** Steps of k along the innermost axis from `from` on. */
  const block = ({ offset, position }: Around, from: Index, steps: number): Statement[] => {
    const body: Statement[] = [];
    const right = tile.right(sum(scale(position, inner.size), from), steps, body);
    for (const step of count(steps)) {
      for (const group of groups) {
        for (const vector of group) body.push(setLocal(operands[vector], right(vector, step)));
        for (const row of rows) {
          if (group === groups[0] || rows.length > 1) body.push(setLocal(splat, scope.splat(tile.left(row, sum(offset, scale(sum(from, at(step)), inner.stride))), lanes)));
          for (const vector of group) body.push(scope.accumulate(sums[row][vector], local(splat), local(operands[vector]), lanes));
          body.push(fence);
        }
      }
    }
    return body.slice(0, -1);
  };

  const whole = inner.size - (inner.size % STEPS);
  const written = (around: Around): Statement[] => [
    ...count(whole / STEPS).map((turn) => block(around, at(turn * STEPS), STEPS)),
    ...count(inner.size - whole).map((k) => block(around, at(whole + k), 1)),
  ].flatMap((steps, i) => (i === 0 ? steps : [fence, ...steps]));
  if (depth <= WRITTEN_OUT) {
    out.push(...turnsAround(tile.depth).flatMap(written).filter(({ kind }) => kind !== "fence"));
    return sums;
  }
  out.push(...nest(scope, [tile.depth.slice(0, -1)], ([offset], position) => {
    const around = { offset, position };
    if (inner.size <= WRITTEN_OUT) return written(around);
    const turn = scope.variable();
    const loops = [scope.alongDepth(turn, 0, whole, STEPS, block(around, at(0, [turn, 1]), STEPS))];
    if (whole === inner.size) return loops;
    const rest = scope.variable();
    return [...loops, scope.alongDepth(rest, whole, inner.size, 1, block(around, at(0, [rest, 1]), 1))];
  }));
  return sums;
}

/** A turn of the loops around the innermost contract axis: where it lies in the left operand, and which turn it is. */
interface Around {
  readonly offset: Index;
  readonly position: Index;
}

const fence: Statement = { kind: "fence" };

/** The turns around the innermost axis, written out. */
function turnsAround(axes: readonly Axis[]): readonly Around[] {
  return axes.slice(0, -1).reduce<readonly Around[]>(
    (all, { size, stride }) => all.flatMap(({ offset, position }) => count(size).map((i) => ({ offset: at(offset.base + i * stride), position: at(position.base * size + i) }))),
    [{ offset: at(0), position: at(0) }],
  );
}

export const count = (turns: number): number[] => Array.from({ length: turns }, (_, turn) => turn);
