/**
 * The body of a kernel while it is written: a stack of open loop bodies, and what is known to be in registers.
 *
 * An operand belongs to the outermost loop body that it can be computed in; what an inner one needs of it is put in a
 * local there, so loop invariants leave the loops by themselves.
 */
import type { Element } from "../../ir/graph.ts";
import { apply, KernelScope, literal, local, setLocal } from "../expression.ts";
import type { Expression, Lanes, LocalId, MachineOp, Scalar, Statement } from "../kernel.ts";

export interface Operand {
  readonly expression: Expression;
  readonly element: Scalar;
  readonly lanes: Lanes;
  /** Index of the loop body it belongs to. */
  readonly level: number;
  /** Whether it differs between neighbours along the vector axis. */
  readonly varies: boolean;
}

interface Block {
  readonly statements: Statement[];
  readonly memo: Map<string, Operand>;
}

export class Registers {
  private readonly blocks: Block[];
  /** Which of several neighbours (vectors) along the vector axis is being computed. */
  copy = 0;
  private lastCopy = 1 << 20;

  constructor(
    readonly scope: KernelScope = new KernelScope(),
    statements: Statement[] = [],
  ) {
    this.blocks = [{ statements, memo: new Map() }];
  }

  /** A number for `copy` that nothing else has. */
  freshCopy(): number {
    return ++this.lastCopy;
  }

  get level(): number {
    return this.blocks.length - 1;
  }

  /** Opens a loop body, or goes on in the one that `statements` belongs to; `close` gives its statements. */
  open(statements: Statement[] = []): void {
    this.blocks.push({ statements, memo: new Map() });
  }
  close(): Statement[] {
    const block = this.blocks.pop();
    if (block === undefined) throw new Error("internal: no open block");
    return block.statements;
  }

  push(...statements: readonly Statement[]): void {
    this.blocks[this.level].statements.push(...statements);
  }
  /** The statements of the body that an operand belongs to. */
  statementsAt(level: number): Statement[] {
    return this.blocks[level].statements;
  }

  // ---- what is in registers

  recall(key: string): Operand | undefined {
    for (let level = this.level; level >= 0; level--) {
      const { memo } = this.blocks[level];
      const known = memo.get(key) ?? memo.get(`${key}#${this.copy}`);
      if (known !== undefined) return known;
    }
    return undefined;
  }
  remember(key: string, operand: Operand): void {
    this.blocks[operand.level].memo.set(operand.varies ? `${key}#${this.copy}` : key, operand);
  }

  /** The operand as a literal or local. */
  settle(operand: Operand): Operand {
    if (isSettled(operand)) return operand;
    const id = this.scope.local(operand.element, operand.lanes);
    this.statementsAt(operand.level).push(setLocal(id, operand.expression));
    return { ...operand, expression: local(id) };
  }

  /** A local that already holds a value of the innermost body. */
  held(id: LocalId, element: Scalar, lanes: Lanes, varies: boolean): Operand {
    return { expression: local(id), element, lanes, level: this.level, varies };
  }

  // ---- arithmetic

  literal(value: number, element: Element): Operand {
    return { expression: literal(exact(value, element), element), element, lanes: 1, level: 0, varies: false };
  }

  /** `type`: of the operands, as in `Expression`; `element`: of the result. */
  apply(op: MachineOp, type: Scalar, element: Scalar, ...args: readonly Operand[]): Operand {
    const lanes: Lanes = args.some((arg) => arg.lanes === 4) ? 4 : 1;
    const level = Math.max(...args.map((arg) => arg.level));
    const ready = args.map((arg) => this.widen(arg.level < level ? this.settle(arg) : arg, lanes, level));
    return { expression: apply(op, type, lanes, ...ready.map(({ expression }) => expression)), element, lanes, level, varies: args.some((arg) => arg.varies) };
  }

  /** An op of one type throughout. */
  op(op: MachineOp, ...args: readonly Operand[]): Operand {
    const { element } = args[args.length - 1];
    return this.apply(op, element, element, ...args);
  }

  /** The operand in so many lanes, for use in the body `level`. */
  widen(operand: Operand, lanes: Lanes, level = operand.level): Operand {
    if (operand.lanes === lanes) return operand;
    const { expression, element } = operand;
    if (expression.kind === "literal") return { ...operand, lanes, expression: { ...expression, lanes } };
    const splat: Operand = { ...operand, lanes, expression: apply("splat", element, lanes, expression) };
    if (operand.level === level || expression.kind !== "local") return splat;
    const key = `splat ${expression.local}`;
    const known = this.recall(key);
    if (known !== undefined) return known;
    const settled = this.settle(splat);
    this.remember(key, settled);
    return settled;
  }
}

export const isSettled = ({ expression }: Operand): boolean => expression.kind === "literal" || expression.kind === "local";

/** A number as the element can hold it. */
export function exact(value: number, element: Element): number {
  switch (element) {
    case "f32": return Math.fround(value);
    case "f64": return value;
    case "i32": return value | 0;
    case "u32": return value >>> 0;
    case "bool": return value === 0 ? 0 : 1;
  }
}
