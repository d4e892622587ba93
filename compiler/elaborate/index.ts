/**
 * From text to graph: parses, checks and builds in one walk. It is an abstract interpreter: every call is inlined with
 * the sizes of its arguments, every derivative request runs where it stands, and what comes out are plain ops.
 */
import { type Declaration, type File, type FunctionDeclaration, parse, type RulesDeclaration, type Span } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Graph, Region, StateId } from "../ir/graph.ts";
import { withLengths } from "../lengths/index.ts";
import { reportRepeated } from "./repeated.ts";
import { buildEntries, buildInit, type BuiltEntry } from "./entries.ts";
import type { DerivativeRequest, Proof } from "./context.ts";
import { Session } from "./context.ts";
import { Files } from "./files.ts";
import { checkPointType, type MovedPoint } from "./points.ts";
import { Problem } from "./problem.ts";
import { isOperation, ofOperations } from "./operation-names.ts";
import { checkRuleSet } from "./rule-sets.ts";
import type { Scope } from "./scope.ts";
import { tryUnused } from "./trials.ts";
import { walkBody, walkExpression } from "./walk.ts";

export interface ElaborateOptions {
  /** The name that spans carry. */
  readonly file: string;
  /** Overrides of the file's `dim`s. */
  readonly dims?: Readonly<Record<string, number>>;
  /** The build's seed: draws in `const`. Default 0. */
  readonly seed?: number;
  /** The adjoint of every `odesolve`, in place of what it says. */
  readonly adjoint?: string;
  /** Text of a file named by `use`, relative to the file that names it. */
  readonly read?: (specifier: string, from: string) => string | undefined;
}

/** A derivative that an entry asked for, in a region that keeps every node, for numerical checks. */
export interface CheckedRequest extends DerivativeRequest {
  readonly entry: string;
  readonly variant: Readonly<Record<string, number>>;
  readonly region: Region;
  /** The states that the region's first params are; arguments follow. */
  readonly reads: readonly StateId[];
  /** Values with a tangent of their own among the params and what the derivative is by: these are moved by their steps. */
  readonly points: readonly MovedPoint[];
}

export interface EntryProof {
  readonly entry: string;
  readonly variant: Readonly<Record<string, number>>;
  readonly proof: Proof;
}

export interface Elaborated {
  /** null where there are errors. */
  readonly graph: Graph | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly requests: readonly CheckedRequest[];
  readonly proofs: readonly EntryProof[];
  readonly file: File;
}

export function elaborate(source: string, options: ElaborateOptions): Elaborated {
  const first = elaborateAt(source, options, (bound) => bound);
  return first.graph?.entries.some(({ length }) => length) ? withLengths(first, first.graph, (sizeFor) => elaborateAt(source, options, sizeFor)) : first;
}

/** `sizeFor`: what a run-time length of the given bound is taken for. */
function elaborateAt(source: string, options: ElaborateOptions, sizeFor: (bound: number) => number): Elaborated {
  const { file, problems } = parse(source, options.file);
  const session = new Session(options.seed ?? 0, options.adjoint, sizeFor);
  for (const problem of problems) session.report(say.syntax(problem.span, problem.message, problem.help));
  const files = new Files(session, { dims: options.dims ?? {}, read: options.read });
  const scope = files.main(file);
  checkDims(session, file, options.dims ?? {});
  collectRules(session, files);
  for (const declaration of file.declarations) if (declaration.kind === "rules") checkRuleSet(session, declaration, scope);
  for (const declaration of file.declarations) if (declaration.kind === "type" && declaration.tangent) checkPointType(session, declaration, scope);
  const built = buildEntries(session, scope, file);
  touchAll(session, scope, file);
  const init = buildInit(session);
  tryUnused(session, scope, file);
  if (built.length === 0 && session.diagnostics.length === 0 && options.file && !file.declarations.some(isEntry)) {
    session.report({ ...say.nothingExported({ ...file.span, end: file.span.start }), severity: "warning" });
  }
  const diagnostics = reportRepeated(session, file.declarations, problems.map((problem) => problem.span));
  const failed = diagnostics.some((diagnostic) => diagnostic.severity === "error");
  return {
    graph: failed || !init ? null : {
      entries: built.map((entry) => entry.entry),
      states: session.cells.map(({ path, type, axes, role, span, caller }) => ({ path, type, axes: type.shape.map((_, i) => axes.at(i)?.name ?? null), role, span, ...(caller && { caller }) })),
      init, externs: session.externs, sites: session.sites,
    },
    diagnostics,
    requests: built.flatMap(requestsOf),
    proofs: built.flatMap(({ entry, proofs }) => proofs.map((proof) => ({ entry: entry.name, variant: entry.variant, proof }))),
    file,
  };
}

const isEntry = (declaration: Declaration): declaration is FunctionDeclaration => declaration.kind === "fn" && declaration.exported;

function requestsOf({ entry, requests, points, full }: BuiltEntry): CheckedRequest[] {
  return requests.map((request) => ({
    entry: entry.name, variant: entry.variant, span: request.span, region: full.region, reads: full.reads,
    of: request.of.map(full.id), seeds: request.seeds.map(full.id),
    wrt: request.wrt.map(({ label, id }) => ({ label, id: full.id(id) })),
    gradients: request.gradients.map((id) => (id === null ? null : full.id(id))),
    surrogates: request.surrogates, ruleSet: request.ruleSet,
    points: points.map(({ type, value, step, moved }) => ({ type, value: full.id(value), step: full.id(step), moved: full.id(moved) })),
  }));
}

/** `--dim` of a name that the file does not have. */
function checkDims(session: Session, file: File, dims: Readonly<Record<string, number>>): void {
  const known = file.declarations.flatMap((declaration) => (declaration.kind === "dim" ? [declaration.name.text] : []));
  for (const name of Object.keys(dims)) if (!known.includes(name)) session.report(say.unknownDim({ ...file.span, end: file.span.start }, name, known));
}

/** Calls of what rule sets name must be marked: those of the program's files, and those of the library that they mention. */
function collectRules(session: Session, files: Files): void {
  const mentioned = new Set<string>();
  const visit = (expression: { readonly kind: string; readonly text?: string }): void => {
    if (expression.kind === "name" && expression.text) mentioned.add(expression.text);
  };
  const collect = (declaration: RulesDeclaration): void => {
    const { items, otherwise } = declaration;
    const operations = ofOperations(declaration);
    for (const { target } of items) if (!operations || !isOperation(target.text)) session.ruledNames.add(target.text);
    if (otherwise?.text === "error") session.markOperators = true;
  };
  for (const declaration of files.declarations) {
    if (declaration.kind === "fn" && declaration.body) walkBody(declaration.body, visit);
    if (declaration.kind === "model") walkBody(declaration.body, visit);
    if (declaration.kind === "fn" || declaration.kind === "model") declaration.rules.forEach((rule) => walkBody(rule.body, visit));
    if (declaration.kind === "const") walkExpression(declaration.value, visit);
  }
  files.ruleSets(mentioned).forEach(collect);
}

/** Reads every top-level name once, so that an error in an unused one is found and every `var` exists. */
function touchAll(session: Session, scope: Scope, file: File): void {
  for (const declaration of file.declarations) {
    if (declaration.kind !== "dim" && declaration.kind !== "const" && declaration.kind !== "var") continue;
    const names = declaration.kind === "const" ? scope.ownNames().filter((name) => scope.own(name)?.span?.start === declaration.pattern.span.start) : [declaration.name.text];
    session.place = declaration.span;
    for (const name of names) {
      try {
        scope.own(name)?.read(session.init);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.diagnostic) session.report(error.diagnostic);
      }
    }
  }
}
