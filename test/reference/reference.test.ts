import { describe, expect, test } from "vitest";
import { Builder } from "../../compiler/ir/builder.ts";
import { evaluate, ReferenceModule, tensor } from "../../compiler/reference/index.ts";
import { counter } from "../ir/counter.ts";

const scalar = { element: "f32", shape: [] } as const;

describe("evaluate", () => {
  test("rounds f32 after each op only if asked", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const y = b.add(x, b.like(x, 1e-9));
    const exact = b.cast(b.parameter({ element: "f64", shape: [] }), "f64");
    const args = [tensor(scalar, [0.1]), tensor({ element: "f64", shape: [] }, [0.1])];
    const numbers = (round?: "f32" | "f64") => evaluate(b.region([y, exact]), args, { round }).map(({ data }) => data[0]);
    expect(numbers()).toEqual([0.1 + 1e-9, 0.1]);
    expect(numbers("f32")).toEqual([Math.fround(Math.fround(0.1) + Math.fround(1e-9)), 0.1]);
  });

  test("takes the end of a call as another name", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [y] = b.leave([b.mul(x, x)], { callee: "f", path: [], inputs: [x], frame: null });
    expect(evaluate(b.region([y]), [tensor(scalar, [3])])[0].data[0]).toBe(9);
  });

  test("asks the host, in order", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    const [y] = b.host("first", [x], [scalar]);
    const [z] = b.host("second", [y], [scalar]);
    const asked: string[] = [];
    const host = (name: string, [given]: readonly ReturnType<typeof tensor>[]) => {
      asked.push(name);
      return [tensor(given.type, [given.data[0] + 1])];
    };
    expect(evaluate(b.region([z]), [tensor(scalar, [3])], { host })[0].data[0]).toBe(5);
    expect(asked).toEqual(["first", "second"]);
    expect(() => evaluate(b.region([z]), [tensor(scalar, [3])])).toThrow("internal: nobody answers the extern first");
  });

  test("refuses args of another number or type", () => {
    const b = new Builder();
    const x = b.parameter(scalar);
    expect(() => evaluate(b.region([x]), [])).toThrow("internal: 0 args for 1 params");
    expect(() => evaluate(b.region([x]), [tensor({ element: "f32", shape: [1] }, [1])])).toThrow("internal: %0 is not of its type");
  });
});

describe("ReferenceModule", () => {
  test("keeps states between calls, picks the variant, resets", () => {
    const module = new ReferenceModule(counter(), { seed: 6 });
    const step = (x: number[], lr: number) =>
      module.call("step", { N: x.length }, [tensor({ element: "f32", shape: [x.length] }, x), tensor(scalar, [lr])])[0].data[0];
    expect(step([2], 0.125)).toBe(36); // w = 3; slope 2 * 6 * 2
    expect(module.state("w").data[0]).toBe(0);
    expect(step([1, 2], 1)).toBe(0);
    expect(module.state("calls").data[0]).toBe(2);
    module.reset(4);
    expect(step([1, 2], 0)).toBe(20);
  });

  test("changes nothing when a call throws", () => {
    const module = new ReferenceModule(counter(), { seed: 6 });
    expect(() => module.call("step", { N: 1 }, [])).toThrow("internal");
    expect(() => module.call("missing", {}, [])).toThrow("internal: no entry missing with {}");
    expect(module.state("w").data[0]).toBe(3);
  });
});
