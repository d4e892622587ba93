/**
 * Which locals can share. A local that is set once and read only later in the same block (inner loops and branches
 * included) is dead after the last statement there that reads it; the next such local may take its place. That makes
 * the steps of written-out loops alike, which compresses, and keeps local numbers in one byte.
 */
import type { Index, LocalId } from "../../compiler/schedule/kernel.ts";
import { eachPart } from "./each-value.ts";
import type { Action, Value } from "./lowered.ts";

export interface Lifetimes {
  /** The locals that end with an action, by action. */
  readonly endings: ReadonlyMap<Action, readonly LocalId[]>;
  readonly shared: ReadonlySet<LocalId>;
}

interface Life {
  readonly block: readonly Action[];
  readonly set: number;
  last: number;
}

export function lifetimesOf(body: readonly Action[]): Lifetimes {
  /** null: has a place of its own. */
  const lives = new Map<LocalId, Life | null>();
  const path: { readonly block: readonly Action[]; position: number }[] = [];

  const read = (local: LocalId): void => {
    const life = lives.get(local);
    const here = life && path.find(({ block }) => block === life.block);
    if (life && here && here.position > life.set) life.last = here.position;
    else lives.set(local, null);
  };
  const readIndex = ({ offset }: Index): void => {
    if (offset !== undefined) read(offset);
  };
  const readValue = (value: Value): void =>
    eachPart(value, (part) => {
      if (part.kind === "local") read(part.local);
      else if (part.kind === "load" || part.kind === "index") readIndex(part.at);
    });
  const walk = (block: readonly Action[]): void => {
    const here = { block, position: 0 };
    path.push(here);
    for (const [position, action] of block.entries()) {
      here.position = position;
      switch (action.kind) {
        case "loop":
          readIndex(action.from);
          readIndex(action.to);
          walk(action.body);
          break;
        case "if":
          readValue(action.test);
          walk(action.then);
          walk(action.else);
          break;
        case "let":
          readValue(action.value);
          lives.set(action.local, lives.has(action.local) ? null : { block, set: position, last: position });
          break;
        case "store":
          readValue(action.value);
          readIndex(action.at);
          break;
        case "bind":
          readValue(action.value);
          break;
        case "leave":
          readValue(action.test);
          break;
        case "fence":
        case "barrier":
          break;
      }
    }
    path.pop();
  };
  walk(body);

  const endings = new Map<Action, LocalId[]>();
  const shared = new Set<LocalId>();
  for (const [local, life] of lives) {
    if (life === null || life.last === life.set) continue;
    shared.add(local);
    const action = life.block[life.last];
    endings.set(action, [...(endings.get(action) ?? []), local]);
  }
  return { endings, shared };
}
