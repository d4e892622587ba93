/**
 * The product with both operands read where they are: for operands that stay in the first-level cache, for few rows, and
 * for elements that have no vectors.
 */
import { at, load, local, loop, setLocal } from "../expression.ts";
import type { Index, Lanes, Statement } from "../kernel.ts";
import { chooseTile, runs, type TileSize } from "./choose-tile.ts";
import { scale, sum } from "./indices.ts";
import { ProductScope } from "./product-scope.ts";
import type { DotRequest, RoledKernel } from "./request.ts";
import { innermost, type Product, type Strides } from "./shape.ts";
import { count, emitTile, type Tile } from "./tile.ts";
import { transposed } from "./transpose.ts";

/** 4 lanes need a right operand with contiguous rows or contiguous columns. */
export function directProduct(request: DotRequest, product: Product, strides: Strides, lanes: Lanes): RoledKernel {
  const { columns } = product;
  const turned = lanes === 4 && strides.rightColumn !== 1;
  const near = innermost(product.left.free).size;
  const size = turned ? turnedTile(near, columns) : chooseTile(near, Math.ceil(columns / lanes), { packed: false, copyCost: 0.15 });
  const scope = new ProductScope(request, product);
  const body = scope.eachBatch((left, right, batch) =>
    runs(columns, size.vectors * lanes).flatMap((columnRun) => {
      const j = scope.variable();
      const column = at(0, [j, 1]);
      const tiles = scope.eachRows((offset, first, rows) => runs(rows, size.rows).map((rowRun) => {
        const i = scope.variable();
        const row = sum(first, at(0, [i, 1]));
        const start = sum(left, offset, at(0, [i, strides.leftRow]));
        const width = Math.ceil(columnRun.step / lanes);
        const out: Statement[] = [];
        const place = (r: number, v: number) => {
          const rest = columnRun.step - v * lanes;
          return scope.place(out, batch, sum(row, at(r)), sum(column, at(v * lanes)), { lanes, count: rest < lanes ? rest : undefined });
        };
        const tile: Tile = {
          lanes,
          rows: rowRun.step,
          vectors: width,
          depth: product.left.contract,
          left: (r, depth) => load(scope.left, sum(start, at(r * strides.leftRow), depth)),
          right: (k, steps, before) => {
            const origin = sum(right, scale(column, strides.rightColumn), scale(k, strides.rightDepth));
            if (turned) return turnedRows(scope, origin, strides, columnRun.step, steps === 1 ? 1 : 4, before);
            return (v, step) => {
              const { lanes: wide, count: existing } = place(0, v);
              return load(scope.right, sum(origin, at(v * lanes * strides.rightColumn + step * strides.rightDepth)), wide, existing);
            };
          },
          start: (sums) => sums.flatMap((vectors, r) => vectors.map((value, v) => setLocal(value, scope.start(place(r, v))))),
        };
        const sums = emitTile(scope, tile, out);
        sums.forEach((vectors, r) => vectors.forEach((value, v) => scope.finish(value, place(r, v))));
        return loop(i, rowRun.from, rowRun.to, rowRun.step, out);
      }));
      return loop(j, columnRun.from, columnRun.to, columnRun.step, tiles);
    }),
  );
  return scope.kernel(request.name, body);
}

/** Rows and vectors such that the sums and a turned 4 x 4 block for each vector fit in registers. */
function turnedTile(rows: number, columns: number): TileSize {
  const size = rows === 1 || rows === 2 ? { rows, vectors: 2 } : { rows: Math.min(rows, 4), vectors: 1 };
  return { rows: size.rows, vectors: Math.min(size.vectors, Math.ceil(columns / 4)) };
}

/** 4 rows of the right operand whose columns are contiguous; `columns` of them exist. */
function turnedRows(scope: ProductScope, origin: Index, strides: Strides, columns: number, length: 4 | 1, out: Statement[]): (vector: number, step: number) => ReturnType<typeof local> {
  const vectors = count(Math.ceil(columns / 4)).map((vector) => {
    const rows = count(4).map((lane) => (vector * 4 + lane < columns ? sum(origin, at((vector * 4 + lane) * strides.rightColumn)) : null));
    return transposed(scope, scope.right, rows, length, out);
  });
  return (vector, step) => local(vectors[vector][step]);
}
