/** The script that an import gets: a built module, the URL of its WebAssembly, a client of its worker, or its hot form. */
import hotSource from "../../runtime/hot.ts?source";
import workerClientSource from "../../runtime/worker-client.ts?source";
import workerHostSource from "../../runtime/worker-host.ts?source";
import { pieces } from "../module/embed.ts";
import type { OutputFile } from "../module/index.ts";
import { placeMark } from "./build.ts";
import { OptionError, type Request } from "./options.ts";

/** A file for the bundler to ship. */
export interface Asset {
  readonly name: string;
  readonly contents: string | Uint8Array;
}

export interface ScriptContext {
  /** Hands a file to the bundler. @returns JavaScript whose value is its URL */
  readonly asset: (file: Asset) => string;
  /** The module is swapped in place when its program changes. */
  readonly hot: boolean;
}

/** How a module's `create` begins. */
const creator = "export async function create";

const find = (files: readonly OutputFile[], ending: string): OutputFile | undefined => files.find(({ name }) => name.endsWith(ending));

const scriptOf = (files: readonly OutputFile[]): string => String(find(files, ".js")?.contents ?? "");

/** `export const signature = "...";` and the like, for forms whose script is not the module's own. */
const constants = (script: string): string => (script.match(/^export const .*$/gm) ?? []).map((line) => `${line}\n`).join("");

export function scriptFor({ file, form }: Request, files: readonly OutputFile[], { asset, hot }: ScriptContext): string {
  const script = scriptOf(files);
  const wasm = find(files, ".wasm");
  if (form === "url") {
    if (wasm === undefined) throw new OptionError("?url gives the URL of the WebAssembly, and this build has none of its own: leave out ?inline, or let target have wasm");
    return `export default ${asset(wasm)};\n`;
  }
  if (form === "worker") {
    const name = find(files, ".js")?.name.replace(/\.js$/, ".worker.js") ?? "module.worker.js";
    const host = pieces([workerHostSource]).select(["serveModule", "ownPort"]);
    const client = pieces([workerHostSource, workerClientSource]).select(["workerClient"]);
    const place = asset({ name, contents: `${script}\n${host}serveModule(ownPort(), create);\n` });
    const module = `${constants(script)}const place = ${place};\n${creator}(options) {\n  return workerClient(place, options);\n}\n${client}`;
    return hot ? hotScript(module, file) : module;
  }
  const module = wasm === undefined ? script : script.replace(placeMark, () => asset(wasm));
  return hot ? hotScript(module, file) : module;
}

/** The module accepts its own updates: what was created moves on to the new version. */
function hotScript(module: string, file: string): string {
  const plain = module.replace(creator, "async function createOnce");
  const runtime = pieces([hotSource]).select(["hotCreate", "swapAll"]);
  return `${plain}
${runtime}export const create = import.meta.hot ? hotCreate(createOnce, import.meta.hot.data) : createOnce;
if (import.meta.hot) import.meta.hot.accept((next) => { if (next) swapAll(import.meta.hot.data, ${JSON.stringify(file.replace(/^.*[/\\]/, ""))}); });
`;
}
