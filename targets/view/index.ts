/** A program's forward and backward pass and its memory: as data, and as a page. */
export { viewPage } from "./page.ts";
export { type View, type ViewEntry, viewOf } from "./view.ts";
