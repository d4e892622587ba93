/** Images of digits: those that vite.config.js packed into the page, and drawings made like them. */
import packed from "virtual:digits";

export const side = 8;
export const pixels = side * side;

/** Images in a batch: B of learner.pull. */
export const batch = 32;

/**
 * An image, 64 numbers 0..1, row by row, and what it shows.
 * @typedef {{ image: Float32Array, label: number }} Digit
 */

/**
 * All packed digits: a letter per pixel, class by class, and within a class one pixel of all of its images after the other.
 * @returns {Digit[]}
 */
function unpack({ counts, levels, text }) {
  const digits = [];
  let from = 0;
  counts.forEach((count, label) => {
    for (let i = 0; i < count; i++) {
      const image = Float32Array.from({ length: pixels }, (_, pixel) => (text.charCodeAt(from + pixel * count + i) - 97) / (levels - 1));
      digits.push({ image, label });
    }
    from += count * pixels;
  });
  return digits;
}

/** Every fifth one is held back: the nets never train on these. */
const digits = unpack(packed);
export const training = digits.filter((_, i) => i % 5 !== 4);
export const unseen = digits.filter((_, i) => i % 5 === 4);

const any = (list) => list[Math.floor(Math.random() * list.length)];

export const anyUnseen = () => any(unseen);

/** The images and labels of up to 32 digits as a net takes them; what is missing is dark. */
export function together(list) {
  const x = new Float32Array(batch * pixels);
  const y = new Int32Array(batch);
  list.forEach(({ image, label }, i) => {
    x.set(image, i * pixels);
    y[i] = label;
  });
  return { x, y };
}

/** A batch for training; where the visitor has taught something, up to a quarter of it is that. */
export function nextBatch(taught) {
  const own = Math.min(batch / 4, 2 * taught.length);
  return together(Array.from({ length: batch }, (_, i) => any(i < own ? taught : training)));
}

const fine = 32;
const sheet = Object.assign(document.createElement("canvas"), { width: fine, height: fine }).getContext("2d", { willReadFrequently: true });

/**
 * Strokes, lists of points, as an image like the packed ones: fitted to a square of 32 x 32, drawn as wide as a pen is there, and each
 * pixel the part of 4 x 4 that has ink.
 */
export function imageOf(strokes) {
  const image = new Float32Array(pixels);
  const points = strokes.flat();
  if (points.length === 0) return image;
  const [left, right, top, bottom] = [0, 1].flatMap((axis) => [Math.min(...points.map((point) => point[axis])), Math.max(...points.map((point) => point[axis]))]);
  const pen = 4;
  const scale = (fine - pen) / Math.max(right - left, bottom - top, 0.2);
  sheet.setTransform(1, 0, 0, 1, 0, 0);
  sheet.clearRect(0, 0, fine, fine);
  sheet.setTransform(scale, 0, 0, scale, fine / 2 - (scale * (left + right)) / 2, fine / 2 - (scale * (top + bottom)) / 2);
  trace(sheet, strokes, pen / scale);
  const { data } = sheet.getImageData(0, 0, fine, fine);
  for (let y = 0; y < fine; y++) {
    for (let x = 0; x < fine; x++) image[(y >> 2) * side + (x >> 2)] += data[4 * (y * fine + x) + 3] / 255 / 16;
  }
  return image;
}

/** Draws strokes as lines of a width; a stroke of one point is a dot. */
export function trace(context, strokes, width) {
  Object.assign(context, { lineWidth: width, lineCap: "round", lineJoin: "round" });
  for (const [first, ...rest] of strokes) {
    context.beginPath();
    context.moveTo(...first);
    for (const point of rest.length > 0 ? rest : [first]) context.lineTo(...point);
    context.stroke();
  }
}
