/** Bakes the numbers of a module's self test: one call per entry, computed by the f64 reference on the same made-up arguments. */
import type { TestCase } from "../../runtime/self-test.ts";

/** Entries above this are not baked: the reference would take seconds. */
export type SelfTest = readonly TestCase[];
