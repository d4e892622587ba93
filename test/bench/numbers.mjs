/** Repeatable numbers, the same for every contender. */

/** n values in [-scale, scale). */
export function numbers(n, scale, seed) {
  let state = seed >>> 0;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state / 2 ** 31) - 1) * scale;
  });
}

/** Throws unless all contenders agree on the loss to 4 digits. */
export function agree(losses) {
  const [[first, reference]] = losses;
  for (const [name, loss] of losses) {
    if (!(Math.abs(loss - reference) <= 1e-4 * Math.max(1, Math.abs(reference)))) throw new Error(`the loss at step 10 differs: ${first} ${reference}, ${name} ${loss}`);
  }
}
