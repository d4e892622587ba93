/**
 * A sample of these tests on Mesa's driver for processors, where it is installed: it compiles, rounds and bounds otherwise than SwiftShader.
 * It is slow to compile, so a sample it is.
 */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const sample = [
  "worst errors on WGSL", "softmax and norms of rows of (64|100)$", "products of (5 x 8 x 12|33 x 17 x 20) in all layouts", "random bits",
  "loops on WGSL (ends early|in a scan, over its carry|one in another|stands in a scan|the index counts down|draws)",
];

/** What a process says that is told to take this driver. */
function run(args: readonly string[], timeout: number): string {
  try {
    return execFileSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--reporter=json", ...args], {
      encoding: "utf8", timeout, stdio: "pipe", env: { ...process.env, WGSL_ADAPTER: "lavapipe", WGSL_REQUIRED: "1" },
    });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout ?? error); // of a child process that fails
  }
}

test("a sample on lavapipe", (context) => {
  const files = ["bounds", "graphs", "loops"].map((name) => `test/targets/wgsl/${name}.test.ts`);
  const printed = run([...files, "-t", sample.join("|"), "--testTimeout=300000"], 580_000);
  if (printed.includes("NO WEBGPU ADAPTER")) {
    process.stderr.write("\n!!! NO LAVAPIPE (Debian: mesa-vulkan-drivers of backports): WGSL WAS NOT RUN ON IT !!!\n\n");
    return context.skip("there is no lavapipe");
  }
  const { numFailedTests, numPassedTests, testResults } = JSON.parse(printed.slice(printed.indexOf("{"))) as { // as vitest reports
    numFailedTests: number; numPassedTests: number; testResults: readonly { readonly message: string; readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[] }[];
  };
  expect(testResults.flatMap(({ message, assertionResults }) => [...(message === "" ? [] : [message]), ...assertionResults.flatMap(({ failureMessages }) => failureMessages)])).toEqual([]);
  expect(numFailedTests).toBe(0);
  expect(numPassedTests).toBeGreaterThan(20);
}, 600_000);
