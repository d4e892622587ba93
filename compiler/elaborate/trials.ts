/**
 * Functions and models that no entry reaches are run once on made-up sizes, so that one run finds all errors of a file.
 * A generic body may be right for some sizes only: an error counts if it comes with equal and with different sizes.
 */
import { assertNever, type Declaration, type File, type TypeExpression } from "../../grammar/index.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { callValue, type GivenArgument } from "./calls.ts";
import { Context, type Session } from "./context.ts";
import { instantiate, readModel, rootFrame } from "./models.ts";
import { Problem } from "./problem.ts";
import { Scope } from "./scope.ts";
import { freshTensor, instantiateType, openNames, parameterTypes } from "./types.ts";
import { type FunctionValue, number, tuple } from "./values.ts";

type Sizes = (index: number) => number;
const trials: readonly Sizes[] = [() => 4, (index) => 12 * (index + 2)];

export function tryUnused(session: Session, scope: Scope, file: File): void {
  for (const declaration of file.declarations) {
    if ((declaration.kind !== "fn" && declaration.kind !== "model") || session.elaborated.has(declaration)) continue;
    if (declaration.kind === "fn" && (declaration.extern || !declaration.body)) continue;
    const found = trials.map((sizes) => trial(session, scope, declaration, sizes));
    const [first, ...others] = found;
    for (const diagnostic of first) {
      const twin = (other: Diagnostic): boolean => other.code === diagnostic.code && other.span.start === diagnostic.span.start && other.span.end === diagnostic.span.end;
      if (others.every((list) => list.some(twin))) session.deferred.push({ diagnostic });
    }
  }
}

function trial(session: Session, parent: Scope, declaration: Extract<Declaration, { kind: "fn" | "model" }>, sizes: Sizes): Diagnostic[] {
  const before = session.deferred.length;
  const name = declaration.name.text;
  const scope = new Scope(parent);
  const context = new Context(session, "trial");
  const frame = { ...rootFrame(context, scope, name), mayAssign: declaration.kind === "fn" && declaration.train };
  session.trial++;
  const cells = session.cells.length;
  try {
    const open = openNames(scope, declaration.generics, [...parameterTypes(declaration.parameters), declaration.result]);
    [...open.sizes].forEach((size, i) => scope.bind(size, number(sizes(i), true, { name: size })));
    for (const pack of open.packs) scope.bind(pack, tuple([number(sizes(open.sizes.size), true)], true));
    for (const generic of declaration.generics) {
      if (generic.choices || generic.pack || scope.own(generic.name.text)) continue;
      scope.bind(generic.name.text, number(sizes(0), true));
    }
    const given: GivenArgument[] = [];
    for (const parameter of declaration.parameters) {
      if (!parameter.type || !canBeMade(parameter.type) || open.types.size > 0) return [];
      if (parameter.default) continue;
      const value = instantiateType(frame, parameter.type, (known) => freshTensor(frame, known));
      given.push({ name: parameter.name.text, value, span: parameter.span });
    }
    run(session, frame, declaration, parent, scope, given);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.diagnostic) session.report(error.diagnostic);
  } finally {
    session.trial--;
    // States that only the trial made are not the module's.
    for (const cell of session.cells.splice(cells)) session.cellsByPath.delete(cell.path);
    for (const path of [...session.modelNodes.keys()]) if (path.startsWith(trialPath)) session.modelNodes.delete(path);
  }
  return session.deferred.splice(before).map(({ diagnostic }) => diagnostic);
}

/** No argument can be made up for a function or any model. */
function canBeMade(type: TypeExpression): boolean {
  switch (type.kind) {
    case "tupleType":
      return type.items.every(canBeMade);
    case "recordType":
      return type.fields.every((field) => canBeMade(field.type));
    case "functionType":
      return false;
    case "namedType":
      return type.name.text !== "model";
    default:
      return assertNever(type, "canBeMade");
  }
}

const trialPath = "$trial";

function run(
  session: Session, frame: ReturnType<typeof rootFrame>, declaration: Extract<Declaration, { kind: "fn" | "model" }>, parent: Scope, scope: Scope, given: GivenArgument[],
): void {
  const { span } = declaration.name;
  if (declaration.kind === "fn") {
    const target: FunctionValue = { kind: "function", declaration, scope: parent, generics: declaration.generics.flatMap((generic) => {
      const bound = scope.own(generic.name.text);
      return bound && !generic.pack ? [{ name: generic.name.text, value: bound.read(frame.context), span }] : [];
    }) };
    callValue(frame, target, given, span);
    return;
  }
  const generics = declaration.generics.flatMap((generic) => {
    const bound = scope.own(generic.name.text);
    return bound && !generic.pack && !generic.default ? [{ name: generic.name.text, value: bound.read(frame.context), span }] : [];
  });
  const node = instantiate(session, { kind: "constructor", declaration, scope: parent, generics, span }, trialPath, false);
  callValue(frame, readModel(frame.context, node), given, span);
}
