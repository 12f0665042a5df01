// The signs of notes on a trend: one shape for each kind, so that none depends on colour; a span has a bar along the top.

import { svg, token } from "./dom.js";

const SIZE = 5;
const NEAR_PX = 8;

/** The shape of a kind around (x, y), `r` its half width, as the path of an SVG or a canvas. */
const SHAPES = {
  annotation: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${1.3 * r}h${-0.8 * r}l${-r} ${1.1 * r}v${-1.1 * r}h${-0.2 * r}z`, // a bubble: somebody says something
  decision: (x, y, r) => `M${x} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`,
  exercise: (x, y, r) => `M${x - r} ${y - r}h${0.7 * r}v${2 * r}h${-0.7 * r}zM${x + 0.3 * r} ${y - r}h${0.7 * r}v${2 * r}h${-0.7 * r}z`,
  change: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
};
const shapeOf = (kind) => SHAPES[kind] ?? SHAPES.change;
const hollow = (kind) => !(kind in SHAPES);

/** The same sign for a list. */
export const noteSign = (kind) => svg(`<svg class="note-sign${hollow(kind) ? " is-hollow" : ""}" viewBox="0 0 14 14" aria-hidden="true"><path d="${shapeOf(kind)(7, 7, 5)}"/></svg>`);

export function drawNotes(plot, notes, lit) {
  const { ctx: pen, bbox } = plot;
  const scale = window.devicePixelRatio || 1;
  const right = bbox.left + bbox.width;
  pen.save();
  for (const { id, kind, from, to } of notes) {
    const [a, b] = [from, to].map((ms) => plot.valToPos(ms / 1000, "x", true));
    if (b < bbox.left || a > right) continue;
    const [left, end] = [Math.max(a, bbox.left), Math.min(b, right)];
    pen.strokeStyle = pen.fillStyle = token(id === lit ? "--orange-text" : "--ink-2");
    pen.lineWidth = (id === lit ? 2 : 1) * scale;
    pen.setLineDash(id === lit ? [] : [1.5 * scale, 3 * scale]);
    for (const x of a === b ? [a] : [a, b]) {
      if (x < bbox.left || x > right) continue;
      pen.beginPath();
      pen.moveTo(x, bbox.top);
      pen.lineTo(x, bbox.top + bbox.height);
      pen.stroke();
    }
    pen.setLineDash([]);
    if (end - left > 1) pen.fillRect(left, bbox.top, end - left, 2 * scale);
    const sign = new Path2D(shapeOf(kind)(Math.max(left, bbox.left + SIZE * scale), bbox.top + (SIZE + 3) * scale, SIZE * scale));
    if (!hollow(kind)) {
      pen.fill(sign);
      continue;
    }
    pen.fillStyle = token("--panel");
    pen.fill(sign);
    pen.lineWidth = 1.5 * scale;
    pen.stroke(sign);
  }
  pen.restore();
}

/** The note whose line is nearest to `left` (px), or whose span lies there; null where none is near. */
export function noteNear(plot, notes, left) {
  let found = null;
  let least = NEAR_PX;
  for (const note of notes) {
    const [a, b] = [note.from, note.to].map((ms) => plot.valToPos(ms / 1000, "x"));
    const away = Math.min(Math.abs(a - left), Math.abs(b - left), a < left && left < b ? NEAR_PX - 0.5 : Infinity);
    if (away < least) [found, least] = [note, away];
  }
  return found;
}
