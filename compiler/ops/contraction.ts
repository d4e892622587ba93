/** Products summed over shared axes. */
import { elementCount } from "../ir/graph.ts";
import type { TensorType, ValueId } from "../ir/graph.ts";
import type { AttributesOf } from "./attributes.ts";
import { axisToFront, behind } from "./batching.ts";
import type { BatchContext, OpTable, RuleContext } from "./define.ts";
import { bilinear } from "./families.ts";
import { describe, field, inverse, need, needAxes, needElement, otherAxes, pick, range } from "./shapes.ts";
import { newTensor, offsets, products, stridesOf, wraps } from "./tensors.ts";

type Dot = AttributesOf<"dot">;

/** The axes of each side that are neither batch nor contracted, ascending. */
const freeAxes = (left: TensorType, right: TensorType, dot: Dot) => ({
  leftFree: otherAxes(left.shape.length, [...dot.leftBatch, ...dot.leftContract]),
  rightFree: otherAxes(right.shape.length, [...dot.rightBatch, ...dot.rightContract]),
});

const ascending = (axes: readonly number[]): number[] => [...axes].sort((a, b) => a - b);

/**
 * Credit of one side: the cotangent contracted with the other side over the other's free axes. The dot leaves that
 * side's axes as batch, free, contracted (the latter in the order of the other side's axes); `order` names them.
 */
function backToSide(context: RuleContext<Dot>, ct: ValueId, side: "left" | "right"): ValueId {
  const { b, x, attributes: { leftBatch, rightBatch, leftContract, rightContract } } = context;
  const { leftFree, rightFree } = freeAxes(b.typeOf(x[0]), b.typeOf(x[1]), context.attributes);
  const batch = range(leftBatch.length);
  const partner = (from: readonly number[], to: readonly number[]): number[] =>
    ascending(from).map((axis) => to[from.indexOf(axis)]);
  if (side === "left") {
    // ct [batch, leftFree, rightFree] . right -> [batch, leftFree, contracted by right's order]
    const credit = b.op("dot", [ct, x[1]], {
      leftBatch: batch, rightBatch,
      leftContract: range(rightFree.length, batch.length + leftFree.length), rightContract: rightFree,
    });
    return b.transpose(credit, inverse([...leftBatch, ...leftFree, ...partner(rightContract, leftContract)]));
  }
  // left . ct [batch, leftFree, rightFree] -> [batch, contracted by left's order, rightFree]
  const credit = b.op("dot", [x[0], ct], {
    leftBatch, rightBatch: batch,
    leftContract: leftFree, rightContract: range(leftFree.length, batch.length),
  });
  return b.transpose(credit, inverse([...rightBatch, ...partner(leftContract, rightContract), ...rightFree]));
}

/** Both batched: one more batch axis. One side batched: a free axis of that side, moved to the front of the result. */
function batchDot({ b, x: [left, right], batched, attributes: dot, apply }: BatchContext<Dot>): readonly ValueId[] {
  const { leftBatch, rightBatch, leftContract, rightContract } = dot;
  const leftSide = { batch: batched[0] ? behind(leftBatch) : leftBatch, contract: batched[0] ? behind(leftContract) : leftContract };
  const rightSide = { batch: batched[1] ? behind(rightBatch) : rightBatch, contract: batched[1] ? behind(rightContract) : rightContract };
  const front = batched[0] && batched[1] ? [0] : [];
  const outer: Dot = {
    leftBatch: [...front, ...leftSide.batch], rightBatch: [...front, ...rightSide.batch],
    leftContract: leftSide.contract, rightContract: rightSide.contract,
  };
  if (front.length > 0 || batched[0]) {
    return apply([left, right], outer).map((y) => (front.length > 0 ? y : axisToFront(b, y, leftBatch.length)));
  }
  const { leftFree, rightFree } = freeAxes(b.typeOf(left), b.typeOf(right), outer);
  if (rightFree.length === 1) {
    // Right has no free axis of its own: it may stand first, and the new one is where it belongs, behind the batch.
    const turned: Dot = { leftBatch: outer.rightBatch, rightBatch: outer.leftBatch, leftContract: outer.rightContract, rightContract: outer.leftContract };
    return apply([right, left], turned).map((y) => axisToFront(b, y, leftBatch.length));
  }
  return apply([left, right], outer).map((y) => axisToFront(b, y, leftBatch.length + leftFree.length));
}

export const contraction: OpTable<"dot"> = {
  dot: bilinear("dot", {
    doc: "Sums products over the contracted axes, for each index of the batch axes. Integers wrap; over bool it is parity of ands.",
    infer: ([left, right], dot) => {
      const { leftBatch, rightBatch, leftContract, rightContract } = dot;
      needElement(left, field);
      need(left.element === right.element, () => `${describe(left)} and ${describe(right)} differ in element`);
      needAxes([...leftBatch, ...leftContract], left.shape.length);
      needAxes([...rightBatch, ...rightContract], right.shape.length);
      need(leftBatch.length === rightBatch.length && leftContract.length === rightContract.length,
        () => "the sides pair different numbers of axes");
      [...leftBatch, ...leftContract].forEach((axis, i) => {
        const other = [...rightBatch, ...rightContract][i];
        need(left.shape[axis] === right.shape[other],
          () => `axis ${axis} of ${describe(left)} meets axis ${other} of ${describe(right)}`);
      });
      const { leftFree, rightFree } = freeAxes(left, right, dot);
      const shape = [...pick(left.shape, leftBatch), ...pick(left.shape, leftFree), ...pick(right.shape, rightFree)];
      return [{ element: left.element, shape }];
    },
    reference: ([left, right], dot, [type]) => {
      const { leftFree, rightFree } = freeAxes(left.type, right.type, dot);
      const walk = ({ type: { shape } }: { readonly type: TensorType }, axes: readonly number[]): Int32Array =>
        offsets(pick(shape, axes), pick(stridesOf(shape), axes));
      const [leftBatch, rightBatch] = [walk(left, dot.leftBatch), walk(right, dot.rightBatch)];
      const [leftRows, rightColumns] = [walk(left, leftFree), walk(right, rightFree)];
      const [leftTerms, rightTerms] = [walk(left, dot.leftContract), walk(right, dot.rightContract)];
      const multiply = products[type.element];
      const wrap = wraps[type.element];
      const y = newTensor(type);
      let at = 0;
      for (let n = 0; n < leftBatch.length; n++) {
        for (const row of leftRows) {
          for (const column of rightColumns) {
            const leftBase = leftBatch[n] + row;
            const rightBase = rightBatch[n] + column;
            let sum = 0;
            for (let k = 0; k < leftTerms.length; k++) {
              sum = wrap(sum + multiply(left.data[leftBase + leftTerms[k]], right.data[rightBase + rightTerms[k]]));
            }
            y.data[at++] = sum;
          }
        }
      }
      return [y];
    },
    batch: batchDot,
    transposed: [
      (context, ct) => backToSide(context, ct, "left"),
      (context, ct) => backToSide(context, ct, "right"),
    ],
    flops: ([left], [type], { leftContract }) => 2 * elementCount(type.shape) * elementCount(pick(left.shape, leftContract)),
    tolerance: 1e-5,
  }),
};
