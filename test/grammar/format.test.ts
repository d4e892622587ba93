import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { format, printExpression, printPattern, printType, type BinaryOperator, type Expression } from "../../grammar/index.ts";
import { precedence } from "../../grammar/build-infix.ts";
import { textmateGrammar } from "../../grammar/textmate.ts";
import { parsed, programs, shape } from "./samples.ts";

function formatted(source: string): string {
  const result = format(source);
  if (!("text" in result)) throw new Error(JSON.stringify(result.problems));
  return result.text;
}

describe("format", () => {
  it.each(programs)("gives $name a form that stays, with the same tree and comments", ({ source }) => {
    const text = formatted(source);
    expect(formatted(text)).toBe(text);
    expect(Math.max(...text.split("\n").map((line) => line.replace(/ {2}\/\/.*/, "").length))).toBeLessThanOrEqual(120);
    const [before, after] = [parsed(source), parsed(text)];
    expect(shape(after.declarations)).toBe(shape(before.declarations));
    expect(after.comments.map(({ text: comment }) => comment)).toEqual(before.comments.map(({ text: comment }) => comment));
  });

  it("spaces and breaks as the reference does", () => {
    const source = `use   "a.pull"
dim B=32


/// Doc.
export   train fn step ( x:f32[ B,64 ],y :i32[B] )->{loss:f32}{ let l=mean( (x-1)^-2 )
minimize l over net with sgd(lr=0.1) return {loss:l} }
model M[ In , rate:f32=0.5 ]( x:f32[...N,In] ) { param w:f32[In]=0 return x|>relu|>Linear[_,10] }
fn short(x) { return x[0:10:2,-1,...] }
fn pair(x){h<-x emit h}
fn ste(x:f32[...S])=sign(x) surrogate backward(dy)={x:dy} tangent(d)=d.x
rules local{ relu(x)backward(dy)={x:dy} }
rules two { relu(x) backward(dy)={x:dy} add(a,b) in net.out backward(r){ return {a:r} } else error }
fn branches(x) { if x>0&&x<1 { y<-1 } else if !b { y<-2 } else { } static for i in 0..3 { z<-i } let c = if a then 1 else 2 return fn(u)=>u }
`;
    expect(formatted(source)).toMatchInlineSnapshot(`
      "use "a.pull"
      dim B = 32

      /// Doc.
      export train fn step(x: f32[B, 64], y: i32[B]) -> { loss: f32 } {
        let l = mean((x - 1) ^ -2)
        minimize l over net with sgd(lr = 0.1)
        return { loss: l }
      }
      model M[In, rate: f32 = 0.5](x: f32[...N, In]) { param w: f32[In] = 0  return x |> relu |> Linear[_, 10] }
      fn short(x) { return x[0:10:2, -1, ...] }
      fn pair(x) { h <- x  emit h }
      fn ste(x: f32[...S]) = sign(x)
        surrogate backward(dy) = { x: dy }
        tangent(d) = d.x
      rules local { relu(x) backward(dy) = { x: dy } }
      rules two {
        relu(x) backward(dy) = { x: dy }
        add(a, b) in net.out backward(r) { return { a: r } }
        else error
      }
      fn branches(x) {
        if x > 0 && x < 1 { y <- 1 } else if !b { y <- 2 } else {}
        static for i in 0..3 { z <- i }
        let c = if a then 1 else 2
        return fn(u) => u
      }
      "
    `);
  });

  it("breaks what does not fit", () => {
    const name = "a_rather_long_name_of_a_value";
    const source = `
const sum = ${name} + ${name} * ${name} - ${name} / ${name} + ${name}
const call = combine(${name}, ${name}(1), third = ${name}, fourth = ${name}, fifth = 1)
const pipe = ${name} |> ${name} |> ${name}(${name}) |> ${name}
const rec = { first: ${name}, second: ${name}, third: ${name}, fourth: ${name} }
const kept = {
  a: 1, b }
const cond = if ${name} > 0 then ${name} * ${name} else ${name} + ${name} + ${name}
const mapped = map ${name} in ${name} => ${name} + ${name} + ${name} + ${name}
const index = for [i in 0..${name}, j in 0..${name}] => where(i < j, ${name}[i], ${name}[j])
const loop = foo(${name}, fn(z) { let y = z  return y })
const loop2 = foo(${name}, fn(z) {
 let y = z
 return y })
fn signature(${name}: f32[B, 64], second_${name}: f32[B, 64], third: i32[B]) -> f32[B, 64] = x
`;
    expect(formatted(source)).toMatchInlineSnapshot(`
      "const sum =
        a_rather_long_name_of_a_value
          + a_rather_long_name_of_a_value * a_rather_long_name_of_a_value
          - a_rather_long_name_of_a_value / a_rather_long_name_of_a_value
          + a_rather_long_name_of_a_value
      const call = combine(
        a_rather_long_name_of_a_value,
        a_rather_long_name_of_a_value(1),
        third = a_rather_long_name_of_a_value,
        fourth = a_rather_long_name_of_a_value,
        fifth = 1
      )
      const pipe =
        a_rather_long_name_of_a_value
          |> a_rather_long_name_of_a_value
          |> a_rather_long_name_of_a_value(a_rather_long_name_of_a_value)
          |> a_rather_long_name_of_a_value
      const rec = {
        first: a_rather_long_name_of_a_value,
        second: a_rather_long_name_of_a_value,
        third: a_rather_long_name_of_a_value,
        fourth: a_rather_long_name_of_a_value
      }
      const kept = {
        a: 1,
        b
      }
      const cond = if a_rather_long_name_of_a_value > 0
        then a_rather_long_name_of_a_value * a_rather_long_name_of_a_value
        else a_rather_long_name_of_a_value + a_rather_long_name_of_a_value + a_rather_long_name_of_a_value
      const mapped = map a_rather_long_name_of_a_value in a_rather_long_name_of_a_value =>
        a_rather_long_name_of_a_value
          + a_rather_long_name_of_a_value
          + a_rather_long_name_of_a_value
          + a_rather_long_name_of_a_value
      const index = for [i in 0..a_rather_long_name_of_a_value, j in 0..a_rather_long_name_of_a_value] =>
        where(i < j, a_rather_long_name_of_a_value[i], a_rather_long_name_of_a_value[j])
      const loop = foo(a_rather_long_name_of_a_value, fn(z) { let y = z  return y })
      const loop2 = foo(a_rather_long_name_of_a_value, fn(z) {
        let y = z
        return y
      })
      fn signature(
        a_rather_long_name_of_a_value: f32[B, 64],
        second_a_rather_long_name_of_a_value: f32[B, 64],
        third: i32[B]
      ) -> f32[B, 64] = x
      "
    `);
  });

  it("keeps comments where they are, and moves those inside an expression before its statement", () => {
    const source = `// top


// after a gap
dim B = 3 // trailing
//tight
fn f( // open
  x, // first
  // before y
  y // last
  // end
) { // body
  // own

  let a = 1 + // inside
    2
  return { // record
    a, // field
    // before b
    b: 1
    // end of record
  } // after
  // bottom
} // rule follows
  surrogate backward(dy) = { x: dy }
fn empty() {
  // nothing
}
fn other(x) = x /// moved
  + 1
// bottom of file
`;
    expect(formatted(source)).toMatchInlineSnapshot(`
      "// top

      // after a gap
      dim B = 3  // trailing
      // tight
      fn f(  // open
        x,  // first
        // before y
        y  // last
        // end
      ) {  // body
        // own

        // inside
        let a = 1 + 2
        return {  // record
          a,  // field
          // before b
          b: 1
          // end of record
        }  // after
        // bottom
      } surrogate backward(dy) = { x: dy }  // rule follows
      fn empty() {
        // nothing
      }
      // moved
      fn other(x) = x + 1
      // bottom of file
      "
    `);
  });

  it("keeps single blank lines", () => {
    expect(formatted("\n\ndim A = 1\n\n\n\ndim B = 2\nfn f() {\n\n  let a = 1\n\n\n  let b = 2\n\n}\n\n")).toBe(
      "dim A = 1\n\ndim B = 2\nfn f() {\n  let a = 1\n\n  let b = 2\n}\n",
    );
  });

  it("gives nothing for nothing", () => {
    expect(formatted(" \n ")).toBe("");
    expect(formatted("// only")).toBe("// only\n");
  });

  it("reports syntax errors instead", () => {
    const result = format("dim B =");
    expect(result.problems?.map(({ message }) => message)).toEqual(["expected an expression after `=`, found the end of the file"]);
  });
});

const span = { file: "", start: 0, end: 0 };
const operators = Object.keys(precedence) as BinaryOperator[]; // the record's keys, which Object.keys forgets
/** Trees without parentheses, so that the printer must find where they are needed. */
const tree: fc.Arbitrary<Expression> = fc.letrec<{ expression: Expression }>((tie) => {
  const part = tie("expression");
  const node = <T extends object>(fields: T) => ({ ...fields, span });
  return {
    expression: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom("x", "y").map((text): Expression => node({ kind: "name", text })),
      fc.constantFrom("1", "0.5").map((text): Expression => node({ kind: "number", text })),
      fc.tuple(part, fc.constantFrom(...operators), part).map(([left, operator, right]): Expression => node({ kind: "binary", operator, operatorSpan: span, left, right })),
      fc.tuple(fc.constantFrom("-", "!"), part).map(([operator, operand]): Expression => node({ kind: "unary", operator: operator === "-" ? "-" : "!", operand })),
      fc.tuple(part, part).map(([callee, value]): Expression => node({ kind: "call", callee, arguments: [node({ value })] })),
      part.map((object): Expression => node({ kind: "field", object, name: node({ text: "T" }) })),
      fc.tuple(part, part, part).map(([condition, then, otherwise]): Expression => node({ kind: "conditional", condition, then, else: otherwise })),
      part.map((body): Expression => node({ kind: "lambda", parameters: [], body })),
    ),
  };
}).expression;

describe("printExpression", () => {
  const read = (source: string): Expression => {
    const [declaration] = parsed(`const it = ${source}`).declarations;
    if (declaration.kind !== "const") throw new Error("not a const");
    return declaration.value;
  };

  it("adds the parentheses that a tree needs", () => {
    fc.assert(fc.property(tree, (expression) => {
      const again = JSON.parse(JSON.stringify(read(printExpression(expression))), (_, value) => (value?.kind === "parenthesized" ? value.value : value));
      expect(shape(sorted(again))).toBe(shape(sorted(expression)));
    }), { numRuns: 500 });
  });

  it.each([
    "fn(x) { let y = x  return y }", "scan(unroll = 4) h = 0, c = 1 for x in xs until h > 1 { h <- x  emit h }", "x[..., 0:10:2, k = 3, i in 0..n](y)",
    "[1, ...S]", "(a, b)", "{ a, b: 1 }", "odesolve(rk4) y = y0 for t in [0, 1] => f(t, y)", "fixpoint z = z0 { return z }", "map (a, b) in c { if a {} else { x <- 1 } }",
    "-x ^ -2 |> f(a = 1)", "fn(x: (f32, { a: bool }), g: fn(f32) -> model) => x",
  ])("prints %s on one line", (source) => {
    expect(printExpression(read(source))).toBe(source);
  });

  it("never breaks a line", () => {
    const long = Array.from({ length: 60 }, (_, index) => `value${index}`).join(" + ");
    expect(printExpression(read(`f(\n${long}\n)`))).toBe(`f(${long})`);
  });

  it("prints types and patterns", () => {
    const [declaration] = parsed("const (a, (b, c)): { x: f32[...S, 2], y: fn() -> (i32, bool) } = 1").declarations;
    if (declaration.kind !== "const" || !declaration.type) throw new Error("not a const");
    expect(printPattern(declaration.pattern)).toBe("(a, (b, c))");
    expect(printType(declaration.type)).toBe("{ x: f32[...S, 2], y: fn() -> (i32, bool) }");
  });
});

/** With keys in one order: trees that were made and trees that were read. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]));
}

describe("the TextMate grammar", () => {
  const grammar = textmateGrammar();
  it("is checked in as generated", async () => {
    await expect(`${JSON.stringify(grammar, null, 2)}\n`).toMatchFileSnapshot("../../grammar/pull.tmLanguage.json");
  });

  /** As an editor does it: the first pattern that matches furthest left. */
  function scopesOf(line: string): string[] {
    const found: string[] = [];
    for (let at = 0; at < line.length; ) {
      const matches = grammar.patterns.map(({ name, match, captures }) => ({ name: name ?? captures?.[1].name, match: [...line.matchAll(new RegExp(match, "g"))].find(({ index }) => index >= at) }));
      const best = matches.filter(({ match }) => match).sort((a, b) => (a.match?.index ?? 0) - (b.match?.index ?? 0))[0];
      if (!best?.match) break;
      found.push(`${best.match[0]}: ${best.name?.replace(".pull", "")}`);
      at = best.match.index + Math.max(best.match[0].length, 1);
    }
    return found;
  }

  it.each(["/// Doc", "export train fn step(x: f32) = x.state |> f(lr = 1e-4, with = 2) // end", "use \"a.pull\"", "  state m = { state: true } <- -x ^ 0.5"])("colours %s", (line) => {
    expect(scopesOf(line)).toMatchSnapshot();
  });

  it("knows every symbol of the programs", () => {
    const one = new RegExp(grammar.patterns.map(({ match }) => `(?:${match})`).join("|"), "gm");
    for (const { source } of programs) expect(source.replace(one, "").replace(/[\s()[\]{},:.]/g, "")).toBe("");
  });
});
