// What is marked on the series that the wall "analysis" lays over one another: the signs on the picture, and the same as a list.

import { h, token } from "./dom.js";
import { markSentence, timeOf } from "./marks.js";
import { noteSign } from "./notes.js";
import { ask } from "./rest.js";
import { t } from "./words.js";

const SYMBOLS = { annotation: "triangle-down", decision: "diamond", exercise: "hourglass", change: "square-open" };
const LISTED_MAX = 50;
const CHARS_MAX = 120;

/** What is marked on any of the series between two instants (ms), each mark once, by beginning; [] where none can be read. */
export async function marksOf(ids, from, to) {
  const answers = await Promise.all(ids.map((id) => ask(`/marks?series=${id}&from=${from}&to=${to}`)));
  const found = new Map(answers.flatMap((answer) => (answer.ok ? answer.content.marks : [])).map((mark) => [`${mark.kind} ${mark.id}`, mark]));
  return [...found.values()].sort((a, b) => a.from - b.from);
}

const short = (text) => (text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text);

/** Put the marks on a picture over time: a dotted line each, its sign above, a span shaded. `plain` makes text safe for Plotly. */
export function withMarks({ traces, layout }, marks, { from, to }, plain) {
  if (!marks.length) return { traces, layout };
  const inside = (ms) => Math.min(to, Math.max(from, ms));
  const name = `yaxis${Object.keys(layout).filter((key) => key.startsWith("yaxis")).length + 1}`;
  const ink = token("--ink-2");
  const shape = (mark) => ({ type: mark.to > mark.from ? "rect" : "line", x0: inside(mark.from), x1: inside(mark.to), y0: 0, y1: 1, yref: "paper", layer: "below", fillcolor: token("--well"), line: { color: ink, width: 1, dash: "dot" } });
  const signs = {
    type: "scatter", mode: "markers", name: plain(t("room.analysis.marks")), showlegend: false, x: marks.map((mark) => inside(mark.from)), y: marks.map(() => 1), yaxis: name.replace("axis", ""), cliponaxis: false,
    marker: { symbol: marks.map((mark) => SYMBOLS[mark.kind] ?? SYMBOLS.change), size: 10, color: ink, line: { color: ink, width: 1.5 } },
    text: marks.map((mark) => plain(short(`${timeOf(mark)} · ${markSentence(mark)}`))), hovertemplate: "%{text}<extra></extra>",
  };
  return { traces: [...traces, signs], layout: { ...layout, shapes: marks.map(shape), [name]: { overlaying: "y", range: [0, 1.02], visible: false, fixedrange: true } } };
}

/** The same in sentences, the latest first, for those who read rather than point. */
export const marksList = (marks) => h("ul.marks-list", { tabIndex: 0, "aria-label": t("room.analysis.marks") }, marks.slice(-LISTED_MAX).reverse().map((mark) =>
  h("li", { "data-mark": mark.id }, h("div.mark-told", {}, noteSign(mark.kind), h("span.mark-time", {}, timeOf(mark)), h("span.mark-text", {}, markSentence(mark))))));
