/** The syntax tree of a `.pull` file. Every node keeps its span to the end, so that a late error can still point at text. */

/** A range of a source file, in UTF-16 offsets; `end` is exclusive. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

interface Node {
  readonly span: Span;
}

/** An occurrence of a name. */
export interface Name extends Node {
  readonly text: string;
}

/** `// ...` or `/// ...`; `text` is without the slashes, `ownLine` when nothing but space stands before it on its line. */
export interface Comment extends Node {
  readonly text: string;
  readonly doc: boolean;
  readonly ownLine: boolean;
}

export interface File extends Node {
  readonly kind: "file";
  readonly declarations: readonly Declaration[];
  /** All comments in source order; the printer puts them back. */
  readonly comments: readonly Comment[];
}

// ---- declarations

interface DeclarationBase extends Node {
  /** The `///` lines before the declaration, joined by newlines. */
  readonly doc?: string;
}

export type Declaration =
  | UseDeclaration
  | DimDeclaration
  | ConstDeclaration
  | VarDeclaration
  | TypeDeclaration
  | FunctionDeclaration
  | ModelDeclaration
  | OptimizerDeclaration
  | RulesDeclaration;

export interface UseDeclaration extends DeclarationBase {
  readonly kind: "use";
  readonly path: string;
  readonly pathSpan: Span;
}

export interface DimDeclaration extends DeclarationBase {
  readonly kind: "dim";
  readonly name: Name;
  readonly value: Expression;
}

export interface ConstDeclaration extends DeclarationBase {
  readonly kind: "const";
  readonly pattern: Pattern;
  readonly type?: TypeExpression;
  readonly value: Expression;
}

export interface VarDeclaration extends DeclarationBase {
  readonly kind: "var";
  readonly frozen: boolean;
  readonly name: Name;
  readonly bracket?: Bracket;
  readonly type?: TypeExpression;
  readonly value: Expression;
}

export interface TypeDeclaration extends DeclarationBase {
  readonly kind: "type";
  readonly name: Name;
  readonly generics: readonly Generic[];
  readonly type: TypeExpression;
  readonly tangent?: { readonly type: TypeExpression; readonly retract: Name };
}

export interface FunctionDeclaration extends DeclarationBase {
  readonly kind: "fn";
  readonly exported: boolean;
  readonly train: boolean;
  readonly extern: boolean;
  readonly name: Name;
  readonly generics: readonly Generic[];
  readonly parameters: readonly Parameter[];
  readonly result?: TypeExpression;
  /** Absent exactly for `extern fn`. */
  readonly body?: Body;
  readonly rules: readonly Rule[];
}

export interface ModelDeclaration extends DeclarationBase {
  readonly kind: "model";
  readonly name: Name;
  readonly generics: readonly Generic[];
  readonly parameters: readonly Parameter[];
  readonly result?: TypeExpression;
  readonly body: Block;
  readonly rules: readonly Rule[];
}

export interface OptimizerDeclaration extends DeclarationBase {
  readonly kind: "optimizer";
  readonly name: Name;
  readonly parameters: readonly Parameter[];
  readonly body: Block;
}

export interface RulesDeclaration extends DeclarationBase {
  readonly kind: "rules";
  readonly name: Name;
  readonly parameters: readonly Parameter[];
  readonly items: readonly RuleSetItem[];
  /** The name after `else`: `exact` or `error`. */
  readonly otherwise?: Name;
}

/** `matmul(a, w) in net.output backward(r) = ...` inside a rule set. */
export interface RuleSetItem extends Node {
  readonly target: Name;
  readonly parameters: readonly Parameter[];
  readonly place?: Path;
  readonly rules: readonly Rule[];
}

export interface Rule extends Node {
  readonly surrogate: boolean;
  readonly mode: "backward" | "tangent";
  readonly parameters: readonly Parameter[];
  readonly body: Body;
}

/** One of `[...S, N in {1, 32}, M <= 256, rate: f32 = 0.5]`. */
export interface Generic extends Node {
  readonly pack: boolean;
  readonly name: Name;
  readonly choices?: readonly Expression[];
  readonly bound?: Expression;
  readonly type?: TypeExpression;
  readonly default?: Expression;
}

export interface Parameter extends Node {
  readonly name: Name;
  readonly type?: TypeExpression;
  readonly default?: Expression;
}

// ---- types

export type TypeExpression = NamedType | TupleType | RecordType | FunctionType;

/** `f32[B, 64]`, `Gaussian[S]`, `model`. */
export interface NamedType extends Node {
  readonly kind: "namedType";
  readonly name: Name;
  readonly bracket?: Bracket;
}
export interface TupleType extends Node {
  readonly kind: "tupleType";
  readonly items: readonly TypeExpression[];
}
export interface RecordType extends Node {
  readonly kind: "recordType";
  readonly fields: readonly { readonly name: Name; readonly type: TypeExpression }[];
}
export interface FunctionType extends Node {
  readonly kind: "functionType";
  readonly parameters: readonly TypeExpression[];
  readonly result: TypeExpression;
}

// ---- bodies and statements

export type Body = Expression | Block;

export interface Block extends Node {
  readonly kind: "block";
  readonly statements: readonly Statement[];
}

export type Pattern = NamePattern | TuplePattern;
export interface NamePattern extends Node {
  readonly kind: "namePattern";
  readonly name: Name;
}
export interface TuplePattern extends Node {
  readonly kind: "tuplePattern";
  readonly items: readonly Pattern[];
}

/** `net.hidden.weight`, `block[2]`: the target of an assignment or the place of a rule. */
export interface Path extends Node {
  readonly root: Name;
  readonly steps: readonly PathStep[];
}
export type PathStep =
  | (Node & { readonly kind: "field"; readonly name: Name })
  | (Node & { readonly kind: "index"; readonly index: Expression });

export type Statement =
  | LetStatement
  | MemberStatement
  | ReturnStatement
  | AssignStatement
  | MinimizeStatement
  | ApplyStatement
  | IfStatement
  | StaticForStatement;

/** `let p: T = e` and `const p: T = e`. */
export interface LetStatement extends Node {
  readonly kind: "let";
  readonly constant: boolean;
  readonly pattern: Pattern;
  readonly type?: TypeExpression;
  readonly value: Expression;
}
/** `param w: f32[In, Out] = ...`, `layer fc[l in 0..3] = ...`. */
export interface MemberStatement extends Node {
  readonly kind: "member";
  readonly role: "param" | "state" | "layer" | "tap";
  readonly name: Name;
  readonly bracket?: Bracket;
  readonly type?: TypeExpression;
  readonly value: Expression;
}
export interface ReturnStatement extends Node {
  readonly kind: "return" | "emit" | "prove";
  readonly value: Expression;
}
export interface AssignStatement extends Node {
  readonly kind: "assign";
  readonly target: Path;
  readonly value: Expression;
}
export interface MinimizeStatement extends Node {
  readonly kind: "minimize";
  readonly loss: Expression;
  readonly over: Expression;
  readonly optimizer: Expression;
}
export interface ApplyStatement extends Node {
  readonly kind: "apply";
  readonly update: Expression;
  readonly target: Expression;
  readonly optimizer: Expression;
}
export interface IfStatement extends Node {
  readonly kind: "if";
  readonly static: boolean;
  readonly condition: Expression;
  readonly then: Block;
  readonly else?: Block | IfStatement;
}
export interface StaticForStatement extends Node {
  readonly kind: "staticFor";
  readonly pattern: Pattern;
  readonly range: Expression;
  readonly body: Block;
}

// ---- expressions

export type Expression =
  | NumberExpression
  | NameExpression
  | ParenthesizedExpression
  | TupleExpression
  | ListExpression
  | RecordExpression
  | FieldExpression
  | IndexExpression
  | CallExpression
  | UnaryExpression
  | BinaryExpression
  | ConditionalExpression
  | ComprehensionExpression
  | LambdaExpression
  | MapExpression
  | ScanExpression
  | FixpointExpression
  | OdesolveExpression
  | ErrorExpression;

export interface NumberExpression extends Node {
  readonly kind: "number";
  /** As written: `1`, `1.0`, `1e-4`. An integer literal has neither a point nor an exponent. */
  readonly text: string;
}
export interface NameExpression extends Node {
  readonly kind: "name";
  readonly text: string;
}
/** `(e)`: kept so that the printer and exact spans can tell it. */
export interface ParenthesizedExpression extends Node {
  readonly kind: "parenthesized";
  readonly value: Expression;
}
/** Two items or more. */
export interface TupleExpression extends Node {
  readonly kind: "tuple";
  readonly items: readonly Expression[];
}
export interface ListExpression extends Node {
  readonly kind: "list";
  readonly items: readonly { readonly spread: boolean; readonly value: Expression }[];
}
export interface RecordExpression extends Node {
  readonly kind: "record";
  /** `{ loss }` has no value: it stands for `{ loss: loss }`. */
  readonly fields: readonly { readonly name: Name; readonly value?: Expression }[];
}
export interface FieldExpression extends Node {
  readonly kind: "field";
  readonly object: Expression;
  readonly name: Name;
}
/** Generics, index names or an index: which of them, the checker decides (README.md, Grammar). */
export interface IndexExpression extends Node {
  readonly kind: "index";
  readonly object: Expression;
  readonly bracket: Bracket;
}
export interface CallExpression extends Node {
  readonly kind: "call";
  readonly callee: Expression;
  readonly arguments: readonly Argument[];
}
export interface Argument extends Node {
  readonly name?: Name;
  readonly value: Expression;
}
export interface UnaryExpression extends Node {
  readonly kind: "unary";
  readonly operator: "-" | "!";
  readonly operand: Expression;
}
export type BinaryOperator =
  | "^" | "*" | "/" | "@" | "+" | "-" | ".." | "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||" | "|>";
export interface BinaryExpression extends Node {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly operatorSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}
export interface ConditionalExpression extends Node {
  readonly kind: "conditional";
  readonly condition: Expression;
  readonly then: Expression;
  readonly else: Expression;
}
/** `for [b, i in 0..T] => e`. */
export interface ComprehensionExpression extends Node {
  readonly kind: "comprehension";
  readonly bracket: Bracket;
  readonly value: Expression;
}
export interface LambdaExpression extends Node {
  readonly kind: "lambda";
  readonly parameters: readonly Parameter[];
  readonly body: Body;
}
/** `map p in e => e` or `map p in e { ... }`. */
export interface MapExpression extends Node {
  readonly kind: "map";
  readonly pattern: Pattern;
  readonly range: Expression;
  readonly body: Body;
}
export interface Carry extends Node {
  readonly name: Name;
  readonly value: Expression;
}
export interface ScanExpression extends Node {
  readonly kind: "scan";
  readonly options: readonly Argument[];
  readonly carries: readonly Carry[];
  readonly pattern: Pattern;
  readonly range: Expression;
  readonly until?: Expression;
  readonly body: Block;
}
export interface FixpointExpression extends Node {
  readonly kind: "fixpoint";
  readonly options: readonly Argument[];
  readonly carries: readonly Carry[];
  readonly body: Body;
}
export interface OdesolveExpression extends Node {
  readonly kind: "odesolve";
  readonly options: readonly Argument[];
  readonly carries: readonly Carry[];
  readonly pattern: Pattern;
  readonly range: Expression;
  readonly body: Body;
}
/** What recovery leaves where an expression was missing; the parser has reported it, nobody else need. */
export interface ErrorExpression extends Node {
  readonly kind: "error";
}

// ---- brackets

export interface Bracket extends Node {
  readonly items: readonly BracketItem[];
}
export type BracketItem =
  /** `...` or `...S`. */
  | (Node & { readonly kind: "ellipsis"; readonly name?: Name })
  /** `:`, `2:`, `:-1`, `0:10:2`. */
  | (Node & { readonly kind: "slice"; readonly start?: Expression; readonly stop?: Expression; readonly step?: Expression })
  /** `K = 3` or `t in 0..T`. */
  | (Node & { readonly kind: "named"; readonly name: Name; readonly relation: "=" | "in"; readonly value: Expression })
  | (Node & { readonly kind: "value"; readonly value: Expression });

/** Closes every switch over a union: a new kind is a type error here. */
export function assertNever(value: never, where: string): never {
  throw new Error(`internal: ${where} does not know ${JSON.stringify(value)}`);
}
