/** No program, however broken, brings a stack trace or a hang. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import { elaborate, type Elaborated } from "../../compiler/elaborate/index.ts";
import { changedProgram, programs } from "./mutate.ts";

/** Milliseconds of the processor for one input, several times what the worst takes; time in which others run does not count. */
const bound = 10_000;

function timed(source: string): Elaborated {
  const { user } = process.cpuUsage();
  const result = elaborate(source, { file: "fuzz.pull" });
  expect(process.cpuUsage().user - user).toBeLessThan(1000 * bound);
  return result;
}

/** Either every entry is there, or an error says why not; what is said has a place in the source. */
function checkResult(source: string, { graph, diagnostics, file }: Elaborated): void {
  const failed = diagnostics.some(({ severity }) => severity === "error");
  expect(graph === null).toBe(failed);
  if (graph) {
    const built = new Set(graph.entries.map(({ name }) => name));
    for (const declaration of file.declarations) if (declaration.kind === "fn" && declaration.exported) expect(built).toContain(declaration.name.text);
  }
  for (const { span, message, label = "", help = "" } of diagnostics) {
    expect(span.file, message).toBe("fuzz.pull");
    expect(0 <= span.start && span.start <= span.end && span.end <= source.length, `${message}: ${JSON.stringify(span)}`).toBe(true);
    expect(`${message} ${label} ${help}`).not.toMatch(/undefined|\[object|internal/);
  }
  renderDiagnostics(diagnostics, { source: () => source });
}

describe("elaborate, on programs with random changes", () => {
  it("neither throws nor hangs nor stays silent", () => {
    fc.assert(fc.property(changedProgram, (source) => checkResult(source, timed(source))), { numRuns: 1000, seed: 20_261_124 });
  }, 120_000);

  it("has programs that mean something to start from", () => {
    const clean = programs.filter((source) => elaborate(source, { file: "fuzz.pull" }).graph !== null);
    expect(clean.length).toBeGreaterThan(programs.length / 2);
  });
});

describe("elaborate, on programs that grow without end", () => {
  const entry = "export fn f(x: f32[4]) -> f32[4]";
  it.each([
    ["huge batches", "dim B = 1e9\nexport fn f(x: f32[B, 64]) -> f32[B, 64] = relu(x)"],
    ["huge constants", "const c = zeros([1048576, 1048576])\nexport fn f() -> f32 = c[0, 0]"],
    ["huge sums at build", `const c = sum(ones([30000, 30000]))\n${entry} { static if c > 0 { let x = 2 * x }  return x }`],
    ["long loops", `${entry} { static for i in 0..1e12 { let x = sin(x) }  return x }`],
    ["loops in loops", `${entry} { static for i in 0..100000 { static for j in 0..100000 { static for k in 0..100000 { } } }  return x }`],
    ["long lists of turns", `${entry} { static for i in ones([2000000000]) { let x = x + i }  return x }`],
    ["large families", "var nets[1e9] = Linear[4, 4]\nexport fn f(x: f32[4]) -> f32[4] = nets[0](x)"],
    ["large tuples of layers", `model M(x: f32[4]) -> f32[4] { layer a[l in 0..1e9] = Linear[4, 4]  return a[0](x) }\nvar m = M\n${entry} = m(x)`],
    ["long tuples of layers", `model M(x: f32[4]) -> f32[4] {\n layer a[l in 0..40000] = Linear[4, 4]\n static for l in 0..40000 { let x = a[l](x) }\n return x }\nvar m = M\n${entry} = m(x)`],
    ["many variants", "export fn f[A in {1, 2, 3, 4, 5, 6, 7, 8}, B in {1, 2, 3, 4, 5, 6, 7, 8}, C in {1, 2, 3, 4, 5, 6, 7, 8}, D in {1, 2, 3, 4, 5, 6, 7, 8}](x: f32[A, B, C, D]) -> f32 = sum(softmax(x))"],
    ["endless recursion", `fn g[N](x: f32[4]) -> f32[4] = g[N + 1](x)\n${entry} = g[0](x)`],
    ["branching recursion", `fn g[N](x: f32[4]) -> f32[4] = g[N + 1](x) + g[N + 2](x)\n${entry} = g[0](x)`],
    ["recursion in blocks", `fn g[N](x: f32[4]) -> f32[4] { static for i in 0..1 { static if N >= 0 { let x = 1 + (2 * (3 + softmax(g[N + 1](x)))) } }  return x }\n${entry} = g[0](x)`],
    ["recursion through requests", `fn g[N](x: f32[4]) -> f32[4] { let (y, t) = taps(grad(sum(g[N + 1](x) * x), x))  return y }\n${entry} = g[0](x)`],
    ["recursion through rules", `fn s(x: f32[4]) -> f32[4] = sin(x)\n  backward(dy) = { x: grad(sum(s(x)), x) }\n${entry} = grad(sum(s(x)), x)`],
    ["recursion through a rule set", `rules r { sin(x) backward(g) = { x: pull(sin(x), x, g, using = r) } }\n${entry} = pull(sin(x), x, 1, using = r)`],
    ["recursion through lambdas", `fn g(f: fn(f32[4]) -> f32[4], x: f32[4]) -> f32[4] = f(g(f, x))\n${entry} = g(fn(a) => a, x)`],
    ["recursion through an optimizer", "optimizer o(p, g) { minimize p * p over p with o }\nvar w = 1.0\nexport train fn f() { minimize w * w over w with o }"],
    ["models in models", `model M(x: f32[4]) -> f32[4] { layer a = M  layer b = M  return a(x) }\nvar m = M\n${entry} = m(x)`],
    ["models of other sizes in models", `model M[N](x: f32[4]) -> f32[4] { layer a[2] = M[N + 1]  return a[1](x) }\nvar m = M[1]\n${entry} = m(x)`],
    ["an instance that calls itself", `model M(x: f32[4]) -> f32[4] { return m(x) }\nvar m = M\n${entry} = m(x)`],
    ["types in types", "type T = { a: T, b: U }\ntype U = (T, U)\nexport fn f(x: T) -> f32 = 1.0"],
    ["many gradients", `${entry} { static for i in 0..3000 { let x = x + grad(sum(x * x), x) }  return x }`],
    ["deep derivatives", `fn d[N](x: f32) -> f32 { static if N == 0 { return sin(x) * exp(x) } else { return grad(d[N - 1](x), x) } }\nexport fn f(x: f32) -> f32 = d[12](x)`],
    ["huge scans", `${entry} = scan h = x for i in 0..1e12 { h <- sin(h) }`],
    ["huge emits", "export fn f(x: f32[4]) = scan h = x for i in 0..2e9 { h <- sin(h)  emit h }"],
    ["huge gradients of scans", `${entry} { let y = scan h = x for i in 0..2e9 { h <- sin(h) }  return grad(sum(y), x) }`],
    ["huge checkpoints", `${entry} { let y = scan(checkpoint = sqrt) h = x for i in 0..2e9 { h <- sin(h) }  return grad(sum(y), x) }`],
    ["huge numbers of segments", `${entry} { let y = scan(checkpoint = 1e6) h = x for i in 0..1e9 { h <- sin(h) }  return grad(sum(y), x) }`],
    ["huge options", `${entry} { let y = scan(unroll = 1e12, truncate = 1e12) h = x for i in 0..10 { h <- sin(h) }  return grad(sum(y), x) }`],
    ["huge loops that end", `${entry} = scan h = x for i in 0..1e12 until sum(h) < 1 { h <- sin(h) }`],
    ["huge maps", "export fn f(x: f32[4]) = map i in 0..1e12 => x * f32(i)"],
    ["maps in maps", "export fn f(x: f32[4]) = map i in 0..100000 => map j in 0..100000 => x * f32(i + j)"],
    ["huge jacobians", "export fn f(x: f32[1000, 1000]) = jacobian(sin(x), x)"],
    ["huge fixed points", `${entry} = fixpoint(tol = 1e-6, max = 1e300) z = x => cos(z)`],
    ["huge numbers of steps", `${entry} = odesolve(rk4, step = 1e-9) y = x for t in [0, 1e6] => -y`],
    ["scans in scans", `${entry} = ${"scan h = x for i in 0..10 { h <- ".repeat(60)} sin(x) ${"}".repeat(60)}`],
    ["recursion through scans", `fn g[N](x: f32[4]) -> f32[4] = scan h = x for i in 0..3 { h <- g[N + 1](h) }\n${entry} = g[0](x)`],
    ["recursion through maps", `fn g[N](x: f32[4]) -> f32[4] = map a in x => sum(g[N + 1](a * x))\n${entry} = g[0](x)`],
    ["recursion through derivatives of scans", `fn g[N](x: f32[4]) -> f32[4] { let y = scan h = x for i in 0..3 { h <- sin(h) }  return grad(sum(g[N + 1](y)), x) }\n${entry} = g[0](x)`],
    ["recursion through fixed points", `fn g[N](x: f32[4]) -> f32[4] = fixpoint z = x => g[N + 1](z)\n${entry} = g[0](x)`],
    ["deep derivatives of loops", `fn d[N](x: f32) -> f32 { static if N == 0 { return scan h = x for i in 0..3 { h <- sin(h) * x } } else { return grad(d[N - 1](x), x) } }\nexport fn f(x: f32) -> f32 = d[9](x)`],
  ])("survives %s", (_, source) => {
    const result = timed(source);
    checkResult(source, result);
    expect(result.diagnostics.map(({ code }) => code).filter((code) => !["limit", "recursion", "name", "model"].includes(code))).toEqual([]);
  });
});
