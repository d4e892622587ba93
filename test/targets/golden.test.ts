/** What the targets make of a kernel, as text. */
import { expect, test } from "vitest";
import { apply, at, literal, load, loop, store } from "../../compiler/schedule/expression.ts";
import { both, kernel, program, run } from "./programs.ts";
import { textOf } from "./validate.ts";

/** y[i, j] = max(x[j, i] + row[j], 0), 8 x 8. */
const shifted = kernel("shifted", (scope) => {
  const x = scope.buffer("x", "f32", 64);
  const row = scope.buffer("row", "f32", 8);
  const y = scope.buffer("y", "f32", 64);
  const [i, j] = [scope.variable(), scope.variable()];
  const sum = apply("add", "f32", 1, load(x, at(0, [i, 1], [j, 8])), load(row, at(0, [j, 1])));
  return [loop(i, 0, 8, 1, [loop(j, 0, 8, 1, [store(y, at(0, [i, 8], [j, 1]), apply("max", "f32", 1, sum, literal(0)))])])];
});

test("pointers are carried, nothing is multiplied, constant places are immediates", async () => {
  const { bytes, source } = await both(program([shifted], { step: [run(0, 0, 256, 288)] }, 544));
  expect(await textOf(bytes)).toMatchInlineSnapshot(`
    "(module
      (type (;0;) (func))
      (func (;0;) (type 0)
        (local i32 i32 i32 i32 i32)
        i32.const 0
        local.set 0
        i32.const 0
        local.set 1
        loop  ;; label = @1
          local.get 0
          local.set 2
          i32.const 0
          local.set 3
          local.get 1
          local.set 4
          loop  ;; label = @2
            local.get 4
            local.get 2
            f32.load
            local.get 3
            f32.load offset=256
            f32.add
            f32.const 0x0p+0 (;=0;)
            f32.max
            f32.store offset=288
            local.get 2
            i32.const 32
            i32.add
            local.set 2
            local.get 3
            i32.const 4
            i32.add
            local.set 3
            local.get 4
            i32.const 4
            i32.add
            local.set 4
            local.get 3
            i32.const 32
            i32.ne
            br_if 0 (;@2;)
          end
          local.get 0
          i32.const 4
          i32.add
          local.set 0
          local.get 1
          i32.const 32
          i32.add
          local.set 1
          local.get 0
          i32.const 32
          i32.ne
          br_if 0 (;@1;)
        end)
      (func (;1;) (type 0))
      (memory (;0;) 1 1)
      (export "memory" (memory 0))
      (export "init" (func 1))
      (export "step" (func 0)))
    "
  `);
  expect(source).toMatchInlineSnapshot(`
    "(memory) => {
    const F = new Float32Array(memory);
    const f = Math.fround;
    function k0() {
    for (let i0 = 0; i0 < 8; i0 += 1) {
    for (let i1 = 0; i1 < 8; i1 += 1) {
    F[i0 * 8 + i1 + 72] = Math.max(f(F[i0 + i1 * 8] + F[i1 + 64]), 0);
    }
    }
    }
    return {
    init() {

    },
    step() {
    k0();
    }
    };
    }"
  `);
});
