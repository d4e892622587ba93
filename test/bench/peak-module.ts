/** The peak kernel as a function to call. */
import { assemble } from "../contraction/assemble.ts";
import { peakWork } from "./peak.ts";

export async function peakModule(turns: number): Promise<() => void> {
  const { run } = await assemble([peakWork(turns)]);
  return run.peak;
}
