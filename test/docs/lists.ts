/** The lists that documents hold, made from what they list. */
import { explanations } from "../../compiler/diagnostics/catalogue.ts";
import { library } from "../../compiler/std/index.ts";
import { type Declaration, parse } from "../../grammar/index.ts";

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** `softmax(x: f32[...S], axis = -1)`: a declaration's head as it is written. */
function headOf(declaration: Declaration, source: string): string | undefined {
  switch (declaration.kind) {
    case "fn":
    case "model":
    case "optimizer":
    case "rules": {
      const last = declaration.parameters.at(-1);
      const generics = "generics" in declaration ? declaration.generics.at(-1) : undefined;
      const start = declaration.name.span.start;
      if (last) return oneLine(`${source.slice(start, last.span.end)})`);
      if (declaration.kind === "rules") return declaration.name.text;
      return generics ? `${oneLine(source.slice(start, generics.span.end))}]()` : `${declaration.name.text}()`;
    }
    case "type":
      return oneLine(source.slice(declaration.span.start, declaration.span.end));
    default:
      return undefined;
  }
}

/** Comment above a file's first declaration. */
function introduction(source: string): string {
  const lines = source.split("\n");
  const comment = lines.slice(0, lines.findIndex((line) => !line.startsWith("//") || line.startsWith("///")));
  return oneLine(comment.map((line) => line.replace(/^\/\/ ?/, "")).join(" "));
}

/** The text of grammar/library.md. */
export function libraryPage(): string {
  const sections = Object.entries(library).map(([file, source]) => {
    const entries = parse(source, file).file.declarations.flatMap((declaration) => {
      const head = declaration.doc === undefined ? undefined : headOf(declaration, source);
      return head === undefined ? [] : [`- \`${head}\`: ${oneLine(declaration.doc ?? "")}\n`];
    });
    return `## ${file.replace(/^std\/|\.pull$/g, "")}\n\n${introduction(source)}\n\n${entries.join("")}`;
  });
  const codes = Object.entries(explanations).sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, text]) => `- \`${code}\`: ${oneLine(text)}\n`);
  return `# The library

What is written in the language itself, in \`compiler/std\`, a section for each file; all its names are known in every program. The [built-in
functions](README.md#built-in-functions) stand in the language reference. This page is made from the library's text and its comments.

${sections.join("\n")}
## Codes

What errors are about; \`pullback explain CODE\` says the same.

${codes.join("")}`;
}
