/** A program under the f64 reference, called with plain numbers: for tests of what the language means. */
import { renderDiagnostics } from "../../compiler/diagnostics/render.ts";
import { elaborate, type ElaborateOptions } from "../../compiler/elaborate/index.ts";
import type { Tree } from "../../compiler/ir/graph.ts";
import { ReferenceModule, tensor } from "../../compiler/reference/index.ts";

/** A scalar, or a tensor's elements in any nesting. */
export type Numbers = number | readonly Numbers[];

const flat = (value: Numbers): number[] => (typeof value === "number" ? [value] : value.flatMap(flat));
const typesOf = (tree: Tree): Extract<Tree, { kind: "tensor" }>["type"][] => {
  if (tree.kind === "tensor") return [tree.type];
  return tree.kind === "tuple" ? tree.items.flatMap(typesOf) : tree.fields.flatMap((field) => typesOf(field.tree));
};

export interface Program {
  readonly module: ReferenceModule;
  /** The result's leaves, each as its elements; the arguments' leaves one by one. */
  call(name: string, ...args: readonly Numbers[]): number[][];
  variant(name: string, sizes: Readonly<Record<string, number>>, ...args: readonly Numbers[]): number[][];
  state(path: string): number[];
  /** Paths of the states, but for the random generator's. */
  readonly paths: readonly string[];
}

export function program(source: string, { seed = 0, ...options }: Partial<ElaborateOptions> & { readonly seed?: number } = {}): Program {
  const { graph, diagnostics } = elaborate(source, { file: "test.pull", ...options });
  if (!graph) throw new Error(renderDiagnostics(diagnostics, { source: () => source }));
  const module = new ReferenceModule(graph, { seed });
  const variant: Program["variant"] = (name, sizes, ...args) => {
    const types = module.entry(name, sizes).parameters.flatMap((parameter) => typesOf(parameter.tree));
    return module.call(name, sizes, types.map((type, i) => tensor(type, flat(args[i])))).map(({ data }) => Array.from(data));
  };
  return {
    module, variant,
    call: (name, ...args) => variant(name, {}, ...args),
    state: (path) => Array.from(module.state(path).data),
    paths: [...module.states.keys()].filter((path) => !path.startsWith("$")),
  };
}

/** The messages of a program's diagnostics. */
export const messages = (source: string): string[] => elaborate(source, { file: "test.pull" }).diagnostics.map(({ message }) => message);

/** The result's leaves of `main`, whose body is given. */
export const results = (body: string, declarations = ""): number[][] => program(`${declarations}\nexport fn main() {\n${body}\n}`).call("main");
