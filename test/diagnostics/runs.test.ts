/** What one run reports: all errors of a file in source order, each mistake once, in the user's own terms. */
import { describe, it } from "vitest";
import { expectGolden, filesOf } from "./golden.ts";

const folder = new URL("./runs/", import.meta.url);

describe("a run reports", () => {
  it.each(filesOf(folder))("%s", (file) => expectGolden(new URL(file, folder)));
});
