/**
 * Runs kernels, independent of the targets: each becomes a JavaScript function over typed arrays, lanes written out one
 * by one, every index checked.
 */
import type { Expression, Index, Kernel, Lanes, MachineOp, Scalar, Statement } from "../../compiler/schedule/kernel.ts";

export type Cells = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

export const cells = (storage: Scalar, length: number): Cells => new { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array, bool: Uint8Array }[storage](length);

export function interpret(kernel: Kernel): (...buffers: readonly Cells[]) => void {
  const memory = kernel.buffers.flatMap(({ space }, id) => (space === "memory" ? [`b${id}`] : []));
  const registers = kernel.buffers.flatMap(({ space, storage, length }, id) => (space === "register" ? [`const b${id} = H.cells("${storage}", ${length});`] : []));
  const locals = kernel.locals.flatMap(({ lanes }, id) => Array.from({ length: lanes }, (_, lane) => `l${id}_${lane} = 0`));
  const source = `${registers.join("\n")}\n${locals.length > 0 ? `let ${locals.join(", ")};` : ""}\n${kernel.body.map((statement) => emit(kernel, statement)).join("\n")}`;
  const run: (helpers: typeof helpersOf, ...buffers: readonly Cells[]) => void = new Function("H", ...memory, source) as typeof run; // built from the text above
  return (...buffers) => run(helpersOf, ...buffers);
}

const word = new DataView(new ArrayBuffer(8));
const helpersOf = {
  cells,
  load(buffer: Cells, index: number): number {
    if (!(index >= 0 && index < buffer.length)) throw new RangeError(`read at ${index} of ${buffer.length}`);
    return buffer[index];
  },
  store(buffer: Cells, index: number, value: number): void {
    if (!(index >= 0 && index < buffer.length)) throw new RangeError(`write at ${index} of ${buffer.length}`);
    buffer[index] = value;
  },
  nearest: (x: number): number => {
    const low = Math.floor(x);
    return Math.abs(x) < 2 ** 52 && x - low !== 0.5 ? (x - low < 0.5 ? (low === 0 && Object.is(Math.sign(x), -0) ? -0 : low) : low + 1) : Math.abs(x) < 2 ** 52 ? 2 * Math.round(x / 2) : x;
  },
  saturate: (x: number, low: number, high: number): number => (Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high)),
  divide: (x: number, y: number): number => (y === 0 ? 0 : Math.floor(x / y)),
  bits(from: Scalar, to: Scalar, value: number): number {
    if (from === "f32") word.setFloat32(0, value);
    else word.setInt32(0, value);
    return to === "f32" ? word.getFloat32(0) : to === "i32" ? word.getInt32(0) : word.getUint32(0);
  },
};

const indexText = ({ base, terms, offset }: Index): string => [String(base), ...terms.map(([variable, factor]) => `v${variable} * ${factor}`), ...(offset === undefined ? [] : [`l${offset}_0`])].join(" + ");

function emit(kernel: Kernel, statement: Statement): string {
  const block = (body: readonly Statement[]): string => `{\n${body.map((inner) => emit(kernel, inner)).join("\n")}\n}`;
  switch (statement.kind) {
    case "loop": {
      const v = `v${statement.variable}`;
      return `for (let ${v} = ${indexText(statement.from)}; ${v} < ${indexText(statement.to)}; ${v} += ${statement.step}) ${block(statement.body)}`;
    }
    case "if":
      return `if (${laneText(kernel, statement.test, 0)}) ${block(statement.then)} else ${block(statement.else)}`;
    case "let": {
      const lanes = Array.from({ length: kernel.locals[statement.local].lanes }, (_, lane) => lane);
      return `[${lanes.map((lane) => `l${statement.local}_${lane}`).join(", ")}] = [${lanes.map((lane) => laneText(kernel, statement.value, lane)).join(", ")}];`;
    }
    case "store":
      return Array.from({ length: statement.count ?? statement.lanes }, (_, lane) => `H.store(b${statement.buffer}, ${indexText(statement.at)} + ${lane}, ${laneText(kernel, statement.value, lane)});`).join(" ");
    case "combine": {
      const [l0, l1, l2, l3] = [0, 1, 2, 3].map((lane) => laneText(kernel, statement.value, lane));
      const join = (a: string, b: string): string => opText(statement.op, statement.type, [a, b]);
      return `l${statement.local}_0 = ${join(join(l0, l1), join(l2, l3))};`;
    }
    case "fence":
      return "";
    case "bind":
    case "barrier":
    case "leave":
      throw new Error("a kernel with a grid");
  }
}

function laneText(kernel: Kernel, expression: Expression, lane: number): string {
  switch (expression.kind) {
    case "literal":
      return Object.is(expression.value, -0) ? "-0" : `(${expression.value})`;
    case "local":
      return `l${expression.local}_${kernel.locals[expression.local].lanes === 1 ? 0 : lane}`;
    case "index":
      return `(${indexText(expression.at)} + ${lane})`;
    case "load":
      return lane < (expression.count ?? expression.lanes) ? `H.load(b${expression.buffer}, ${indexText(expression.at)} + ${lane})` : "0";
    case "lane":
      return laneText(kernel, expression.of, expression.lane);
    case "apply": {
      const { op, type, args } = expression;
      if (op === "zipLow" || op === "zipHigh") return laneText(kernel, args[lane % 2], (op === "zipHigh" ? 2 : 0) + (lane >> 1));
      if (op === "splat") return laneText(kernel, args[0], 0);
      return opText(op, type, args.map((arg) => laneText(kernel, arg, lane)));
    }
  }
}

const rounded = (type: Scalar, text: string): string => ({ f32: `Math.fround(${text})`, f64: `(${text})`, i32: `((${text}) | 0)`, u32: `((${text}) >>> 0)`, bool: `((${text}) & 1)` })[type];

function opText(op: MachineOp, type: Scalar, [a, b, c]: readonly string[]): string {
  const float = type === "f32" || type === "f64";
  const infix = { add: "+", sub: "-", div: "/", and: "&", or: "|", xor: "^" };
  const compare = { eq: "===", ne: "!==", lt: "<", le: "<=", gt: ">", ge: ">=" };
  const convert = (to: Scalar): string =>
    to === "bool" ? `(${a} !== 0 ? 1 : 0)` : float && to === "i32" ? `H.saturate(${a}, -2147483648, 2147483647)` : float && to === "u32" ? `H.saturate(${a}, 0, 4294967295)` : rounded(to, a);
  switch (op) {
    case "add": case "sub": case "div": case "and": case "or": case "xor":
      return rounded(type, `${a} ${infix[op]} ${b}`);
    case "mul":
      return float ? rounded(type, `${a} * ${b}`) : rounded(type, `Math.imul(${a}, ${b})`);
    case "mulHigh":
      return `Number((BigInt(${a}) * BigInt(${b})) >> 32n)`;
    case "idiv":
      return rounded(type, `H.divide(${a}, ${b})`);
    case "imod":
      return rounded(type, `${b} === 0 ? 0 : ${a} - H.divide(${a}, ${b}) * ${b}`);
    case "eq": case "ne": case "lt": case "le": case "gt": case "ge":
      return `(${a} ${compare[op]} ${b} ? 1 : 0)`;
    case "sqrt": case "floor": case "ceil": case "trunc": case "abs": case "min": case "max":
      return rounded(type, `Math.${op}(${b === undefined ? a : `${a}, ${b}`})`);
    case "nearest":
      return `H.nearest(${a})`;
    case "neg":
      return rounded(type, `-(${a})`);
    case "pmin":
      return `(${b} < ${a} ? ${b} : ${a})`;
    case "pmax":
      return `(${a} < ${b} ? ${b} : ${a})`;
    case "not":
      return type === "bool" ? `(1 - ${a})` : rounded(type, `~${a}`);
    case "shl":
      return rounded(type, `${a} << ${b}`);
    case "shr":
      return rounded(type, `${a} ${type === "u32" ? ">>>" : ">>"} ${b}`);
    case "select":
      return `(${a} ? ${b} : ${c})`;
    case "splat":
      return a;
    case "toF32": return convert("f32");
    case "toF64": return convert("f64");
    case "toI32": return convert("i32");
    case "toU32": return convert("u32");
    case "toBool": return convert("bool");
    case "bitsF32": case "bitsI32": case "bitsU32":
      return `H.bits("${type}", "${op.slice(4).toLowerCase()}", ${a})`;
    case "zipLow": case "zipHigh":
      throw new Error("zips are taken lane by lane");
  }
}
