// The past of every tile over the shared time range: one question for all of them, asked anew as the range moves on.

import { now, onChange, state, touch } from "./model.js";
import { askColumns } from "./rest.js";
import { range } from "./timerange.js";

const SPANS = 60;
const SERIES_MAX = 500;
const SOONEST_MS = 10_000;
const LATEST_MS = 120_000;
const FEW_POINTS = 3; // a past of less says less than what the feed brought

const past = new Map();
let shown = { from: 0, to: 0 };
let loaded = "";
let dueAt = 0;
let asking = 0;

export function startSparks() {
  onChange(["range", "series"], load);
}

/** The window of the tiles in ms, as far as their pasts reach. */
export const sparkWindow = () => (past.size ? { from: shown.from, to: Math.max(shown.to, shown.live ? now() : 0) } : null);

/** The points of a series in the window: what was asked, and what has come since where the range follows the clock. */
export function pointsOf(series) {
  const found = past.get(series.id);
  if (!found) return shown.live === false && past.size ? [] : series.trail;
  if (!shown.live) return found;
  const last = found[found.length - 1][0];
  return found.concat(series.trail.filter(([at]) => at > last));
}

export function tickSparks() {
  if (state.ready && now() >= dueAt) load();
}

async function load() {
  const wanted = range();
  const ids = [...state.series.keys()].slice(0, SERIES_MAX);
  const key = `${wanted.key} ${ids.join()} ${state.boot}`;
  if (!ids.length || (key === loaded && now() < dueAt)) return;
  loaded = key;
  dueAt = wanted.live ? now() + Math.min(LATEST_MS, Math.max(SOONEST_MS, (wanted.spanS * 1000) / SPANS)) : Infinity;
  const mine = ++asking;
  const [from, to] = [Math.round(wanted.from), Math.max(Math.round(wanted.to), Math.round(wanted.from) + 1)];
  const answer = await askColumns(`/buckets?series=${ids.join()}&from=${from}&to=${to}&points=${SPANS}`);
  if (mine !== asking) return;
  past.clear();
  shown = wanted;
  if (answer.ok) take(answer.content);
  touch("sparks");
}

function take({ series, t, first, last, width_s: width }) {
  const middle = (width * 1000) / 2;
  for (let i = 0; i < series.length; i++) {
    const points = past.get(series[i]) ?? [];
    if (!points.length) past.set(series[i], points);
    points.push([t[i], first[i]]);
    if (last[i] !== first[i]) points.push([t[i] + middle, last[i]]);
  }
  if (shown.live) for (const [id, points] of past) if (points.length < FEW_POINTS) past.delete(id);
}
