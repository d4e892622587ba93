/** The syntax tree of each construct, precedence, spans and doc comments. */
import { describe, expect, it } from "vitest";
import { Lexer } from "chevrotain";
import { parse, type Expression, type Span } from "../../grammar/index.ts";
import { PullParser } from "../../grammar/parser.ts";
import { tokenTypes } from "../../grammar/tokens.ts";
import { outline } from "./outline.ts";
import { blocks, parsed, programs } from "./samples.ts";

const languageBlocks = blocks(new URL("./language-blocks.md", import.meta.url), "pull");

describe("the grammar", () => {
  it("is LL(2) without ambiguities", () => {
    expect(() => new PullParser(true)).not.toThrow();
  });
  it("has tokens that can all match", () => {
    expect(new Lexer([...tokenTypes], { positionTracking: "onlyOffset", ensureOptimizations: true }).lexerDefinitionErrors).toEqual([]);
  });
  it.each(programs)("reads $name", ({ source }) => {
    expect(parsed(source).declarations.length).toBeGreaterThan(0);
  });
  it.each(languageBlocks)("reads the example at $name of the language's description", ({ source }) => {
    expect(parsed(source).declarations.length).toBeGreaterThan(0);
  });
});

function declaration(source: string): string {
  return outline(parsed(source).declarations[0]);
}
function expression(source: string): Expression {
  const [first] = parsed(`const it = ${source}`).declarations;
  if (first.kind !== "const") throw new Error("not a const");
  return first.value;
}
function statement(source: string): string {
  const [first] = parsed(`fn f() { ${source} }`).declarations;
  if (first.kind !== "fn" || first.body?.kind !== "block") throw new Error("not a block");
  return outline(first.body.statements[0]);
}

describe("declarations", () => {
  it.each([
    'use "blocks.pull"',
    "dim B = 32",
    "const (a, (b, c)): f32 = x",
    "frozen var teacher = Mlp[64, 10]",
    "var nets[8]: f32[B] = 0",
    "type Gaussian[...S] = { mean: f32[...S], var: f32[...S] }",
    "type SO3 = f32[4] tangent f32[3] retract so3_retract",
    "export train fn f[N in {1, 32}, M <= 256, rate: f32 = 0.5](x: f32[N], lr = 1) -> (f32, bool) = x",
    "extern fn reward(a: f32[B, 4]) -> f32[B]",
    "fn f(g: fn(f32, model) -> f32) = g surrogate backward(dy) = { g: dy } tangent(d) { return d.x }",
    "model M(x) { param w: f32[2] = 1 return x }",
    "optimizer sgd(p, g, lr: f32) { p <- p - lr * g }",
    "rules lrp(eps: f32 = 1e-6) { add(a, b) in net.block[2].output backward(r) = { a: r } else error }",
  ])("%s", (source) => {
    expect(declaration(source)).toMatchSnapshot();
  });
});

describe("statements", () => {
  it.each([
    "let (h, hs) = x", "const n: i32 = 3", "state m = zeros_like(g)", "layer fc[l in 0..3] = Linear[size[l]]", "tap h = x", "return { loss, h: 1 }",
    "emit h", "prove memory <= 64 * 1024", "net.hidden[0].weight <- x", "minimize l over (a, b) with sgd(lr = 0.1)", "apply g to net with adam()",
    "if a { x <- 1 } else if b { x <- 2 } else { x <- 3 }", "static if training { t <- 1 } else if b { }", "static for (a, b) in xs { let y = a }",
  ])("%s", (source) => {
    expect(statement(source)).toMatchSnapshot();
  });
});

describe("expressions", () => {
  it.each([
    "if a then b else if c then d else e", "for [...n, i, t in 0..T] => x[...n, i]", "fn(a, b: f32 = 1) => a * b", "fn() { return 1 }",
    "map (x, y) in (xs, ys) => x", "map p in e { return p }", "scan h = h0, c = 0 for x in xs until norm(h) < tol { h <- x emit h }",
    "scan(truncate = 20) for x in xs { emit x }", "fixpoint(tol = 1e-6) z = z0 => f(z)", "odesolve(dopri5, rtol = 1e-5) y = y0 for t in [t0, t1] => field(t, y)",
    "(1)", "(1, 2)", "[]", "[1, ...S]", "{}", "{ state: 1, b }", "x.T.state", "x[:, 0:10:2, -1, ..., 2:, :3, ::2]", "Linear[_, 128, bias = false]", "f(x, state = 1)(y)[0]", "1e-4",
  ])("%s", (source) => {
    expect(outline(expression(source))).toMatchSnapshot();
  });
});

/** All parentheses written. */
function grouped(tree: Expression): string {
  switch (tree.kind) {
    case "binary": return `(${grouped(tree.left)} ${tree.operator} ${grouped(tree.right)})`;
    case "unary": return `(${tree.operator}${grouped(tree.operand)})`;
    case "call": return `${grouped(tree.callee)}(${tree.arguments.map(({ value }) => grouped(value)).join(", ")})`;
    case "field": return `${grouped(tree.object)}.${tree.name.text}`;
    case "index": return `${grouped(tree.object)}[]`;
    case "parenthesized": return grouped(tree.value);
    case "name": case "number": return tree.text;
    default: throw new Error(tree.kind);
  }
}

describe("precedence", () => {
  it.each([
    ["a - b - c", "((a - b) - c)"],
    ["a + b * c @ d / e", "(a + (((b * c) @ d) / e))"],
    ["a ^ b ^ c", "(a ^ (b ^ c))"],
    ["-x ^ 2", "(-(x ^ 2))"],
    ["x ^ -1", "(x ^ (-1))"],
    ["x ^ -y ^ 2 * z", "((x ^ (-(y ^ 2))) * z)"],
    ["-a * b", "((-a) * b)"],
    ["!a == b", "((!a) == b)"],
    ["- -x.y[0](z)", "(-(-x.y[](z)))"],
    ["0..n - 1", "(0 .. (n - 1))"],
    ["0..n < m", "((0 .. n) < m)"],
    ["a < b && c == d || e && !f", "(((a < b) && (c == d)) || (e && (!f)))"],
    ["a || b |> f(c) |> g", "(((a || b) |> f(c)) |> g)"],
    ["(a + b) * c", "((a + b) * c)"],
    ["x < -1", "(x < (-1))"],
    ["a @ -b", "(a @ (-b))"],
  ])("%s", (source, tree) => {
    expect(grouped(expression(source))).toBe(tree);
  });
});

describe("spans", () => {
  it("of a node enclose those of its parts, and names are where they say", () => {
    const check = (value: unknown, outer: Span, source: string): void => {
      if (typeof value !== "object" || value === null) return;
      const own = "span" in value ? (value.span as Span) : outer; // every `span` of the tree is a Span
      expect(outer.start <= own.start && own.start <= own.end && own.end <= outer.end, JSON.stringify(value)).toBe(true);
      if ("text" in value && "span" in value && !("doc" in value)) expect(source.slice(own.start, own.end)).toBe(value.text);
      for (const [key, part] of Object.entries(value)) if (key !== "span" && key !== "comments") check(part, own, source);
    };
    for (const { source } of programs) {
      const file = parsed(source);
      check(file, file.span, source);
    }
  });

  it("reach exactly from the first to the last token", () => {
    const source = "const it = a |> f(x)[1:2] ^ -b.c";
    const texts: string[] = [];
    const walk = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      if ("kind" in value && "span" in value) {
        const { start, end } = value.span as Span; // as above
        texts.push(`${String(value.kind)}: ${source.slice(start, end)}`);
      }
      Object.values(value).forEach(walk);
    };
    walk(parsed(source).declarations[0]);
    expect(texts).toEqual([
      "const: const it = a |> f(x)[1:2] ^ -b.c", "namePattern: it", "binary: a |> f(x)[1:2] ^ -b.c", "name: a", "binary: f(x)[1:2] ^ -b.c", "index: f(x)[1:2]",
      "call: f(x)", "name: f", "name: x", "slice: 1:2", "number: 1", "number: 2", "unary: -b.c", "field: b.c", "name: b",
    ]);
  });
});

describe("comments", () => {
  it("with three slashes document the next declaration, whatever it is", () => {
    const source = "/// a\n///  b\n// not this\nuse \"x.pull\"\n/// c\ndim B = 1 // no\n//// no\n///d\nexport fn f() = 1\nmodel M() { /// inside\n return 1 }\n/// e\nrules r { }\n/// nothing follows\n";
    const file = parsed(source);
    expect(file.declarations.map(({ kind, doc }) => [kind, doc])).toEqual([
      ["use", "a\n b"], ["dim", "c"], ["fn", "d"], ["model", undefined], ["rules", "e"],
    ]);
  });
  it("are all collected, in order", () => {
    const { comments } = parsed("// a\ndim B = 1 // b\n  /// c\n//\n");
    expect(comments.map(({ text, doc, ownLine }) => [text, doc, ownLine])).toEqual([[" a", false, true], [" b", false, false], [" c", true, true], ["", false, true]]);
  });
});

it("reads an empty file", () => {
  expect(parse("", "empty.pull").file.declarations).toEqual([]);
  expect(parse("\uFEFF \r\n // only\n", "empty.pull").problems).toEqual([]);
});
