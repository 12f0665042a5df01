// The Datafeed: the series in view with its three ratios, its trend with the expected band and change marks, and why it speaks.

import { $, h, say, setAttr, setText } from "./dom.js";
import { mark, ratioClass, setMark } from "./icons.js";
import { alertInView, now, onChange, select, seriesInView, state } from "./model.js";
import * as sentence from "./sentences.js";
import { press } from "./acts.js";
import { Marks } from "./marks.js";
import { askColumns } from "./rest.js";
import { compared, cursorAt, range, rangeControls } from "./timerange.js";
import { Trend } from "./trend.js";
import { language, ratio, roughly, t, unitText } from "./words.js";

const POINTS = 600;
const RELOAD_MS = 10_000;
const UNIT_RANGE_S = 180;

let parts = null;
let trend = null;
let marks = null;
let loaded = "";
let reloadAt = Infinity;
let asking = 0;

export function startDatafeed() {
  parts = {
    name: h("span.df-name"), place: h("span.df-place"), mark: mark(1), trio: h("dl.trio"), chart: h("div.chart", { id: "chart" }),
    key: h("p.df-key", { hidden: true }), marks: h("div.trend-marks"),
    none: h("p.nothing"), why: h("div.why"), press: h("button.button", { type: "button", hidden: true, onclick: () => press(seriesInView()) }),
    described: h("p.unseen", { id: "chart-words" }),
  };
  parts.chart.setAttribute("role", "img");
  parts.chart.setAttribute("aria-describedby", "chart-words");
  parts.head = h("div.df-head", {}, parts.mark, h("h3", {}, parts.name, parts.place), parts.press);
  $("datafeed").replaceChildren(parts.head, parts.trio, parts.chart, parts.key, parts.marks, parts.described, parts.none, parts.why);
  marks = new Marks(parts.marks);
  marks.trend = trend = new Trend(parts.chart, marks.listeners);
  rangeControls($("ranges"));
  onChange(["selection", "alerts", "series", "units", "range"], paint);
  onChange(["values"], follow);
  onChange(["cursor"], () => trend.point(cursorAt()));
}

/** With nothing chosen, the worst alert's series is in view, so that the panel is never a hole. */
function chooseSomething() {
  if (state.selected || !state.ready) return;
  const [worst] = [...state.alerts.values()].filter((alert) => state.series.has(alert.series_id)).sort((a, b) => a.priority - b.priority);
  const first = worst ? { alert: worst.id } : state.series.size ? { series: state.series.keys().next().value } : null;
  if (first) select(first, true);
}

function paint() {
  chooseSomething();
  const series = seriesInView();
  const alert = alertInView();
  if (!state.ready) return;
  const unit = series || alert ? null : state.unit; // nothing chosen: the system in focus itself
  const named = series ?? (alert ? { name: alert.series_name, unit_name: alert.unit_name, unit: "" } : { name: unit.name, unit_name: unit.level_name });
  setText(parts.none, unit ? t("room.datafeed.none") : "");
  setText(parts.name, named.name);
  setText(parts.place, [named.unit_name, unitText(named.unit)].filter(Boolean).join(" · "));
  parts.key.hidden = !compared() || unit !== null;
  setText(parts.key, t("room.datafeed.before", { span: roughly(compared()) }));
  paintPress(series);
  parts.mark.hidden = alert === null;
  if (alert) setMark(parts.mark, alert.priority, alert.unacked);
  paintTrio(series ?? unit);
  paintWhy(alert, series);
  if (unit) ofUnit(unit);
  else load(series, alert);
  showMarks(series ?? (alert ? { id: alert.series_id, name: alert.series_name, unit_path: alert.unit, unit_name: alert.unit_name } : null));
}

/** Ask for what is marked on the trend of the series in view, or of the unit in focus. */
function showMarks(series) {
  const place = series ? { series: series.id, name: series.name, unit: series.unit_path, unitName: series.unit_name } : { unit: state.unit.path, unitName: state.unit.name };
  marks.show(place, range());
}

/** The trend of an aggregate: what this page saw of it, since aggregates have no history of their own. */
function ofUnit(unit) {
  const last = unit.trail[unit.trail.length - 1]?.[0] ?? null;
  const shown = range();
  const key = `unit ${unit.path} ${shown.key} ${last}`;
  if (key === loaded) return;
  loaded = key;
  const seenS = last === null ? 0 : (last - unit.trail[0][0]) / 1000;
  const spanS = shown.live ? Math.min(shown.spanS, Math.max(UNIT_RANGE_S, seenS)) : shown.spanS;
  const column = (value) => unit.trail.map(() => value);
  trend.show({ times: unit.trail.map(([at]) => at), v: unit.trail.map(([, v]) => v), low: column(0.87), high: column(1) }, { ...shown, spanS }, []);
  describe({ name: unit.name, value: unit.productivity, unit: "" });
}

function paintPress(series) {
  const own = series?.indicator?.essential && series.unit_path === state.me?.unit && state.me?.role !== "observer" && state.replayAt === null;
  parts.press.hidden = !own;
  setText(parts.press, t("room.act.press"));
}

function paintTrio(series) {
  const key = [series?.productivity, series?.latency, series?.performance, language()].join();
  if (parts.trio.dataset.key === key) return;
  parts.trio.dataset.key = key;
  const cls = ratioClass(series?.productivity);
  const cell = (name, value, c) => h("div", {}, h("dt", {}, t(`room.ratio.${name}`)), h(`dd${c ? `.${c}` : ""}`, {}, ratio(value)));
  parts.trio.replaceChildren(cell("performance", series?.performance, cls), cell("productivity", series?.productivity, cls),
    cell("latency", series?.latency, ""));
}

function paintWhy(alert, series) {
  const key = `${language()} ${alert ? JSON.stringify(alert) : series?.id ?? "unit"}`;
  if (parts.why.dataset.key === key) return;
  parts.why.dataset.key = key;
  if (!alert && !series) {
    parts.why.replaceChildren(h("p.quiet", {}, t("room.datafeed.aggregate")));
    return;
  }
  if (!alert) {
    parts.why.replaceChildren(h("p.quiet", {}, t(series?.adopted === false ? "room.datafeed.not_adopted" : "room.datafeed.quiet")));
    return;
  }
  const list = (lines) => h("ul", {}, lines.filter(Boolean).map((line) => h("li", {}, line)));
  const acknowledged = (alert.acknowledgements ?? []).map((one) =>
    t(one.note ? "room.card.acknowledged_note" : "room.card.acknowledged", { person: one.person, at: sentence.stamp(one.at), note: one.note }));
  const notes = (alert.notes ?? []).map((note) => t("room.card.reply", { author: note.author, text: note.text, at: sentence.stamp(note.at) }));
  const said = [...notes, ...acknowledged, sentence.decided(alert)].filter(Boolean);
  parts.why.replaceChildren(
    h("h4", {}, t("room.why.title")), list([...sentence.why(alert), sentence.sure(alert), sentence.wrong(alert)]),
    h("h4", {}, t("room.why.journey")), list([...sentence.journey(alert), sentence.standing(alert)]),
    ...(said.length ? [h("h4", {}, t("room.why.said")), list(said)] : []));
}

async function load(series, alert) {
  const shown = range();
  const key = `${series?.id} ${shown.key} ${compared()} ${state.boot}`;
  const marks = marksOf(series, alert);
  if (key === loaded && now() < reloadAt) {
    trend.setMarks(marks);
    return;
  }
  if (key !== loaded) trend.clear();
  loaded = key;
  reloadAt = Infinity;
  if (!series) return;
  const mine = ++asking;
  const [from, to] = [Math.round(shown.from), Math.round(shown.to)];
  const [answer, before] = await Promise.all([history(series.id, from, to), earlier(series.id, from, to, shown.live)]);
  if (mine !== asking) return; // something else was chosen meanwhile
  if (!answer.ok) {
    loaded = "";
    say(t("room.datafeed.no_history"));
  }
  const { t: times = [], v = [], low, high } = answer.ok ? answer.content : fromTrail(series);
  // A plant may still be sending its past: where the trend does not reach back, ask again a little later.
  if (answer.ok && shown.live && ((times[0] ?? to) > to - shown.spanS * 500 || before)) reloadAt = to + RELOAD_MS;
  // Bands of the past are not kept: where none came, the present one (frozen while an alert is open) is shaded.
  const flat = (bound) => Array.from(times, () => bound ?? null);
  trend.show({ times, v, low: low ?? flat(series.low), high: high ?? flat(series.high) }, shown, marks, before);
  describe(series);
}

const history = (id, from, to) => askColumns(`/series/${id}/readings?from=${from}&to=${Math.max(to, from + 1)}&points=${POINTS}`);

/** The same span so much earlier, moved to where it is compared; null where none is asked for or was kept. */
async function earlier(id, from, to, live) {
  const by = compared() * 1000;
  if (!by || from < by) return null;
  const answer = await history(id, from - by, to - by + (live ? RELOAD_MS : 0)); // a little ahead: the trend goes on until the next question
  return answer.ok && answer.content.t.length ? { times: Array.from(answer.content.t, (ms) => ms + by), v: answer.content.v } : null;
}

function fromTrail(series) {
  return { t: series.trail.map(([at]) => at), v: series.trail.map(([, v]) => v) };
}

function describe(series) {
  setText(parts.described, t("room.datafeed.described", { name: series.name, value: String(series.value ?? "–"), unit: unitText(series.unit) }));
  parts.chart.setAttribute("aria-label", t("room.datafeed.trend_of", { name: series.name }));
}

function marksOf(series, alert) {
  const all = alert && !series ? [alert] : [...state.alerts.values()].filter((other) => other.series_id === series?.id);
  return all.map((other) => ({ at: other.onset ?? other.raised, priority: other.priority, word: sentence.kindWord(other) }));
}

/** New values of the series in view go to the trend; it draws at most twice a second. */
function follow() {
  const series = seriesInView();
  if (!series || !series.changed) return;
  series.changed = false;
  if (series.t !== null && series.value !== null) trend.append(series.t, series.value, series.low, series.high);
  paintTrio(series);
}

export function repaintDatafeed() {
  trend.restyle();
  loaded = "";
  parts.why.dataset.key = "";
  paint();
}

