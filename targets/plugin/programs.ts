/** Programs of one plugin: its options, its root folder, and building by them. */
import path from "node:path";
import { buildRequest, type Outcome } from "./build.ts";
import { cacheFolder } from "./cache.ts";
import { checkOptions, parseRequest, type PluginOptions, type Request } from "./options.ts";
import { writeTypes } from "./types.ts";

export const isProgram = /\.pull(?:\?|$)/;

/** What every bundler's side needs: options, the root folder, and building by them. */
export class Programs {
  root = process.cwd();
  readonly #options: PluginOptions;
  #cache: string | undefined;

  constructor(options: PluginOptions) {
    this.#options = checkOptions(options);
  }

  /** Folder of finished builds; undefined: none are kept. */
  get cache(): string | undefined {
    const { cache } = this.#options;
    if (cache === false) return undefined;
    return (this.#cache ??= cache === undefined ? cacheFolder(this.root) : path.resolve(this.root, cache));
  }

  request(id: string, inline: boolean): Request {
    const request = parseRequest(id, this.#options);
    // A worker's script carries its WebAssembly: it is one file.
    const inside = request.form === "worker" || (request.form === "module" && (inline || Boolean(request.options.inline)));
    return { ...request, options: { ...request.options, inline: inside } };
  }

  async build(request: Request): Promise<Outcome> {
    const outcome = await buildRequest(request, this);
    if (request.plain && this.#options.types !== false) writeTypes(request, outcome.files);
    return outcome;
  }
}
