/** `pullback build`: a program to the files of a module, or the text of a stage on the way. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { type Command, Option } from "commander";
import { diagnosticData, inSourceOrder } from "../../compiler/diagnostics/render.ts";
import { elementCount } from "../../compiler/ir/graph.ts";
import { build, type BuildResult } from "../compile.ts";
import { emitStage, type Stage, stages } from "./emit.ts";
import { byteText, type ExitCode, exitCodes, grouped, type Io, Refused, table } from "./io.ts";
import { type BuildFlags, examples, machineOptions, memorySize, sourceOptions } from "./options.ts";
import { fileProblem, readSource, refuseErrors, type Source, sourceSettings } from "./sources.ts";
import { watching } from "./watch.ts";

interface Flags extends BuildFlags {
  readonly emit?: Stage;
  readonly watch?: boolean;
}

export const buildSource = (source: Source, flags: BuildFlags): Promise<BuildResult> =>
  build(source.text, { ...sourceSettings(source, flags), targets: flags.target, inline: flags.inline, memory: flags.memory, simd: flags.simd });

function write(result: BuildResult, directory: string): { path: string; bytes: number; gzip: number }[] {
  return result.files.map(({ name, contents }) => {
    const file = path.join(directory, name);
    try {
      mkdirSync(directory, { recursive: true });
      writeFileSync(file, contents);
    } catch (error) {
      return fileProblem(file, error, "write");
    }
    return { path: file, bytes: Buffer.byteLength(contents), gzip: gzipSync(contents, { level: 9 }).length };
  });
}

async function run(file: string, flags: Flags, io: Io): Promise<{ code: ExitCode; read: readonly string[] }> {
  const start = performance.now();
  const source = readSource(file, io.cwd);
  if (flags.emit !== undefined) {
    io.out(await emitStage(flags.emit, source, flags, io));
    return { code: exitCodes.ok, read: source.files() };
  }
  const result = await buildSource(source, flags);
  try {
    refuseErrors(result.diagnostics, source, io, flags.json);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { code: exitCodes.diagnostics, read: source.files() };
  }
  const files = write(result, path.resolve(io.cwd, flags.out ?? path.dirname(file)));
  const seconds = (performance.now() - start) / 1000;
  const parameters = result.program?.states.filter(({ role }) => role === "trained").reduce((sum, { type }) => sum + elementCount(type.shape), 0) ?? 0;
  const peakBytes = result.program?.peakBytes ?? 0;
  const shown = files.map((written) => ({ ...written, path: path.relative(io.cwd, written.path) }));
  if (flags.json) {
    const diagnostics = inSourceOrder(result.diagnostics).map((diagnostic) => diagnosticData(diagnostic, source.sources));
    io.out(`${JSON.stringify({ files: shown, parameters, peakBytes, seconds, diagnostics })}\n`);
  } else {
    const code = shown.filter((written) => !written.path.endsWith(".d.ts"));
    const total = code.reduce((sum, { bytes, gzip }) => ({ bytes: sum.bytes + bytes, gzip: sum.gzip + gzip }), { bytes: 0, gzip: 0 });
    const rows = [...shown, { path: "to ship", ...total }].map(({ path: name, bytes, gzip }) => [name, byteText(bytes), `gzip ${byteText(gzip)}`]);
    io.out(`${table(rows)}${grouped(parameters)} parameters, ${byteText(peakBytes)} of memory at the peak, built in ${seconds.toFixed(2)} s\n`);
  }
  return { code: exitCodes.ok, read: source.files() };
}

export function buildCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program.command("build").description("compile a program to an ES module, its types and its WebAssembly");
  machineOptions(sourceOptions(command.argument("<file>", "program; - is standard input")))
    .option("--out <directory>", "where the files go (default: beside the program)")
    .option("--inline", "put the WebAssembly into the script")
    .addOption(new Option("--memory <size>", "bytes allowed at the peak, as 256K or 4M").argParser(memorySize))
    .addOption(new Option("--emit <stage>", "print a stage of the compiler instead of writing files").choices(stages))
    .option("--json", "print the result as JSON on stdout")
    .option("--watch", "build again whenever a file changes")
    .addHelpText("after", examples(
      "pullback build digits.pull",
      "pullback build digits.pull --dim B=64 --out dist --inline",
      "pullback build digits.pull --target wasm,js --memory 256K",
      "pullback build digits.pull --emit optimized",
    ))
    .action(async (file: string, flags: Flags) => done(await watching(flags.watch, io, () => run(file, flags, io))));
}

