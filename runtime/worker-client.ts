/** The page's side of a module in a worker: the same members, each call a promise. `worker-host.ts` is the worker's side. */
import type { WorkerAnswer, WorkerCall } from "./worker-host.ts";

export interface Thread {
  post(call: WorkerCall): void;
  terminate(): void;
}

/** Starts the script at `place` as a module worker, in Node as a thread. */
export async function startThread(place: URL, receive: (answer: WorkerAnswer) => void, fail: (error: Error) => void): Promise<Thread> {
  if (globalThis.Worker) {
    const worker = new Worker(place, { type: "module" });
    worker.onmessage = ({ data }) => receive(data);
    worker.onerror = ({ message }) => fail(new Error(`the worker at ${place} stopped: ${message || "its script cannot be loaded"}`));
    return { post: (call) => worker.postMessage(call), terminate: () => worker.terminate() };
  }
  const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (!threads) throw new Error("create: there are no workers here");
  // As text, which is a module whatever the folder's package.json says.
  const text = place.protocol === "file:" ? await globalThis.process.getBuiltinModule("node:fs/promises").readFile(place, "utf8") : undefined;
  const worker = new threads.Worker(text === undefined ? place : new URL(`data:text/javascript,${encodeURIComponent(text)}`));
  worker.on("message", receive);
  worker.on("error", fail);
  return { post: (call) => worker.postMessage(call), terminate: () => void worker.terminate() };
}

export async function workerClient(place: string | URL, { externs = {}, ...options }: { readonly externs?: Readonly<Record<string, (...args: unknown[]) => unknown>> } = {}): Promise<object> {
  let calls = 0;
  let ended: Error | undefined;
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const fail = (error: Error): void => {
    ended = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const errors: Readonly<Record<string, new (message: string) => Error>> = { TypeError, RangeError };
  const receive = async (answer: WorkerAnswer): Promise<void> => {
    if ("extern" in answer) {
      const reply = (args: readonly unknown[]): void => thread.post({ id: answer.ask, path: ["extern"], args });
      try {
        reply([await externs[answer.extern](...answer.args)]);
      } catch (error) {
        reply([undefined, error]);
      }
      return;
    }
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("value" in answer) return call?.resolve(answer.value);
    const { name, message } = answer.error;
    call?.reject(Object.assign(new (errors[name] ?? Error)(message), { name }));
  };
  const thread = await startThread(new URL(place, globalThis.document?.baseURI ?? globalThis.location?.href ?? import.meta.url), receive, fail);
  const call = (path: readonly string[], ...args: readonly unknown[]): Promise<any> => new Promise((resolve, reject) => { // the worker's answer
    if (ended) return reject(ended);
    const id = calls++;
    waiting.set(id, { resolve, reject });
    thread.post({ id, path, args });
  });
  const { entries, parameters, peakBytes, signature } = await call(["create"], { ...options, externs: Object.keys(externs) });
  const methods = entries.map((name: string) => [name, (...args: unknown[]) => call([name], ...args)]);
  const tensors = parameters.map(([name, row]: [string, object]) =>
    [name, { ...row, read: () => call(["parameters", name, "read"]), write: (values: unknown) => call(["parameters", name, "write"], values) }]);
  return {
    ...Object.fromEntries(methods),
    parameters: Object.fromEntries(tensors),
    peakBytes,
    signature,
    /** Ends the worker; calls that wait are rejected. */
    terminate(): void {
      thread.terminate();
      fail(new Error("the worker was terminated"));
    },
  };
}
