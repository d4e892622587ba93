/** What a bundler's configuration and an import's query may say, checked. */
import { type TargetName, targets } from "../compile.ts";

export interface PluginOptions {
  /** What the kernels are written in; with several, `create` chooses. Default: "wasm". */
  readonly target?: TargetName | readonly TargetName[];
  /** In place of what the file says: `{ B: 64 }`. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Of draws made `const`. Default: 0. */
  readonly seed?: number;
  /** Bytes that a module may use at its peak. Default: any number. */
  readonly memory?: number;
  /** Allow what changes the last bits of floats. Default: false. */
  readonly fastMath?: boolean;
  /** `false`: WebAssembly without vector instructions. Default: true. */
  readonly simd?: boolean;
  /** Put the WebAssembly into the script instead of a file. Default: false. */
  readonly inline?: boolean;
  /** Write `x.d.pull.ts` beside each program. Default: true. */
  readonly types?: boolean;
  /** Folder of finished builds; `false`: none. Default: `node_modules/.cache/pullback`. */
  readonly cache?: string | false;
}

/** What an import gets: the module, the URL of its WebAssembly, or a client of the module in a worker. */
export type Form = "module" | "url" | "worker";

export interface Request {
  /** Absolute path of the program. */
  readonly file: string;
  readonly form: Form;
  /** The query changes no option, so that its types are those of the program. */
  readonly plain: boolean;
  readonly options: Omit<PluginOptions, "target" | "types" | "cache"> & { readonly target: readonly TargetName[] };
}

/** A wrong option or query: the message is for the user. */
export class OptionError extends Error {
  override name = "OptionError";
}

const kinds: Readonly<Record<keyof PluginOptions, (value: unknown) => boolean>> = {
  target: (value) => [value].flat().length > 0 && [value].flat().every((name) => typeof name === "string" && Object.hasOwn(targets, name)),
  dims: (value) => typeof value === "object" && value !== null && Object.values(value).every((size) => Number.isInteger(size) && Number(size) > 0),
  seed: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffffffff,
  memory: (value) => Number.isInteger(value) && Number(value) > 0,
  fastMath: (value) => typeof value === "boolean",
  simd: (value) => typeof value === "boolean",
  inline: (value) => typeof value === "boolean",
  types: (value) => typeof value === "boolean",
  cache: (value) => typeof value === "string" || value === false,
};

const wanted: Readonly<Record<keyof PluginOptions, string>> = {
  target: `one or several of ${Object.keys(targets).map((name) => `"${name}"`).join(", ")}`,
  dims: "an object of whole numbers above 0, as { B: 64 }",
  seed: "a whole number in 0..4294967295",
  memory: "a number of bytes",
  fastMath: "true or false",
  simd: "true or false",
  inline: "true or false",
  types: "true or false",
  cache: "a folder, or false",
};

const isOption = (name: string): name is keyof PluginOptions => Object.hasOwn(kinds, name);

/** @throws OptionError naming the option, what it is and what it may be */
export function checkOptions(options: object): PluginOptions {
  for (const [name, value] of Object.entries(options)) {
    if (!isOption(name)) throw new OptionError(`there is no option '${name}': there are ${Object.keys(kinds).join(", ")}`);
    if (value !== undefined && !kinds[name](value)) throw new OptionError(`option '${name}' is ${JSON.stringify(value)}: it must be ${wanted[name]}`);
  }
  return options;
}

/** Queries that bundlers and this plugin add by themselves, not users. */
const ignored = /^(?:t|v|import|pullback)$/;

/**
 * `/app/digits.pull?worker&target=wgsl&B=64`: a name in capitals is a dim.
 * @throws OptionError naming the wrong part
 */
export function parseRequest(id: string, plugin: PluginOptions): Request {
  const [file, query = ""] = id.split("?", 2);
  let form: Form = "module";
  let { inline } = plugin;
  const dims: Record<string, number> = { ...plugin.dims };
  const own: Record<string, unknown> = {};
  for (const [name, text] of new URLSearchParams(query)) {
    if (ignored.test(name)) continue;
    if (name === "inline" && text === "") inline = true;
    else if ((name === "url" || name === "worker") && text === "") form = name;
    else if (name === "target") own.target = text.split(",");
    else if (name === "seed" || name === "memory") own[name] = Number(text);
    else if (name === "simd" || name === "fastMath") own[name] = text === "false" ? false : text === "true" || text === "" ? true : text;
    else if (/^[A-Z]/.test(name)) dims[name] = Number(text);
    else throw new OptionError(`'?${name}${text && `=${text}`}' means nothing: an import may say ?inline, ?url, ?worker, target=, seed=, memory=, simd=, fastMath, or a dim as B=64`);
  }
  const { target = "wasm", types: _types, cache: _cache, ...rest } = { ...plugin, ...checkOptions({ ...own, dims }), dims, inline };
  const plain = Object.keys(own).length === 0 && Object.keys(dims).every((name) => dims[name] === plugin.dims?.[name]);
  return { file, form, plain, options: { ...rest, target: [target].flat() } };
}
