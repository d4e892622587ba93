/** Checks of rule sets where they are declared: a line that names nothing would silently do nothing. */
import type { RulesDeclaration } from "../../grammar/index.ts";
import { say } from "../diagnostics/catalogue.ts";
import { builtins } from "./builtins/index.ts";
import type { Session } from "./context.ts";
import { coreNames, ofOperations } from "./operation-names.ts";
import { operatorNames } from "./operators.ts";
import type { Scope } from "./scope.ts";

const endings: readonly string[] = ["exact", "error", "core"];
const operators: readonly string[] = [...Object.values(operatorNames), "neg"];

export function checkRuleSet(session: Session, declaration: RulesDeclaration, scope: Scope): void {
  const { items, otherwise } = declaration;
  const operations = ofOperations(declaration) ? coreNames() : [];
  for (const { target, place } of items) {
    const name = target.text;
    if (place && !scope.find(place.root.text)) session.report(say.unknownName(place.root.span, place.root.text, scope.names()));
    if (operators.includes(name) || operations.includes(name)) continue;
    const found = scope.find(name)?.read(session.init);
    if (!found) session.report(say.unknownName(target.span, name, [...operators, ...operations, ...scope.names()]));
    else if (found.kind === "builtin" ? !builtins()[found.name]?.ruled : found.kind !== "function" && found.kind !== "constructor") session.report(say.noRuleFor(target.span, name));
  }
  if (otherwise && !endings.includes(otherwise.text)) session.report(say.ruleElse(otherwise.span, otherwise.text));
}
