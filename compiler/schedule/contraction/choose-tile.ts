/** Which rows x vectors tile covers a product in the fewest cycles. */
export interface TileSize {
  readonly rows: number;
  readonly vectors: number;
}

/** Tiles whose sums, operands and a splat fit in 15 registers; the first of equals is taken. */
const CANDIDATES: readonly TileSize[] = [
  { rows: 3, vectors: 3 },
  { rows: 2, vectors: 4 },
  { rows: 4, vectors: 2 },
  { rows: 6, vectors: 1 },
  { rows: 2, vectors: 3 },
  { rows: 1, vectors: 8 },
];

/**
 * Cycles of one k step: two multiply-adds and two loads a cycle, a little less where fewer than 9 sums are in flight, and
 * no less than an addition takes; a vector of a packed panel comes from the second-level cache.
 */
function cycles(rows: number, vectors: number, packed: boolean): number {
  const sums = rows * vectors;
  return Math.max(sums / (sums < 9 ? 1.84 : 2), (rows + vectors) / 2, 3, packed ? 1.15 * vectors : 0);
}

export interface TileChoice {
  /** The right operand is packed, and the last panel as wide as the others; else the last column of tiles is cut. */
  readonly packed: boolean;
  /** What another copy of the tile's code, for rows or columns that remain, must save: a share of the cycles. */
  readonly copyCost: number;
}

export function chooseTile(rows: number, vectors: number, { packed, copyCost }: TileChoice): TileSize {
  const fitting = CANDIDATES.map((size) => ({ rows: Math.min(size.rows, rows), vectors: packed ? size.vectors : Math.min(size.vectors, vectors) }));
  const cost = (size: TileSize): number => {
    const down = (width: number): number => Math.floor(rows / size.rows) * cycles(size.rows, width, packed) + (rows % size.rows === 0 ? 0 : cycles(rows % size.rows, width, packed));
    const whole = Math.floor(vectors / size.vectors);
    const rest = vectors % size.vectors;
    const copies = (rows % size.rows === 0 ? 0 : 1) + (rest === 0 || packed ? 0 : 1);
    return (1 + copies * copyCost) * (whole * down(size.vectors) + (rest === 0 ? 0 : down(packed ? size.vectors : rest)));
  };
  return fitting.reduce((best, size) => (cost(size) < cost(best) ? size : best));
}

/** A run of tiles along one axis. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** `length` cut into steps of `step`, and what remains. */
export function runs(length: number, step: number): readonly Run[] {
  const whole = length - (length % step);
  return [
    { from: 0, to: whole, step },
    { from: whole, to: length, step: length - whole },
  ].filter(({ from, to }) => to > from);
}
