/** The drawing board: by pointer, touch or keys. Points are 0..1 from its upper left corner. */
import { pixels, side, trace } from "./digits.js";

const step = 1 / 16;
const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
const within = (value) => Math.min(0.95, Math.max(0.05, value));

export class Pad {
  /** Lists of points, one for each stroke. */
  strokes = [];
  #canvas;
  #changed;
  /** An image that is shown in place of strokes. */
  #shown;
  /** Where the keys' pen is, whether it is down, and whether it is in use. */
  #pen = { at: [0.5, 0.2], down: false, used: false };

  /** `changed` is called after each change of the strokes. */
  constructor(canvas, changed) {
    this.#canvas = canvas;
    this.#changed = changed;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#pen = { ...this.#pen, down: false, used: false };
      this.#begin(this.#place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      this.#extend(...event.getCoalescedEvents().map((one) => this.#place(one)), this.#place(event));
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.paint());
    canvas.addEventListener("blur", () => this.paint());
    new ResizeObserver(() => this.paint()).observe(canvas);
  }

  clear() {
    this.#shown = undefined;
    this.strokes = [];
    this.#pen.down = false;
    this.#update();
  }

  /** Shows an image until something is drawn. */
  show(image) {
    this.strokes = [];
    this.#pen.down = false;
    this.#shown = image;
    this.paint();
  }

  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  #begin(point) {
    this.#shown = undefined;
    this.strokes.push([point]);
    this.#update();
  }

  #extend(...points) {
    this.strokes.at(-1).push(...points);
    this.#update();
  }

  #key(event) {
    const pen = this.#pen;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) {
      const [right, down] = moves[event.key];
      pen.at = [within(pen.at[0] + right), within(pen.at[1] + down)];
      pen.used = true;
      if (pen.down) this.#extend(pen.at);
      else this.paint();
    } else if (event.key === " ") {
      pen.used = true;
      pen.down = !pen.down;
      if (pen.down) this.#begin(pen.at);
      else this.paint();
    } else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else return;
    event.preventDefault();
  }

  #update() {
    this.paint();
    this.#changed();
  }

  paint() {
    const canvas = this.#canvas;
    const size = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    canvas.width = size;
    canvas.height = size;
    const context = canvas.getContext("2d");
    context.scale(size, size);
    if (this.#shown) {
      for (let i = 0; i < pixels; i++) {
        context.fillStyle = `rgb(255 250 240 / ${this.#shown[i]})`;
        context.fillRect((i % side) / side, Math.floor(i / side) / side, 1 / side, 1 / side);
      }
    }
    context.strokeStyle = "#fffaf0";
    trace(context, this.strokes, 0.09);
    if (document.activeElement === canvas && this.#pen.used) this.#paintPen(context);
  }

  #paintPen(context) {
    const { at, down } = this.#pen;
    context.beginPath();
    context.arc(...at, 0.045, 0, 7);
    context.lineWidth = 0.012;
    context.strokeStyle = context.fillStyle = "#ff9d57";
    if (down) context.fill();
    else context.stroke();
  }
}
