/** The machine's limit: multiply and add on 128-bit registers. */
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../../compiler/schedule/expression.ts";
import type { SiteId } from "../../compiler/ir/graph.ts";
import type { Work } from "../contraction/assemble.ts";

/** 12 chains of multiply and add in registers: 8 * 12 * 4 * turns operations. */
export function peakWork(turns: number): Work {
  const scope = new KernelScope();
  const target = scope.buffer("sums", "f32", 48);
  const chains = Array.from({ length: 12 }, () => scope.local("f32", 4));
  const [factor, term] = [scope.local("f32", 4), scope.local("f32", 4)];
  const turn = scope.variable();
  const once = chains.map((chain) => setLocal(chain, apply("add", "f32", 4, apply("mul", "f32", 4, local(chain), local(factor)), local(term))));
  const body = [
    setLocal(factor, load(target, at(0), 4)),
    setLocal(term, load(target, at(4), 4)),
    ...chains.map((chain, i) => setLocal(chain, literal(i, "f32", 4))),
    loop(turn, 0, turns, 1, [...once, ...once, ...once, ...once]),
    ...chains.map((chain, i) => store(target, at(4 * i), local(chain), 4)),
  ];
  return { name: "peak", kernels: [{ name: "peak", buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body, site: 0 as SiteId }], bindings: [[0]], bytes: 1024 };
}
