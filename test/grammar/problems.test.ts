/** The wording of every kind of syntax error, exactly. */
import { describe, expect, it } from "vitest";
import { parse } from "../../grammar/index.ts";
import { problemsOf, shape } from "./samples.ts";

/** In `fn f(x: f32) {`, on line 2, before `return x`. */
const inBody: readonly (readonly [source: string, says: readonly string[]])[] = [
  ["let y = ", [
    '3:3 "return" expected an expression after `=`, found `return`',
  ]],
  ["let y = x +", [
    '3:3 "return" expected an expression after `+`, found `return`',
  ]],
  ["let y = where(x <-1, 0, x)", [
    '2:19 "<-" `<-` assigns and cannot stand in an expression / a comparison with a negative number needs a space: `x < -1`',
  ]],
  ["if x <- 1 { y <- 2 }", [
    '2:8 "<-" `<-` assigns and cannot stand in an expression / a comparison with a negative number needs a space: `x < -1`',
  ]],
  ["y < - 1", [
    '2:5 "<" expected `<-`, found `<` and `-` / an assignment is written `<-`, without a space',
  ]],
  ["let y = 1. * x", [
    '2:11 "1." the number `1.` has no digit after its point / write `1.0`',
  ]],
  ["let y = .5 * x", [
    '2:11 ".5" the number `.5` has no digit before its point / write `0.5`',
  ]],
  ["let y = 1.e3", [
    '2:11 "1.e3" the number `1.e3` has no digit after its point / write `1.0e3`',
  ]],
  ["let y = t.0 + f(x).1", [
    '2:12 ".0" `.0` is not a field: a tuple is indexed / write `[0]`',
    '2:21 ".1" `.1` is not a field: a tuple is indexed / write `[1]`',
  ]],
  ["y = x", [
    '2:5 "=" `y =` begins no statement / a new name is `let y = ...`, an assignment `y <- ...`',
  ]],
  ["net.w = x", [
    '2:9 "=" a statement does not assign with `=` / an assignment is `<-`',
  ]],
  ["y += 1", [
    '2:5 "+=" `+=` is not part of the language / write `x <- x + 1`',
  ]],
  ["if x = 1 { y <- 2 }", [
    '2:8 "=" `=` does not compare / equality is `==`',
  ]],
  ["let z = if x = 1 then 2 else 3", [
    '2:16 "=" `=` does not compare / equality is `==`',
  ]],
  ["let y = f(x", [
    '2:12 "(" `(` is never closed / expected `)` before `return` on line 3',
  ]],
  ["let y = x[0, 1", [
    '2:12 "[" `[` is never closed / expected `]` before `return` on line 3',
  ]],
  ["let y = { a: 1", [
    '2:11 "{" `{` is never closed / expected `}` before `return` on line 3',
  ]],
  ["let y = x)", [
    '2:12 ")" `)` closes nothing / remove it, or open its bracket before',
  ]],
  ["let y = [1, 2)", [
    '2:16 ")" `[` is closed by `)` / write `]`',
  ]],
  ["let state = 1", [
    '2:7 "state" `state` is a reserved word and cannot be a name / choose another name, for example `state_`',
  ]],
  ["let y = x + model * 2", [
    '2:15 "model" `model` is a reserved word and cannot be a name / choose another name, for example `model_`',
  ]],
  ["state <- 1", [
    '2:3 "state" `state` is a reserved word and cannot be a name / choose another name, for example `state_`',
  ]],
  ["return { emit }", [
    '2:12 "emit" `emit` is a reserved word and cannot be a name / choose another name, for example `emit_`',
  ]],
  ["let y = f(with)", [
    '2:13 "with" `with` is a reserved word and cannot be a name / choose another name, for example `with_`',
  ]],
  ["let y = if x > 0 then 1", [
    '3:3 "return" an `if` expression needs an `else`, found `return` / write `if c then a else b`; only the statement `if c { ... }` goes without',
  ]],
  ["let y = if a then 1 else if b then 2", [
    '3:3 "return" an `if` expression needs an `else`, found `return` / write `if c then a else b`; only the statement `if c { ... }` goes without',
  ]],
  ["let y = if x { 1 } else { 2 }", [
    '2:16 "{" expected `then`, found `{` / in an expression write `if c then a else b`; `if c { ... }` is a statement',
  ]],
  ["let y = 1;\n  let z = 2;", [
    '2:12 ";" `;` is not part of the language / a statement ends by itself: remove it (and 1 more in this file)',
  ]],
  ['let y = "abc"', [
    "2:11 \"\\\"abc\\\"\" there are no strings in the language / only `use` takes one: `use \"blocks.pull\"`",
  ]],
  ['let y = "abc', [
    "2:11 \"\\\"abc\" this string is never closed / a string ends with `\"` on the same line",
  ]],
  ["let y = x ? 1 : 2", [
    '2:13 "?" `?` is not part of the language / a choice between values is `if c then a else b`',
  ]],
  ["let y = x % 2 ** 3 & a | b", [
    '2:13 "%" `%` is not part of the language / the remainder is a function: `mod(a, b)`',
    '2:17 "**" `**` is not part of the language / the power operator is `^`',
    '2:22 "&" `&` is not part of the language / logical and is `&&`',
    '2:26 "|" `|` is not part of the language / logical or is `||`, a pipe `|>`',
  ]],
  ["let y = a and b", [
    '2:13 "and" `and` is not part of the language / logical and is `&&`',
  ]],
  ["let y = not a", [
    '2:11 "not" `not` is not part of the language / logical not is `!`',
  ]],
  ["while x { }", [
    '2:3 "while" `while` is not part of the language / a loop is a `scan ... until`',
  ]],
  ["let y = 0 < x < 1", [
    '2:17 "<" comparisons do not chain / write `a < b && b < c`',
  ]],
  ["let y = 0..n..2", [
    '2:15 ".." ranges do not chain / a slice has a step: `x[0:10:2]`',
  ]],
  ["let y = x |> -f", [
    '2:16 "-" expected a function after `|>`, found `-` / `x |> f(a)` stands for `f(x, a)`',
  ]],
  ["let y = 1 + if a then b else c", [
    '2:15 "if" `if` inside an operation needs parentheses / write `(if ...)`',
  ]],
  ["let y = f(a, b,)", [
    '2:18 ")" expected an expression after `,`, found `)` / a list does not end with a comma: remove it',
  ]],
  ["let y = f(a b)", [
    '2:15 "b" expected `,` or `)` after `a`, found `b`',
  ]],
  ["f(x)", [
    '2:4 "(" expected `<-` after `f`, found `(` / a value alone is no statement: a statement begins with a word such as `let` or `return`, or assigns with `<-`',
  ]],
  ["for i in 0..3 { y <- i }", [
    '2:3 "for" `for` begins no statement / write `static for`, which is written out at build, or a `scan`, which is a value: `let h = scan ...`',
  ]],
  ["else { y <- 1 }", [
    '2:3 "else" `else` without an `if` before it / an `else` follows the block of an `if` directly',
  ]],
  ["fn g(x) = x", [
    '2:3 "fn" a function is declared at the top level / in a body write `let f = fn(x) => ...`',
  ]],
  ["var z = 3", [
    '2:3 "var" `var` stands at the top level, not in a body / a body has `let`; what a model keeps between calls is its `state`',
  ]],
  ["model M(x) { return x }", [
    '2:3 "model" `model` stands at the top level, not in a body / move it out, or close the body before it with `}`',
  ]],
  ["let y = 3 4", [
    '2:13 "4" expected a statement or `}` after `3`, found `4`',
  ]],
  ["let y = x[]", [
    '2:13 "]" expected an expression after `[`, found `]` / an index is a position, a slice or `...`; generics that are left out need no brackets',
  ]],
  ["let y = ()", [
    '2:12 ")" expected an expression after `(`, found `)`',
  ]],
  ["static let y = 3", [
    '2:10 "let" expected `if` or `for` after `static`, found `let`',
  ]],
  ["let y: f32", [
    '3:3 "return" expected `=` and a value after `f32`, found `return` / a declared type does not give a value: write one, as in `w: f32[4] = 0` or `w: f32[4] = normal([4])`',
  ]],
  ["minimize l with sgd()", [
    '2:14 "with" expected `over` after `l`, found `with`',
  ]],
  ["apply g over net with sgd()", [
    '2:11 "over" expected `to` after `g`, found `over`',
  ]],
  ["let y = map x of xs => x", [
    '2:17 "of" expected `in` after `x`, found `of`',
  ]],
  ["let y = for i in 0..3 => i", [
    '2:15 "i" expected `[` after `for`, found `i` / index notation is `for [i in 0..n] => ...`, a map `map i in 0..n => ...`',
  ]],
  ["let y = scan h = 0 x in xs { h <- h }", [
    '2:22 "x" expected `for` after `0`, found `x`',
  ]],
  ["let f = fn(x) x", [
    '2:17 "x" expected `=>` or `{` after `)`, found `x`',
  ]],
  ["let f = x => x", [
    '2:13 "=>" `=>` follows no list of parameters / a function value is written `fn(x) => ...`',
  ]],
  ["let y = x[.., 0]", [
    '2:13 ".." expected an expression after `[`, found `..` / all leading axes are `...`, with three points',
  ]],
];

/** Whole files. */
const files: readonly (readonly [source: string, says: readonly string[]])[] = [
  ["fn f(x) {\n  let y = (1", [
    '2:11 "(" `(` is never closed / expected `)` before the end of the file',
  ]],
  ["fn f(x) {\n  return x\n\nfn g(x) = x", [
    '1:9 "{" `{` is never closed / expected `}` before `fn` on line 4',
  ]],
  ["fn f(x) {\n  if x {\n    y <- 1\n  return x\n}\nvar z = 1", [
    '2:8 "{" `{` is never closed / expected `}` before `var` on line 6',
  ]],
  ["fn f(x) { return x }\n}\nvar z = 1", [
    '2:1 "}" `}` closes nothing / remove it, or open its bracket before',
  ]],
  ["fn f(in: f32) = 1", [
    '1:6 "in" `in` is a reserved word and cannot be a name / choose another name, for example `in_`',
  ]],
  ["dim over = 3", [
    '1:5 "over" `over` is a reserved word and cannot be a name / choose another name, for example `over_`',
  ]],
  ["use 'blocks.pull'", [
    "1:5 \"'blocks.pull'\" `'` is not part of the language / the file name of a `use` stands in double quotes: `use \"blocks.pull\"`",
  ]],
  ["use blocks", [
    '1:5 "blocks" expected a file name in double quotes after `use`, found `blocks`',
  ]],
  ['use "blocks.pull', [
    "1:5 \"\\\"blocks.pull\" this string is never closed / a string ends with `\"` on the same line",
  ]],
  ["/* a\n b */\ndim B = 3", [
    '1:1 "/*" `/*` is not part of the language / a comment begins with `//` and ends with its line',
  ]],
  ["# note\ndim B = 3", [
    '1:1 "#" `#` is not part of the language / a comment begins with `//` and ends with its line',
  ]],
  ["dim λ = 3", [
    '1:5 "λ" `λ` is not part of the language / names are made of the letters a to z and A to Z, digits and `_`',
  ]],
  ["def f(x) = x", [
    '1:1 "def" `def` is not part of the language / a function is declared with `fn`',
  ]],
  ["import blocks", [
    '1:1 "import" `import` is not part of the language / another file is brought in with `use "blocks.pull"`',
  ]],
  ["let x = 3", [
    '1:1 "let" `let` stands in a body, not at the top level / at the top level write `const` for a fixed value, `var` for one that persists',
  ]],
  ["return 3", [
    '1:1 "return" `return` stands in a body, not at the top level / a file holds declarations: `fn`, `model`, `var`, `const`, `dim` and the like',
  ]],
  ["x <- 3", [
    '1:1 "x" expected a declaration, found `x` / a file holds declarations: `fn`, `model`, `var`, `const`, `dim` and the like',
  ]],
  ["3 + 4", [
    '1:1 "3" expected a declaration, found `3` / a file holds declarations: `fn`, `model`, `var`, `const`, `dim` and the like',
  ]],
  ["export model M(x) { return x }", [
    '1:8 "model" only functions are exported, found `model` / parameters and state of every `var` are part of the module already',
  ]],
  ["model M(x) = x", [
    '1:12 "=" the body of a model is a block, found `=` / write `{ return ... }`',
  ]],
  ["fn f(x) -> f32\nvar y = 1", [
    '2:1 "var" expected `=` or `{` after `f32`, found `var`',
  ]],
  ["fn f(x: ) = x", [
    '1:9 ")" expected a type after `:`, found `)`',
  ]],
  ["fn f(x) -> = x", [
    '1:12 "=" expected a type after `->`, found `=`',
  ]],
  ["fn f(x) = x\n  surrogate gradient(dy) = { x: dy }", [
    '2:13 "gradient" expected `backward` or `tangent` after `surrogate`, found `gradient`',
  ]],
  ["rules r { relu(x) }", [
    '1:19 "}" expected `backward` or `tangent` after `)`, found `}`',
  ]],
  ["rules r { let x = 3 }", [
    '1:11 "let" expected a rule or `}` after `{`, found `let`',
  ]],
  ["fn f[](x) = x", [
    '1:6 "]" a list of generics names at least one, found `]` / leave the brackets out: sizes that the arguments tell need no list',
  ]],
  ["model Pair<In, Out>(x) { return x }", [
    '1:11 "<" generics stand in `[...]`, found `<` / write `Pair[N](...)`; sizes that the arguments tell need no list',
  ]],
  ["model M(x) { param w: f32[4] state s: f32 = 0 return x * w }", [
    '1:30 "state" expected `=` and a value after `]`, found `state` / a declared type does not give a value: write one, as in `w: f32[4] = 0` or `w: f32[4] = normal([4])`',
  ]],
  ["extern fn f(x) -> f32 = x", [
    '1:23 "=" expected a declaration after `f32`, found `=` / an `extern fn` has no body: the host provides it',
  ]],
  ["type T = { a f32 }", [
    '1:14 "f32" expected `:` after `a`, found `f32`',
  ]],
  ["type T = f32[4] tangent f32[3]", [
    '1:31 "" expected `retract` after `]`, found the end of the file',
  ]],
  ["frozen net = 3", [
    '1:8 "net" expected `var` after `frozen`, found `net`',
  ]],
];

describe("syntax problems", () => {
  it.each(inBody)("in a body: %s", (source, says) => {
    expect(problemsOf(`fn f(x: f32) {\n  ${source}\n  return x\n}`)).toEqual(says);
  });
  it.each(files)("in a file: %s", (source, says) => {
    expect(problemsOf(source)).toEqual(says);
  });
});

describe("recovery", () => {
  const broken = `/// Kept.
dim B = 32
dim C =
model Mlp[In, Out](x: f32[B, In]) -> f32[B, Out] {
  layer hidden = Linear[In, 10
  let y = hidden(x) |> relu |>
  tap h = y
  let state = 1.
  if y = 0 { h <- y; }
  return y @ (w + 1
}
fn half(x: f32) -> f32 = x / / 2
fn whole(x: f32) -> f32 = x
rules guided {
  relu(x) backward(dy) = { x: where(x > 0 dy, 0) }
  add(a, b) backward(dy) = { a: dy }
}
export model Wrong(x: f32) { return x }
fn open(x: f32) {
  if x > 0 {
    y <- 1
  return x
}
var net = Mlp[64, 10]
`;

  it("reports all errors of a file", () => {
    expect(problemsOf(broken)).toMatchInlineSnapshot(`
      [
        "4:1 "model" expected an expression after \`=\`, found \`model\`",
        "5:24 "[" \`[\` is never closed / expected \`]\` before \`let\` on line 6",
        "7:3 "tap" expected an expression after \`|>\`, found \`tap\`",
        "8:7 "state" \`state\` is a reserved word and cannot be a name / choose another name, for example \`state_\`",
        "8:15 "1." the number \`1.\` has no digit after its point / write \`1.0\`",
        "9:8 "=" \`=\` does not compare / equality is \`==\`",
        "9:20 ";" \`;\` is not part of the language / a statement ends by itself: remove it",
        "10:14 "(" \`(\` is never closed / expected \`)\` before \`}\` on line 11",
        "12:30 "/" expected an expression after \`/\`, found \`/\`",
        "15:43 "dy" expected \`,\` or \`)\` after \`0\`, found \`dy\`",
        "18:8 "model" only functions are exported, found \`model\` / parameters and state of every \`var\` are part of the module already",
        "20:12 "{" \`{\` is never closed / expected \`}\` before \`var\` on line 24",
      ]
    `);
  });

  it("keeps the healthy declarations, and the names of the others", () => {
    const { file } = parse(broken, "test.pull");
    const names = file.declarations.map((declaration) => ("name" in declaration ? declaration.name.text : declaration.kind));
    expect(names).toEqual(["B", "C", "Mlp", "half", "whole", "guided", "open", "net"]);
    expect(file.declarations[0].doc).toBe("Kept.");
  });

  it("keeps the statements around a broken one", () => {
    const { file } = parse("fn f(x) {\n  let a = 1\n  let b = f(\n  let c = * 2\n  f(x)\n  return a\n}", "test.pull");
    const [declaration] = file.declarations;
    if (declaration.kind !== "fn" || declaration.body?.kind !== "block") throw new Error("the function is lost");
    expect(declaration.body.statements.map(({ kind }) => kind)).toEqual(["let", "let", "let", "return"]);
    expect(shape(declaration.body.statements[2])).toContain('"kind":"error"');
  });

  it("stops after many errors", () => {
    expect(parse(`fn f() {\n${"  let x = )\n".repeat(1000)}}`, "test.pull").problems).toHaveLength(101);
  });
});
