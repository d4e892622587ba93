/** The `pullback` command. */
import { processIo } from "./io.ts";
import { runCommand } from "./index.ts";

// A reader that has seen enough (`| head`) ends the command, quietly.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runCommand(process.argv.slice(2), processIo());
