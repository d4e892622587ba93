/** The tests' own ground: a missing adapter is loud or fatal, and what a driver complains of is seen. */
import { afterEach, describe, expect, test, vi } from "vitest";

/** The module of the device under other circumstances, and what it says on stderr. */
async function deviceWith(env: Readonly<Record<string, string>>): Promise<{ readonly module: Promise<typeof import("./device.ts")>; readonly said: () => string }> {
  vi.resetModules();
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const spy = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const module = import("./device.ts");
  await module.catch(() => {});
  return { module, said: () => spy.mock.calls.map(([text]) => String(text)).join("") };
}

const nowhere = { WGSL_ADAPTER: "system", VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };

describe("without an adapter", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  test("tests that are required fail", async () => {
    const { module } = await deviceWith({ ...nowhere, WGSL_REQUIRED: "1" });
    await expect(module).rejects.toThrow("NO WEBGPU ADAPTER");
  });

  test("others are skipped, and the log says so", async () => {
    const { module, said } = await deviceWith({ ...nowhere, WGSL_REQUIRED: "" });
    expect((await module).adapter).toBeNull();
    expect(said()).toContain("!!! NO WEBGPU ADAPTER: WGSL WAS NOT RUN !!!");
  });
});

test("what the driver complains of is noted", async () => {
  vi.resetModules();
  const { adapter, complaints, openDevice } = await import("./device.ts");
  if (adapter === null) return expect(process.env.WGSL_REQUIRED).not.toBe("1");
  const device = await openDevice();
  device.createBuffer({ size: 7, usage: 0 });
  device.createShaderModule({ code: "fn main() { return 1; }" });
  await device.queue.onSubmittedWorkDone();
  expect(complaints.length).toBe(2);
});
