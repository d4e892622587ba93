/** `--emit`: the stages between text and module, as text. */
import { printDerived, refuseDerived, simplified } from "../../compiler/elaborate/derived.ts";
import { printGraph } from "../../compiler/ir/print.ts";
import { positionOf } from "../../compiler/diagnostics/render.ts";
import { parse, type Span } from "../../grammar/index.ts";
import { targetFor } from "../compile.ts";
import { compile } from "../../compiler/index.ts";
import { emitText } from "../wasm/index.ts";
import type { Io } from "./io.ts";
import type { BuildFlags } from "./options.ts";
import { printKernels, printPlan } from "../../compiler/schedule/print.ts";
import { refuseErrors, type Source, sourceSettings } from "./sources.ts";

export const stages = ["ast", "graph", "grad", "optimized", "kernels", "plan", "wat", "js", "wgsl"] as const;
export type Stage = (typeof stages)[number];

export async function emitStage(stage: Stage, source: Source, flags: BuildFlags, io: Io): Promise<string> {
  if (stage === "ast") {
    const { file } = parse(source.text, source.file);
    return `${JSON.stringify(file, (key, value: unknown) => (key === "span" ? undefined : value), 2)}\n`;
  }
  const target = targetFor(stage === "wat" ? "wasm" : stage === "js" || stage === "wgsl" ? stage : flags.target[0], flags.simd);
  const { diagnostics, graph, optimized, program, artifacts } = await compile(source.text, { ...sourceSettings(source, flags), targets: [target] });
  refuseErrors(diagnostics, source, io, flags.json);
  if (graph === null || optimized === null || program === null) return "";
  switch (stage) {
    case "graph": return printGraph(graph);
    case "grad": {
      const simple = simplified(graph);
      refuseErrors(refuseDerived(simple), source, io, flags.json);
      return printDerived(simple, ({ span }) => lineOf(source, span));
    }
    case "optimized": return printGraph(optimized);
    case "kernels": return printKernels(program);
    case "plan": return printPlan(program);
    case "wat": return emitText(program);
    case "wgsl": return artifacts.map((artifact) => (artifact.kind === "wgsl" ? artifact.shaders.map(({ name, code }) => `// ${name}\n${code}\n`).join("\n") : "")).join("");
    case "js": return artifacts.map((artifact) => (artifact.kind === "js" ? `${artifact.source}\n` : "")).join("");
  }
}

/** What a derived line comes from: `digits.pull:9`; lines of the library say nothing. */
function lineOf(source: Source, span: Span): string {
  return span.file === source.file ? `${span.file}:${positionOf(source.text, span.start).line}` : "";
}
