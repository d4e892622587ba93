/** Copies of operands in the order in which tiles read them. */
import { at, literal, load, local, loop, store } from "../expression.ts";
import type { BufferId, Index, Statement } from "../kernel.ts";
import { scale, sum } from "./indices.ts";
import type { ProductScope } from "./product-scope.ts";
import type { Strides } from "./shape.ts";
import { count, STEPS } from "./tile.ts";
import { transposed } from "./transpose.ts";

/**
 * One panel of the right operand, [depth][4 * vectors], from column `column` on; columns from `existing` on become 0.
 * `panel`: where it starts in `target`.
 */
export function packRight(scope: ProductScope, strides: Strides, origin: Index, target: BufferId, panel: Index, vectors: number, existing: number): readonly Statement[] {
  const width = 4 * vectors;
  const { depth } = scope.product;
  const zero = literal(0, scope.element, 4);
  const to = (k: Index, column: number): Index => sum(panel, scale(k, width), at(column));
  const from = (k: Index, column: number): Index => sum(origin, scale(k, strides.rightDepth), at(column * strides.rightColumn));

  if (strides.rightColumn === 1) {
    return eachStep(scope, depth, (k) =>
      count(vectors).map((v) => {
        const rest = existing - 4 * v;
        return store(target, to(k, 4 * v), rest <= 0 ? zero : load(scope.right, from(k, 4 * v), 4, rest < 4 ? rest : undefined), 4);
      }),
    );
  }
  return count(vectors).flatMap((v) => {
    const rows = (k: Index): (Index | null)[] => count(4).map((lane) => (4 * v + lane < existing ? from(k, 4 * v + lane) : null));
    const block = (k: Index, length: 4 | 1): Statement[] => {
      const out: Statement[] = [];
      transposed(scope, scope.right, rows(k), length, out).forEach((value, step) => out.push(store(target, to(sum(k, at(step)), 4 * v), local(value), 4)));
      return out;
    };
    // blocks of 4 x 4 need contiguous columns
    const whole = strides.rightDepth === 1 ? depth - (depth % 4) : 0;
    const [turn, rest] = [scope.variable(), scope.variable()];
    return [scope.alongDepth(turn, 0, whole, 4, block(at(0, [turn, 1]), 4)), scope.alongDepth(rest, whole, depth, 1, block(at(0, [rest, 1]), 1))];
  });
}

/** `tiles` times `rows` rows of the left operand from `origin` on, as [tiles][depth][rows]; a step in k reads them all. */
export function packLeft(scope: ProductScope, strides: Strides, origin: Index, target: BufferId, tiles: number, rows: number): readonly Statement[] {
  const { depth } = scope.product;
  const k = scope.variable();
  const copy = (tile: number, row: number): Statement => {
    const from = sum(origin, at((tile * rows + row) * strides.leftRow, [k, strides.leftDepth]));
    return store(target, at(tile * depth * rows + row, [k, rows]), load(scope.left, from));
  };
  return [loop(k, 0, depth, 1, count(tiles).flatMap((tile) => count(rows).map((row) => copy(tile, row))))];
}

/** k from 0 to depth, STEPS at a time. */
function eachStep(scope: ProductScope, depth: number, body: (k: Index) => readonly Statement[]): readonly Statement[] {
  const whole = depth - (depth % STEPS);
  const [turn, rest] = [scope.variable(), scope.variable()];
  return [
    scope.alongDepth(turn, 0, whole, STEPS, count(STEPS).flatMap((step) => body(at(step, [turn, 1])))),
    scope.alongDepth(rest, whole, depth, 1, body(at(0, [rest, 1]))),
  ];
}
