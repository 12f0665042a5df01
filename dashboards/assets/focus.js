// The system in focus: the unit with its own iconic bar, lines down to the units it contains, and its own indicators.

import { $, atMost, h, keyed, order, setAttr, setText, show } from "./dom.js";
import { hasChart, place, roomOf } from "./flow.js";
import { ageWords, isOld } from "./freshness.js";
import { bar, mark, ratioClass, setBar, setMark } from "./icons.js";
import { alertOfSeries, now, onChange, select, state, touch } from "./model.js";
import { number, plural, ratio, t, unitText } from "./words.js";

const FEW = 7;
const EVERY_MS = 1000;
const children = new Map();
const indicators = new Map();
let drill = () => {};
let parts = null;

export function startFocus(onDrill) {
  drill = onDrill;
  parts = {
    head: entity("div"), below: h("ul.entities"), belowHead: h("h3.focus-part"), own: h("ul.entities.indicators"), ownHead: h("h3.focus-part"),
    nothing: h("p.nothing"), chart: h("div.flow-place"), links: h("ul.flow-list", { "data-word-label": "room.flow.links" }),
  };
  $("focus").replaceChildren(h("div.focus-top", {}, parts.head), h("div.focus-below", {}, parts.belowHead, parts.below, parts.chart, parts.links),
    h("div.focus-own", {}, parts.ownHead, parts.own, parts.nothing));
  onChange(["units", "alerts", "words", "series"], paint);
  onChange(["values"], atMost(EVERY_MS, paintOwn, { inFrame: true })); // once a second is enough for a bar to be read
  onChange(["selection"], () => paintOwn());
  place({ chart: parts.chart, list: parts.links, wall: "room", figures: false, highOf: () => roomOf($("focus"), 64, 300), wanted: hasChart, onPainted: charted });
}

function charted(drawn) {
  $("focus").classList.toggle("charted", drawn);
  $("focus").classList.toggle("listed", !drawn && hasChart());
}

function entity(tag, onclick = null) {
  const p = {
    bar: bar(), name: h("span.entity-name"), level: h("span.entity-level"), mark: mark(1), alert: h("span.unseen"),
    first: h("span.entity-line"), second: h("span.entity-line"), third: h("span.entity-line"),
  };
  const body = [h("span.entity-head", {}, h("span.entity-names", {}, p.name, p.level), p.mark, p.alert),
    h("span.entity-body", {}, p.bar, h("span.entity-lines", {}, p.first, p.second, p.third))];
  const inner = onclick ? h("button.entity-button", { type: "button", onclick }, body) : h("span.entity-button", {}, body);
  const node = h(`${tag}.entity`, {}, inner);
  Object.assign(node, { parts: p, inner });
  return node;
}

function figure(place, key, value, cls = "") {
  const words = t(key);
  const stamp = `${words}|${value}|${cls}`;
  if (place.stamp === stamp) return;
  place.stamp = stamp;
  place.replaceChildren(h("span.figure-name", {}, words), h(`span.figure${cls ? `.${cls}` : ""}`, {}, value));
}

function flag(node, priority, unacked) {
  node.parts.mark.hidden = !priority;
  if (priority) setMark(node.parts.mark, priority, unacked);
  setText(node.parts.alert, priority ? t(`room.priority.${priority}`) : "");
  setAttr(node, "data-priority", priority || null);
}

function fillUnit(node, unit) {
  setText(node.parts.name, unit.name || t("room.root"));
  setText(node.parts.level, unit.level_name);
  setBar(node.parts.bar, unit);
  const cls = ratioClass(unit.productivity);
  figure(node.parts.first, "room.ratio.productivity", ratio(unit.productivity), cls);
  figure(node.parts.second, "room.ratio.latency", ratio(unit.latency));
  figure(node.parts.third, "room.ratio.performance", ratio(unit.performance));
  flag(node, unit.worst, false);
}

function fillTop(node, unit) {
  fillUnit(node, unit);
  if (!node.count) node.querySelector(".entity-lines").append((node.count = h("span.entity-state")));
  const open = plural("room.focus.open", unit.open ?? 0);
  const silenced = ["shelved", "suppressed", "out_of_service"].filter((way) => unit[way]).map((way) => plural(`room.focus.${way}`, unit[way]));
  setText(node.count, [open, ...silenced, unit.silent && plural("room.tiles.silent", unit.silent)].filter(Boolean).join(" · "));
}

function fillChild(node, unit) {
  fillUnit(node, unit);
  node.inner.title = t("room.focus.down", { unit: unit.name });
}

function paint() {
  if (!state.unit) return;
  fillTop(parts.head, state.unit);
  const below = [...state.children.values()];
  const nodes = keyed(children, below, (unit) => unit.path, (unit) => entity("li", () => drill(unit.path)), fillChild);
  order(parts.below, nodes);
  show(parts.below.parentElement, below.length > 0);
  setText(parts.belowHead, plural("room.focus.below", below.length));
  $("focus").classList.toggle("leaf", below.length === 0);
  paintOwn();
  paintLegend();
}

function paintOwn() {
  if (!state.unit) return;
  const shown = [...state.series.values()].filter((series) => series.indicator && inside(series.unit_path));
  const nodes = keyed(indicators, shown, (series) => series.id, (series) => entity("li", () => select({ series: series.id })), fillIndicator);
  order(parts.own, nodes);
  $("focus").classList.toggle("few", state.children.size + shown.length <= FEW);
  show(parts.own, shown.length > 0);
  setText(parts.ownHead, shown.length ? t("room.focus.indicators") : "");
  const bare = shown.length === 0 && state.children.size === 0;
  const foreign = state.unit.path !== state.me.unit;
  $("focus").classList.toggle("bare", bare);
  $("walls").classList.toggle("bare", bare && state.series.size > 0);
  setText(parts.nothing, bare ? t(foreign ? "room.focus.autonomous" : "room.focus.no_indicators") : "");
}

/** Whether a unit lies in the one in focus. */
function inside(path) {
  const focus = state.unit.path;
  return focus === "" || path === focus || path.startsWith(`${focus}/`);
}

function fillIndicator(node, series) {
  const { capability, potentiality, essential } = series.indicator;
  setText(node.parts.name, series.name);
  setText(node.parts.level, essential ? t("room.essential") : series.unit_path === state.unit.path ? "" : series.unit_name);
  setBar(node.parts.bar, series);
  const cls = ratioClass(series.productivity);
  figure(node.parts.first, "room.ratio.actuality", `${number(series.value)} ${unitText(series.unit)}`.trim());
  figure(node.parts.second, "room.ratio.capability", number(capability));
  if (potentiality === null || potentiality === undefined) figure(node.parts.third, "room.ratio.productivity", ratio(series.productivity), cls);
  else figure(node.parts.third, "room.ratio.potentiality", number(potentiality));
  age(node, series);
  const alert = alertOfSeries(series.id);
  flag(node, alert?.priority, Boolean(alert?.unacked));
  const chosen = state.selected?.series === series.id || (alert !== null && state.selected?.alert === alert.id);
  setAttr(node.inner, "aria-pressed", chosen);
  node.classList.toggle("chosen", chosen);
}

/** Grey where it is old or bad, as on the tiles. */
function age(node, series) {
  const at = now();
  node.parts.first.classList.toggle("old", isOld(series, at));
  setAttr(node.parts.first, "title", ageWords(series, at) || null);
}

export function tickFocus() {
  for (const [id, node] of indicators) if (state.series.has(id)) age(node, state.series.get(id));
}

function paintLegend() {
  const key = ["potentiality", "capability", "actuality"].map((name) => t(`room.ratio.${name}`)).join("|");
  const legend = $("focus-legend");
  if (legend.dataset.key === key) return;
  legend.dataset.key = key;
  const names = key.split("|");
  legend.replaceChildren(...["frame", "line", "fill"].map((name, i) => h("span.legend-item", {}, h(`span.legend-${name}`, { "aria-hidden": "true" }), names[i])));
}

export const repaintFocus = () => touch("units");
