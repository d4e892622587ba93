/** `type T = { next: T }`: a type is its definition written out, so none may need itself. */
import { assertNever, type TypeDeclaration, type TypeExpression } from "../../grammar/index.ts";

/** Those of a file's types that need themselves. */
export function recursiveTypes(declarations: readonly TypeDeclaration[]): TypeDeclaration[] {
  const types = new Map(declarations.map((declaration) => [declaration.name.text, declaration]));
  return declarations.filter((declaration) => {
    const seen = new Set<TypeDeclaration>();
    const reaches = (from: TypeDeclaration): boolean => namedIn(from.type).some((name) => {
      const next = types.get(name);
      if (next === undefined || seen.has(next)) return false;
      seen.add(next);
      return next === declaration || reaches(next);
    });
    return reaches(declaration);
  });
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
