/** The page: what its controls do, and what it shows while a net learns. */
import { anyUnseen, imageOf, unseen } from "./digits.js";
import { backends, Learner, likeliest, methods } from "./learner.js";
import { Pad } from "./pad.js";
import { paintFilters, paintWhy } from "./pictures.js";

const stepsPerFrame = 2;
/** Where training pauses by itself: nothing changes much any more. */
const enough = 3000;

const at = (id) => document.getElementById(id);
/** Rounded down: 100% is all. */
const percent = (part) => `${Math.floor(100 * part)}%`;

/** Nets by method; each begins when its method is first chosen. */
const learners = new Map();
/** The visitor's drawings, with their labels. */
const taught = [];
let method = "backpropagation";
let backend = "wasm";
/** Undefined while it is loaded. */
let learner;
let running = false;
/** What the board shows; of an example the label is known. */
let shown = anyUnseen();

/** Tells something; a mistake stays until something else is told. */
function tell(text, wrong = false) {
  const status = at("status");
  status.textContent = text;
  status.className = wrong ? "wrong" : "";
  clearTimeout(tell.timer);
  if (!wrong) tell.timer = setTimeout(() => tell("", true), 5000);
}

/** Runs what a control does; a failure is told, not thrown. */
async function attempt(what, action) {
  try {
    await action();
  } catch (error) {
    running = false;
    showRunning();
    tell(`${what}: ${error.message.replace(/^\w+: /, "")}`, true);
  }
}

const pad = new Pad(at("pad"), () => {
  shown = { image: imageOf(pad.strokes), label: undefined };
  attempt("The drawing cannot be read", showAnswer);
});

const rows = Array.from({ length: 10 }, (_, label) => {
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = `<span>${label}</span><span class="bar"><i></i></span><span class="part"></span>`;
  button.addEventListener("click", () => pausing("It cannot learn that", teach(shown.image, label)));
  at("labels").append(button);
  return { button, bar: button.querySelector("i"), part: button.querySelector(".part") };
});

async function showAnswer() {
  if (!learner) return;
  const { image, label } = shown;
  const empty = !image.some((value) => value > 0);
  const { likely, why } = await learner.read(image);
  const best = likeliest(likely);
  rows.forEach(({ button, bar, part }, digit) => {
    const share = empty ? 0 : likely[digit];
    bar.style.width = percent(share);
    part.textContent = percent(share);
    button.className = !empty && digit === best ? "best" : "";
    button.disabled = empty || label !== undefined;
    button.setAttribute("aria-label", `Teach that it is a ${digit} (now ${percent(share)})`);
  });
  const answer = empty ? "nothing yet" : String(best);
  if (at("answer").value !== answer) at("answer").value = answer; // it is read aloud when it changes
  at("teach-help").textContent = label === undefined
    ? "Wrong? Press the right digit, and it learns your drawing too."
    : `Somebody wrote this as a ${label}. Draw one yourself to teach it.`;
  paintWhy(at("why"), image, empty ? why.fill(0) : why);
}

async function showNet() {
  paintFilters(at("filters"), await learner.filters());
  await showAnswer();
}

async function showScore() {
  await learner.test();
  at("score").textContent = percent(learner.score);
  at(`score-${method}`).textContent = learner.steps > 0 ? percent(learner.score) : "";
}

function showCurve() {
  learner?.curve.paint(at("curve"));
  at("steps").textContent = learner?.steps > 0 ? `after ${learner.steps} batches of 32` : "";
}

async function showAll() {
  showCurve();
  await showScore();
  await showNet();
}

function showRunning() {
  at("train").textContent = running ? "Pause" : learner?.steps > 0 ? "Go on" : "Start learning";
}

async function run() {
  showRunning();
  for (let frame = 0; running; frame++) {
    await new Promise(requestAnimationFrame);
    if (!running) break;
    for (let i = 0; i < stepsPerFrame; i++) await learner.train(taught);
    showCurve();
    if (frame % 6 === 0) await showNet();
    if (frame % 15 === 0) await showScore();
    if (learner.steps % enough < stepsPerFrame) running = false;
  }
  showRunning();
  await showAll();
}

/** The drawing goes among what is trained on, and some steps follow at once. */
const teach = (image, label) => async () => {
  taught.push({ image, label });
  for (let i = 0; i < 30; i++) await learner.train(taught);
  await showAll();
  showRunning();
  tell(`It has learned that this is a ${label}, and says ${at("answer").value} now.`);
};

/** What runs: training and what must not meet it, one after the other. */
let queue = Promise.resolve();

function start() {
  running = true;
  queue = queue.then(() => attempt("Training stopped", run));
}

/** Training pauses for what a control does, and goes on after it. */
function pausing(failure, action) {
  const again = running;
  running = false;
  queue = queue.then(() => attempt(failure, action)).then(() => { if (again) start(); });
}

async function choose(next) {
  if (!learners.has(next)) learners.set(next, await Learner.create(next, backend));
  method = next;
  learner = learners.get(next);
  await showAll();
  showRunning();
}

async function moveTo(next) {
  try {
    for (const each of learners.values()) await each.move(next);
  } catch (error) {
    for (const each of learners.values()) await each.move(backend);
    throw error;
  }
  backend = next;
  await showAll();
  tell(`Now computing by ${backends[next].text}; nothing learned is lost.`);
}

/** A choice that fails goes back to what there is: `chosen()`. */
function radios(place, choices, chosen, failure, choose) {
  const inputs = [];
  for (const [value, { title, text }] of Object.entries(choices)) {
    const label = document.createElement("label");
    label.className = "choice";
    label.innerHTML = `<input type="radio" name="${place.id}" value="${value}"><b>${title}</b><span id="score-${value}"></span><small>${text}</small>`;
    const input = label.querySelector("input");
    input.checked = value === chosen();
    input.addEventListener("change", () => {
      pausing(failure(title, text), () => choose(value).finally(() => inputs.forEach((each) => { each.checked = each.value === chosen(); })));
    });
    inputs.push(input);
    place.append(label);
  }
}

radios(at("methods"), methods, () => method, (title) => `${title} cannot start`, choose);
radios(at("backends"), backends, () => backend, (_, text) => `${text} cannot be used here`, moveTo);

at("train").addEventListener("click", () => {
  if (running) running = false;
  else start();
});
at("clear").addEventListener("click", () => pad.clear());
at("example").addEventListener("click", () => {
  shown = anyUnseen();
  pad.show(shown.image);
  attempt("The digit cannot be read", showAnswer);
});
at("save").addEventListener("click", () => attempt("It cannot be saved", async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([await learner.save()]));
  link.download = `digits-${method}.safetensors`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}));
at("load").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => pausing("This file cannot be loaded", async () => {
  const [file] = at("file").files;
  at("file").value = "";
  await learner.load(new Uint8Array(await file.arrayBuffer()));
  await showAll();
  tell(`Loaded ${file.name}.`);
}));
at("reset").addEventListener("click", () => pausing("It cannot start over", async () => {
  await learner.reset();
  await showAll();
  tell("It has forgotten everything.");
}));
addEventListener("resize", showCurve);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showCurve);

at("unseen").textContent = String(unseen.length);
pad.show(shown.image);
pausing("The net cannot start", async () => {
  await choose(method);
  for (const id of ["train", "save", "load", "reset"]) at(id).disabled = false;
});
// Once visited, the page is there without a network.
if (import.meta.env.PROD) navigator.serviceWorker?.register("./offline.js").catch((error) => console.warn(`not kept for offline use: ${error.message}`));
