// The wall "Datafeed": three panes side by side, steered from the chairs, each at an entry of the index or at the index itself; below, the armrest.

import { $, h, setAttr, setText } from "./dom.js";
import { BUTTONS, backToIndex, entryOf, held, index, openEntry, press } from "./armrest.js";
import { openAlert } from "./alertcard.js";
import { ageWords, isOld } from "./freshness.js";
import { mark, ratioClass, setMark } from "./icons.js";
import { now, onChange, state } from "./model.js";
import { askColumns } from "./rest.js";
import * as sentence from "./sentences.js";
import { Marks } from "./marks.js";
import { Trend } from "./trend.js";
import { clock, language, number, ratio, t, unitText } from "./words.js";
import { inFront } from "./walls.js";

const SPAN_S = 3600;
const POINTS = 400;
const LISTED_MAX = 40; // entries of a section that stand in the page, around the one that is marked
let panes = [];
let buttons = new Map();

export function start() {
  panes = [1, 2, 3].map(build);
  const row = (keys, cls) => h(`div.armrest-row.${cls}`, {}, keys.map(button));
  $("armrest").replaceChildren(row(BUTTONS.slice(0, 3), "takes"), row(BUTTONS.slice(3, 8), "walks"), row(["0"], "back"), h("p.armrest-last", { role: "status" }));
  onChange(["chairs", "alerts", "series", "units", "words"], () => inFront("datafeed") && paint());
  onChange(["values"], () => inFront("datafeed") && follow());
}

function button(key) {
  const node = h("button.armrest-button", { type: "button", onclick: () => press(key) }, h("kbd", { "aria-hidden": "true" }, key), h("span"));
  buttons.set(key, node);
  return node;
}

function build(number_) {
  const parts = {
    number: number_, hand: h("span.pane-hand"), list: h("div.pane-index"), entry: h("div.pane-entry", { hidden: true }), mark: mark(1), name: h("h3.pane-name"), place: h("p.pane-place"), value: h("p.pane-value"),
    trio: h("dl.trio"), chart: h("div.chart"), marks: h("div.trend-marks"), words: h("div.pane-words"), back: h("button.button.small", { type: "button", onclick: () => backToIndex(number_) }), card: h("button.button.small", { type: "button" }), loaded: "", shown: "", rows: new Map(), units: new Map(),
  };
  parts.chart.setAttribute("role", "img");
  parts.entry.append(h("div.pane-head", {}, parts.mark, h("div", {}, parts.name, parts.place), parts.back), parts.value, parts.trio, parts.chart, parts.marks, parts.words, parts.card);
  $(`pane-${number_}-hand`).replaceChildren(parts.hand);
  $(`pane-${number_}`).replaceChildren(parts.list, parts.entry);
  parts.noted = new Marks(parts.marks, { writing: false });
  parts.noted.trend = parts.trend = new Trend(parts.chart, parts.noted.listeners);
  return parts;
}

export function load() {
  for (const parts of panes) parts.loaded = "";
  paint();
}

export function tick() {
  for (const parts of panes) {
    if (parts.series) paintAge(parts);
    else paintRows(parts);
  }
}

export function paint() {
  if (!state.ready) return;
  const sections = index();
  for (const parts of panes) paintPane(parts, state.chairs.panes[parts.number - 1], sections);
  const mine = held();
  for (const [key, node] of buttons) {
    setText(node.lastElementChild, t(`room.pane.button.${key}`));
    if ("123".includes(key)) setAttr(node, "aria-pressed", Number(key) === mine);
  }
  const last = state.chairs.pressed;
  setText($("armrest").querySelector(".armrest-last"), last ? t("room.pane.pressed", { person: last.person, key: last.key, pane: String(last.pane), at: clock(last.at, true) }) : t("room.pane.nobody"));
}

function paintPane(parts, pane, sections) {
  if (!pane) return;
  setText(parts.hand, pane.seat_id ? t("room.pane.held", { person: pane.person }) : t("room.pane.free"));
  $(`pane-${parts.number}-panel`).classList.toggle("in-hand", pane.seat_id === state.me?.seat_id);
  const entry = pane.shows.opened ? entryOf(pane.shows) : null;
  parts.entry.hidden = !entry;
  parts.list.hidden = Boolean(entry);
  if (entry) paintEntry(parts, entry);
  else paintIndex(parts, pane.shows, sections);
}

function paintIndex(parts, shows, sections) {
  parts.series = null;
  const gone = shows.opened && shows.kind ? h("p.quiet", {}, t("room.pane.gone")) : null;
  const key = `${language()} ${JSON.stringify(shows)} ${sections.map((section) => section.entries.map((entry) => `${entry.id}${entry.name}${entry.item.priority ?? ""}${entry.item.unacked ?? ""}`)).join()}`;
  if (parts.shown === key) {
    paintRows(parts);
    return;
  }
  parts.shown = key;
  parts.rows.clear();
  parts.units.clear();
  const lists = sections.map((section) => h("section", {}, h("h3.wall-part", {}, t(section.word)), h("ul.pane-list", {}, around(section.entries, shows).map((entry) => row(parts, entry, shows)))));
  parts.list.replaceChildren(...[gone, ...lists, lists.length ? null : h("p.nothing", {}, t("room.pane.empty"))].filter(Boolean));
  parts.list.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  paintRows(parts);
}

/** The values in the list as they are now, grey where they are old or bad. */
function paintRows(parts) {
  for (const [id, figure] of parts.rows) {
    const series = state.series.get(id);
    if (!series) continue;
    setText(figure, number(series.value));
    setAttr(figure, "title", ageWords(series, now()) || null);
    figure.classList.toggle("old", isOld(series, now()));
  }
  for (const [path, figure] of parts.units) {
    const unit = state.children.get(path);
    if (unit) setText(figure, ratio(unit.productivity));
  }
}

/** Of a long section those around the marked entry. */
function around(entries, shows) {
  const at = Math.max(0, entries.findIndex((entry) => entry.kind === shows.kind && entry.id === shows.id));
  const from = Math.max(0, Math.min(at - LISTED_MAX / 2, entries.length - LISTED_MAX));
  return entries.slice(from, from + LISTED_MAX);
}

function row(parts, entry, shows) {
  const marked = entry.kind === shows.kind && entry.id === shows.id;
  const figure = h("span.figure", {}, entry.kind === "unit" ? ratio(entry.item.productivity) : "");
  if (entry.kind === "series") parts.rows.set(entry.item.id, figure);
  if (entry.kind === "unit") parts.units.set(entry.item.path, figure);
  return h("li", {}, h("button.pane-row", { type: "button", "aria-current": marked ? "true" : null, onclick: () => openEntry(parts.number, entry) },
    entry.kind === "alert" ? mark(entry.item.priority, { unacked: entry.item.unacked }) : null, h("span.pane-row-name", {}, entry.name || t("room.root")), h("span.pane-row-place", {}, entry.place ?? ""), figure));
}

function paintEntry(parts, entry) {
  const { item } = entry;
  const series = entry.kind === "series" ? item : entry.kind === "alert" ? state.series.get(item.series_id) ?? null : null;
  const alert = entry.kind === "alert" ? item : series ? [...state.alerts.values()].find((one) => one.series_id === series.id) ?? null : null;
  parts.shown = "";
  parts.series = series;
  parts.mark.hidden = !alert;
  if (alert) setMark(parts.mark, alert.priority, alert.unacked);
  setText(parts.name, entry.name || t("room.root"));
  setText(parts.place, [entry.place, series ? unitText(series.unit) : ""].filter(Boolean).join(" · "));
  setText(parts.back, t("room.pane.to_index"));
  parts.card.hidden = !alert;
  setText(parts.card, t("room.pane.card"));
  parts.card.onclick = () => openAlert(alert.id);
  paintTrio(parts, series ?? (entry.kind === "unit" ? item : null));
  paintAge(parts);
  const said = alert ? [...sentence.why(alert), sentence.standing(alert)] : [];
  const key = `${language()} ${said.join()}`;
  if (parts.words.dataset.key !== key) {
    parts.words.dataset.key = key;
    parts.words.replaceChildren(...said.map((line) => h("p", {}, line)));
  }
  setAttr(parts.chart, "aria-label", t("room.datafeed.trend_of", { name: entry.name }));
  if (entry.kind === "unit") ofUnit(parts, item);
  else drawSeries(parts, series, alert);
}

/** The value with its unit; where it is old or bad, greyed and with what is to be said of it, as on the tiles. */
function paintAge(parts) {
  const { series } = parts;
  parts.value.hidden = !series;
  if (!series) return;
  parts.value.classList.toggle("old", isOld(series, now()));
  setText(parts.value, [`${number(series.value)} ${unitText(series.unit)}`.trim(), ageWords(series, now())].filter(Boolean).join(" · "));
}

function paintTrio(parts, of) {
  const key = [of?.productivity, of?.latency, of?.performance, language()].join();
  parts.trio.hidden = !of || (of.productivity ?? null) === null;
  if (parts.trio.dataset.key === key) return;
  parts.trio.dataset.key = key;
  const cls = ratioClass(of?.productivity);
  const cell = (name, value, c) => h("div", {}, h("dt", {}, t(`room.ratio.${name}`)), h(`dd${c ? `.${c}` : ""}`, {}, ratio(value)));
  parts.trio.replaceChildren(cell("performance", of?.performance, cls), cell("productivity", of?.productivity, cls), cell("latency", of?.latency, ""));
}

/** The range of a pane: it follows the clock, whatever others hold. */
const lastHour = () => ({ from: Math.max(0, now() - SPAN_S * 1000), to: now(), live: true, spanS: SPAN_S, key: "pane" });

function ofUnit(parts, unit) {
  const key = `unit ${unit.path} ${unit.trail.length} ${unit.trail[unit.trail.length - 1]?.[0]}`;
  if (parts.loaded === key) return;
  parts.loaded = key;
  const column = (value) => unit.trail.map(() => value);
  parts.trend.show({ times: unit.trail.map(([at]) => at), v: unit.trail.map(([, v]) => v), low: column(0.87), high: column(1) }, lastHour(), []);
  parts.noted.show({ unit: unit.path }, lastHour());
}

async function drawSeries(parts, series, alert) {
  const key = `series ${series?.id} ${state.boot}`;
  const marks = alert ? [{ at: alert.onset ?? alert.raised, priority: alert.priority, word: sentence.kindWord(alert) }] : [];
  if (parts.loaded === key) {
    parts.trend.setMarks(marks);
    return;
  }
  parts.loaded = key;
  parts.trend.clear();
  if (!series) return;
  const to = Math.round(now());
  const answer = await askColumns(`/series/${series.id}/readings?from=${Math.max(0, to - SPAN_S * 1000)}&to=${to}&points=${POINTS}`);
  if (parts.loaded !== key) return; // another entry stands here by now
  const { t: times, v, low, high } = answer.ok ? answer.content : { t: series.trail.map(([at]) => at), v: series.trail.map(([, value]) => value) };
  const flat = (bound) => Array.from(times, () => bound ?? null);
  parts.trend.show({ times, v, low: low ?? flat(series.low), high: high ?? flat(series.high) }, lastHour(), marks);
  parts.noted.show({ series: series.id }, lastHour());
}

function follow() {
  for (const parts of panes) {
    const { series } = parts;
    if (!series || series.t === null || series.value === null || series.t === parts.told) continue;
    parts.told = series.t;
    parts.trend.append(series.t, series.value, series.low, series.high);
    paintTrio(parts, series);
    paintAge(parts);
  }
}
