/** Every sample's model compiles under `lrp_operations`: relevance gets wherever its gradient gets. */
import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { elaborate } from "../../compiler/elaborate/index.ts";
import type { Entry, Tree } from "../../compiler/ir/graph.ts";
import { sampleText } from "./support.ts";

const names = (await readdir(new URL("../../samples/", import.meta.url))).flatMap((file) => (file.endsWith(".pull") ? [file.slice(0, -5)] : []));
const texts = new Map<string, string>(await Promise.all(names.map(async (name) => [`${name}.pull`, await sampleText(name)] as const)));

const typeText = (tree: Tree): string => {
  switch (tree.kind) {
    case "tensor": return tree.type.shape.length === 0 ? tree.type.element : `${tree.type.element}[${tree.type.shape.join(", ")}]`;
    case "record": return `{ ${tree.fields.map((field) => `${field.name}: ${typeText(field.tree)}`).join(", ")} }`;
    case "tuple": return `(${tree.items.map(typeText).join(", ")})`;
  }
};
/** Where no credit gets from what an entry is given to its results: a rule without derivative, layers that stop it, and counts. */
const without = ["perceptron", "forward-forward", "local-errors", "continual"];

const isFloats = (tree: Tree): boolean => tree.kind === "tensor" && tree.type.element === "f32" && tree.type.shape.length > 0;

const resultsOf = ({ result }: Entry): readonly (readonly [path: string, tree: Tree])[] => {
  if (result === null) return [];
  return result.kind === "record" ? result.fields.map((field) => [`y.${field.name}`, field.tree]) : [["y", result]];
};

/** Entries that ask for the credit of the tensors that an entry is given, else of all `var`s but whole numbers, to each of its results. */
function asking(text: string, entry: Entry, using: string): string[] {
  const { name, parameters } = entry;
  const vars = [...text.matchAll(/^var (\w+)\b(?!: i32)/gm)].map(([, root]) => root);
  const given = parameters.filter(({ tree }) => isFloats(tree)).map((parameter) => parameter.name);
  const asked = given.length > 0 ? given : vars;
  return resultsOf(entry).filter(([, tree]) => isFloats(tree) || typeText(tree) === "f32").map(([path]) =>
    `export train fn asked_${name}_${path.replace(".", "_")}(${parameters.map((parameter) => `${parameter.name}: ${typeText(parameter.tree)}`).join(", ")}) {
      let y = ${name}(${parameters.map((parameter) => parameter.name).join(", ")})
      return pull(${path}, (${asked.join(", ")}), ${path}${using})
    }`);
}

/** What is wrong with the sample and the entries that ask, by line. */
function problems(name: string, text: string, entries: readonly Entry[], using: string): readonly string[] {
  const source = `${text}\n${entries.flatMap((entry) => asking(text, entry, using)).join("\n")}`;
  const { diagnostics } = elaborate(source, { file: `${name}.pull`, read: (file) => texts.get(file) });
  return diagnostics.filter(({ severity }) => severity === "error").map(({ span, message }) => `${source.slice(0, span.start).split("\n").length}: ${message}`);
}

describe("lrp_operations", () => {
  test.each(names)("%s", (name) => {
    const text = texts.get(`${name}.pull`) ?? "";
    const { graph } = elaborate(text, { file: `${name}.pull`, read: (file) => texts.get(file) });
    const entries = (graph?.entries ?? []).filter((entry, i, all) => all.findIndex((other) => other.name === entry.name) === i);
    const exact = problems(name, text, entries, "");
    expect(exact.length < entries.flatMap((entry) => asking(text, entry, "")).length).toBe(!without.includes(name));
    expect(problems(name, text, entries, ", using = lrp_operations")).toEqual(exact);
  }, 120_000);
});
