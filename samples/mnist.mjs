/** Digits at 28 x 28: those of data/digits.csv, enlarged and varied, for what needs larger images than 8 x 8. Made anew each time. */
import { randomNumbers, readClasses } from "./rows.mjs";

const source = 8;
const side = 28;

/**
 * 28 x 28 images from 0 to 1 of handwritten digits: for training from the training images of data/digits.csv only, for testing from those
 * held back. The same ones for a seed; fewer of them are the first of more.
 */
export async function readMnist({ training = 8000, testing = 2000, seed = 1 } = {}) {
  const digits = await readClasses("digits", 1 / 16);
  return {
    training: enlarge(digits.training, training, randomNumbers(seed)),
    testing: enlarge(digits.testing, testing, randomNumbers(~seed)),
  };
}

/** `count` varied 28 x 28 images of a part with 8 x 8 images, each of these in turn. */
export function enlarge(part, count, random) {
  const images = { count, width: side * side, x: new Float32Array(count * side * side), y: new Int32Array(count) };
  for (let i = 0; i < count; i++) {
    const from = i % part.count;
    const image = part.x.subarray(from * part.width, (from + 1) * part.width);
    draw(image, variation(random), images.x.subarray(i * images.width, (i + 1) * images.width));
    images.y[i] = part.y[from];
  }
  return images;
}

/** Shift by up to 2 of 28 pixels, turn by up to 12 degrees; strokes end where the enlarged image falls to `level`, the lower the thicker. */
function variation(random) {
  const between = (low, high) => low + (high - low) * random();
  return { right: between(-2, 2), down: between(-2, 2), turn: (between(-12, 12) * Math.PI) / 180, level: between(0.3, 0.6) };
}

/** Draws an 8 x 8 image at 28 x 28: bilinear between the centres of its pixels, dark outside, contrast doubled about `level`. */
function draw(image, { right, down, turn, level }, target) {
  const scale = source / side;
  const [cosine, sine] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  const middle = (source - 1) / 2;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [y, x] = [row - (side - 1) / 2 - down, column - (side - 1) / 2 - right];
      const value = bilinear(image, middle + cosine * y - sine * x, middle + sine * y + cosine * x);
      target[row * side + column] = Math.min(1, Math.max(0, 0.5 + 2 * (value - level)));
    }
  }
}

function bilinear(image, y, x) {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const pixel = (row, column) => (row < 0 || row >= source || column < 0 || column >= source ? 0 : image[row * source + column]);
  const along = (row) => pixel(row, left) + (x - left) * (pixel(row, left + 1) - pixel(row, left));
  const upper = along(top);
  return upper + (y - top) * (along(top + 1) - upper);
}
