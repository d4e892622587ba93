/** What the page shows of a net: the curve of its losses, its first layer, and what speaks for an answer. */
import { pixels, side } from "./digits.js";

const speaksFor = "255 138 60";
const speaksAgainst = "72 146 255";

/** Paints 64 numbers as an 8 x 8 image at a place: the sign is the colour, the size against `most` how strong it is. */
function paintSigned(context, values, most, left, top) {
  for (let i = 0; i < pixels; i++) {
    const strength = Math.min(1, Math.abs(values[i]) / (most || 1));
    context.fillStyle = `rgb(${values[i] > 0 ? speaksFor : speaksAgainst} / ${strength})`;
    context.fillRect(left + (i % side), top + Math.floor(i / side), 1, 1);
  }
}

const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The share of each pixel in an answer, on top of a faint image. */
export function paintWhy(canvas, image, shares) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, side, side);
  for (let i = 0; i < pixels; i++) {
    context.fillStyle = `rgb(255 250 240 / ${0.16 * image[i]})`;
    context.fillRect(i % side, Math.floor(i / side), 1, 1);
  }
  paintSigned(context, shares, largest(shares), 0, 0);
}

/** The weights from 64 pixels to each of `units` units ([64, units]) as a square of small images. */
export function paintFilters(canvas, weights) {
  const units = weights.length / pixels;
  const columns = Math.ceil(Math.sqrt(units));
  canvas.width = canvas.height = columns * (side + 1) - 1;
  const context = canvas.getContext("2d");
  const most = 3 * Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0) / weights.length);
  for (let unit = 0; unit < units; unit++) {
    const filter = Float32Array.from({ length: pixels }, (_, pixel) => weights[pixel * units + unit]);
    paintSigned(context, filter, most, (unit % columns) * (side + 1), Math.floor(unit / columns) * (side + 1));
  }
}

/** Losses of a training: means over ever more steps, so that the list stays short. */
export class Curve {
  means = [];
  #stepsEach = 1;
  #sum = 0;
  #count = 0;

  add(loss) {
    this.#sum += loss;
    if (++this.#count < this.#stepsEach) return;
    this.means.push(this.#sum / this.#count);
    this.#sum = this.#count = 0;
    if (this.means.length < 400) return;
    this.means = Array.from({ length: 200 }, (_, i) => (this.means[2 * i] + this.means[2 * i + 1]) / 2);
    this.#stepsEach *= 2;
  }

  /** Single batches are a faint line, what lies behind them a bold one. */
  paint(canvas) {
    const ratio = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    const { color, accentColor } = getComputedStyle(canvas);
    context.scale(ratio, ratio);
    context.lineJoin = "round";
    context.strokeStyle = context.fillStyle = color;
    context.globalAlpha = 0.25;
    context.fillRect(0, height - 1, width, 1);
    const { means } = this;
    if (means.length < 2) return;
    const top = Math.max(...means);
    const line = (values) => {
      context.beginPath();
      values.forEach((value, i) => context.lineTo((i / (values.length - 1)) * width, height - 2 - (value / top) * (height - 6)));
      context.stroke();
    };
    line(means);
    context.globalAlpha = 1;
    context.strokeStyle = accentColor;
    context.lineWidth = 2.5;
    let smooth = means[0];
    line(means.map((value) => (smooth += 0.15 * (value - smooth))));
  }
}
