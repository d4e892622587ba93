/** Pipelines of a module: asked for by what runs, and else made one after the other while nobody waits. */

export interface PipelineTable {
  /** One that has been made. */
  of(index: number): GPUComputePipeline;
  /** Starts to make some, together, if need be. @returns settled when all are made; undefined: they are */
  ask(indices: readonly number[]): Promise<unknown> | undefined;
  /** No more are made that nobody asks for. */
  close(): void;
}

/**
 * What runs at once need not wait for pipelines of others, and what runs later finds its own.
 * @param failed throws what is behind a failure, if that is known
 */
export function pipelineTable(device: GPUDevice, rows: readonly (readonly [label: string, code: string, layout: GPUPipelineLayout])[], failed: () => Promise<void>): PipelineTable {
  const made: (GPUComputePipeline | undefined)[] = [];
  const asked: (Promise<void> | undefined)[] = [];
  let closed = false;
  const make = async (index: number): Promise<void> => {
    const [label, code, layout] = rows[index];
    device.pushErrorScope("validation");
    const making = device.createComputePipelineAsync({ label, layout, compute: { module: device.createShaderModule({ label, code }), entryPoint: "main" } });
    const refused = device.popErrorScope();
    try {
      made[index] = await making;
    } catch (error) {
      await failed();
      throw new Error(`the device refuses ${label}: ${((await refused) ?? (error as Error)).message}`); // a DOMException
    }
  };
  const ask = (indices: readonly number[]): Promise<unknown> | undefined => {
    const missing = indices.filter((index) => made[index] === undefined);
    if (missing.length === 0) return undefined;
    const all = Promise.all(missing.map((index) => (asked[index] ??= make(index))));
    all.catch(() => {}); // who asks is told, if late
    return all;
  };
  const makeAll = async (): Promise<void> => {
    for (let index = 0; index < rows.length && !closed; index++) await ask([index]);
  };
  void makeAll().catch(() => {}); // who asks is told
  return {
    of(index) {
      const pipeline = made[index];
      if (pipeline === undefined) throw new Error("internal: a shader has no pipeline");
      return pipeline;
    },
    ask,
    close() { closed = true; },
  };
}
