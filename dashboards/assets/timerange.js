// The time range that all trends share: following the clock, or held; with a span before to compare. It stands in the address
// (?from=-6h, ?from=&to=, ?compare=-1d), and so do links. Alerts and values on the walls are never held: only the past is.

import { $, h, setAttr, setText, show } from "./dom.js";
import { param, setParams } from "./address.js";
import { now, onChange, state, touch } from "./model.js";
import { clock, day, roughly, t } from "./words.js";

const UNITS_S = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };
export const SPANS_S = { "room.range.15min": 900, "room.range.1h": 3600, "room.range.8h": 28_800, "room.range.7d": 604_800 };
const COMPARED_S = { "room.range.day_before": 86_400, "room.range.week_before": 604_800 };
const USUAL_S = 3600;
const LEAST_S = 10;
const MOST_S = 400 * 86_400;

let spanS = USUAL_S;
let held = null; // {from, to} in ms
let comparedS = 0;
const places = [];

/** The range in ms: `live` follows the clock. `key` is the same as long as the same is asked. */
export function range() {
  if (held) return { ...held, live: false, spanS: (held.to - held.from) / 1000, key: `${held.from} ${held.to}` };
  const to = now();
  return { from: Math.max(0, to - spanS * 1000), to, live: true, spanS, key: `live ${spanS}` };
}

/** How many seconds before the range the one lies that is drawn with it; 0: none. */
export const compared = () => comparedS;

/** "-6h" is seconds before now, "2026-11-26T10:00Z" or milliseconds an instant: gives {ago} or {at}, null where it is neither. */
export function instant(text) {
  const ago = /^-(\d+(?:\.\d+)?)(s|m|min|h|d|w)$/.exec(text ?? "");
  if (ago) return { ago: Number(ago[1]) * UNITS_S[ago[2]] };
  if (!text || text === "now") return null;
  const at = /^\d{9,15}$/.test(text) ? Number(text) : Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) || !text.includes("T") ? text : `${text}Z`);
  return Number.isFinite(at) && at >= 0 ? { at } : null;
}

const within = (seconds) => Math.min(MOST_S, Math.max(LEAST_S, seconds));

/** Take what the address says; what it does not say is as at the start. */
function fromAddress() {
  const [from, to, before] = [instant(param("from")), instant(param("to")), instant(param("compare"))];
  comparedS = before?.ago ?? 0;
  held = null;
  spanS = from?.ago ? within(from.ago) : USUAL_S;
  const end = to?.at ?? (to?.ago ? now() - to.ago * 1000 : null);
  if (end !== null || from?.at !== undefined) {
    const until = end ?? now();
    const since = from?.at ?? until - spanS * 1000;
    if (since < until) held = { from: since, to: until };
  }
  changed();
}

const stamp = (ms) => new Date(ms).toISOString().replace(/\.000Z$/, "Z");

export function relative(seconds) {
  const [unit, size] = [["d", 86_400], ["h", 3600], ["m", 60], ["s", 1]].find(([, each]) => seconds % each === 0) ?? ["s", 1];
  return `-${Math.round(seconds / size)}${unit}`;
}

function changed(tell = false) {
  if (tell) {
    const usual = spanS === USUAL_S ? null : relative(spanS);
    setParams({ from: held ? stamp(held.from) : usual, to: held ? stamp(held.to) : null, compare: comparedS ? relative(comparedS) : null });
  }
  paint();
  touch("range");
}

export function setSpan(seconds) {
  spanS = within(seconds);
  held = held && { from: Math.max(0, held.to - spanS * 1000), to: held.to };
  changed(true);
}

/** Hold the trends at this range, in ms. */
export function hold(from, to) {
  const since = Math.max(0, Math.round(from)); // a room on its sources' time may begin in 1970
  held = { from: since, to: Math.round(Math.max(to, since + LEAST_S * 1000)) };
  changed(true);
}

export function backToLive() {
  held = null;
  changed(true);
}

export function toggleHeld() {
  if (held) backToLive();
  else {
    const { from, to } = range();
    hold(from, to);
  }
}

/** Move half a span: earlier (-1) or later (1); later than now is live again. */
export function step(direction) {
  const { from, to } = range();
  const by = (direction * (to - from)) / 2;
  if (to + by >= now()) backToLive();
  else hold(from + by, to + by);
}

export function compareWith(seconds) {
  comparedS = comparedS === seconds ? 0 : seconds;
  changed(true);
}

/** Nothing, the day before, the week before, nothing. */
export function nextCompared() {
  const all = [0, ...Object.values(COMPARED_S)];
  comparedS = all[(all.indexOf(comparedS) + 1) % all.length] ?? 0;
  changed(true);
}

/** Put the controls into a panel's head. */
export function rangeControls(place, { compare = true } = {}) {
  const span = ([word, seconds]) => h("button.range", { type: "button", "data-word": word, "data-s": String(seconds), onclick: () => setSpan(seconds) });
  const before = ([word, seconds]) => h("button.range", { type: "button", "data-word": word, "data-before": String(seconds), onclick: () => compareWith(seconds) });
  place.replaceChildren(
    h("div.range-group", { role: "group", "data-word-label": "room.range.span" }, Object.entries(SPANS_S).map(span)),
    ...(compare ? [h("div.range-group", { role: "group", "data-word-label": "room.range.compare" }, h("span.range-word", { "data-word": "room.range.versus", "aria-hidden": "true" }), Object.entries(COMPARED_S).map(before))] : []),
    h("button.range.hold", { type: "button", onclick: toggleHeld }));
  places.push(place);
  paint();
}

export function startTimeRange() {
  $("held").replaceChildren(h("span.held-bars", { "aria-hidden": "true" }), h("span.held-text"),
    h("button.button.small.held-live", { type: "button", onclick: backToLive }, h("span", { "data-word": "room.range.back" }), h("kbd", {}, "Z")));
  onChange(["words"], paint);
  addEventListener("popstate", fromAddress);
  fromAddress();
}

function paint() {
  for (const place of places) {
    for (const button of place.querySelectorAll("[data-s]")) setAttr(button, "aria-pressed", Math.abs(Number(button.dataset.s) - range().spanS) < 1);
    for (const button of place.querySelectorAll("[data-before]")) setAttr(button, "aria-pressed", Number(button.dataset.before) === comparedS);
    const toggle = place.querySelector(".hold");
    setText(toggle, t(held ? "room.range.live" : "room.range.pause"));
    setAttr(toggle, "aria-pressed", held !== null);
  }
  tickRange();
}

/** Called each half second: how far behind what is held has fallen. */
export function tickRange() {
  show($("held"), held !== null);
  document.documentElement.classList.toggle("is-held", held !== null);
  if (!held || !state.ready) return;
  const { from, to } = held;
  const here = day(from) === day(to) ? `${clock(from)}–${clock(to)}` : `${day(from)} ${clock(from)} – ${day(to)} ${clock(to)}`;
  const shown = day(from) === day(to) && day(from) !== day(now()) ? `${day(from)} ${here}` : here;
  setText($("held").querySelector(".held-text"), t("room.range.held", { range: shown, age: roughly(Math.max(0, (now() - to) / 1000)) }));
}

// -- the cursor that all trends share ---------------------------------------------------------------------------------------

let cursorMs = null;
export const cursorAt = () => cursorMs;

/** Somebody points at an instant on one trend: all others show it too. */
export function pointAt(ms) {
  if (ms === cursorMs) return;
  cursorMs = ms;
  touch("cursor");
}
