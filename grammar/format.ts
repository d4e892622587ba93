/** The canonical form of a program. */
import type { File } from "./ast.ts";
import { placeComments } from "./comments.ts";
import { hardline, render } from "./doc.ts";
import { declarationDoc } from "./layout-declaration.ts";
import { commentLines, joinLines, sequence } from "./layout.ts";
import { parse, type SyntaxProblem } from "./parse.ts";

export type FormatResult = { readonly text: string; readonly problems?: undefined } | { readonly problems: readonly SyntaxProblem[] };

const width = 120;
const maxTurns = 6;

/**
 * Comments and single blank lines are kept; what fits 120 columns stands on one line, unless it is a block or record that its author
 * began on a new line. Formatting twice changes nothing, and the syntax tree is the same up to spans. A program with syntax
 * errors is not formatted.
 */
export function format(source: string): FormatResult {
  let text = source;
  // A comment that had to move may hang on something else where it landed: then it settles in one more turn.
  for (let turn = 0; turn < maxTurns; turn++) {
    const { file, problems } = parse(text, "");
    if (problems.length > 0) return { problems };
    const next = formatFile(file, text);
    if (next === text) break;
    text = next;
  }
  return { text };
}

function formatFile(file: File, source: string): string {
  const places = placeComments(file, source);
  const at = { source, places };
  const body = sequence(file.declarations, (declaration) => declarationDoc(declaration, at), at);
  const loose = joinLines(commentLines(places.inside.get(file) ?? []), source);
  const text = render([body, loose, hardline], width).trim();
  return text === "" ? "" : `${text}\n`;
}
