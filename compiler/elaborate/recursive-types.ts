/** `type T = { next: T }`: a type is its definition written out, so none may need itself. */
import type { TypeDeclaration, TypeExpression } from "../../grammar/index.ts";
import { assertNever } from "../../grammar/index.ts";
import type { Session } from "./context.ts";
import type { Scope } from "./scope.ts";

export function needsItself(session: Session, declaration: TypeDeclaration, scope: Scope): boolean {
  const seen = new Set<TypeDeclaration>();
  const reaches = (from: TypeDeclaration): boolean => {
    if (seen.has(from)) return false;
    seen.add(from);
    return namedIn(from.type).some((name) => {
      const value = scope.find(name)?.read(session.init);
      return value?.kind === "type" && (value.declaration === declaration || reaches(value.declaration));
    });
  };
  return reaches(declaration);
}

function namedIn(type: TypeExpression): string[] {
  switch (type.kind) {
    case "namedType":
      return [type.name.text];
    case "tupleType":
      return type.items.flatMap(namedIn);
    case "recordType":
      return type.fields.flatMap((field) => namedIn(field.type));
    case "functionType":
      return [...type.parameters, type.result].flatMap(namedIn);
    default:
      return assertNever(type, "namedIn");
  }
}
