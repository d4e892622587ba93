/**
 * Kernels and plans as text.
 *
 *     kernel scale (x: f32[8], y: f32[8])
 *       for i0 = 0 .. 8 step 4
 *         y[i0]:4 = mul.f32x4(x[i0]:4, splat.f32x4(2))
 */
import { assertNever, elementCount } from "../ir/graph.ts";
import { byteSize, type Program } from "../program.ts";
import type { Expression, Index, Kernel, Place, Statement, Step } from "./kernel.ts";

function indexText({ base, terms, offset }: Index): string {
  const parts = [
    ...terms.map(([variable, factor]) => (factor === 1 ? `i${variable}` : `${factor}*i${variable}`)),
    ...(offset === undefined ? [] : [`l${offset}`]),
    ...(base !== 0 ? [String(base)] : []),
  ];
  return parts.join(" + ").replaceAll("+ -", "- ") || "0";
}

const lanesText = (lanes: number, count: number | undefined): string => (lanes === 1 ? "" : `:${count ?? lanes}`);

function expressionText(of: Expression, kernel: Kernel): string {
  switch (of.kind) {
    case "literal": return Object.is(of.value, -0) ? "-0" : String(of.value);
    case "local": return `l${of.local}`;
    case "index": return `index(${indexText(of.at)})${lanesText(of.lanes, undefined)}`;
    case "load": return `${kernel.buffers[of.buffer].name}[${indexText(of.at)}]${lanesText(of.lanes, of.count)}`;
    case "lane": return `${expressionText(of.of, kernel)}.${"xyzw"[of.lane]}`;
    case "apply": return `${of.op}.${of.type}${of.lanes === 1 ? "" : `x${of.lanes}`}(${of.args.map((arg) => expressionText(arg, kernel)).join(", ")})`;
    default: return assertNever(of, "expressionText");
  }
}

function statementText(of: Statement, kernel: Kernel, indent: string): string {
  const inside = (body: readonly Statement[]): string => body.map((statement) => statementText(statement, kernel, `${indent}  `)).join("");
  const value = (expression: Expression): string => expressionText(expression, kernel);
  switch (of.kind) {
    case "loop": {
      const word = of.mode === "unroll" ? "unroll" : "for";
      return `${indent}${word} i${of.variable} = ${indexText(of.from)} .. ${indexText(of.to)} step ${of.step}\n${inside(of.body)}`;
    }
    case "if": return `${indent}if ${value(of.test)}\n${inside(of.then)}${of.else.length ? `${indent}else\n${inside(of.else)}` : ""}`;
    case "let": return `${indent}l${of.local} = ${value(of.value)}\n`;
    case "store": return `${indent}${kernel.buffers[of.buffer].name}[${indexText(of.at)}]${lanesText(of.lanes, of.count)} = ${value(of.value)}\n`;
    case "combine": return `${indent}l${of.local} = ${of.op} of the lanes of ${value(of.value)}\n`;
    case "fence": return `${indent}fence\n`;
    case "bind": return `${indent}i${of.variable} = ${value(of.value)}\n`;
    case "barrier": return `${indent}barrier\n`;
    case "leave": return `${indent}leave if ${value(of.test)}\n`;
    default: return assertNever(of, "statementText");
  }
}

export function printKernel(kernel: Kernel): string {
  const buffers = kernel.buffers.map(({ name, storage, length, space }) => `${space === "memory" ? "" : `${space} `}${name}: ${storage}[${length}]`);
  const grid = kernel.grid === undefined ? "" : ` by ${kernel.grid.workgroups} workgroups of ${kernel.grid.invocations}`;
  return `kernel ${kernel.name} (${buffers.join(", ")})${grid}\n${kernel.body.map((statement) => statementText(statement, kernel, "  ")).join("")}`;
}

export const printKernels = ({ kernels }: Program): string => kernels.map(printKernel).join("\n");

/** `64`, or in loops `64 + 16*t0`: t0 counts the turns of the outermost. */
function placeText(at: Place): string {
  if (typeof at === "number") return String(at);
  return [String(at.base), ...at.perTurn.map(({ depth, by }) => `${by}*t${depth}`)].join(" + ").replaceAll("+ -", "- ");
}

function stepText(step: Step, program: Program, depth: number): string {
  const { kernels } = program;
  const line = (text: string): string => `${"  ".repeat(depth + 1)}${text}\n`;
  switch (step.kind) {
    case "run": {
      const buffers = kernels[step.kernel].buffers.filter(({ space }) => space === "memory");
      return line(`run ${kernels[step.kernel].name} (${step.bindings.map((at, i) => `${buffers[i]?.name} at ${placeText(at)}`).join(", ")})`);
    }
    case "copy": return line(`copy ${step.bytes} bytes from ${placeText(step.from)} to ${placeText(step.to)}`);
    case "host": return line(`host ${step.extern} (${step.args.join(", ")}) -> (${step.results.join(", ")})`);
    case "index": return line(`store i32 ${placeText(step.value)} at ${placeText(step.at)}`);
    case "until": return line(`until ${placeText(step.test)}`);
    case "loop": {
      const count = step.count === undefined ? "" : `, turns to ${placeText(step.count)}`;
      return line(`loop t${depth} < ${step.turns}${count}`) + step.body.map((inner) => stepText(inner, program, depth + 1)).join("");
    }
    default: return assertNever(step, "stepText");
  }
}

/** The layout of the memory, then the steps of every entry. */
export function printPlan(program: Program): string {
  const states = program.states.map(({ path, type: { element, shape }, at }) =>
    `  ${at}: ${path} ${element}[${shape.join(",")}], ${byteSize(element) * elementCount(shape)} bytes\n`);
  const constants = program.constants.map(({ at, bytes }) => `  ${at}: constant, ${bytes.length} bytes\n`);
  const { constantBytes, stateBytes, arenaBytes } = program.memory;
  const head = `memory ${program.peakBytes} bytes: constants ${constantBytes}, state ${stateBytes}, arena ${arenaBytes}\n${[...constants, ...states].join("")}`;
  const plans = [{ symbol: "init", plan: program.init.plan }, ...program.entries];
  return [head, ...plans.map(({ symbol, plan }) => `plan ${symbol}\n${plan.map((step) => stepText(step, program, 0)).join("")}`)].join("\n");
}
