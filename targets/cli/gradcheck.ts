/** `pullback gradcheck`: every derivative that a program's entries ask for, against central differences. */
import type { Command } from "commander";
import { checkGradients, compareAdjoints, type LeafReport, type RequestReport } from "../../compiler/index.ts";
import { positionOf } from "../../compiler/diagnostics/render.ts";
import { check } from "../compile.ts";
import { exitCodes, type ExitCode, type Io } from "./io.ts";
import { examples, type SourceFlags, sourceOptions } from "./options.ts";
import { readSource, refuseErrors, type Source, sourceSettings } from "./sources.ts";

const number = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value));

function leafText({ label, type, checked, worst, ok }: LeafReport): string {
  const count = type.shape.reduce((product, size) => product * size, 1);
  const elements = `${checked === count ? "" : `${checked} of `}${count} element${count === 1 ? "" : "s"}`;
  if (worst === null) return `  ${label}: nothing to compare\n`;
  const where = worst.at.length ? `${label}[${worst.at.join(", ")}]` : label;
  const numbers = `derivative ${number(worst.derivative)}, differences ${number(worst.difference)}`;
  return ok ? `  ${label}: ${elements}, worst ${where}, off by ${worst.error.toExponential(1)}\n` : `  ${label}: ${elements}, worst ${where}: ${numbers}\n`;
}

const verdicts: Readonly<Record<RequestReport["verdict"], string>> = {
  exact: "right", wrong: "WRONG", intended: "differs on purpose", unknown: "no finite values at the point tried",
};

function requestText(report: RequestReport, { sources }: Source): string {
  const text = sources(report.span.file);
  const line = text === undefined ? "" : `:${positionOf(text, report.span.start).line}`;
  const reason = report.verdict !== "intended" ? "" : report.ruleSet ? `: rules ${report.ruleSet}` : `: surrogate rule of ${report.surrogates.join(", ")}`;
  return `${report.entry} (${report.span.file}${line}): ${verdicts[report.verdict]}${reason}\n${report.leaves.map(leafText).join("")}`;
}

interface Flags extends SourceFlags {
  readonly adjoint?: string;
}

/** The derivatives as written, and with another adjoint of `odesolve`. */
function compare(adjoint: string, source: Source, flags: Flags, io: Io): ExitCode {
  const settings = sourceSettings(source, flags);
  const [written, other] = [check(source.text, settings), check(source.text, { ...settings, adjoint })];
  for (const { diagnostics } of [written, other]) refuseErrors(diagnostics, source, io, flags.json);
  const reports = written.graph ? compareAdjoints(written.requests, other.requests, written.graph) : [];
  const placed = reports.map(({ span, ...report }) => ({ ...report, file: span.file, start: positionOf(source.sources(span.file) ?? "", span.start) }));
  if (flags.json) io.out(`${JSON.stringify({ adjoint, requests: placed })}\n`);
  else if (placed.length === 0) io.out(`${source.file} asks for no derivatives\n`);
  else {
    const leaf = ({ label, apart }: (typeof placed)[number]["leaves"][number]): string => `  ${label}: ${apart === 0 ? "the same" : `apart by ${apart.toExponential(1)} of the largest`}\n`;
    io.out(placed.map(({ entry, file, start, leaves }) => `${entry} (${file}:${start.line}): as written, and with adjoint = ${adjoint}\n${leaves.map(leaf).join("")}`).join(""));
  }
  return exitCodes.ok;
}

function gradcheck(file: string, flags: Flags, io: Io): ExitCode {
  const source = readSource(file, io.cwd);
  if (flags.adjoint !== undefined) return compare(flags.adjoint, source, flags, io);
  const { graph, diagnostics, requests } = check(source.text, sourceSettings(source, flags));
  refuseErrors(diagnostics, source, io, flags.json);
  const reports = graph ? checkGradients(requests, graph) : [];
  const wrong = reports.filter(({ verdict }) => verdict === "wrong");
  if (flags.json) {
    const start = ({ file: name, start: offset }: RequestReport["span"]) => positionOf(source.sources(name) ?? "", offset);
    io.out(`${JSON.stringify({ requests: reports.map(({ span, ...report }) => ({ ...report, file: span.file, start: start(span) })) })}\n`);
  } else {
    io.out(reports.map((report) => requestText(report, source)).join(""));
    io.out(reports.length === 0 ? `${file} asks for no derivatives\n` : `${reports.length} derivative${reports.length === 1 ? "" : "s"}, ${wrong.length} wrong\n`);
  }
  return wrong.length > 0 ? exitCodes.diagnostics : exitCodes.ok;
}

export function gradcheckCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program.command("gradcheck").description("compare every derivative that a program asks for with central differences in f64");
  sourceOptions(command.argument("<file>", "program"))
    .option("--adjoint <name>", "compare with the derivatives by another adjoint of odesolve instead")
    .option("--json", "print the result as JSON on stdout")
    .addHelpText("after", "\nA rule marked surrogate, or a rule set, differs on purpose: it is reported and does not fail.")
    .addHelpText("after", examples("pullback gradcheck digits.pull", "pullback gradcheck digits.pull --dim B=4", "pullback gradcheck ode.pull --adjoint discrete"))
    .action((file: string, flags: Flags) => done(gradcheck(file, flags, io)));
}
