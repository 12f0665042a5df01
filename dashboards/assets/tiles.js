// The index wall: aggregates of the units below, then the series, each with a canvas sparkline drawn only when its data changed.

import { $, h, keyed, order, setAttr, setText, token } from "./dom.js";
import { ageWords, isOld } from "./freshness.js";
import { mark, ratioClass, setMark } from "./icons.js";
import { alertOfSeries, live, measured, now, onChange, select, state } from "./model.js";
import { pointsOf, sparkWindow, startSparks, tickSparks } from "./sparks.js";
import { cursorAt, pointAt } from "./timerange.js";
import { number, plural, ratio, t, unitText } from "./words.js";

const MANY = 36; // more tiles than a wall of usual size shows: they are made smaller
const AT_ONCE = 72; // so many are made whole before anybody knows which are seen: more than a screen shows
const units = new Map();
const tiles = new Map();
const visible = new WeakSet();
let drill = () => {};
let watcher = null;
let sizes = null;

export function startTiles(onDrill) {
  drill = onDrill;
  $("tiles").replaceChildren(h("ul.tile-grid", { id: "tile-grid" }));
  watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) visible.add(target);
      else visible.delete(target);
      if (isIntersecting) seen(target);
      paintMark(target);
    }
  }, { rootMargin: "100px" });
  sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) resize(target, contentRect);
  });
  onChange(["units", "series", "tiles-alerts", "selection"], paint);
  onChange(["values"], paintValues);
  onChange(["sparks", "cursor"], () => drawAll());
  onChange(["palette"], () => drawAll(true));
  startSparks();
}

function drawAll(force = false) {
  for (const node of [...units.values(), ...tiles.values()]) draw(node, force);
}

/** A tile comes into view: what was left undone while nobody saw it. */
function seen(node) {
  if (!node.parts.value) furnish(node);
  if (node.series) fillValue(node, node.series);
  else draw(node);
}

/** Forget what is drawn: after a change of language all is written again. */
export function redrawTiles() {
  for (const node of [...units.values(), ...tiles.values()]) {
    node.filled = null;
    draw(node, true);
  }
}

function paint() {
  const below = keyed(units, [...state.children.values()], (unit) => unit.path, buildUnit, fillUnit);
  const shown = measured();
  const own = keyed(tiles, shown, (series) => series.id, build, fill);
  const grid = $("tile-grid");
  order(grid, [...below, ...own]);
  grid.classList.toggle("many", below.length + own.length > MANY);
  grid.classList.toggle("placed", below.length > 0 || shown.some((series) => series.unit_path !== state.unit?.path)); // a line more in each
  setText($("tiles-count"), plural("room.tiles.count", own.length));
}

function paintValues() {
  for (const id of live) {
    const node = tiles.get(id);
    const series = state.series.get(id);
    if (node && series && visible.has(node)) fillValue(node, series);
  }
  live.clear();
}

/** A tile that nobody has seen yet has its name and its priority, for those who listen; the rest is made when it comes into view. */
function shell(onclick, extra) {
  const parts = { head: h("span.tile-head"), name: h("span.tile-name"), mark: null, alert: h("span.unseen") };
  parts.head.append(parts.name);
  const button = h("button.tile-button", { type: "button", onclick }, parts.head, parts.alert);
  const node = h(`li.tile${extra}`, {}, button);
  Object.assign(node, { parts, button });
  watcher.observe(node);
  if (units.size + tiles.size < AT_ONCE) furnish(node);
  return node;
}

function furnish(node) {
  const { parts } = node;
  Object.assign(parts, { place: h("span.tile-place"), value: h("span.tile-value"), unit: h("span.tile-unit"), age: h("span.tile-age"), canvas: h("canvas", { "aria-hidden": "true" }) });
  parts.head.after(parts.place, h("span.tile-figures", {}, parts.value, parts.unit, parts.age));
  node.button.append(h("span.tile-trace", {}, parts.canvas));
  sizes.observe(parts.canvas);
  parts.canvas.tile = node;
  node.addEventListener("pointermove", (event) => {
    const { left, width } = parts.canvas.getBoundingClientRect();
    if (node.shownFrom && width) pointAt(Math.round(node.shownFrom + ((event.clientX - left) / width) * (node.shownTo - node.shownFrom)));
  });
  node.addEventListener("pointerleave", () => pointAt(null));
  if (!node.item) return;
  paintMark(node);
  if (node.series) fillInside(node, node.series);
  else fillUnitInside(node, node.item);
}

const build = (series) => shell(() => select({ series: series.id }), "");
const buildUnit = (unit) => shell(() => drill(unit.path), ".of-unit");

function fill(node, series) {
  const alert = alertOfSeries(series.id);
  const chosen = state.selected?.series === series.id || (alert !== null && state.selected?.alert === alert.id);
  if (node.filled?.series === series && node.filled.alert === alert && node.filled.chosen === chosen) return; // its values come by paintValues
  node.filled = { series, alert, chosen };
  node.item = node.series = series;
  node.low = () => [series.low, series.high];
  setText(node.parts.name, series.name);
  setText(node.parts.alert, alert ? t(`room.priority.${alert.priority}`) : "");
  flag(node, alert?.priority ?? null, Boolean(alert?.unacked));
  setAttr(node.button, "aria-pressed", chosen);
  node.classList.toggle("chosen", chosen);
  node.title = series.path;
  if (node.parts.value) fillInside(node, series);
}

function fillInside(node, series) {
  setText(node.parts.place, series.unit_path === state.unit?.path ? "" : series.unit_name ?? "");
  setText(node.parts.unit, unitText(series.unit));
  fillValue(node, series);
}

function fillUnit(node, unit) {
  node.item = unit;
  node.low = () => [0.87, 1];
  setText(node.parts.name, unit.name);
  setText(node.parts.alert, unit.worst ? t(`room.priority.${unit.worst}`) : "");
  flag(node, unit.worst, false);
  if (node.parts.value) fillUnitInside(node, unit);
}

function fillUnitInside(node, unit) {
  const { place, value, unit: short, age } = node.parts;
  setText(place, unit.level_name);
  setText(value, ratio(unit.productivity ?? unit.performance));
  value.className = `tile-value ${ratioClass(unit.productivity)}`;
  setText(short, t(unit.productivity === null ? "room.short.performance" : "room.short.productivity"));
  setText(age, unit.silent ? plural("room.tiles.silent", unit.silent) : "");
  draw(node);
}

function flag(node, priority, unacked) {
  node.asks = { priority, unacked };
  paintMark(node);
  const wanted = priority === null ? "" : String(priority);
  if (node.dataset.priority !== wanted) {
    node.dataset.priority = wanted;
    node.drawn = null;
  }
}

/** Show the mark of an alert, made when there is one for the first time, which most tiles never have; of hundreds only those in view blink. */
function paintMark(node) {
  const { parts, asks: { priority, unacked } = { priority: null } } = node;
  if (priority !== null && !parts.mark && parts.value) parts.head.append((parts.mark = mark(priority)));
  if (!parts.mark) return;
  parts.mark.hidden = priority === null;
  if (priority !== null) setMark(parts.mark, priority, unacked && visible.has(node));
}

function fillValue(node, series) {
  setText(node.parts.value, number(series.value));
  age(node, series, now());
  draw(node);
}

function age(node, series, at) {
  const old = isOld(series, at);
  if (old !== node.classList.contains("old")) {
    node.classList.toggle("old", old);
    node.drawn = null;
    draw(node);
  }
  setText(node.parts.age, ageWords(series, at));
}

export function tickTiles() {
  tickSparks();
  const at = now();
  for (const [id, node] of tiles) {
    const series = state.series.get(id);
    if (series && visible.has(node)) age(node, series, at);
  }
}

function resize(canvas, { width, height }) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.tile.drawn = null;
  draw(canvas.tile);
}

/** Draw the sparkline if it is on screen and its data, size or colours changed. */
function draw(node, force = false) {
  const { canvas } = node.parts;
  if (!node.item || !visible.has(node) || !canvas?.width) return;
  const trail = node.item.id ? pointsOf(node.item) : node.item.trail ?? [];
  const [low, high] = node.low();
  const key = `${trail.length} ${trail[0]?.[0]} ${trail[trail.length - 1]?.[0]} ${low} ${high} ${cursorAt()}`;
  if (!force && node.drawn === key) return;
  node.drawn = key;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (trail.length < 1) return;
  sparkline(pen, canvas, trail, low, high, node);
}

function sparkline(pen, canvas, trail, low, high, node) {
  const scale = window.devicePixelRatio || 1;
  const [from, to] = range(trail, low, high);
  const pad = 3 * scale;
  const y = (v) => canvas.height - pad - ((v - from) / (to - from)) * (canvas.height - 2 * pad);
  if (finite(low) || finite(high)) {
    const top = finite(high) ? y(Math.min(high, to)) : 0;
    const bottom = finite(low) ? y(Math.max(low, from)) : canvas.height;
    pen.fillStyle = token("--band");
    pen.fillRect(0, top, canvas.width, Math.max(1, bottom - top));
  }
  const whole = node.item.id ? sparkWindow() : null;
  const [t0, t1] = [whole?.from ?? trail[0][0], Math.max(whole?.to ?? 0, trail[trail.length - 1][0])];
  Object.assign(node, { shownFrom: t0, shownTo: t1 });
  const width = canvas.width - 2 * pad;
  const x = (t) => pad + (t1 > t0 ? ((t - t0) / (t1 - t0)) * width : width);
  const old = node.classList.contains("old");
  pen.lineWidth = 1.4 * scale;
  pen.lineJoin = "bevel";
  pen.strokeStyle = token(old ? "--potential" : "--trace");
  pen.beginPath();
  let down = false; // where there was no value the line is broken
  for (const [t, v] of trail) {
    if (finite(v)) pen[down ? "lineTo" : "moveTo"](x(t), y(v));
    down = finite(v);
  }
  pen.stroke();
  point(pen, canvas, node, trail, x, y);
  if (!down) return;
  const priority = node.dataset.priority;
  pen.fillStyle = token(priority ? `--p${priority}-edge` : old ? "--potential" : "--trace");
  pen.beginPath();
  pen.arc(x(t1), y(trail[trail.length - 1][1]), (priority ? 3.2 : 2.2) * scale, 0, 7);
  pen.fill();
}

/** Where somebody points on any trend: the same instant here, with the value that stood then. */
function point(pen, canvas, node, trail, x, y) {
  const at = cursorAt();
  if (at === null || at < node.shownFrom || at > node.shownTo) return;
  pen.strokeStyle = pen.fillStyle = token("--orange-text");
  pen.lineWidth = window.devicePixelRatio || 1;
  pen.beginPath();
  pen.moveTo(x(at), 0);
  pen.lineTo(x(at), canvas.height);
  pen.stroke();
  const stood = trail.findLast(([t, v]) => t <= at && finite(v));
  if (!stood) return;
  pen.beginPath();
  pen.arc(x(at), y(stood[1]), 2.5 * pen.lineWidth, 0, 7);
  pen.fill();
}

const finite = (v) => v !== null && v !== undefined && Number.isFinite(v);

function range(trail, low, high) {
  let from = Infinity;
  let to = -Infinity;
  for (const [, v] of trail) {
    if (!finite(v)) continue;
    if (v < from) from = v;
    if (v > to) to = v;
  }
  // The band belongs in the picture unless it would flatten the trace to a line.
  const spread = Math.max(to - from, Math.abs(to) * 1e-3, 1e-9);
  if (finite(low) && from - low < 3 * spread) from = Math.min(from, low);
  if (finite(high) && high - to < 3 * spread) to = Math.max(to, high);
  if (from > to) return [0, 1]; // no value at all
  return to - from < 1e-12 ? [from - 1, to + 1] : [from, to];
}

/** Arrow keys walk the tiles in the order they are shown. */
export function walkTiles(step) {
  const buttons = [...$("tile-grid").querySelectorAll(".tile:not(.of-unit) .tile-button")];
  if (!buttons.length) return;
  const at = buttons.findIndex((button) => button.getAttribute("aria-pressed") === "true");
  const next = buttons[at < 0 ? (step > 0 ? 0 : buttons.length - 1) : (at + step + buttons.length) % buttons.length];
  next.click();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

