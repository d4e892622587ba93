/** `pullback types`: the types that TypeScript looks for beside programs which a bundler's plugin imports. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { build } from "../compile.ts";
import { exitCodes, type ExitCode, type Io, Refused } from "./io.ts";
import { examples, sourceOptions, type SourceFlags } from "./options.ts";
import { fileProblem, readSource, refuseErrors, sourceSettings } from "./sources.ts";

async function writeTypes(files: readonly string[], flags: SourceFlags, io: Io): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  for (const file of files) {
    const source = readSource(file, io.cwd);
    const result = await build(source.text, { ...sourceSettings(source, flags), importTypes: true });
    try {
      refuseErrors(result.diagnostics, source, io);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      code = exitCodes.diagnostics;
      continue;
    }
    for (const { name, contents } of result.files.filter(({ name }) => /\.d\.pull\.ts(?:\.map)?$/.test(name))) {
      const written = path.join(path.dirname(file), name);
      try {
        writeFileSync(path.resolve(io.cwd, written), contents);
      } catch (error) {
        fileProblem(written, error, "write");
      }
      if (name.endsWith(".ts")) io.out(`${written}\n`);
    }
  }
  return code;
}

export function typesCommand(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const command = program.command("types").description("write x.d.pull.ts beside each x.pull: the types of `import ... from \"./x.pull\"`");
  sourceOptions(command.argument("<files...>", "programs"))
    .addHelpText("after", examples("pullback types src/*.pull && tsc --noEmit"))
    .action(async (files: readonly string[], flags: SourceFlags) => done(await writeTypes(files, flags, io)));
}
