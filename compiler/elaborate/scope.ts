/** Names in blocks, inside out. */
import type { Span } from "../../grammar/index.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Context } from "./context.ts";
import type { ModelValue, Value } from "./values.ts";

export interface Binding {
  /** Read at each use: module state changes between two uses of its name. */
  read(context: Context): Value;
  readonly span?: Span;
  /** The state behind a name that `<-` may assign. */
  readonly target?: AssignTarget;
  /** The state of a computed model: it ends with the call. */
  assign?(value: Value): void;
  /** A `dim`: one size, so that `...S` in a signature cannot mean it. */
  readonly single?: true;
}

/** Where an assignment goes: the path of a state or of a tree of states. */
export interface AssignTarget {
  /** Path of the root in the module's state. */
  readonly path: string;
  /** The model whose member it is: of a family it may be one. */
  readonly self?: ModelValue;
  /** An optimizer's own slot or parameter: assigned wherever the optimizer runs. */
  readonly local?: boolean;
}

export class Scope {
  private readonly bindings = new Map<string, Binding>();
  private readonly types = new Set<string>();
  /** Generics that nothing has told, and what to say of one that is needed. */
  private readonly untold = new Map<string, Diagnostic>();
  readonly parent: Scope | null;

  constructor(parent: Scope | null) {
    this.parent = parent;
  }

  bind(name: string, value: Value, span?: Span): void {
    this.bindings.set(name, { read: () => value, span });
    if (value.kind === "type") this.types.add(name);
  }
  define(name: string, binding: Binding): void {
    this.bindings.set(name, binding);
  }
  own(name: string): Binding | undefined {
    return this.bindings.get(name);
  }
  find(name: string): Binding | undefined {
    for (let scope: Scope | null = this; scope; scope = scope.parent) {
      const binding = scope.bindings.get(name);
      if (binding) return binding;
    }
    return undefined;
  }
  /** What `...S` in a signature may mean. */
  findPack(name: string): Binding | undefined {
    const binding = this.find(name);
    return binding?.single ? undefined : binding;
  }
  /** A scope in which the names of loop carries keep the values that they have now. */
  frozen(context: Context): Scope {
    const inner = new Scope(this);
    for (const name of this.names()) {
      const binding = this.find(name);
      if (binding?.assign) inner.bind(name, binding.read(context), binding.span);
    }
    return inner;
  }
  leaveOpen(name: string, diagnostic: Diagnostic): void {
    this.untold.set(name, diagnostic);
  }
  whyUnbound(name: string): Diagnostic | undefined {
    for (let scope: Scope | null = this; scope; scope = scope.parent) {
      const diagnostic = scope.untold.get(name);
      if (diagnostic) return diagnostic;
    }
    return undefined;
  }
  ownNames(): string[] {
    return [...this.bindings.keys()];
  }
  /** The names of types in reach. */
  typeNames(): string[] {
    return [...this.types, ...(this.parent?.typeNames() ?? [])];
  }
  /** All names in reach, for near-miss help. */
  names(): string[] {
    const names = new Set<string>();
    for (let scope: Scope | null = this; scope; scope = scope.parent) for (const name of scope.bindings.keys()) names.add(name);
    return [...names];
  }
}
