/** What a program calls the operations of the op table: in `core`, and in rule sets that end in `else core`. */
import type { RulesDeclaration } from "../../grammar/index.ts";
import type { OpNode } from "../ir/graph.ts";
import { type OpName, opNames } from "../ops/index.ts";

/** Ops whose attribute is a word carry it in their name: `core.scatter_add`. */
export const modes: Readonly<Record<string, readonly [OpName, Readonly<Record<string, string | number>>]>> = {
  scatter_add: ["scatter", { batch: 0, mode: "add" }], scatter_set: ["scatter", { batch: 0, mode: "set" }], scatter_max: ["scatter", { batch: 0, mode: "max" }],
};

export const coreNames = (): readonly string[] => [...opNames.filter((name) => name !== "scatter"), ...Object.keys(modes)];

/** The name in `core` of a node's operation. */
export function operationName({ op, attributes }: OpNode): string {
  const named = Object.entries(modes).find(([, [known, fixed]]) => known === op && "mode" in attributes && fixed.mode === attributes.mode);
  return named?.[0] ?? op;
}

export const isOperation = (name: string): boolean => coreNames().includes(name);

/** Whether a rule set's lines name operations: it ends in `else core`. */
export const ofOperations = ({ otherwise }: RulesDeclaration): boolean => otherwise?.text === "core";
