/** What a run prints: a bar on a terminal, a line per epoch elsewhere, or JSON lines. */
import type { Io } from "../io.ts";

export type Metrics = readonly (readonly [name: string, value: number])[];

export interface Report {
  step(epoch: number, done: number, metrics: Metrics): void;
  epoch(epoch: number, metrics: Metrics, seconds: number): void;
}

/** `0.0912`, `98.6%` for what is called accuracy. */
export function metricText(name: string, value: number): string {
  if (/accuracy$/.test(name)) return `${(100 * value).toFixed(1)}%`;
  return value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e5) ? String(Number(value.toPrecision(4))) : value.toExponential(3);
}

const metricsText = (metrics: Metrics): string => metrics.map(([name, value]) => `${name} ${metricText(name, value)}`).join("  ");

const width = 24;
/** Milliseconds between two drawings of the bar. */
const pause = 80;

export function progressReport(io: Io, epochs: number, steps: number, json: boolean): Report {
  let last = 0;
  const bar = io.terminal && !json;
  const heading = (epoch: number): string => `epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`;
  return {
    step(epoch, done, metrics) {
      const now = performance.now();
      if (!bar || now - last < pause) return;
      last = now;
      const filled = Math.round((width * done) / steps);
      io.out(`\r\u001b[K${heading(epoch)} [${"#".repeat(filled)}${"-".repeat(width - filled)}] ${Math.round((100 * done) / steps)}%  ${metricsText(metrics)}`);
    },
    epoch(epoch, metrics, seconds) {
      if (json) io.out(`${JSON.stringify({ epoch: epoch + 1, ...Object.fromEntries(metrics), seconds: Number(seconds.toFixed(3)) })}\n`);
      else io.out(`${bar ? "\r\u001b[K" : ""}${heading(epoch)}  ${metricsText(metrics)}  ${seconds.toFixed(2)} s\n`);
    },
  };
}
