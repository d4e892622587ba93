/** The process's device, for tests: whatever the driver complains of outside of any scope, the test fails during which it did. */
import { afterEach, expect } from "vitest";
import { adapter, complaints, openDevice } from "./device.ts";

export { adapter, disposableDevice, openDevice } from "./device.ts";

if (adapter !== null) {
  afterEach(async () => {
    await (await openDevice()).queue.onSubmittedWorkDone();
    expect(complaints.splice(0)).toEqual([]);
  });
}
