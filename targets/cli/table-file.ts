/** Reads CSV and NPY files as one table of numbers. */
import { readBytes } from "./sources.ts";
import { UsageError } from "./io.ts";

export interface Table {
  readonly file: string;
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly data: Float64Array;
  /** Of the columns, where the file has a header. */
  readonly names?: readonly string[];
  /** Names of the classes where the last column is text: its numbers index them. */
  readonly classes?: readonly string[];
}

/** @throws UsageError saying where the file is wrong */
export function readTable(file: string, cwd: string): Table {
  const bytes = readBytes(file, cwd);
  const table = /\.npy$/i.test(file) ? parseNpy(bytes, file) : parseCsv(new TextDecoder().decode(bytes), file);
  if (table.rows === 0) throw new UsageError(`${file} has no rows`);
  return table;
}

/** Cells of a line; a cell in quotes may hold the separator, `""` in it is a quote. */
function cellsOf(line: string, separator: string): string[] {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  const pattern = new RegExp(`\\s*(?:"((?:[^"]|"")*)"|([^${separator}]*))\\s*(?:${separator}|$)`, "y");
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (match === null) return line.split(separator);
    cells.push(match[1] === undefined ? match[2].trim() : match[1].replaceAll('""', '"'));
    if (pattern.lastIndex === line.length && line.endsWith(separator)) cells.push("");
  }
  return cells;
}

const isNumber = (cell: string): boolean => cell !== "" && !Number.isNaN(Number(cell));

export function parseCsv(text: string, file: string): Table {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).map((line, index) => ({ line, number: index + 1 })).filter(({ line }) => line.trim() !== "");
  if (lines.length === 0) throw new UsageError(`${file} is empty`);
  const separator = [",", ";", "\t"].find((candidate) => lines[0].line.includes(candidate)) ?? ",";
  const first = cellsOf(lines[0].line, separator);
  // A header: text where the next row has a number (a class name may be the last cell of every row).
  const second = lines.length > 1 ? cellsOf(lines[1].line, separator) : first;
  const header = first.some((cell, column) => !isNumber(cell) && (isNumber(second[column] ?? "") || column < first.length - 1));
  const body = header ? lines.slice(1) : lines;
  const columns = first.length;
  const data = new Float64Array(body.length * columns);
  const last: string[] = [];
  for (const [row, { line, number }] of body.entries()) {
    const cells = cellsOf(line, separator);
    if (cells.length !== columns) throw new UsageError(`${file}:${number}: ${cells.length} cells, the first row has ${columns}`);
    for (const [column, cell] of cells.entries()) {
      const value = Number(cell);
      if (column === columns - 1) last.push(cell);
      else if (!isNumber(cell)) throw new UsageError(`${file}:${number}: column ${column + 1}${header ? ` '${first[column]}'` : ""} is no number: ${JSON.stringify(cell)}`);
      data[row * columns + column] = value;
    }
  }
  const names = header ? first : undefined;
  if (last.every(isNumber)) return { file, rows: body.length, columns, data, names };
  const empty = last.findIndex((cell) => cell === "");
  if (empty >= 0) throw new UsageError(`${file}:${body[empty].number}: the last column is empty`);
  const classes = [...new Set(last)].sort();
  for (const [row, name] of last.entries()) data[row * columns + columns - 1] = classes.indexOf(name);
  return { file, rows: body.length, columns, data, names, classes };
}

const readers: Readonly<Record<string, { bytes: number; read: (view: DataView, at: number) => number }>> = {
  "<f4": { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  "<f8": { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  "<i2": { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  "<i4": { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  "<i8": { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  "<u4": { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  "|i1": { bytes: 1, read: (view, at) => view.getInt8(at) },
  "|u1": { bytes: 1, read: (view, at) => view.getUint8(at) },
  "|b1": { bytes: 1, read: (view, at) => view.getUint8(at) },
};

/** NumPy's format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html; axes behind the first are one row. */
export function parseNpy(bytes: Uint8Array, file: string): Table {
  const fail = (what: string): never => {
    throw new UsageError(`${file} is no NPY file that can be read: ${what}`);
  };
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(1, 6)) !== "NUMPY") fail("it does not begin with its mark");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [from, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (from + length > bytes.length) fail("it is cut off in its header");
  const header = new TextDecoder().decode(bytes.subarray(from, from + length));
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "";
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? fail("it has no shape")).split(",").map((size) => size.trim()).filter((size) => size !== "").map(Number);
  const reader = Object.hasOwn(readers, type) ? readers[type] : fail(`its elements are ${type || "a record"}; f4, f8, integers and bool are read`);
  if (shape.length === 0 || shape.some((size) => !Number.isInteger(size))) fail("it holds no rows");
  const fortran = /'fortran_order':\s*True/.test(header);
  if (fortran && shape.length > 2) fail("it is in Fortran order with more than two axes");
  const rows = shape[0];
  const columns = shape.slice(1).reduce((product, size) => product * size, 1);
  const start = from + length;
  if (start + rows * columns * reader.bytes !== bytes.length) fail(`its shape needs ${rows * columns * reader.bytes} bytes of data, it has ${bytes.length - start}`);
  const data = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      data[row * columns + column] = reader.read(view, start + reader.bytes * (fortran ? column * rows + row : row * columns + column));
    }
  }
  return { file, rows, columns, data };
}
