/** `npm run page` serves it; `npx vite build samples/page` writes it to samples/out/page. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import pullback from "pullback/vite";

const here = (name) => new URL(name, import.meta.url);

/**
 * `virtual:digits`: some of data/digits.csv, small. 3 bits a pixel, as letters, in an order in which like stands beside like: class by
 * class, and within a class one pixel of all of its images after the other. That compresses to 16 bytes an image.
 */
function digits({ images, levels }) {
  const pack = () => {
    const rows = readFileSync(here("../data/digits.csv"), "utf8").trim().split("\n").slice(1, images + 1).map((line) => line.split(",").map(Number));
    const classes = Array.from({ length: 10 }, (_, label) => rows.filter((row) => row[64] === label));
    const letter = (value) => String.fromCharCode(97 + Math.round((value / 16) * (levels - 1)));
    const text = classes.flatMap((some) => Array.from({ length: 64 }, (_, pixel) => some.map((row) => letter(row[pixel])).join(""))).join("");
    return `export default ${JSON.stringify({ counts: classes.map(({ length }) => length), levels, text })};`;
  };
  return {
    name: "digits",
    resolveId: (id) => (id === "virtual:digits" ? `\0${id}` : undefined),
    load: (id) => (id === "\0virtual:digits" ? pack() : undefined),
  };
}

/** The service worker, which must know all files of the build. What is loaded only when it is chosen is not among them. */
function offline() {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const later = (file) => file.type === "chunk" && file.facadeModuleId?.includes("?target=wgsl");
      const files = Object.values(bundle).filter((file) => !later(file));
      const version = createHash("sha256").update(files.map((file) => file.code ?? file.source).join()).digest("hex").slice(0, 16);
      const names = ["./", ...files.map(({ fileName }) => fileName).filter((name) => name !== "index.html")];
      const head = `const files = ${JSON.stringify(names)};\nconst version = "${version}";\n`;
      this.emitFile({ type: "asset", fileName: "offline.js", source: head + readFileSync(here("offline.js"), "utf8") });
    },
  };
}

export default {
  base: "./",
  build: { outDir: "../out/page", emptyOutDir: true, modulePreload: false, target: "es2022" },
  plugins: [pullback({ types: false }), digits({ images: 1120, levels: 8 }), offline()],
};
