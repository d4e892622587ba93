/** The page: one file, without scripts; light and dark, on screen and on paper. */
import { byteText, flopsText, grouped } from "../cli/io.ts";
import { arenaDrawing } from "./arena.ts";
import { rowDetails } from "./details.ts";
import { overview } from "./overview.ts";
import { cut, escape, plural, typeText } from "./text.ts";
import type { View, ViewEntry } from "./view.ts";

export function viewPage(view: View): string {
  const { file, memory, entries } = view;
  const memoryText = `${byteText(memory.peakBytes)} of memory: state ${byteText(memory.stateBytes)}, constants ${byteText(memory.constantBytes)}, intermediate values ${byteText(memory.arenaBytes)}`;
  const links = entries.length > 1 ? `<nav>${entries.map(({ symbol }) => `<a href="#${escape(symbol)}">${escape(symbol)}</a>`).join(" ")}</nav>` : "";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(file)}</title><style>${style}</style></head>
<body><h1>${escape(file)}</h1><p>${memoryText}</p>${links}
${entries.map(entrySection).join("\n")}
</body></html>
`;
}

function entrySection(entry: ViewEntry): string {
  const { symbol, totals: { flops, byPhase, keptBytes }, operations, kept, rows } = entry;
  const phases = Object.entries(byPhase).filter(([, count]) => count > 0).map(([phase, count]) => `${phase} ${flopsText(count)}`);
  const anchor = (row: number): string => `${symbol}-${row}`;
  const facts = [
    plural(operations.length, "operation"),
    `${grouped(flops)} FLOPs${phases.length > 1 ? ` (${phases.join(", ")})` : ""}`,
    ...(kept.length > 0 ? [`${plural(kept.length, "value")} kept for the backward pass, ${byteText(keptBytes)}`] : []),
  ];
  return `<section id="${escape(symbol)}"><h2>${escape(symbol)}</h2><p>${facts.join("; ")}.</p>${given(entry)}
<div class="wide">${overview(entry, anchor)}</div>
<h3>Memory over time</h3><p class="key">${["given", "forward", "kept", "backward", "update"].map((kind) => `<span class="block ${kind}"></span>${kind === "given" ? "argument" : kind}`).join(" ")}</p>
<div class="wide">${arenaDrawing(entry)}</div>
<h3>Operations</h3>${rows.map((_, row) => rowDetails(entry, row, anchor(row))).join("\n")}</section>`;
}

/** Arguments and states by name. */
function given({ values }: ViewEntry): string {
  const items = values.filter(({ maker, name }) => maker === null && name !== "turn").filter((value, i, all) => all.findIndex(({ name }) => name === value.name) === i);
  return `<details><summary>${plural(items.length, "argument and state", "arguments and states")}</summary><ul class="given">${items.map((value) => `<li><code>${escape(cut(value.name, 60))}</code> ${escape(typeText(value))} ${byteText(value.bytes)}</li>`).join("")}</ul></details>`;
}

const style = `
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6575;--paper:#fff;--line:#c9d0da;--forward:#2c6fbb;--forward-fill:#e8f1fb;--backward:#b5482f;--backward-fill:#fcece7;--kept:#8a6d00;--kept-fill:#fdf5d3;--update:#3c7a4b;--update-fill:#e8f5eb;--none-fill:#e9ecf0;--given-fill:#efe8f8;--given:#7150a0}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ef;--soft:#9aa5b5;--paper:#14181f;--line:#3a4350;--forward:#6fa8e6;--forward-fill:#1b2a3d;--backward:#e88a73;--backward-fill:#3a211c;--kept:#d9b944;--kept-fill:#332c12;--update:#7fc190;--update-fill:#1b3022;--none-fill:#262d37;--given-fill:#2b2340;--given:#b396e0}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1160px;margin:24px auto;padding:0 16px}
h1{font-size:22px;margin:0}h2{font-size:18px;border-top:1px solid var(--line);padding-top:16px;margin:28px 0 0}h3{font-size:15px;margin:22px 0 6px}h4{font-size:13px;margin:12px 0 2px;color:var(--soft)}p{margin:6px 0}
a{color:inherit}nav a{margin-right:10px}.wide{overflow-x:auto}svg{max-width:none;height:auto}svg a{text-decoration:none}summary{cursor:pointer;padding:3px 0}summary b{margin-right:8px}
code,.code,.tiny{font:12px ui-monospace,Menlo,Consolas,monospace}.given{columns:2;font-size:13px}
svg text{fill:var(--ink);font-size:12px}svg .code{font-size:11px}svg .tiny{font-size:9px;pointer-events:none}svg .small{fill:var(--soft);font-size:11.5px}svg .name{font-weight:600;font-size:13px}svg .head{font-weight:600;fill:var(--soft)}.end{text-anchor:end}
.box{stroke-width:1.5}.box.forward{fill:var(--forward-fill);stroke:var(--forward)}.box.backward{fill:var(--backward-fill);stroke:var(--backward)}.box.update{fill:var(--update-fill);stroke:var(--update)}
rect.kept{fill:var(--kept-fill);stroke:var(--kept)}.loop{fill:none;stroke:var(--soft);stroke-dasharray:5 4}
.edge{fill:none;stroke:var(--soft);stroke-width:1.3}.edge.forward{stroke:var(--forward)}.edge.backward{stroke:var(--backward)}.edge.kept{stroke:var(--kept);opacity:.75}.edge:hover{stroke-width:3}.tip.forward{fill:var(--forward)}.tip.backward{fill:var(--backward)}.tip.kept{fill:var(--kept)}
.dot.forward{fill:var(--forward)}.dot.backward{fill:var(--backward)}.dot.update{fill:var(--update)}
.block,.moment{stroke:var(--soft);stroke-width:.5;fill:var(--none-fill);background:var(--none-fill)}.moment{stroke:none}.block.forward,.moment.forward{fill:var(--forward-fill);stroke:var(--forward);background:var(--forward-fill)}.moment.forward{fill:var(--forward)}.moment.backward{fill:var(--backward)}.block.backward,.block.again{fill:var(--backward-fill);stroke:var(--backward);background:var(--backward-fill)}.block.kept{fill:var(--kept-fill);stroke:var(--kept);background:var(--kept-fill)}.block.update{fill:var(--update-fill);stroke:var(--update);background:var(--update-fill)}.block.given{fill:var(--given-fill);stroke:var(--given);background:var(--given-fill)}
span.block{display:inline-block;width:12px;height:12px;border:1px solid var(--soft);margin:0 4px -2px 12px}.grid{stroke:var(--line);stroke-width:.5}.peak{stroke:var(--ink);stroke-dasharray:3 3}
@media print{body{max-width:none;margin:0;font-size:11px}svg{max-width:100%}details{break-inside:avoid}section{break-before:page}section:first-of-type{break-before:auto}}
`;
