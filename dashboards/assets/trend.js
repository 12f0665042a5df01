// One trend with uPlot: the trace, the expected band shaded, a dashed line with its word at each change, zoom by dragging.

import { token } from "./dom.js";
import { clock, day, number, timeZone } from "./words.js";

const DRAW_MS = 500;
const POINTS_MAX = 1500;

export class Trend {
  /** `onZoom(true|false)` is told when the reader zooms in and out again. */
  constructor(place, onZoom) {
    Object.assign(this, { place, onZoom, plot: null, marks: [], columns: [[], [], [], []], rangeS: 3600, zoomed: false, timer: 0 });
    new ResizeObserver(() => this.fit()).observe(place);
  }

  clear() {
    this.columns = [[], [], [], []];
    this.plot?.destroy();
    this.plot = null;
    this.setZoomed(false);
  }

  show({ times, v, low, high }, rangeS, marks) {
    const nulls = (column) => Array.from(times, (_, i) => (Number.isFinite(column?.[i]) ? column[i] : null));
    this.columns = [Array.from(times, (ms) => ms / 1000), nulls(low), nulls(high), nulls(v)]; // the trace last: drawn over its band
    this.rangeS = rangeS;
    this.marks = marks;
    this.build();
  }

  append(ms, v, low, high) {
    const [x] = this.columns;
    if (!this.plot || (x.length && ms / 1000 <= x[x.length - 1])) return;
    [ms / 1000, low ?? null, high ?? null, v].forEach((value, i) => this.columns[i].push(value));
    const from = ms / 1000 - this.rangeS;
    const old = x.findIndex((at) => at >= from);
    if (x.length > POINTS_MAX || old > 20) for (const column of this.columns) column.splice(0, Math.max(old, x.length - POINTS_MAX));
    if (!this.timer) this.timer = setTimeout(() => this.draw(), DRAW_MS);
  }

  draw() {
    this.timer = 0;
    if (!this.plot) return;
    this.plot.setData(this.columns, !this.zoomed);
    if (this.zoomed) this.plot.redraw();
  }

  setMarks(marks) {
    if (JSON.stringify(marks) === JSON.stringify(this.marks)) return;
    this.marks = marks;
    this.plot?.redraw(false);
  }

  setZoomed(zoomed) {
    this.zoomed = zoomed;
    this.onZoom(zoomed);
  }

  reset() {
    this.setZoomed(false);
    this.plot?.setData(this.columns, true);
  }

  restyle() {
    if (this.plot) this.build();
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (this.plot && width > 40 && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height });
  }

  build() {
    this.plot?.destroy();
    this.setZoomed(false);
    const width = Math.max(120, this.place.clientWidth);
    const height = Math.max(120, this.place.clientHeight);
    this.plot = new window.uPlot(this.options(width, height), this.columns, this.place);
  }

  options(width, height) {
    const axis = { stroke: token("--ink-2"), font: "12px B612", grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line"), width: 1, size: 4 } };
    const band = { stroke: "transparent", width: 0, points: { show: false } };
    return {
      width, height, padding: [10, 22, 0, 0], legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, uni: 10 }, points: { size: 6, fill: token("--orange"), stroke: token("--panel") } },
      tzDate: (s) => window.uPlot.tzDate(new Date(s * 1000), timeZone()),
      scales: { x: { time: true, range: (_plot, from, to) => this.window(from, to) }, y: { range: (_plot, from, to) => spread(from, to) } },
      axes: [
        { ...axis, space: 64, size: 34, values: (_plot, ticks) => ticks.map((s) => this.tick(s)) },
        { ...axis, size: (_plot, values) => 14 + 8 * Math.max(3, ...(values ?? []).map((text) => text.length)), space: 32, values: (_plot, ticks) => ticks.map(number) },
      ],
      series: [{}, band, { ...band }, { stroke: token("--trace"), width: 1.5, points: { show: false }, spanGaps: false }],
      bands: [{ series: [2, 1], fill: token("--band") }],
      hooks: { draw: [(plot) => this.drawMarks(plot)], setSelect: [(plot) => plot.select.width > 10 && this.setZoomed(true)] },
    };
  }

  window(from, to) {
    if (this.zoomed) return [from, to];
    const [x] = this.columns;
    const last = Math.max(x.length ? x[x.length - 1] : Date.now() / 1000);
    return [last - this.rangeS, last];
  }

  tick(s) {
    return this.rangeS > 86400 ? day(s * 1000) : clock(s * 1000);
  }

  drawMarks(plot) {
    const { ctx: pen, bbox } = plot;
    const scale = window.devicePixelRatio || 1;
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

function spread(from, to) {
  if (from === null || to === null || !Number.isFinite(from) || !Number.isFinite(to)) return [0, 1];
  const pad = Math.max((to - from) * 0.08, Math.abs(to) * 1e-4, 1e-9);
  return [from - pad, to + pad];
}
