/** Orders of units by what they keep alive; the units are bare, their kernels do not matter. */
import { describe, expect, test } from "vitest";
import type { ValueId } from "../../compiler/ir/graph.ts";
import { orderUnits } from "../../compiler/schedule/order.ts";
import type { Unit } from "../../compiler/schedule/unit.ts";

const unit = (reads: readonly number[], ...writes: number[]): Unit =>
  ({ runs: [], reads: reads as ValueId[], writes: writes as ValueId[], scratchBytes: 0, inPlace: [] }); // ids of this file
const order = (units: readonly Unit[], bytes: (value: number) => number = () => 1): number[] => orderUnits(units, [], bytes).units.map((each) => units.indexOf(each));

describe("order of units", () => {
  test("the program's own, where no other keeps fewer bytes", () => {
    expect(order([unit([0], 1), unit([1], 2), unit([1], 3), unit([2, 3], 4)])).toEqual([0, 1, 2, 3]);
  });

  test("what is read comes first, whatever the order given", () => {
    expect(order([unit([2], 3), unit([1], 2), unit([0], 1)])).toEqual([2, 1, 0]);
  });

  test("forward mode goes side by side with the value", () => {
    // h[l + 1] from h[l], then t[l + 1] from t[l] and h[l + 1]: with all values first, all of them are kept.
    const layers = [0, 1, 2, 3];
    const units = [...layers.map((l) => unit([10 + l], 11 + l)), ...layers.map((l) => unit([20 + l, 11 + l], 21 + l))];
    expect(order(units)).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
  });

  test("a local loss is done with before the next layer", () => {
    // h[l + 1] from h[l]; a large g[l] from h[l + 1], used up by the end e[l].
    const layers = [0, 1, 2];
    const units = [
      ...layers.map((l) => unit([10 + l], 11 + l)),
      ...layers.map((l) => unit([11 + l], 20 + l)),
      ...layers.map((l) => unit([20 + l], 30 + l)),
    ];
    expect(order(units, (value) => (value >= 30 ? 0 : value >= 20 ? 2 : 1))).toEqual([0, 3, 6, 1, 4, 7, 2, 5, 8]);
  });
});
