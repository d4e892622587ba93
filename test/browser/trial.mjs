/** The same training in Node, in a page and in a worker: what it gives must be equal in every bit. */

/** @returns losses of 20 steps, the predictions after them, and a hash of all tensors */
export async function trial(model) {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const losses = [];
  for (let step = 0; step < 20; step++) {
    const x = Float32Array.from({ length: 128 }, random);
    const y = Int32Array.from({ length: 64 }, (_, i) => Number(x[2 * i] * x[2 * i + 1] > 0));
    losses.push(model.step(x, y, 0.01).loss);
  }
  let hash = 0x811c9dc5;
  for (const byte of model.save()) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return { losses, predictions: [...model.predict([0.25, -0.25])], hash, peakBytes: model.peakBytes, selfTest: model.selfTest() };
}
