/** Cuts the runtime into its top-level declarations, so that a module carries those it needs. */

interface Piece {
  readonly name: string;
  readonly text: string;
  readonly needs: readonly string[];
}

export interface Library {
  readonly names: readonly string[];
  /** The declarations that `wanted` needs, directly or not, in their order. */
  select(wanted: Iterable<string>): string;
}

/** @param sources modules as `?source` gives them: a declaration a line */
export function pieces(sources: readonly string[]): Library {
  const found: { name: string; text: string }[] = [];
  for (const text of sources.flatMap((source) => source.split("\n"))) {
    const name = /^(?:async )?(?:function|const|let) (\w+)/.exec(text)?.[1];
    if (name !== undefined) found.push({ name, text });
  }
  const names = found.map(({ name }) => name);
  const all: Piece[] = found.map(({ name, text }) => ({ name, text, needs: names.filter((other) => other !== name && new RegExp(`(?<!(?<!\\.\\.)\\.|\\w)${other}\\b`).test(text)) }));
  return {
    names,
    select(wanted) {
      const taken = new Set<string>();
      const take = (name: string): void => {
        if (taken.has(name)) return;
        taken.add(name);
        for (const need of all.find((piece) => piece.name === name)?.needs ?? []) take(need);
      };
      for (const name of wanted) take(name);
      return all.filter(({ name }) => taken.has(name)).map(({ text }) => `${text}\n`).join("");
    },
  };
}
