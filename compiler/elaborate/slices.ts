/**
 * The slices of module state that a `map` goes over: in its body each is a state of its own, which may be assigned. A
 * slice's cell is known to the body's context alone; after the body the whole is assigned the slices, side by side.
 */
import type { Span } from "../../grammar/index.ts";
import type { Cell, CellNode, Context, Session, StateNode } from "./context.ts";
import { complete } from "./models.ts";
import { takeAt } from "./parts.ts";
import { asTensor, idOf, tensor } from "./tensors.ts";

/** The part of a whole that stands for it in the body of a `map`. */
export interface SliceOf {
  readonly whole: Cell;
  /** The body's. */
  readonly context: Context;
  readonly length: number;
}

/** The slice's cell: one for each whole and body. */
export function sliceCell(context: Context, whole: Cell, length: number): Cell {
  for (const cell of context.versions.keys()) if (cell.slice?.context === context && cell.slice.whole === whole) return cell;
  const cell: Cell = {
    ...whole, path: slicePath(whole.path), type: { ...whole.type, shape: whole.type.shape.slice(1) }, axes: whole.axes.slice(1),
    slice: { whole, context, length },
    // What is asked for before there is an element is asked of the first.
    initial: (init) => idOf(init, asTensor(init, takeAt(init, tensor(init, init.read(whole)), 0, 0, whole.span), whole.span), whole.span),
  };
  context.versions.set(cell, [context.builder.parameter(cell.type)]);
  return cell;
}

/** No name that a user can give: paths without it are those of wholes. */
const slicePath = (path: string): string => `${path}[]`;

const sliceOfCell = (context: Context, { cell, path }: CellNode, length: number): CellNode =>
  ({ kind: "cell", cell: sliceCell(context, cell, length), at: [], path: slicePath(path) });

/** What `m` stands for in `map m in nets`. */
export function sliceNode(context: Context, whole: StateNode, length: number, span: Span): StateNode {
  const { session } = context;
  switch (whole.kind) {
    case "cell":
      return sliceOfCell(context, whole, length);
    case "point":
      return { ...whole, value: sliceOfCell(context, whole.value, length), step: sliceOfCell(context, whole.step, length) };
    case "record":
      return { ...whole, fields: new Map([...whole.fields].map(([name, inner]) => [name, sliceNode(context, inner, length, span)])) };
    case "tuple":
      return { ...whole, items: whole.items.map((inner) => sliceNode(context, inner, length, span)) };
    case "model": {
      complete(session, whole, span);
      const path = slicePath(whole.path);
      const node: StateNode = {
        ...whole, path, family: undefined, place: undefined, families: [],
        members: new Map([...whole.members].map(([name, member]) => [name, { ...member, node: sliceNode(context, member.node, length, span) }])),
      };
      session.modelNodes.set(path, node);
      return node;
    }
  }
}

/** Whether all of a state is cut into slices: none of its cells is a part already, and each has elements. */
export function hasSlices(session: Session, node: StateNode, span: Span): boolean {
  switch (node.kind) {
    case "cell":
      return node.at.length === 0 && node.cell.type.shape.length > 0;
    case "point":
      return node.value.at.length === 0 && node.value.cell.type.shape.length > node.type.storage.length;
    case "record":
      return [...node.fields.values()].every((inner) => hasSlices(session, inner, span));
    case "tuple":
      return node.items.every((inner) => hasSlices(session, inner, span));
    case "model":
      complete(session, node, span);
      return [...node.members.values()].every((member) => hasSlices(session, member.node, span));
  }
}
