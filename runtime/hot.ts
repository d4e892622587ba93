/** A module that is swapped in place while its program is edited: what `create` gave goes on, with the parameters that still fit. */

export interface HotModule {
  readonly parameters: Readonly<Record<string, { readonly shape: readonly number[]; readonly element: string; read(): unknown; write(values: any): unknown }>>; // any: what `read` gave
  readonly signature: string;
  save(): unknown;
  load(file: any): unknown; // any: what `save` gave
  /** Of a module in a worker. */
  terminate?(): void;
}

export type Create = (options?: object) => Promise<HotModule>;

interface Live {
  module: HotModule;
  readonly options: object | undefined;
}

/** What outlives a swap; the bundler keeps it. */
export interface HotData {
  create?: Create;
  live?: Live[];
}

/** Everything if the signatures are equal, random counter included; else each tensor of equal name, element and shape. */
export async function carryOver(from: HotModule, to: HotModule): Promise<void> {
  if (from.signature === to.signature) return void (await to.load(await from.save()));
  for (const [name, target] of Object.entries(to.parameters)) {
    const source = from.parameters[name];
    if (source?.element === target.element && String(source.shape) === String(target.shape)) await target.write(await source.read());
  }
}

/** `create` whose modules stand behind an object that stays. */
export function hotCreate(create: Create, data: HotData): Create {
  data.create = create;
  const live = (data.live ??= []);
  return async (options) => {
    const entry: Live = { module: await data.create!(options), options }; // set above, and by later versions
    live.push(entry);
    const end = (): void => {
      live.splice(live.indexOf(entry), 1);
      entry.module.terminate?.();
    };
    const own = (key: string | symbol): PropertyDescriptor | undefined => {
      const found = Reflect.getOwnPropertyDescriptor(entry.module, key);
      return found && { ...found, configurable: true }; // the object itself has no such property
    };
    return new Proxy({} as HotModule, {
      get: (_, key) => (key === "terminate" && entry.module.terminate ? end : Reflect.get(entry.module, key)),
      has: (_, key) => key in entry.module,
      ownKeys: () => Reflect.ownKeys(entry.module),
      getOwnPropertyDescriptor: (_, key) => own(key),
    });
  };
}

/** After an edit: `data.create` is the new one. Modules that cannot be made any more stay as they are. Tells by the event `pullback:swap`. */
export async function swapAll({ create, live = [] }: HotData, file: string): Promise<void> {
  if (!create || live.length === 0) return;
  for (const entry of live) {
    try {
      const next = await create({ ...entry.options, weights: undefined });
      try {
        await carryOver(entry.module, next);
      } catch (error) {
        next.terminate?.();
        throw error;
      }
      entry.module.terminate?.();
      entry.module = next;
    } catch (error) {
      console.error(`${file} was not swapped:`, error);
    }
  }
  globalThis.dispatchEvent?.(new CustomEvent("pullback:swap", { detail: { file } }));
}
