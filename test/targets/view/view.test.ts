/** `pullback view` against the compiler's own counts: operations, memory, what is kept, names of axes. */
import { describe, expect, it } from "vitest";
import { compile } from "../../../compiler/index.ts";
import { viewOf, type ViewEntry, viewPage } from "../../../targets/view/index.ts";
import { wasm } from "../../../targets/wasm/index.ts";
import { openSource } from "../../../targets/source-file.ts";
import { tinyTransformer } from "./tiny-transformer.ts";

async function viewed(text: string) {
  const source = openSource("t.pull", text, ".");
  const { optimized, program, diagnostics } = await compile(text, { file: "t.pull", targets: [wasm] });
  if (!optimized || !program) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return { program, optimized, view: viewOf("t.pull", optimized, program, source.sources, program.entries) };
}

const mlp = `dim B = 4
model Mlp[In, H, Out](x: f32[...N, In]) -> f32[...N, Out] {
  layer hidden = Linear[In, H]
  layer output = Linear[H, Out]
  return x |> hidden |> tanh |> output
}
var net = Mlp[3, 8, 2]
export train fn step(x: f32[B, 3], y: i32[B]) -> f32 {
  let loss = mean(cross_entropy(net(x), y))
  minimize loss over net with sgd(lr = 0.1)
  return loss
}
export fn predict(x: f32[B, 3]) -> f32[B, 2] = net(x)
`;

const transformer = tinyTransformer({ batch: 2, times: 8, width: 12, heads: 2 });

const loops = `dim B = 4
model Res[D](x: f32[...N, D]) -> f32[...N, D] {
  return x + (x |> Linear[_, D] |> gelu |> Linear[_, D])
}
model Net[In, D, L](x: f32[B, 12, In]) -> f32[B] {
  param w: f32[In, D] = kaiming_uniform()
  param u: f32[D, D] = kaiming_uniform()
  layer block[L] = Res[D]
  layer read = Linear[D, 1]
  let h = scan h = zeros([B, D]) for t in 0..12 { h <- tanh(x[:, t] @ w + h @ u) }
  let h = scan(checkpoint = sqrt) h = h for b in block { h <- b(h) }
  let (h, _) = scan h = h, n = 0 for i in 0..9 until n > 5 { h <- 0.5 * h  n <- n + 1 }
  return read(h)[:, 0]
}
var net = Net[3, 16, 4]
export train fn step(x: f32[B, 12, 3], y: f32[B], lr: f32) -> f32 {
  let loss = mean((net(x) - y) ^ 2)
  minimize loss over net with sgd(lr = lr)
  return loss
}
`;

/** Kept values as one reads them: text, axes, why. */
const keptLines = ({ kept, values }: ViewEntry): string[] => kept.map(({ value, reasons }) => {
  const { name, axes, shape } = values[value];
  return `${name} [${shape.map((size, i) => `${axes[i] ?? ""}=${size}`).join(" ")}] ${[...new Set(reasons.map(({ derivativeOf }) => derivativeOf))].join(" ")}`;
});

describe.each([["mlp", mlp], ["transformer", transformer], ["loops", loops]])("%s", (_, text) => {
  it("counts what the program counts", async () => {
    const { view, program } = await viewed(text);
    expect(view.memory.peakBytes).toBe(program.peakBytes);
    view.entries.forEach((entry, i) => {
      expect(entry.totals.flops).toBe(program.entries[i].flops);
      expect(Object.values(entry.totals.byPhase).reduce((sum, count) => sum + count, 0)).toBe(entry.totals.flops);
      expect(entry.totals.keptBytes).toBe(entry.kept.reduce((sum, { value }) => sum + entry.values[value].bytes, 0));
    });
    expect(Math.max(...view.entries.map(({ arena }) => arena.bytes))).toBe(program.memory.arenaBytes);
  });
  it("shows memory in which nothing lies on anything else", async () => {
    for (const { arena: { blocks, bytes, fullest } } of (await viewed(text)).view.entries) {
      const clashes = blocks.flatMap((a, i) => blocks.slice(i + 1).filter((b) => a.from <= b.to && b.from <= a.to && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes));
      expect(clashes).toEqual([]);
      expect(fullest.bytes).toBeLessThanOrEqual(bytes);
      expect(fullest.bytes).toBeGreaterThan(bytes / 2);
    }
  });
  it("keeps each value in the arena until the step that asks for it", async () => {
    const { view: { entries: [{ kept, arena, values }] } } = await viewed(text);
    expect(kept.length).toBeGreaterThan(0);
    for (const { value } of kept) {
      const found = arena.blocks.find((block) => block.value === value && block.bytes >= values[value].bytes);
      // Who reads it right afterwards may write on it.
      expect(found !== undefined && (found.to > found.from || arena.blocks.some(({ offset, from }) => offset === found.offset && from === found.to + 1)), values[value].name).toBe(true);
    }
  });
  it("draws a page that is whole by itself", async () => {
    const page = viewPage((await viewed(text)).view);
    expect(page).not.toMatch(/<script|https?:\/\/|NaN|undefined|Infinity/);
    const anchors = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    for (const [, to] of page.matchAll(/ href="#([^"]+)"/g)) expect(anchors).toContain(to);
    for (const name of ["svg", "g", "a", "details", "section", "text", "title"]) {
      expect(page.match(new RegExp(`</${name}>`, "g"))?.length, name).toBe(page.match(new RegExp(`<${name}[ >]`, "g"))?.length);
    }
  });
});

describe("parts", () => {
  it("rows are the layers, in order, and backward operations stand in the row of what they are derived from", async () => {
    const { view: { entries: [step, predict] } } = await viewed(mlp);
    expect(step.rows.map(({ path }) => path.join("."))).toEqual(["net.hidden", "net", "net.output", ""]);
    const backward = step.operations.filter(({ phase }) => phase === "backward");
    const ofDots = backward.filter(({ op, derivativeOf }) => op === "dot" && derivativeOf === "dot");
    expect(ofDots.map(({ row }) => row).sort()).toEqual([0, 2, 2]); // no credit goes to x
    expect(predict.operations.every(({ phase }) => phase === "forward")).toBe(true);
    expect(predict.kept).toEqual([]);
  });
  it("updates are neither: each is in the row of its gradient", async () => {
    const { view: { entries: [step] } } = await viewed(mlp);
    const updates = step.operations.filter(({ phase }) => phase === "update");
    expect([...new Set(updates.map(({ row }) => row))].sort()).toEqual([0, 2]);
    expect(updates.every(({ derivativeOf }) => derivativeOf === undefined)).toBe(true);
  });
  it("what is kept has the names of its axes and its reasons", async () => {
    expect(keptLines((await viewed(mlp)).view.entries[0])).toMatchInlineSnapshot(`
      [
        "x |> hidden |> tanh [B=4 Out=8] dot tanh",
        "s - log(sum(exp(s), axis = axis, keep = true)) [B=4 Out=2] cross_entropy",
      ]
    `);
    expect(keptLines((await viewed(transformer)).view.entries[0])).toMatchInlineSnapshot(`
      [
        "x - mean(x, axis = -1, keep = true) [B=2 T=8 D=12] mul",
        "sqrt(mean(c * c, axis = -1, keep = true) + eps) [B=2 T=8] div sqrt",
        "c / sqrt(mean(c * c, axis = -1, keep = true) + eps) [B=2 T=8 D=12] mul div",
        "layer_norm(x, eps) * scale + bias [B=2 T=8 D=12] dot",
        "y[..., :D] [B=2 T=8 =12] dot",
        "y[..., D:2 * D] [B=2 T=8 =12] dot",
        "y[..., 2 * D:] [B=2 T=8 =12] dot",
        "expand(0..T, 1) >= 0..S [=8 =8] select",
        "e / sum(e, axis = axis, keep = true) [B=2 =2 T=8 T=8] dot softmax",
        "for [...n, t, h, e] => x[...n, h, t, e] [B=2 T=8 =2 =6] dot",
        "x - mean(x, axis = -1, keep = true) [B=2 T=8 D=12] mul",
        "sqrt(mean(c * c, axis = -1, keep = true) + eps) [B=2 T=8] div sqrt",
        "c / sqrt(mean(c * c, axis = -1, keep = true) + eps) [B=2 T=8 D=12] mul div",
        "layer_norm(x, eps) * scale + bias [B=2 T=8 D=12] dot",
        "x @ weight + bias [B·T=16 Out=48] mul",
        "x / sqrt(2) [B·T=16 Out=48] erf",
        "0.5 + 0.5 * erf(x / sqrt(2)) [B·T=16 Out=48] mul",
        "x * (0.5 + 0.5 * erf(x / sqrt(2))) [B·T=16 Out=48] dot",
        "x + drop(narrow(gelu(wide(norm2(x)))), rate) [B=2 T=8 D=12] dot",
        "s - log(sum(exp(s), axis = axis, keep = true)) [B·T=16 Out=16] cross_entropy",
      ]
    `);
  });
  it("an own rule is named by its owner", async () => {
    const { view: { entries: [entry] } } = await viewed(`fn rounded(x: f32[...S]) -> f32[...S] = round(x)
  surrogate backward(dy) = { x: exp(dy + x) }
export fn g(x: f32[5]) -> f32[5] {
  let y = exp(x)
  return grad(sum(rounded(y)), y)
}
`);
    expect(keptLines(entry)).toEqual([]); // all is made in one kernel
    expect(entry.operations.some(({ phase, derivativeOf }) => phase === "backward" && derivativeOf === "rounded")).toBe(true);
  });
  it("loops are frames: their operations count every turn, a backward loop makes again what it does not keep", async () => {
    const { view: { entries: [step] } } = await viewed(loops);
    const [recurrence] = step.loops;
    expect(recurrence).toMatchObject({ turns: 12, around: null, backward: false, endsEarly: false });
    expect(step.loops.filter(({ endsEarly }) => endsEarly).length).toBeGreaterThan(0);
    expect(step.loops.some(({ around, backward }) => backward && around !== null)).toBe(true);
    expect(step.totals.byPhase.again).toBeGreaterThan(0);
    const inside = step.operations.filter(({ loop, op }) => loop === recurrence.id && op === "dot");
    expect(inside.map(({ turns, flops, row }) => ({ turns, flops, loop: step.rows[row].loop }))).toContainEqual({ turns: 12, flops: 12 * 2 * 4 * 16 * 16, loop: recurrence.id });
    const page = viewPage((await viewed(loops)).view);
    expect(page).toContain("loop, 12 turns; to the next turn: f32[B=4, D=16]");
    expect(page).toContain("loop, at most 9 turns");
  });
  it("text of the program is text of the page", async () => {
    const page = viewPage((await viewed("export fn f(x: f32[3]) -> bool[3] = x < 1 && x > 0\n")).view);
    expect(page).toContain("x &lt; 1");
  });
});
