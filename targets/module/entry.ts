/**
 * The script of one entry: check every argument, then write them to memory, run, read the results. Straight-line code,
 * so that a call costs little more than its kernels; all checks come before the first write.
 */
import type { Extern } from "../../compiler/ir/graph.ts";
import type { PlacedTree, Program, ProgramEntry } from "../../compiler/program.ts";
import { byteSize } from "../../compiler/program.ts";
import type { Place } from "../../compiler/schedule/kernel.ts";
import { scriptOf, waitsForHost, type ScriptPart } from "../lower/index.ts";
import { arrayType, countOf, countText, isScalar, leavesOf, member, type Names, perRow, type PlacedLeaf, property, sizeText, typeText, viewName } from "./text.ts";

/** Arrays up to here are copied element by element: quicker than a call of `set`. */
const unrolled = 8;

/** `.h[0]` as `?.h?.[0]`. */
export const optional = (path: string): string => path.replace(/\.|\[/g, (step) => (step === "." ? "?." : "?.["));

/** What generated code uses of the runtime pieces is noted in `uses`; `views` collects constants of the module. */
export interface Scope {
  readonly names: Names;
  readonly uses: Set<string>;
  readonly views: string[];
  /** Some entry waits for its host: others must not run meanwhile. */
  readonly guarded: boolean;
}

export const hasHost = (entry: ProgramEntry): boolean => waitsForHost(entry.plan);

const place = (leaf: PlacedLeaf): number => leaf.at / byteSize(leaf.type.element);
const viewOf = (leaf: PlacedLeaf): string => viewName[leaf.type.element];

/** The run-time length of a call: its name in the script, once an argument has told it. */
interface Told {
  readonly name: string;
  readonly bound: number;
  known: boolean;
}

function checkLeaf(value: string, leaf: PlacedLeaf, where: string, { uses }: Scope, length: Told | undefined): string[] {
  const { element } = leaf.type;
  const label = JSON.stringify(where);
  const lines: string[] = [];
  if (!isScalar(leaf)) {
    const Type = arrayType[element];
    uses.add("tensor");
    const type = JSON.stringify(typeText(leaf));
    if (leaf.rows && length && !length.known) {
      uses.add("rowsOf");
      lines.push(`const ${length.name} = rowsOf(${value}, ${Type}, ${perRow(leaf)}, ${length.bound}, ${label}, ${type});`);
      length.known = true;
    }
    const count = countText(leaf, length?.name);
    lines.push(`if (!(${value} instanceof ${Type} && ${value}.length === ${count})) ${value} = tensor(${value}, ${Type}, ${count}, ${label}, ${type});`);
    if (element === "bool") {
      uses.add("checkBooleans");
      lines.push(`checkBooleans(${value}, ${label});`);
    }
    if (leaf.below !== undefined) {
      uses.add("checkIndices");
      lines.push(`checkIndices(${value}, ${leaf.below}, ${label});`);
    }
    return lines;
  }
  const number = `typeof ${value} !== "number"`;
  const wrong = { f32: number, f64: number, i32: `(${value} | 0) !== ${value}`, u32: `${value} >>> 0 !== ${value}`, bool: `typeof ${value} !== "boolean"` }[element];
  uses.add("wrongScalar");
  lines.push(`if (${wrong}) wrongScalar(${value}, ${label}, "${element}");`);
  if (leaf.below !== undefined) {
    uses.add("wrongIndex");
    lines.push(`if (${value} < 0 || ${value} >= ${leaf.below}) wrongIndex(${value}, ${leaf.below}, ${label});`);
  }
  return lines;
}

/** A leaf of what was given, by the name that the checks gave it; `label` is what errors call it, a JavaScript string. */
export interface BoundLeaf {
  readonly name: string;
  readonly leaf: PlacedLeaf;
  readonly label: string;
}

/** Checks a tree and binds its leaves to local names. */
export function checkTree(
  value: string, tree: PlacedTree, where: string, label: string, scope: Scope, locals: Names, bound: BoundLeaf[], length?: Told,
): string[] {
  if (tree.kind === "tensor") {
    const place = where.replace("%", () => label);
    bound.push({ name: value, leaf: tree, label: JSON.stringify(place) });
    return checkLeaf(value, tree, place, scope, length);
  }
  scope.uses.add("wrongTree");
  const children = tree.kind === "record"
    ? tree.fields.map(({ name, tree: child }) => ({ key: `.${name}`, read: value + member(name), name, child }))
    : tree.items.map((child, index) => ({ key: `[${index}]`, read: `${value}[${index}]`, name: String(index), child }));
  const expected = tree.kind === "record" ? `an object { ${tree.fields.map(({ name }) => name).join(", ")} }` : `an array of ${tree.items.length} values`;
  const lines = [`if (Object(${value}) !== ${value}) wrongTree(${value}, ${JSON.stringify(where.replace("%", () => label))}, ${JSON.stringify(expected)});`];
  for (const { key, read, name, child } of children) {
    const inner = locals.pick(`${value}_${name}`);
    lines.push(`let ${inner} = ${read};`, ...checkTree(inner, child, where, label + key, scope, locals, bound, length));
  }
  return lines;
}

function writeLeaf(value: string, leaf: PlacedLeaf): string {
  const view = viewOf(leaf);
  const from = place(leaf);
  if (isScalar(leaf)) return `${view}[${from}] = ${value};`;
  const count = countOf(leaf);
  if (count > unrolled || leaf.rows) return `${view}.set(${value}, ${from});`;
  return Array.from({ length: count }, (_, i) => `${view}[${from + i}] = ${value}[${i}];`).join(" ");
}

/** A result: scalars as numbers, tensors as copies or in `out`. */
function readTree(tree: PlacedTree, out: ReadonlyMap<PlacedLeaf, string>, scope: Scope, prefix: string, length: string | undefined): string {
  if (tree.kind === "record") {
    return `{ ${tree.fields.map(({ name, tree: child }) => `${property(name)}: ${readTree(child, out, scope, `${prefix}_${name}`, length)}`).join(", ")} }`;
  }
  if (tree.kind === "tuple") return `[${tree.items.map((child, index) => readTree(child, out, scope, `${prefix}_${index}`, length)).join(", ")}]`;
  const view = viewOf(tree);
  const from = place(tree);
  if (isScalar(tree)) return tree.type.element === "bool" ? `${view}[${from}] === 1` : `${view}[${from}]`;
  const constant = scope.names.pick(prefix);
  scope.views.push(`const ${constant} = ${view}.subarray(${from}, ${from + countOf(tree)});`);
  const target = out.get(tree);
  const end = tree.rows ? `0, ${countText(tree, length)}` : "";
  return target === undefined ? `${constant}.slice(${end})` : `into(${target}, ${end ? `${constant}.subarray(${end})` : constant})`;
}

/** Checks of `{ out }`: each tensor of the result may have a place of its own. */
export function checkOut(entry: ProgramEntry, options: string, scope: Scope, locals: Names, out: Map<PlacedLeaf, string>, length: string | undefined): string[] {
  const leaves = entry.result === null ? [] : [...leavesOf<PlacedLeaf>(entry.result)].filter(({ leaf }) => !isScalar(leaf));
  if (leaves.length === 0) return [];
  scope.uses.add("into").add("checkOut");
  const lines: string[] = [];
  const checks: string[] = [];
  for (const { leaf, path } of leaves) {
    const name = locals.pick("out");
    out.set(leaf, name);
    const Type = arrayType[leaf.type.element];
    lines.push(`let ${name} = ${options}?.out${optional(path)};`);
    const where = JSON.stringify(`${entry.name}: out${path}`);
    const count = countText(leaf, length);
    const fits = `${name} instanceof ${Type} && ${name}.length === ${count}`;
    checks.push(`if (${name} !== undefined && !(${fits})) checkOut(${name}, ${Type}, ${count}, ${where}, ${JSON.stringify(typeText(leaf))});`);
  }
  return [...lines, ...checks];
}

/** Calls the host with copies, checks what it gives as strictly as an argument. */
function hostCall(step: { extern: string; args: readonly number[]; results: readonly number[] }, program: Program, scope: Scope, locals: Names): string[] {
  const declared = program.externs.find(({ name }) => name === step.extern);
  if (declared === undefined) throw new Error(`internal: no extern fn '${step.extern}'`);
  const placements = [...step.args];
  const args = declared.parameters.map(({ tree }) => copyTree(placeTree(tree, placements)));
  const call = `await externs[${JSON.stringify(declared.name)}](${args.join(", ")})`;
  if (declared.result === null) return [`${call};`];
  const result = locals.pick(`${declared.name}_result`);
  const bound: BoundLeaf[] = [];
  const tree = placeTree(declared.result, [...step.results]);
  const checks = checkTree(result, tree, `extern fn ${declared.name}: its result%`, "", scope, locals, bound);
  return [`let ${result} = ${call};`, ...checks, ...bound.map(({ name, leaf }) => writeLeaf(name, leaf))];
}

/** An extern's tree with the places of this call, depth first. */
export function placeTree(tree: Extern["parameters"][number]["tree"], placements: number[]): PlacedTree {
  if (tree.kind === "record") return { kind: "record", fields: tree.fields.map((field) => ({ name: field.name, tree: placeTree(field.tree, placements) })) };
  if (tree.kind === "tuple") return { kind: "tuple", items: tree.items.map((item) => placeTree(item, placements)) };
  const at = placements.shift();
  if (at === undefined) throw new Error("internal: a host step has too few placements");
  return { ...tree, at };
}

function copyTree(tree: PlacedTree): string {
  if (tree.kind === "record") return `{ ${tree.fields.map((field) => `${property(field.name)}: ${copyTree(field.tree)}`).join(", ")} }`;
  if (tree.kind === "tuple") return `[${tree.items.map(copyTree).join(", ")}]`;
  const from = place(tree);
  if (isScalar(tree)) return tree.type.element === "bool" ? `u8[${from}] === 1` : `${viewOf(tree)}[${from}]`;
  return `${viewOf(tree)}.slice(${from}, ${from + countOf(tree)})`;
}

/** Calls of the artifact's functions and, between them, of the host, in loops where those are. */
function runPlan(entry: ProgramEntry, program: Program, scope: Scope, locals: Names): string[] {
  const lines = (parts: readonly ScriptPart[], turns: readonly string[]): string[] => parts.flatMap((part): readonly string[] => {
    switch (part.kind) {
      case "routine": return [`kernels.${part.routine.symbol}(${turns.join(", ")});`];
      case "host": return hostCall(part, program, scope, locals);
      case "until": return [`if (u8[${placeText(part.test, 1, turns)}] === 1) break;`];
      case "loop": {
        const turn = locals.pick("turn");
        const body = lines(part.body, [...turns, turn]).map((line) => `  ${line}`);
        const count = part.count === undefined ? [] : [`i32[${placeText(part.count, 4, turns)}] = ${turn};`];
        return [`let ${turn} = 0;`, `for (; ${turn} < ${part.turns}; ${turn}++) {`, ...body, "}", ...count];
      }
    }
  });
  return lines(scriptOf(entry.symbol, entry.plan), []);
}

/** A place as an index into a view of elements of so many bytes. */
export function placeText(at: Place, bytes: number, turns: readonly string[]): string {
  if (typeof at === "number") return String(at / bytes);
  return [String(at.base / bytes), ...at.perTurn.map(({ depth, by }) => `${turns[depth]} * ${by / bytes}`)].join(" + ");
}

/** As JavaScript writes it. */
const numeral = (value: number | boolean): string => (Object.is(value, -0) ? "-0" : String(value));

/** What every entry's function begins with: its parameters, and the checks of its arguments before anything is written. */
/** How many parameters a call must give: those up to the last one without a default. */
export const neededOf = ({ parameters }: ProgramEntry): number => parameters.findLastIndex((parameter) => parameter.default === undefined) + 1;

export interface EntryHead {
  readonly locals: Names;
  /** Of the run-time length, if there is one. */
  readonly length?: string;
  readonly parameters: string;
  readonly checks: readonly string[];
  /** The arguments' leaves, by the names that the checks gave them. */
  readonly bound: readonly BoundLeaf[];
  /** Where the caller wants results written. */
  readonly out: ReadonlyMap<PlacedLeaf, string>;
}

export function entryHead(entry: ProgramEntry, scope: Scope): EntryHead {
  const locals = scope.names.inner();
  const parameters = entry.parameters.map((parameter) => locals.pick(parameter.name));
  const needed = neededOf(entry);
  const options = locals.pick("options");
  const length: Told | undefined = entry.length && { name: locals.pick(entry.length.name), bound: entry.length.bound, known: false };
  const bound: BoundLeaf[] = [];
  const names = entry.parameters.map((parameter) => JSON.stringify(parameter.name));
  scope.uses.add("checkCount");
  const checks = [
    ...(scope.guarded ? [`idle("${entry.name}");`] : []),
    `if (arguments.length !== ${names.length}) checkCount(arguments, [${names.join(", ")}], "${entry.name}"${needed < names.length ? `, ${needed}` : ""});`,
    ...entry.parameters.flatMap((parameter, index) =>
      checkTree(parameters[index], parameter.tree, `${entry.name}: argument ${index + 1} '%'`, parameter.name, scope, locals, bound, length)),
  ];
  // What indexes rows is checked when it is known how many there are.
  for (const { name, leaf, label } of bound) {
    if (!leaf.belowRows) continue;
    const below = sizeText(leaf.belowRows, length?.name);
    scope.uses.add(isScalar(leaf) ? "wrongIndex" : "checkIndices");
    checks.push(isScalar(leaf) ? `if (${name} < 0 || ${name} >= ${below}) wrongIndex(${name}, ${below}, ${label});` : `checkIndices(${name}, ${below}, ${label});`);
  }
  const out = new Map<PlacedLeaf, string>();
  checks.push(...checkOut(entry, options, scope, locals, out, length?.name));
  const written = entry.parameters.map((parameter, index) => (parameter.default === undefined ? parameters[index] : `${parameters[index]} = ${numeral(parameter.default)}`));
  return { locals, ...(length && { length: length.name }), parameters: [...written, options].join(", "), checks, bound, out };
}

/** The function of one entry at one choice of its variants, called `name`. */
export function entryFunction(entry: ProgramEntry, name: string, program: Program, scope: Scope): string {
  const { locals, length, parameters, checks, bound, out } = entryHead(entry, scope);
  const told = entry.length ? [`i32[${entry.length.at / 4}] = ${length};`] : [];
  const body = [...bound.map((leaf) => writeLeaf(leaf.name, leaf.leaf)), ...told, ...runPlan(entry, program, scope, locals)];
  if (entry.result !== null) body.push(`return ${readTree(entry.result, out, scope, `${name}_result`, length)};`);
  const signature = `function ${name}(${parameters})`;
  const indented = (lines: readonly string[], indent: string) => lines.map((line) => `${indent}${line}\n`).join("");
  if (!hasHost(entry)) return `  ${signature} {\n${indented([...checks, ...body], "    ")}  }\n`;
  return `  async ${signature} {
${indented([...checks, "const before = states.slice();", `running = "${entry.name}";`], "    ")}    try {
${indented(body, "      ")}    } catch (error) {
      states.set(before);
      throw error;
    } finally {
      running = undefined;
    }
  }\n`;
}
