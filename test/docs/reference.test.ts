/** The language reference: its programs have no problems, what it calls wrong is wrong in these words, its lists are whole. */
import { describe, expect, it } from "vitest";
import { builtins } from "../../compiler/elaborate/builtins/index.ts";
import { check, render } from "../../targets/index.ts";
import { blocksOf, readDocument } from "./blocks.ts";
import { libraryPage } from "./lists.ts";

const reference = readDocument("grammar/README.md");
const blocks = blocksOf(reference);

it.each(blocks.filter(({ kind }) => kind === "pull"))("the program at line $line has no problems", ({ text }) => {
  expect(render(check(text, { file: "example.pull" }), () => text)).toBe("");
});

it.each(blocks.filter(({ kind }) => kind === "pull-later"))("each declaration at line $line is refused by name", ({ text }) => {
  for (const declaration of text.split(/\n\n(?=\S)/)) {
    const statement = useOf(declaration);
    const source = `${declaration}\nexport fn use_it() -> f32 {\n${statement}  return 1.0\n}\n`;
    expect(check(source, { file: "later.pull" }).map(({ code }) => code), declaration).toContain("later");
  }
});

/** Functions are checked where they are used: a statement that calls one. */
function useOf(declaration: string): string {
  const [, name, type] = /^fn (\w+)\(\w+: (f32(?:\[\d+\])?)\)/.exec(declaration) ?? [];
  return name === undefined ? "" : `  let used = ${name}(${type === "f32" ? "1.0" : type.replace(/f32(.*)/, "zeros($1)")})\n`;
}

// `npx vitest run test/docs -u` writes what is shown, and the library's page, anew.
it("wrong programs are wrong in the words that are shown", async () => {
  const shown = reference.replace(/^```pull-wrong (.*)\n([\s\S]*?)^```\n\n```error\n[\s\S]*?^```$/gm, (_, name: string, text: string) => {
    const said = render(check(text, { file: name }), () => text).trimEnd();
    return `\`\`\`pull-wrong ${name}\n${text}\`\`\`\n\n\`\`\`error\n${said}\n\`\`\``;
  });
  await expect(shown).toMatchFileSnapshot("../../grammar/README.md");
});

describe("lists", () => {
  it("every built-in function stands in the table, with its parameters", () => {
    const section = reference.split("## Built-in functions")[1].split("\n## ")[0];
    const listed = [...section.matchAll(/^\| `(\w+\([^)]*\))` \|/gm)].map(([, head]) => head);
    const known = Object.entries(builtins()).map(([name, { names, variadic }]) => `${name}(${[...(variadic ? ["..."] : []), ...names].join(", ")})`);
    expect([...listed].sort()).toEqual([...known].sort());
  });
  it("the library's page is up to date", async () => {
    await expect(libraryPage()).toMatchFileSnapshot("../../grammar/library.md");
  });
  it("links lead to headings and files that exist", () => {
    const page = readDocument("grammar/library.md");
    const anchors = (text: string) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-"));
    const links = [...reference.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]*)\)/g)].map(([, link]) => link);
    const known = [...anchors(reference).map((anchor) => `#${anchor}`), "library.md", ...anchors(page).map((anchor) => `library.md#${anchor}`)];
    expect(links.filter((link) => !known.includes(link))).toEqual([]);
  });
});
