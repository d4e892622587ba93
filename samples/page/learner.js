/** Nets that learn by a method, on a backend: the module that learner.pull compiles to, for WebAssembly or for WebGPU. */
import { batch, nextBatch, together, unseen } from "./digits.js";
import { Curve } from "./pictures.js";

/** The methods: their entries in learner.pull, and what a visitor reads. */
export const methods = {
  backpropagation: {
    title: "Backpropagation",
    text: "Each connection is told exactly how it took part in the mistake. Nearly all nets learn this way.",
    step: "backpropagation", read: "read", filters: "net.hidden.weight",
  },
  feedback: {
    title: "Feedback alignment",
    text: "The mistake goes back through fixed random connections instead, and the net learns to make them useful.",
    step: "feedback_alignment", read: "read", filters: "net.hidden.weight",
  },
  forward: {
    title: "Forward-forward",
    text: "Nothing goes back: each layer by itself learns to be lively for true pairs of image and label, and calm for false ones. (The top row of its pictures is the label.)",
    step: "forward_forward", read: "read_activity", filters: "first.inner.weight",
  },
};

export const backends = {
  wasm: { title: "Processor", text: "WebAssembly", load: () => import("./learner.pull") },
  webgpu: { title: "Graphics card", text: "WebGPU", load: () => import("./learner.pull?target=wgsl") },
};

const rate = 0.005;

export class Learner {
  steps = 0;
  curve = new Curve();
  /** The part of the unseen digits that it reads right. */
  score = 0;
  #method;
  #module;

  constructor(method, module) {
    this.#method = methods[method];
    this.#module = module;
  }

  /** @throws Error if the backend is not there */
  static async create(method, backend) {
    const { create } = await backends[backend].load();
    return new Learner(method, await create({ seed: 1 }));
  }

  /** The same net, its training so far included, on another backend. */
  async move(backend) {
    const { create } = await backends[backend].load();
    this.#module = await create({ weights: await this.save() });
  }

  async train(taught) {
    const { x, y } = nextBatch(taught);
    this.curve.add(await this.#module[this.#method.step](x, y, rate));
    this.steps++;
  }

  /** How likely each digit is for an image, and what each of its pixels adds to the likeliest. */
  async read(image) {
    const { likely, why } = await this.#module[this.#method.read](together([{ image, label: 0 }]).x);
    return { likely: likely.slice(0, 10), why: why.slice(0, image.length) };
  }

  /** Reads all unseen digits, and sets the score. */
  async test() {
    let right = 0;
    for (let from = 0; from < unseen.length; from += batch) {
      const part = unseen.slice(from, from + batch);
      const { likely } = await this.#module[this.#method.read](together(part).x);
      right += part.filter(({ label }, i) => likeliest(likely.subarray(10 * i, 10 * i + 10)) === label).length;
    }
    this.score = right / unseen.length;
  }

  filters() {
    return this.#module.parameters[this.#method.filters].read();
  }

  save() {
    return this.#module.save();
  }

  /** @throws Error if the bytes are not weights of these nets */
  async load(bytes) {
    await this.#module.load(bytes);
    this.curve = new Curve();
    this.steps = 0;
  }

  async reset() {
    await this.#module.reset(Math.floor(Math.random() * 2 ** 32));
    this.curve = new Curve();
    this.steps = 0;
  }
}

export const likeliest = (values) => values.indexOf(Math.max(...values));
