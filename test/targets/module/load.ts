/** Imports generated files as a module, without a disk. */
import type { Artifact, Program } from "../../../compiler/program.ts";
import { type ModuleOptions, writeModule } from "../../../targets/module/index.ts";

// The API of a generated module is only known when it is generated.
export type Loaded = any; // its methods are the entries of the program

export function scriptOf(program: Program, artifacts: readonly Artifact[], options: Partial<ModuleOptions> = {}): string {
  const file = writeModule(program, artifacts, { name: "toy", ...options }).find(({ name }) => name.endsWith(".js"));
  return String(file?.contents);
}

export async function importScript(script: string): Promise<Loaded> {
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(script).toString("base64")}`);
}
