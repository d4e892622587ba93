/** The `pullback` command. */
import { processIo } from "./io.ts";
import { runCommand } from "./index.ts";

process.exitCode = await runCommand(process.argv.slice(2), processIo());
