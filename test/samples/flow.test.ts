import { beforeAll, describe, expect, test } from "vitest";
import { agree, figure, measured, openSample, type Sample } from "./support.ts";

measured("{nats a point, flow} nats a point, the best normal distribution {nats a point, normal distribution}; the density's integral is {integral of the density}");

let sample: Sample;
beforeAll(async () => { sample = await openSample("flow", {}, { selfTest: false }); });

describe("flow", () => {
  test("js, wasm and the reference agree", async () => {
    const small = await openSample("flow", { N: 4, STEPS: 2 }, { selfTest: false });
    agree(small, [["step", 0.01], ["step", 0.01], ["draw"], ["compare"]], { band: 2e-3 });
  });

  test("two moons are likelier under the flow than under a normal distribution", () => {
    const { wasm } = sample;
    wasm.reset(1);
    for (let i = 0; i < 1200; i++) wasm.step(i < 900 ? 0.01 : 0.002);
    let [flow, gaussian] = [0, 0];
    for (let i = 0; i < 20; i++) {
      const found = wasm.compare();
      flow += found.flow / 20;
      gaussian += found.gaussian / 20;
    }
    expect(figure("nats a point, flow", flow)).toBeLessThan(gaussian - 0.5);
    figure("nats a point, normal distribution", gaussian);
    const points: Float32Array = wasm.draw();
    const far = Array.from({ length: 128 }, (_, i) => Math.hypot(points[2 * i], points[2 * i + 1])).filter((r) => r > 3).length;
    expect(far).toBeLessThan(4);
  });

  test("its density has the integral 1", () => {
    let total = 0;
    for (let i = 0; i < 128; i++) total += (sample.wasm.row(-4 + ((i + 0.5) * 8) / 128) * 8) / 128;
    expect(figure("integral of the density", total)).toBeGreaterThan(0.97);
    expect(total).toBeLessThan(1.03);
  });
});
