// `npm run samples [-- NAME...]`: trains samples as their tests do and writes what was measured into the table of README.md.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const names = process.argv.slice(2);
const tests = names.length > 0 ? names.map((name) => `test/samples/${name}.test.ts`) : ["test/samples"];
const folder = await mkdtemp(join(tmpdir(), "figures-"));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, "run", ...tests], { cwd: fileURLToPath(new URL("..", import.meta.url)), env: { ...process.env, FIGURES: folder }, stdio: "inherit" });

const file = new URL("README.md", import.meta.url);
let table = await readFile(file, "utf8");
for (const name of (await readdir(folder)).sort()) {
  const cell = await readFile(join(folder, name), "utf8");
  table = table.replace(new RegExp(`^(\\| \\[${name}\\]\\(${name}\\.pull\\) \\| [^|]* \\| ).*( \\|)$`, "m"), (_, start, end) => start + cell + end);
}
await rm(folder, { recursive: true });
await writeFile(file, table);
process.exitCode = status ?? 1;
