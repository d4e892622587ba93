/** Top-level names: the file, the files that it uses, the library, the built-in functions. Order is free, so all is lazy. */
import { type Declaration, type File, parse, type Pattern, type Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { invariant } from "../diagnostics/diagnostic.ts";
import { library } from "../std/index.ts";
import { builtins } from "./builtins/index.ts";
import { Context, type Frame, type Session, type StateNode } from "./context.ts";
import { evaluate } from "./expressions.ts";
import { refuseBounds } from "./bounds.ts";
import { refuseLater } from "./later.ts";
import { complete, layerNode, rootFrame } from "./models.ts";
import { fail, Problem } from "./problem.ts";
import { recursiveTypes } from "./recursive-types.ts";
import { Scope } from "./scope.ts";
import { createStates, readNode } from "./states.ts";
import { atBuild, bindPattern, evaluateBinding } from "./statements.ts";
import { isSize } from "./types.ts";
import { boolean, describe, number, poison, training, type Value } from "./values.ts";

export interface FileOptions {
  readonly dims: Readonly<Record<string, number>>;
  readonly read?: (specifier: string, from: string) => string | undefined;
}

/** The built-in names. */
function rootScope(): Scope {
  const scope = new Scope(null);
  for (const name of Object.keys(builtins())) scope.bind(name, { kind: "builtin", name });
  scope.bind("core", { kind: "builtin", name: "core" });
  scope.bind("true", boolean(true));
  scope.bind("false", boolean(false));
  scope.bind("inf", number(Number.POSITIVE_INFINITY, false));
  scope.bind("nan", number(Number.NaN, false));
  scope.bind("pi", number(Math.PI, false));
  scope.bind("training", training);
  return scope;
}

/** A declaration of the library, parsed when its name is first looked up: a program uses a handful of them. */
interface LibraryEntry {
  readonly name: string;
  readonly file: string;
  /** Blank up to the declaration, so that spans are places in the whole file. */
  readonly text: string;
  parsed?: Declaration;
}

let indexed: readonly LibraryEntry[] | undefined;
/** Declarations of the library begin at the start of a line; what stands before the next one belongs to them. */
function libraryIndex(): readonly LibraryEntry[] {
  indexed ??= Object.entries(library).flatMap(([file, text]) => {
    const starts = [...text.matchAll(/^(?:fn|model|optimizer|rules|const|type) (\w+)/gm)];
    return starts.map((start, i): LibraryEntry => ({ name: start[1], file, text: `${" ".repeat(start.index)}${text.slice(start.index, starts[i + 1]?.index)}` }));
  });
  return indexed;
}

function libraryDeclaration(entry: LibraryEntry): Declaration {
  if (!entry.parsed) {
    const { file, problems } = parse(entry.text, entry.file);
    invariant(problems.length === 0 && file.declarations.length === 1, () => `${entry.file} does not parse at ${entry.name}: ${problems[0]?.message}`);
    entry.parsed = file.declarations[0];
  }
  return entry.parsed;
}

export class Files {
  private readonly library: Scope;
  private readonly loaded = new Map<string, Scope>();
  private readonly loading: string[] = [];
  /** Of the main file and those that it uses. */
  readonly declarations: Declaration[] = [];

  constructor(private readonly session: Session, private readonly options: FileOptions) {
    this.library = new Scope(rootScope());
    for (const entry of libraryIndex()) this.declareLazily(entry);
  }

  private declareLazily(entry: LibraryEntry): void {
    this.library.define(entry.name, {
      read: (context) => {
        this.declare(libraryDeclaration(entry), this.library, false);
        return this.library.own(entry.name)?.read(context) ?? poison;
      },
    });
  }

  /** Rule sets of the program's files, and those of the library among the names. */
  ruleSets(names: ReadonlySet<string>): readonly Extract<Declaration, { kind: "rules" }>[] {
    const used = libraryIndex().filter((entry) => names.has(entry.name)).map(libraryDeclaration);
    return [...this.declarations, ...used].filter((declaration) => declaration.kind === "rules");
  }

  /** Declares a program's main file: its names, with those of the files it uses around. */
  main(file: File): Scope {
    this.loading.push(file.span.file);
    const scope = this.fileScope(file);
    this.loading.pop();
    this.declareAll(file, scope, true);
    return scope;
  }

  /** A scope for the file's own names inside of the names it uses. */
  private fileScope(file: File): Scope {
    const used = new Scope(this.library);
    for (const declaration of file.declarations) {
      if (declaration.kind !== "use") continue;
      try {
        this.use(declaration, file.span.file, used);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.diagnostic) this.session.report(error.diagnostic);
      }
    }
    return new Scope(used);
  }

  private use(declaration: Extract<Declaration, { kind: "use" }>, from: string, into: Scope): void {
    const text = this.options.read?.(declaration.path, from);
    if (text === undefined) return fail(say.fileNotFound(declaration.pathSpan, declaration.path));
    const name = resolveSpecifier(declaration.path, from);
    if (this.loading.includes(name)) return fail(say.cyclicUse(declaration.pathSpan, [...this.loading, name]));
    let scope = this.loaded.get(name);
    if (!scope) {
      const { file, problems } = parse(text, name);
      for (const problem of problems) this.session.report(say.syntax(problem.span, problem.message, problem.help));
      this.loading.push(name);
      scope = this.fileScope(file);
      this.loading.pop();
      this.declareAll(file, scope, false);
      this.loaded.set(name, scope);
    }
    for (const own of scope.ownNames()) {
      const binding = scope.own(own);
      if (binding) into.define(own, binding);
    }
  }

  private declareAll(file: File, scope: Scope, main: boolean): void {
    this.declarations.push(...file.declarations);
    refuseLater(this.session, file);
    refuseBounds(this.session, file);
    for (const declaration of file.declarations) {
      for (const name of namesOf(declaration)) {
        const before = scope.own(name.text);
        if (before) this.session.report(say.declaredTwice(name.span, name.text, before.span));
      }
      this.declare(declaration, scope, main);
    }
    for (const { name } of recursiveTypes(file.declarations.filter((declaration) => declaration.kind === "type"))) {
      this.session.report(say.needsItself(name.span, name.text));
      scope.bind(name.text, poison, name.span);
    }
  }

  private declare(declaration: Declaration, scope: Scope, main: boolean): void {
    switch (declaration.kind) {
      case "use":
        return;
      case "dim": {
        const { name } = declaration;
        this.lazy(scope, name.text, name.span, () => this.dim(declaration, scope), true);
        return;
      }
      case "const":
        return this.constant(declaration, scope);
      case "var":
        if (main) this.variable(declaration, scope);
        return;
      case "type":
        return scope.bind(declaration.name.text, { kind: "type", declaration, scope }, declaration.name.span);
      case "fn":
        if (!main && declaration.exported) return;
        return scope.bind(declaration.name.text, { kind: "function", declaration, scope, generics: [] }, declaration.name.span);
      case "model":
        return scope.bind(declaration.name.text, { kind: "constructor", declaration, scope, generics: [], span: declaration.name.span }, declaration.name.span);
      case "optimizer":
        return scope.bind(declaration.name.text, { kind: "optimizer", declaration, scope, options: new Map(), span: declaration.name.span }, declaration.name.span);
      case "rules":
        return scope.bind(declaration.name.text, { kind: "rules", declaration, scope: new Scope(scope) }, declaration.name.span);
    }
  }

  /** Binds a name to a value that is computed when it is first read; a name that needs itself is an error. */
  private lazy(scope: Scope, name: string, span: Span, compute: () => Value, single?: true): void {
    let state: Value | "open" | "busy" = "open";
    scope.define(name, {
      span,
      single,
      read: () => {
        if (state === "busy") return fail(say.needsItself(span, name));
        if (state !== "open") return state;
        state = "busy";
        try {
          state = this.session.forReal(compute);
        } catch (error) {
          state = poison;
          if (!(error instanceof Problem)) throw error;
          const { diagnostic } = error;
          if (diagnostic) this.session.forReal(() => this.session.report(diagnostic));
        }
        return state;
      },
    });
  }

  private dim(declaration: Extract<Declaration, { kind: "dim" }>, scope: Scope): Value {
    const { name } = declaration;
    const given = this.options.dims[name.text];
    const axis = { name: name.text, span: name.span };
    if (given !== undefined) return number(given, true, axis);
    const frame = rootFrame(new Context(this.session, "build"), scope, `dim ${name.text}`);
    const value = evaluate(frame, declaration.value);
    if (value.kind === "poison") throw new Problem(null);
    if (value.kind !== "number" || !isSize(value.value)) return fail(say.dimNotWhole(declaration.value.span, name.text, describe(value)));
    return number(value.value, true, axis);
  }

  private constant(declaration: Extract<Declaration, { kind: "const" }>, scope: Scope): void {
    const names = patternNames(declaration.pattern);
    const holder = new Scope(scope);
    let done = false;
    const computeAll = (): void => {
      if (done) return;
      done = true;
      const frame: Frame = rootFrame(new Context(this.session, "build"), holder, `const ${names[0]?.text ?? ""}`);
      const value = atBuild(frame, names[0]?.text ?? "const", (inner) => evaluateBinding(inner, declaration));
      bindPattern(frame, declaration.pattern, value);
    };
    for (const name of names) {
      this.lazy(scope, name.text, name.span, () => {
        computeAll();
        return holder.own(name.text)?.read(this.session.init) ?? poison;
      });
    }
  }

  private variable(declaration: Extract<Declaration, { kind: "var" }>, scope: Scope): void {
    const { name, frozen } = declaration;
    const path = name.text;
    let node: StateNode | "open" | "busy" | "broken" = "open";
    const create = (): StateNode => {
      if (node === "busy") return fail(say.needsItself(name.span, path));
      if (node === "broken") throw new Problem(null);
      if (node !== "open") return node;
      return this.session.forReal(make);
    };
    const make = (): StateNode => {
      node = "busy";
      try {
        const frame = rootFrame(new Context(this.session, "trial"), scope, `var ${path}`);
        node = declaration.bracket
          ? layerNode(frame, declaration, path, frozen, [])
          : createStates(this.session, frame, { type: declaration.type, value: declaration.value, span: declaration.span }, path, frozen ? "frozen" : "var");
        this.session.roots.set(path, node);
        this.session.rootSpans.set(path, name.span);
        completeAll(this.session, node, name.span);
        return node;
      } catch (error) {
        node = "broken";
        if (error instanceof Problem && error.diagnostic) this.session.report(error.diagnostic);
        throw error instanceof Problem ? new Problem(null) : error;
      }
    };
    scope.define(path, {
      span: name.span,
      read: (context) => readNode(context, create()),
      target: { path, local: false },
    });
  }
}

/** Instances whose generics are all given get their members at once: they can be used as trees before any call. */
function completeAll(session: Session, node: StateNode, span: Span): void {
  if (node.kind === "tuple") node.items.forEach((item) => completeAll(session, item, span));
  if (node.kind === "record") [...node.fields.values()].forEach((field) => completeAll(session, field, span));
  if (node.kind === "model" && node.pending && !node.inferred) complete(session, node, span);
}

export const resolveSpecifier = (specifier: string, from: string): string => {
  const base = from.includes("/") ? from.slice(0, from.lastIndexOf("/") + 1) : "";
  const parts: string[] = [];
  for (const part of `${base}${specifier}`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
};

const patternNames = (pattern: Pattern): { text: string; span: Span }[] =>
  (pattern.kind === "namePattern" ? [pattern.name] : pattern.items.flatMap(patternNames));

function namesOf(declaration: Declaration): { text: string; span: Span }[] {
  if (declaration.kind === "use") return [];
  return declaration.kind === "const" ? patternNames(declaration.pattern) : [declaration.name];
}
