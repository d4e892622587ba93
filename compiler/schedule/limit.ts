/**
 * Loops over rows end at the run-time length: those whose turns beyond it store nothing that anybody looks at.
 *
 *     for i in 0 .. 256 { for j in 0 .. 64 { out[64 i + j] = ... } }     ->     for i in 0 .. min(256, n) { ... }
 */
import type { RunTimeSize, ValueId } from "../ir/graph.ts";
import type { Demands } from "./demand.ts";
import { apply, at, literal, load, local, setLocal } from "./expression.ts";
import type { BufferId, Expression, Index, Kernel, LocalId, Statement } from "./kernel.ts";
import type { Run, Unit } from "./unit.ts";

type Loop = Extract<Statement, { kind: "loop" }>;

/** The unit, with all its loops as short as what is asked of its results allows. */
export function limited(unit: Unit, demands: Demands): Unit {
  const runs = unit.runs.map((run) => limitRun(run, demands));
  return runs.every((run, i) => run === unit.runs[i]) ? unit : { ...unit, runs, reads: [...new Set([...unit.reads, demands.length])] };
}

function limitRun(run: Run, { of, length }: Demands): Run {
  const { kernel, bindings } = run;
  if (kernel.grid !== undefined) return run;
  const memory = kernel.buffers.flatMap(({ space }, id) => (space === "memory" ? [id as BufferId] : [])); // an index of `buffers`
  const prefixes = new Map<BufferId, RunTimeSize | "scratch">();
  memory.forEach((buffer, i) => {
    const binding = bindings[i];
    if (binding.kind === "scratch") return prefixes.set(buffer, "scratch");
    const demand = of[binding.value];
    if (demand !== undefined && demand !== "all" && binding.byteOffset === 0) prefixes.set(buffer, demand);
  });
  kernel.buffers.forEach(({ space }, id) => { if (space !== "memory") prefixes.set(id as BufferId, "scratch"); }); // as above
  const made = new Limiter(kernel, prefixes).kernel();
  return made === null ? run : { kernel: made, bindings: [...bindings, lengthBinding(length)] };
}

const lengthBinding = (value: ValueId) => ({ kind: "value", value, byteOffset: 0 }) as const;

class Limiter {
  readonly #kernel: Kernel;
  readonly #prefixes: ReadonlyMap<BufferId, RunTimeSize | "scratch">;
  /** Loops that may end early, and how many turns' variables are below what counts: (times * n + plus) / by, rounded up. */
  readonly #limits = new Map<Loop, readonly Limit[]>();
  readonly #locals: { type: "i32"; lanes: 1 }[] = [];
  readonly #start: Statement[] = [];
  /** By what they are. */
  readonly #ends = new Map<string, LocalId>();

  constructor(kernel: Kernel, prefixes: ReadonlyMap<BufferId, RunTimeSize | "scratch">) {
    this.#kernel = kernel;
    this.#prefixes = prefixes;
  }

  /** null: nothing changes. */
  kernel(): Kernel | null {
    const { body, buffers, locals } = this.#kernel;
    this.#find(body, []);
    if (this.#limits.size === 0) return null;
    const length = this.#local();
    this.#start.push(setLocal(length, load(buffers.length as BufferId, at(0)))); // the buffer that is added
    const rewritten = this.#rewrite(body, length);
    return {
      ...this.#kernel, body: [...this.#start, ...rewritten], locals: [...locals, ...this.#locals],
      buffers: [...buffers, { name: "length", storage: "i32", length: 1, space: "memory" }],
    };
  }

  #local(): LocalId {
    return (this.#kernel.locals.length + this.#locals.push({ type: "i32", lanes: 1 }) - 1) as LocalId; // an index of the new kernel's locals
  }

  #find(body: readonly Statement[], around: readonly (readonly Statement[])[]): void {
    body.forEach((statement, i) => {
      if (statement.kind === "if") return [statement.then, statement.else].forEach((branch) => this.#find(branch, [...around, without(body, i)]));
      if (statement.kind !== "loop") return;
      const limits = statement.mode === "serial" ? this.#limitsOf(statement, [...around, without(body, i)]) : null;
      if (limits) this.#limits.set(statement, limits);
      this.#find(statement.body, [...around, without(body, i)]);
    });
  }

  /** null: its last turns are needed. */
  #limitsOf(loop: Loop, others: readonly (readonly Statement[])[]): readonly Limit[] | null {
    if (loop.to.terms.length > 0 || loop.to.offset !== undefined || loop.from.offset !== undefined) return null;
    const inside = accessesOf(loop.body);
    const outside = accessesOf(others.flat());
    if ([...inside.sets].some((id) => outside.gets.has(id))) return null;
    const limits: Limit[] = [];
    for (const { buffer, index } of inside.stores) {
      const prefix = this.#prefixes.get(buffer);
      if (prefix === undefined) return null;
      if (prefix === "scratch") {
        if (outside.loads.has(buffer)) return null;
        continue;
      }
      const by = index.terms.find(([variable]) => variable === loop.variable)?.[1] ?? 0;
      const ascends = index.offset === undefined && index.base >= 0 && index.terms.every(([, factor]) => factor >= 0);
      if (by <= 0 || !ascends) return null;
      limits.push({ ...prefix, by });
    }
    // A length of 1 must make a difference: loops over columns are no longer for more rows.
    const shorter = limits.every(({ times, plus, by }) => times + plus <= by * (loop.to.base - loop.step));
    return limits.length > 0 && shorter ? limits : null;
  }

  #rewrite(body: readonly Statement[], length: LocalId): readonly Statement[] {
    return body.map((statement): Statement => {
      if (statement.kind === "if") return { ...statement, then: this.#rewrite(statement.then, length), else: this.#rewrite(statement.else, length) };
      if (statement.kind !== "loop") return statement;
      const limits = this.#limits.get(statement);
      const inside = this.#rewrite(statement.body, length);
      return limits ? { ...statement, body: inside, to: { base: 0, terms: [], offset: this.#end(statement.to.base, limits, length) } } : { ...statement, body: inside };
    });
  }

  /** min(to, max(limits)), in a local that is set once. */
  #end(to: number, limits: readonly Limit[], length: LocalId): LocalId {
    const i32 = (value: number): Expression => literal(value, "i32");
    const op = (name: "add" | "mul" | "idiv" | "max" | "min", a: Expression, b: Expression): Expression => apply(name, "i32", 1, a, b);
    const different = new Map(limits.map((limit) => [`${limit.times} ${limit.plus} ${limit.by}`, limit]));
    const key = `${to}: ${[...different.keys()].sort().join()}`;
    const known = this.#ends.get(key);
    if (known !== undefined) return known;
    const ends = [...different.values()].map(({ times, plus, by }) => {
      const exact = times % by === 0 && plus % by === 0;
      const [slope, start] = exact ? [times / by, plus / by] : [times, plus + by - 1];
      const product = slope === 1 ? local(length) : op("mul", local(length), i32(slope));
      const sum = start === 0 ? product : op("add", product, i32(start));
      return exact ? sum : op("idiv", sum, i32(by));
    });
    const end = this.#local();
    this.#ends.set(key, end);
    this.#start.push(setLocal(end, op("min", ends.reduce((a, b) => op("max", a, b)), i32(to))));
    return end;
  }
}

interface Limit extends RunTimeSize {
  readonly by: number;
}

const without = (body: readonly Statement[], position: number): readonly Statement[] => body.filter((_, i) => i !== position);

interface Accesses {
  readonly stores: { readonly buffer: BufferId; readonly index: Index }[];
  readonly loads: Set<BufferId>;
  readonly sets: Set<LocalId>;
  readonly gets: Set<LocalId>;
}

function accessesOf(body: readonly Statement[]): Accesses {
  const found: Accesses = { stores: [], loads: new Set(), sets: new Set(), gets: new Set() };
  const index = ({ offset }: Index): void => { if (offset !== undefined) found.gets.add(offset); };
  const expression = (of: Expression): void => {
    switch (of.kind) {
      case "literal": return;
      case "local": found.gets.add(of.local); return;
      case "index": return index(of.at);
      case "load": found.loads.add(of.buffer); return index(of.at);
      case "lane": return expression(of.of);
      case "apply": return of.args.forEach(expression);
    }
  };
  const statement = (of: Statement): void => {
    switch (of.kind) {
      case "loop": index(of.from); index(of.to); return of.body.forEach(statement);
      case "if": expression(of.test); of.then.forEach(statement); return of.else.forEach(statement);
      case "let": case "combine": found.sets.add(of.local); return expression(of.value);
      case "store": found.stores.push({ buffer: of.buffer, index: of.at }); index(of.at); return expression(of.value);
      case "bind": return expression(of.value);
      case "fence": case "barrier": return;
    }
  };
  body.forEach(statement);
  return found;
}
