/** The compiler: source text to a program and, through the targets that it is handed, to artifacts. */
import { overBudget } from "./budget.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { elaborate, type Elaborated } from "./elaborate/index.ts";
import type { Graph } from "./ir/graph.ts";
import { checkProofs } from "./proofs.ts";
import { optimize } from "./optimize/index.ts";
import type { Artifact, Program, Target } from "./program.ts";
import { refuseForDevice, schedule } from "./schedule/index.ts";

export interface SourceOptions {
  /** Name of the file in diagnostics, and what `use` is relative to. */
  readonly file: string;
  /** In place of what the file says: `{ B: 64 }`. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Of draws made `const`. Default: 0. */
  readonly seed?: number;
  /** The adjoint of every `odesolve`, in place of what it says. */
  readonly adjoint?: string;
  /** The text that `use "specifier"` in file `from` means; undefined if there is none. Default: there are none. */
  readonly read?: (specifier: string, from: string) => string | undefined;
}

export interface CompileOptions extends SourceOptions {
  /** The first one's machine decides the schedule; a target for a grid of invocations has one of its own. */
  readonly targets: readonly Target[];
  /** Allow what changes the bits of floating-point results. Default: false. */
  readonly fastMath?: boolean;
  /** Bytes that the program may use at its peak. Default: any number. */
  readonly memory?: number;
}

export interface CheckResult {
  /** null if there are errors. */
  readonly graph: Graph | null;
  readonly diagnostics: readonly Diagnostic[];
}

export interface CompileResult extends CheckResult {
  /** The graph after the optimizer; null if there are errors. */
  readonly optimized: Graph | null;
  readonly program: Program | null;
  readonly artifacts: readonly Artifact[];
}

export type { CheckedRequest, Elaborated } from "./elaborate/index.ts";
export { compareAdjoints } from "./gradcheck/adjoints.ts";
export { checkGradients, type LeafReport, type RequestReport } from "./gradcheck/index.ts";

/** Everything that can be wrong with a source text. Never throws for one. */
export const check = (source: string, options: SourceOptions): Elaborated => elaborate(source, options);

export async function compile(source: string, options: CompileOptions): Promise<CompileResult> {
  const { graph, diagnostics, proofs } = elaborate(source, options);
  if (graph === null) return { graph, diagnostics, optimized: null, program: null, artifacts: [] };
  const optimized = optimize(graph, { fastMath: options.fastMath });
  const unfit = options.targets.some((target) => target.machine.parallel === true) ? refuseForDevice(optimized) : [];
  if (unfit.length > 0) return { graph, diagnostics: [...diagnostics, ...unfit], optimized, program: null, artifacts: [] };
  const { machine } = options.targets.find((target) => target.machine.parallel !== true) ?? options.targets[0];
  const program = schedule(optimized, machine);
  const refused = [...overBudget(program, optimized, options), ...checkProofs(proofs, optimized, program)];
  if (refused.length > 0) return { graph, diagnostics: [...diagnostics, ...refused], optimized, program, artifacts: [] };
  const programFor = (target: Target): Program => (target.machine.parallel === machine.parallel ? program : schedule(optimized, target.machine));
  const artifacts = await Promise.all(options.targets.map((target) => target.emit(programFor(target))));
  return { graph, diagnostics, optimized, program, artifacts };
}
