/** Contenders in turns, so that a slow phase of the machine meets all of them. */
const leastMs = 80;
/** For all rounds of all contenders; at least three rounds are run. */
const mostMs = 30_000;

/** ms per call. */
async function sample(contender) {
  const start = performance.now();
  await contender.run(contender.calls);
  return (performance.now() - start) / contender.calls;
}

/** Runs until five successive times agree within a tenth, or for three seconds. */
async function warmUp(contender) {
  contender.calls = 1;
  const times = [];
  for (const until = performance.now() + 3000; performance.now() < until; ) {
    const ms = await sample(contender);
    contender.calls = Math.max(1, Math.min(500, Math.round(leastMs / Math.max(ms, 1e-3))));
    times.push(ms);
    const last = times.slice(-5);
    if (last.length === 5 && Math.max(...last) < 1.1 * Math.min(...last)) return;
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** `run(n)` does n calls. Best and median time of a call, in ms, for each contender. */
export async function race(contenders, rounds) {
  for (const contender of contenders) await warmUp(contender);
  const times = new Map(contenders.map((contender) => [contender, []]));
  const until = performance.now() + mostMs;
  for (let round = 0; round < rounds && (round < 3 || performance.now() < until); round++) {
    for (const contender of contenders) times.get(contender).push(await sample(contender));
  }
  return contenders.map((contender) => ({ name: contender.name, best: Math.min(...times.get(contender)), median: median(times.get(contender)) }));
}
