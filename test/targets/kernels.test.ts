/** Statements and addresses: hand-written kernels with known results, then random ones on which wasm and js must agree. */
import { describe, expect, test } from "vitest";
import { apply, at, literal, load, local, loop, setLocal, store, type KernelScope } from "../../compiler/schedule/expression.ts";
import type { Expression, Index, Kernel, LocalId, Statement, VariableId } from "../../compiler/schedule/kernel.ts";
import { js } from "../../targets/js/index.ts";
import { wasm } from "../../targets/wasm/index.ts";
import { textOf } from "./validate.ts";
import { both, kernel, program, random, run, runBoth } from "./programs.ts";

/** Runs one kernel on f32 memory that holds 1, 2, 3, ...; the memory afterwards, the same in both targets. */
async function onCounting(of: Kernel, elements: number, ...bindings: number[]): Promise<number[]> {
  const input = Float32Array.from({ length: elements }, (_, index) => index + 1);
  const memories = await runBoth(program([of], { go: [run(0, ...bindings)] }, elements * 4), "go", new Uint8Array(input.buffer));
  expect(new Uint8Array(memories.js)).toEqual(new Uint8Array(memories.wasm));
  return [...new Float32Array(memories.wasm)];
}

describe("statements", () => {
  test("a vector loop with a tail reads and writes only what there is", async () => {
    for (const count of [1, 2, 3]) {
      const scale = kernel("scale", (scope) => {
        const x = scope.buffer("x", "f32", 4 + count);
        const y = scope.buffer("y", "f32", 4 + count);
        const i = scope.variable();
        const twice = (index: Index, tail?: number): Statement => store(y, index, apply("add", "f32", 4, load(x, index, 4, tail), load(x, index, 4, tail)), 4, tail);
        return [loop(i, 0, 4, 4, [twice(at(0, [i, 1]))]), twice(at(4), count)];
      });
      const result = await onCounting(scale, 16, 4 * 9, 0);
      const expected = Array.from({ length: 16 }, (_, index) => (index < 4 + count ? 2 * (index + 10) : index + 1));
      expect(result).toEqual(expected);
    }
  });

  test("a tail at the very end of memory does not trap", async () => {
    const bytes = 65536;
    const copy = kernel("copy", (scope) => {
      const x = scope.buffer("x", "f32", 3);
      const y = scope.buffer("y", "f32", 3);
      return [store(y, at(0), load(x, at(0), 4, 3), 4, 3)];
    });
    const input = new Float32Array(bytes / 4).map((_, index) => index);
    const memories = await runBoth(program([copy], { go: [run(0, 0, bytes - 12)], back: [run(0, bytes - 12, 16)] }, bytes), "go", new Uint8Array(input.buffer));
    expect([...new Float32Array(memories.wasm).slice(-4)]).toEqual([bytes / 4 - 4, 0, 1, 2]);
    expect(new Uint8Array(memories.js)).toEqual(new Uint8Array(memories.wasm));
  });

  test("bool vectors are bytes in memory and masks in registers", async () => {
    const invert = kernel("invert", (scope) => {
      const x = scope.buffer("x", "bool", 7);
      const y = scope.buffer("y", "bool", 7);
      return [store(y, at(0), apply("not", "bool", 4, load(x, at(0), 4)), 4), store(y, at(4), apply("not", "bool", 4, load(x, at(4), 4, 3)), 4, 3)];
    });
    const memories = await runBoth(program([invert], { go: [run(0, 0, 8)] }, 16), "go", Uint8Array.of(1, 0, 0, 1, 1, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9));
    for (const memory of [memories.wasm, memories.js]) expect([...new Uint8Array(memory)]).toEqual([1, 0, 0, 1, 1, 0, 1, 9, 0, 1, 1, 0, 0, 1, 0, 9]);
  });

  test("combine follows its tree", async () => {
    const sum = kernel("sum", (scope) => {
      const x = scope.buffer("x", "f32", 4);
      const y = scope.buffer("y", "f32", 1);
      const total = scope.local("f32");
      return [{ kind: "combine", local: total, op: "add", type: "f32", value: load(x, at(0), 4) }, store(y, at(0), local(total))];
    });
    const input = Float32Array.of(1, 1e8, -1e8, 1, 0);
    const memories = await runBoth(program([sum], { go: [run(0, 0, 16)] }, 20), "go", new Uint8Array(input.buffer));
    for (const memory of [memories.wasm, memories.js]) expect(new Float32Array(memory)[4]).toBe(Math.fround(Math.fround(1 + 1e8) + Math.fround(-1e8 + 1)));
  });

  test("lanes move: splat, zip, a register buffer read lane by lane", async () => {
    const transpose = kernel("transpose", (scope) => {
      const x = scope.buffer("x", "f32", 16);
      const y = scope.buffer("y", "f32", 16);
      const rows = scope.buffer("rows", "f32", 16, "register");
      const [r, c] = [scope.variable(), scope.variable()];
      return [
        loop(r, 0, 4, 1, [store(rows, at(0, [r, 4]), load(x, at(0, [r, 4]), 4), 4)], "unroll"),
        loop(r, 0, 4, 1, [loop(c, 0, 4, 1, [store(y, at(0, [r, 4], [c, 1]), load(rows, at(0, [c, 4], [r, 1])))], "unroll")], "unroll"),
      ];
    });
    const indices = [0, 1, 2, 3];
    const transposed = indices.flatMap((row) => indices.map((column) => 4 * column + row + 1));
    expect((await onCounting(transpose, 32, 0, 64)).slice(16)).toEqual(transposed);

    const zips = kernel("zips", (scope) => {
      const x = scope.buffer("x", "f32", 8);
      const y = scope.buffer("y", "f32", 12);
      const [a, b] = [scope.local("f32", 4), scope.local("f32", 4)];
      return [
        setLocal(a, load(x, at(0), 4)),
        setLocal(b, load(x, at(4), 4)),
        store(y, at(4), apply("zipHigh", "f32", 4, local(a), local(b)), 4),
        setLocal(a, apply("zipLow", "f32", 4, local(a), local(b))),
        store(y, at(0), local(a), 4),
        store(y, at(8), apply("splat", "f32", 4, load(x, at(2))), 4),
      ];
    });
    expect((await onCounting(zips, 20, 0, 32)).slice(8)).toEqual([1, 5, 2, 6, 3, 7, 4, 8, 3, 3, 3, 3]);
  });

  test("a fence changes nothing and is a branch in wasm", async () => {
    const fenced = kernel("fenced", (scope) => {
      const x = scope.buffer("x", "f32", 8);
      const i = scope.variable();
      return [loop(i, 0, 8, 1, [{ kind: "fence" }, store(x, at(0, [i, 1]), apply("neg", "f32", 1, load(x, at(0, [i, 1])))), { kind: "fence" }])];
    });
    expect(await onCounting(fenced, 8, 0)).toEqual([-1, -2, -3, -4, -5, -6, -7, -8]);
    const { bytes } = await both(program([fenced], { go: [run(0, 0)] }, 32));
    expect((await textOf(bytes)).match(/i32\.const [13]\s+i32\.eq\s+br_if 1/g)).toHaveLength(2);
  });

  test("bounds may depend on other variables and on a computed local", async () => {
    const triangle = kernel("triangle", (scope) => {
      const x = scope.buffer("x", "f32", 16);
      const [i, j] = [scope.variable(), scope.variable()];
      const least = scope.local("i32");
      return [
        setLocal(least, apply("toI32", "f32", 1, load(x, at(0)))),
        { kind: "loop", mode: "serial", variable: i, from: { base: 0, terms: [], offset: least }, to: at(4), step: 1, body: [
          { kind: "loop", mode: "serial", variable: j, from: at(0), to: at(0, [i, 1]), step: 1, body: [store(x, at(0, [i, 4], [j, 1]), literal(0))] },
        ] },
      ];
    });
    expect(await onCounting(triangle, 16, 0)).toEqual([1, 2, 3, 4, 0, 6, 7, 8, 0, 0, 11, 12, 0, 0, 0, 16]);
  });

  test("an index that is outside where a branch does not use it", async () => {
    // y[i] = x[i - 1] where there is one, x at the very start of memory.
    const shift = kernel("shift", (scope) => {
      const x = scope.buffer("x", "f32", 4);
      const y = scope.buffer("y", "f32", 4);
      const i = scope.variable();
      const inside = apply("ge", "i32", 1, { kind: "index", at: at(-1, [i, 1]), lanes: 1 }, literal(0, "i32"));
      return [loop(i, 0, 4, 1, [{ kind: "if", test: inside, then: [store(y, at(0, [i, 1]), load(x, at(-1, [i, 1])))], else: [] }])];
    });
    expect((await onCounting(shift, 8, 0, 16)).slice(4)).toEqual([5, 1, 2, 3]);
  });

  test("gathered rows: a computed offset that is fixed in the inner loop", async () => {
    const gather = kernel("gather", (scope) => {
      const table = scope.buffer("table", "f32", 8);
      const ids = scope.buffer("ids", "f32", 3);
      const out = scope.buffer("out", "f32", 6);
      const [i, j] = [scope.variable(), scope.variable()];
      const row = scope.local("i32");
      const id = apply("toI32", "f32", 1, load(ids, at(0, [i, 1])));
      const clamped = apply("min", "i32", 1, apply("max", "i32", 1, id, literal(0, "i32")), literal(3, "i32"));
      return [loop(i, 0, 3, 1, [
        setLocal(row, apply("mul", "i32", 1, clamped, literal(2, "i32"))),
        loop(j, 0, 2, 1, [store(out, at(0, [i, 2], [j, 1]), load(table, { base: 0, terms: [[j, 1]], offset: row }))]),
      ])];
    });
    // ids are 1, 2, 3; the table's rows follow.
    expect((await onCounting(gather, 20, 16, 0, 56)).slice(14)).toEqual([7, 8, 9, 10, 11, 12]);
  });
});

describe("programs", () => {
  const copy = kernel("copy", (scope) => {
    const x = scope.buffer("x", "f32", 4);
    const y = scope.buffer("y", "f32", 4);
    return [store(y, at(0), load(x, at(0), 4), 4)];
  });

  test("a kernel that runs at several places takes what differs as parameters", async () => {
    const { wasm: first, js: second } = await both(program([copy], { go: [run(0, 0, 16), run(0, 16, 32)], other: [{ kind: "copy", from: 0, to: 48, bytes: 8 }] }, 64, [{ at: 0, bytes: Uint8Array.of(0, 0, 128, 63) }]));
    for (const { memory, call } of [first, second]) {
      call("init");
      call("go");
      call("other");
      const floats = new Float32Array(memory, 0, 16);
      expect([floats[0], floats[4], floats[8], floats[12], floats[13]]).toEqual([1, 1, 1, 1, 0]);
    }
  });

  test("a plan with host steps is one function for each stretch", async () => {
    const host = { kind: "host", extern: "reward", args: [], results: [] } as const;
    const { wasm: first, js: second } = await both(program([copy], { step: [run(0, 0, 16), host, run(0, 16, 32), host] }, 64));
    for (const { memory, call } of [first, second]) {
      const floats = new Float32Array(memory, 0, 16);
      floats[0] = 5;
      call("step$0");
      expect([floats[4], floats[8]]).toEqual([5, 0]);
      call("step$1");
      call("step$2");
      expect(floats[8]).toBe(5);
    }
  });

  test("the same program gives the same bytes", async () => {
    const of = program([copy], { go: [run(0, 0, 16)] }, 64);
    expect(await wasm.emit(of)).toEqual(await wasm.emit(of));
    expect(await js.emit(of)).toEqual(await js.emit(of));
  });

  test("what a schedule gets wrong is an internal error", async () => {
    const mistyped = kernel("mistyped", (scope) => [store(scope.buffer("y", "f32", 4), at(0), literal(1, "i32"))]);
    await expect(wasm.emit(program([mistyped], { go: [run(0, 0)] }, 64))).rejects.toThrow("internal: a store of i32 to y, which holds f32");
    await expect(wasm.emit(program([copy], { go: [run(0, 0)] }, 64))).rejects.toThrow("internal: a run of copy binds 1 of 2 buffers in memory");
  });
});

/** Random nests over one f32 buffer of `size` elements: every index stays inside, signs and steps of all kinds. */
function randomKernel(next: () => number, size: number): Kernel {
  const pick = (below: number): number => next() % below;
  return kernel("random", (scope) => {
    const x = scope.buffer("x", "f32", size);
    const y = scope.buffer("y", "f32", size);
    const flags = scope.buffer("flags", "bool", size);
    const registers = scope.buffer("registers", "f32", 8, "register");
    const offset = scope.local("i32");
    const sum = scope.local("f32", 4);
    const scalar = scope.local("f32");

    interface Open { readonly variable: VariableId; readonly least: number; readonly greatest: number; readonly unrolled: boolean }
    /** A random affine index whose `lanes` elements lie in the buffer. */
    const index = (open: readonly Open[], lanes: number, withOffset: boolean): Index => {
      const terms: [VariableId, number][] = [];
      let [least, greatest] = [0, withOffset ? 7 : 0];
      for (const { variable, least: first, greatest: last } of open) {
        const factor = [0, 1, 4, -1, -4, 3, 8][pick(7)];
        if (factor === 0) continue;
        terms.push([variable, factor]);
        least += Math.min(first * factor, last * factor);
        greatest += Math.max(first * factor, last * factor);
      }
      const room = size - lanes - (greatest - least);
      if (room < 0) return at(pick(size - lanes));
      return { base: pick(room + 1) - least, terms, offset: withOffset ? offset : undefined };
    };
    /** Locals set earlier in the blocks around. */
    let named: readonly { readonly id: LocalId; readonly lanes: 1 | 4 }[] = [];
    const value = (open: readonly Open[], lanes: 1 | 4, depth: number): Expression => {
      const readable = named.filter((one) => one.lanes === lanes);
      if (readable.length > 0 && pick(3) === 0) return local(readable[pick(readable.length)].id);
      switch (pick(depth > 2 ? 4 : 7)) {
        case 0:
          return load(pick(2) ? x : y, index(open, lanes, pick(3) === 0), lanes, lanes === 4 && pick(3) === 0 ? 1 + pick(3) : undefined);
        case 1:
          return apply("toF32", "i32", lanes, { kind: "index", at: index(open, lanes, pick(3) === 0), lanes });
        case 2:
          return local(lanes === 4 ? sum : scalar);
        case 3:
          return lanes === 4 && pick(2) ? apply("splat", "f32", 4, load(x, index(open, 1, false))) : load(registers, at(4 * pick(2)), lanes);
        case 4:
          return apply("select", "f32", lanes, load(flags, index(open, lanes, false), lanes), value(open, lanes, depth + 1), value(open, lanes, depth + 1));
        default:
          return apply((["add", "sub", "min", "pmax"] as const)[pick(4)], "f32", lanes, value(open, lanes, depth + 1), value(open, lanes, depth + 1));
      }
    };
    const statements = (open: readonly Open[], depth: number): Statement[] => {
      const outside = named;
      const block = Array.from({ length: 1 + pick(4) }, (): Statement => {
        const lanes = pick(2) ? 4 : 1;
        if (pick(3) === 0) {
          const id = scope.local("f32", lanes);
          const set = setLocal(id, value(open, lanes, 0));
          named = [...named, { id, lanes }];
          return set;
        }
        switch (pick(depth < 3 ? 9 : 5)) {
          case 0:
            return setLocal(lanes === 4 ? sum : scalar, value(open, lanes, 0));
          case 1:
            return store(registers, at(4 * pick(2)), value(open, lanes, 0), lanes);
          case 2:
            return setLocal(offset, apply("and", "i32", 1, pick(2) ? { kind: "index", at: index(open, 1, false), lanes: 1 } : apply("toI32", "f32", 1, load(x, index(open, 1, false))), literal(7, "i32")));
          case 3:
            return open.some(({ unrolled }) => !unrolled) && !open.at(-1)?.unrolled ? { kind: "fence" } : setLocal(scalar, value(open, 1, 0));
          case 4:
            return store(y, index(open, lanes, pick(3) === 0), value(open, lanes, 0), lanes, lanes === 4 && pick(3) === 0 ? 1 + pick(3) : undefined);
          case 5:
            return { kind: "if", test: apply("lt", "f32", 1, value(open, 1, 1), value(open, 1, 1)), then: statements(open, depth + 1), else: pick(2) ? statements(open, depth + 1) : [] };
          default: {
            const variable = scope.variable();
            const unrolled = pick(3) === 0;
            const step = 1 + pick(4);
            const from = pick(7) - 3;
            const outer = open.find(({ least }) => least >= 0);
            if (!unrolled && outer !== undefined && pick(4) === 0) {
              const inner = { variable, least: 0, greatest: Math.max(0, outer.greatest + 1), unrolled };
              return { kind: "loop", mode: "serial", variable, from: at(0), to: at(2, [outer.variable, 1]), step, body: statements([...open, inner], depth + 1) };
            }
            const to = from + pick(unrolled ? 3 : 7) * step;
            return loop(variable, from, to, step, statements([...open, { variable, least: from, greatest: Math.max(from, to - 1), unrolled }], depth + 1), unrolled ? "unroll" : "serial");
          }
        }
      });
      named = outside;
      return block;
    };
    return [setLocal(offset, literal(3, "i32")), ...statements([], 0), ...statements([], 0), loop(scope.variable(), 0, 3, 1, statements([], 1)), store(y, at(0), local(sum), 4), store(y, at(4), local(scalar)), store(y, at(8), load(registers, at(0), 4), 4)];
  });
}

test("random kernels: wasm and js leave the same bits", async () => {
  const size = 96;
  for (let seed = 1; seed <= 150; seed++) {
    const next = random(seed * 7919);
    for (let warm = 0; warm < 8; warm++) next();
    const one = randomKernel(next, size);
    const input = new Uint8Array(size * 20);
    new Float32Array(input.buffer, 0, size * 4).forEach((_, index, floats) => (floats[index] = (next() % 100) / 4 - 5));
    input.fill(0, size * 16).forEach((_, index) => index >= size * 16 && (input[index] = next() & 1));
    // The second run makes the places of x and y parameters.
    const plans = { once: [run(0, 0, size * 4, size * 16)] };
    const moved = { twice: [run(0, 0, size * 4, size * 16), run(0, size * 4, size * 8, size * 17)] };
    for (const [of, symbol] of [[program([one], plans, size * 20), "once"], [program([one], moved, size * 20), "twice"]] as const) {
      const memories = await runBoth(of, symbol, input);
      const [first, second] = [memories.wasm, memories.js].map((memory) => [...new Float32Array(memory, 0, size * 4)]);
      expect(second, `seed ${seed}, ${symbol}`).toEqual(first);
    }
  }
});
