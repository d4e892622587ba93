/** A module's side in a worker: takes calls as messages, one after the other, and answers each. `worker-client.ts` is the page's side. */

/** A call; `path` is `["create"]`, a member's name, or `["parameters", name, "read"]`. */
export interface WorkerCall {
  readonly id: number;
  readonly path: readonly string[];
  readonly args: readonly unknown[];
}

/** An answer, or a call of an extern fn, which the page answers with a `WorkerCall` of path `["extern"]`. */
export type WorkerAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }
  | { readonly extern: string; readonly ask: number; readonly args: readonly unknown[] };

export interface Port {
  postMessage(message: WorkerAnswer, transfer?: readonly ArrayBuffer[]): void;
  listen(receive: (call: WorkerCall) => void): void;
}

/** Buffers of a result's arrays, which are copies made for this answer: they move, nothing is copied again. */
export function buffersOf(value: unknown, found: Set<ArrayBuffer> = new Set()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (Object(value) === value) for (const child of Object.values(value as object)) buffersOf(child, found);
  return found;
}

export function serveModule(port: Port, create: (options: object) => Promise<any>): void { // any: a module's members are its entries
  let module: any; // see above
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let asks = 0;
  const extern = (name: string) => (...args: unknown[]) => new Promise((resolve, reject) => {
    const ask = asks++;
    waiting.set(ask, { resolve, reject });
    port.postMessage({ extern: name, ask, args });
  });
  const start = async ({ externs = [], ...options }: { readonly externs?: readonly string[] }) => {
    module = await create({ ...options, externs: Object.fromEntries(externs.map((name) => [name, extern(name)])) });
    const entries = Object.keys(module).filter((name) => typeof module[name] === "function");
    const parameters = Object.entries<any>(module.parameters).map(([name, { shape, element, role }]) => [name, { shape, element, role }]); // rows of a module
    return { entries, parameters, peakBytes: module.peakBytes, signature: module.signature };
  };
  const call = ([first, name, verb]: readonly string[], args: readonly any[]): unknown => { // a call's arguments are checked by the module
    if (first === "create") return start(args[0]);
    return first === "parameters" ? module.parameters[name][verb](...args) : module[first](...args);
  };
  let last: Promise<unknown> = Promise.resolve();
  port.listen(({ id, path, args }) => {
    if (path[0] === "extern") {
      const { resolve, reject } = waiting.get(id)!; // only what was asked is answered
      waiting.delete(id);
      if (args.length > 1) reject(args[1]);
      else resolve(args[0]);
      return;
    }
    last = last.then(() => call(path, args)).then(
      (value) => port.postMessage({ id, value }, [...buffersOf(value)]),
      (error: Error) => port.postMessage({ id, error: { name: error.name, message: error.message } }),
    );
  });
}

/** The port of the worker that this runs in: a page's, or one of Node's threads. */
export function ownPort(): Port {
  const { parentPort } = globalThis.process?.getBuiltinModule?.("node:worker_threads") ?? {};
  if (parentPort) {
    return {
      postMessage: (message, transfer = []) => parentPort.postMessage(message, transfer),
      listen: (receive) => void parentPort.on("message", receive),
    };
  }
  const scope = globalThis as unknown as { postMessage(message: unknown, options: { transfer: readonly ArrayBuffer[] }): void; addEventListener(type: "message", receive: (event: { data: WorkerCall }) => void): void }; // a worker's global object
  return {
    postMessage: (message, transfer = []) => scope.postMessage(message, { transfer }),
    listen: (receive) => scope.addEventListener("message", ({ data }) => receive(data)),
  };
}
