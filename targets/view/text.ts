/** Texts of the page: escaping, shapes, names. */
import type { ViewOperation, ViewValue } from "./view.ts";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" };
export const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character]);

/** At most so many characters. */
export const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

/** `f32[B=8, T=16, 96]`; a scalar is `f32`. */
export function typeText({ element, shape, axes }: Pick<ViewValue, "element" | "shape" | "axes">): string {
  return shape.length === 0 ? element : `${element}[${shape.map((size, i) => (axes[i] === null ? size : `${axes[i]}=${size}`)).join(", ")}]`;
}

/** `std/nn.pull:12`. */
export const placeText = ({ place }: Pick<ViewOperation, "place">): string => (place === null ? "" : `${place.file}:${place.line}`);

export const plural = (count: number, noun: string, many = `${noun}s`): string => `${count} ${count === 1 ? noun : many}`;
