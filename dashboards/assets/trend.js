// One trend with uPlot: the trace, the expected band shaded, the span before beside it, a dashed line with its word at each alert, a sign at
// each note (what people wrote and changed: marks.js). Dragging over it holds all trends at that range; the cursors of all move together.

import { atMost, token } from "./dom.js";
import { onChange } from "./model.js";
import { drawNotes, noteNear } from "./notes.js";
import { backToLive, hold, pointAt } from "./timerange.js";
import { clock, day, onAxis, timeZone } from "./words.js";

const DRAW_MS = 500;
const POINTS_MAX = 1500;

export class Trend {
  /** `pointedNote(note)` hears which note is pointed at, or null; `pinned(ms)` which instant was clicked. */
  constructor(place, { pointedNote = () => {}, pinned = () => {} } = {}) {
    Object.assign(this, { place, plot: null, marks: [], notes: [], lit: null, near: null, faded: false, columns: [[], [], [], [], []], before: null, range: null, pointedNote });
    this.draw = atMost(DRAW_MS, () => this.plot?.setData(this.columns, true), { inFrame: true });
    place.addEventListener("click", () => this.plot && this.plot.cursor.left >= 0 && pinned(Math.round(this.plot.posToVal(this.plot.cursor.left, "x") * 1000)));
    place.addEventListener("dblclick", backToLive);
    new ResizeObserver(() => this.fit()).observe(place);
    onChange(["palette"], () => this.restyle());
  }

  clear() {
    this.columns = [[], [], [], [], []];
    this.plot?.destroy();
    this.plot = null;
  }

  /** Show columns over `range` ({from, to, live, spanS}); `before` is {times, v} of the span before, moved here, or null. */
  show({ times, v, low, high }, range, marks, before = null) {
    const nulls = (column) => Array.from(times, (_, i) => (Number.isFinite(column?.[i]) ? column[i] : null));
    this.columns = [Array.from(times, (ms) => ms / 1000), nulls(low), nulls(high), Array.from(times, (ms) => between(before, ms)), nulls(v)]; // the trace last: drawn over its band
    this.before = before;
    this.range = range;
    this.marks = marks;
    this.build();
  }

  append(ms, v, low, high) {
    const [x] = this.columns;
    if (!this.plot || !this.range.live || (x.length && ms / 1000 <= x[x.length - 1])) return;
    [ms / 1000, low ?? null, high ?? null, between(this.before, ms), v].forEach((value, i) => this.columns[i].push(value));
    const from = ms / 1000 - this.range.spanS;
    const old = x.findIndex((at) => at >= from);
    if (x.length > POINTS_MAX || old > 20) for (const column of this.columns) column.splice(0, Math.max(old, x.length - POINTS_MAX));
    this.draw();
  }

  setMarks(marks) {
    if (JSON.stringify(marks) === JSON.stringify(this.marks)) return;
    this.marks = marks;
    this.plot?.redraw(false);
  }

  /** Show notes as {id, kind, from, to} in ms. */
  setNotes(notes) {
    if (JSON.stringify(notes) === JSON.stringify(this.notes)) return;
    this.notes = notes;
    this.plot?.redraw(false);
  }

  /** Show one note stronger than the others, null none. */
  light(id) {
    if (id === this.lit) return;
    this.lit = id;
    this.plot?.redraw(false);
  }

  /** Put the cursor where another trend has it, null takes it away. */
  point(ms) {
    if (!this.plot || this.pointing) return;
    this.plot.setCursor(ms === null ? { left: -10, top: -10 } : { left: this.plot.valToPos(ms / 1000, "x"), top: 10 }, false);
  }

  pointed(plot) {
    const { left } = plot.cursor;
    const here = left !== null && left !== undefined && left >= 0;
    pointAt(here ? Math.round(plot.posToVal(left, "x") * 1000) : null);
    const near = here ? noteNear(plot, this.notes, left) : null;
    if (near === this.near) return;
    this.near = near;
    this.pointedNote(near);
  }

  /** Draw it in the colours and words of now; one that nobody sees, when it is seen again. */
  restyle() {
    this.faded = this.plot !== null && !this.place.clientWidth;
    if (this.plot && !this.faded) this.build();
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (this.faded && width) this.restyle();
    if (this.plot && width > 40 && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height });
  }

  build() {
    this.plot?.destroy();
    const width = Math.max(120, this.place.clientWidth);
    const height = Math.max(120, this.place.clientHeight);
    this.plot = new window.uPlot(this.options(width, height), this.columns, this.place);
  }

  options(width, height) {
    const axis = { stroke: token("--ink-2"), font: "12px B612", grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line"), width: 1, size: 4 } };
    const band = { stroke: "transparent", width: 0, points: { show: false } };
    return {
      width, height, padding: [10, 22, 0, 0], legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, uni: 10, setScale: false }, points: { size: 6, fill: token("--orange"), stroke: token("--panel") } },
      tzDate: (s) => window.uPlot.tzDate(new Date(s * 1000), timeZone()),
      scales: { x: { time: true, range: () => this.window() }, y: { range: (_plot, from, to) => spread(from, to) } },
      axes: [
        { ...axis, space: 64, size: 34, values: (_plot, ticks) => ticks.map((s) => this.tick(s)) },
        { ...axis, size: (_plot, values) => 14 + 8 * Math.max(3, ...(values ?? []).map((text) => text.length)), space: 32, values: (_plot, ticks) => onAxis(ticks) },
      ],
      series: [{}, band, { ...band }, { stroke: token("--before"), width: 1.5, dash: [4, 3], points: { show: false }, spanGaps: true }, { stroke: token("--trace"), width: 1.5, points: { show: false }, spanGaps: false }],
      bands: [{ series: [2, 1], fill: token("--band") }],
      hooks: { draw: [(plot) => this.drawMarks(plot)], setSelect: [(plot) => this.chosen(plot)], setCursor: [(plot) => this.pointed(plot)] },
    };
  }

  chosen(plot) {
    const { left, width } = plot.select;
    if (width <= 10) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    hold(from * 1000, to * 1000);
  }

  window() {
    const [x] = this.columns;
    if (!this.range.live) return [this.range.from / 1000, this.range.to / 1000];
    const last = x.length ? x[x.length - 1] : this.range.to / 1000;
    return [last - this.range.spanS, last];
  }

  tick(s) {
    return this.range.spanS > 86400 ? day(s * 1000) : clock(s * 1000);
  }

  drawMarks(plot) {
    const { ctx: pen, bbox } = plot;
    const scale = window.devicePixelRatio || 1;
    drawNotes(plot, this.notes, this.lit);
    pen.save();
    pen.font = `600 ${13 * scale}px "IBM Plex Sans Condensed"`;
    pen.textBaseline = "bottom";
    for (const { at, priority, word } of this.marks) {
      const x = plot.valToPos(at / 1000, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      pen.strokeStyle = pen.fillStyle = token(`--p${priority}-edge`);
      pen.lineWidth = 1.5 * scale;
      pen.setLineDash([5 * scale, 4 * scale]);
      pen.beginPath();
      pen.moveTo(x, bbox.top);
      pen.lineTo(x, bbox.top + bbox.height);
      pen.stroke();
      const left = x - bbox.left > bbox.width / 2;
      pen.textAlign = left ? "right" : "left";
      pen.fillText(word, x + (left ? -6 : 6) * scale, bbox.top + bbox.height - 4 * scale);
    }
    pen.restore();
  }
}

/** The value of {times, v} at `ms`, on the line between its neighbours; null outside. */
function between(line, ms) {
  if (!line?.times.length) return null;
  const { times, v } = line;
  let [low, high] = [0, times.length - 1];
  if (ms < times[low] || ms > times[high]) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= ms) low = middle;
    else high = middle;
  }
  const share = times[high] > times[low] ? (ms - times[low]) / (times[high] - times[low]) : 0;
  const value = v[low] + share * (v[high] - v[low]);
  return Number.isFinite(value) ? value : null;
}

function spread(from, to) {
  if (from === null || to === null || !Number.isFinite(from) || !Number.isFinite(to)) return [0, 1];
  const pad = Math.max((to - from) * 0.08, Math.abs(to) * 1e-4, 1e-9);
  return [from - pad, to + pad];
}
