/** A stretch of a plan as lines of text: calls of kernels, copies, and loops whose turns are counted in `t0` (the outermost), `t1`, ... */
import type { Program } from "../../compiler/program.ts";
import type { KernelId, Moving, Place, Scalar } from "../../compiler/schedule/kernel.ts";
import { withoutHost, type Bindings, type RoutineStep } from "../lower/index.ts";
import { elementAt, views } from "./kernel.ts";

export class PlanWriter {
  /** Whether a step copies bytes, through the view `bytes`. */
  copies = false;
  readonly #program: Program;
  readonly #bindings: ReadonlyMap<KernelId, Bindings>;
  readonly #views: Set<Scalar>;

  /** `used` gets the views that the lines need. */
  constructor(program: Program, bindings: ReadonlyMap<KernelId, Bindings>, used: Set<Scalar>) {
    this.#program = program;
    this.#bindings = bindings;
    this.#views = used;
  }

  lines(steps: readonly RoutineStep[], depth = 0): string[] {
    return steps.flatMap((step) => this.#step(step, depth));
  }

  #step(step: RoutineStep, depth: number): readonly string[] {
    switch (step.kind) {
      case "copy":
        this.copies = true;
        return [`bytes.copyWithin(${numberText(step.to)}, ${numberText(step.from)}, ${numberText(shifted(step.from, step.bytes))});`];
      case "run": {
        const places = this.#bindings.get(step.kernel) ?? [];
        const storages = this.#program.kernels[step.kernel].buffers.filter(({ space }) => space === "memory").map(({ storage }) => storage);
        const open = step.bindings.flatMap((at, index) => (places[index] === null ? [elementText(storages[index], at)] : []));
        return [`k${step.kernel}(${open.join(", ")});`];
      }
      case "index":
        return [`${this.#cell("i32", step.at)} = ${numberText(step.value)};`];
      case "until":
        return [`if (${this.#cell("bool", step.test)} !== 0) break;`];
      case "loop": {
        const turn = `t${depth}`;
        const body = this.lines(withoutHost(step.body), depth + 1);
        const head = `${turn} < ${step.turns}; ${turn}++) {`;
        if (step.count === undefined) return [`for (let ${turn} = 0; ${head}`, ...body, "}"];
        return [`{`, `let ${turn} = 0;`, `for (; ${head}`, ...body, "}", `${this.#cell("i32", step.count)} = ${turn};`, "}"];
      }
    }
  }

  #cell(type: Scalar, at: Place): string {
    this.#views.add(type);
    return `${views[type].name}[${elementText(type, at)}]`;
  }
}

const shifted = (at: Place, bytes: number): Place => (typeof at === "number" ? at + bytes : { ...at, base: at.base + bytes });

/** A place as an index into a view. */
function elementText(type: Scalar, at: Place): string {
  if (typeof at === "number") return String(elementAt(type, at));
  return numberText({ base: elementAt(type, at.base), perTurn: at.perTurn.map(({ depth, by }) => ({ depth, by: elementAt(type, by) })) });
}

function numberText(at: Place | Moving): string {
  if (typeof at === "number") return String(at);
  return [String(at.base), ...at.perTurn.map(({ depth, by }) => `t${depth} * ${by}`)].join(" + ");
}
