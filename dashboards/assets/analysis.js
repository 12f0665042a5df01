// The wall "analysis": series laid over one another, how they are distributed, what goes with what, and what the room expects of one.

import { $, h, keyed, notice, order, setAttr, setText } from "./dom.js";
import { param, setParams } from "./address.js";
import * as charts from "./analysis_charts.js";
import { marksList, marksOf, withMarks } from "./analysis_marks.js";
import { downloadCsv, downloadPng } from "./analysis_files.js";
import { now, onChange, state } from "./model.js";
import { plotly } from "./plotly.js";
import { ask, askColumns, worded } from "./rest.js";
import { hold, range, rangeControls } from "./timerange.js";
import { inFront } from "./walls.js";
import { language, number, percent, plural, roughly, span, t, unitText, when } from "./words.js";

const VIEWS = ["overlay", "distribution", "correlation", "forecast"];
const NEEDS = { overlay: [1, 6], distribution: [1, 6], correlation: [2, 2], forecast: [1, 1] };
const POINTS = 400;
const AGAIN_MS = 30_000;
const LISTED_MAX = 200;
const AHEAD_SHARE = 4; // a forecast reaches a quarter of the range ahead

let parts = null;
let view = "overlay";
let chosen = []; // ids, in the order in which they were chosen
let lag = null;
let known = new Map(); // series that may be read, by id
let knownOf = null;
let first = []; // ids that stood first when the wall came to the front
const rows = new Map();
let shown = null; // { key, results, range, marks } of the last answer
let fault = null;
let waiting = false;
let asked = 0;
let turn = 0;
let library = null;

export function start() {
  const tab = (name) => h("button.range", { type: "button", "data-view": name, "data-word": `room.analysis.view.${name}`, onclick: () => setView(name) });
  parts = {
    views: h("div.range-group", { role: "group", "data-word-label": "room.analysis.views" }, VIEWS.map(tab)), ranges: h("div.ranges"),
    find: h("input", { type: "search", "data-word-label": "room.analysis.find", oninput: paintList, autocomplete: "off" }), list: h("ul.analysis-list"), more: h("p.quiet", { hidden: true }),
    chart: h("div.analysis-chart", { role: "img" }), none: h("p.nothing"), fault: h("p.fault", { role: "alert" }), said: h("p.analysis-said", { role: "status" }), table: h("div.analysis-table", { tabIndex: 0, role: "group", "data-word-label": "room.analysis.figures" }),
    lag: h("input", { type: "range", step: "1", oninput: sayLag, onchange: () => chooseLag(Number(parts.lag.value)) }), lagText: h("output"),
    png: h("button.button.small", { type: "button", "data-word": "room.analysis.png", onclick: savePng }), csv: h("button.button.small", { type: "button", "data-word": "room.analysis.csv", onclick: saveCsv }),
  };
  parts.lagField = h("label.analysis-lag", { hidden: true }, h("span", { "data-word": "room.analysis.lag" }), parts.lag, parts.lagText);
  $("analysis-tools").replaceChildren(parts.views, h("div.exports", {}, parts.png, parts.csv));
  $("analysis").replaceChildren(
    h("fieldset.analysis-pick", {}, h("legend", { "data-word": "room.analysis.series" }), parts.find, parts.list, parts.more),
    h("div.analysis-shown", {}, parts.ranges, parts.fault, parts.none, parts.chart, parts.lagField, parts.said, parts.table));
  rangeControls(parts.ranges, { compare: false });
  fromAddress();
  onChange(["range"], () => inFront("analysis") && load());
  addEventListener("popstate", () => (fromAddress(), inFront("analysis") && load()));
  new ResizeObserver(() => inFront("analysis") && draw()).observe(parts.chart);
}

function fromAddress() {
  view = VIEWS.includes(param("view")) ? param("view") : "overlay";
  chosen = [...new Set((param("series") ?? "").split(",").filter((id) => /^\d{1,9}$/.test(id)).map(Number))].slice(0, NEEDS.overlay[1]);
}

function toAddress() {
  setParams({ view: view === "overlay" ? null : view, series: chosen.length ? chosen.join(",") : null });
}

export function tick() {
  if (range().live && Date.now() - asked > AGAIN_MS && !waiting) load();
}

/** Ask which series may be read, then for what is chosen. */
export async function load() {
  asked = Date.now();
  if (!state.ready) return;
  const of = `${state.boot} ${state.unit?.path} ${state.replayAt}`;
  if (knownOf !== of) {
    knownOf = of;
    const answer = await ask("/series");
    known = new Map((answer.ok ? answer.content.series : []).map((one) => [one.id, one]));
    if (answer.ok) chosen = chosen.filter((id) => known.has(id));
    if (!chosen.length) choose(firstOf());
    first = [...chosen];
    rows.clear();
  }
  await look();
}

/** What is in view on the overview is what one wants to look at. */
function firstOf() {
  const selected = state.selected?.series ?? state.alerts.get(state.selected?.alert)?.series_id;
  return known.has(selected) ? [selected] : [];
}

function choose(ids) {
  chosen = ids;
  lag = null;
  toAddress();
}

function setView(name) {
  view = name;
  toAddress();
  look();
}

function toggle(id) {
  const most = NEEDS.overlay[1];
  if (chosen.includes(id)) choose(chosen.filter((one) => one !== id));
  else if (chosen.length < most) choose([...chosen, id]);
  else notice(t("room.analysis.most", { n: most }));
  look();
}

const ofView = () => chosen.slice(0, NEEDS[view][1]).map((id) => known.get(id)).filter(Boolean);
const enough = () => ofView().length >= NEEDS[view][0];

async function look() {
  asked = Date.now();
  const mine = ++turn;
  const wanted = range();
  const [from, to] = [Math.round(wanted.from), Math.max(Math.round(wanted.to), Math.round(wanted.from) + 1)];
  const key = `${view} ${chosen} ${wanted.key} ${lag} ${state.replayAt}`;
  if (shown && shown.key !== key) shown = null;
  waiting = enough();
  paint();
  if (!waiting) return;
  const [answers, marks] = await Promise.all([question({ from, to, spanS: wanted.spanS }), view === "overlay" ? marksOf(ofView().map(({ id }) => id), from, to) : []]);
  if (mine !== turn) return;
  waiting = false;
  fault = answers.find((answer) => !answer.ok)?.error ?? null;
  if (!fault) shown = { key, view, series: ofView(), range: { from, to }, marks, results: answers.map(({ content }) => content) };
  library ??= await plotly();
  paint();
}

function question({ from, to, spanS }) {
  const ids = ofView().map(({ id }) => id);
  const time = `from=${from}&to=${to}`;
  const history = (id) => askColumns(`/series/${id}/readings?${time}&points=${POINTS}`);
  if (view === "overlay") return Promise.all(ids.map(history));
  if (view === "distribution") return Promise.all(ids.map((id) => ask(`/series/${id}/distribution?${time}`)));
  if (view === "correlation") return Promise.all([ask(`/correlation?x=${ids[0]}&y=${ids[1]}&${time}${lag === null ? "" : `&lag=${lag}`}`)]);
  return Promise.all([history(ids[0]), askColumns(`/series/${ids[0]}/forecast?ahead_s=${Math.max(10, spanS / AHEAD_SHARE)}`)]);
}

// -- what is painted ------------------------------------------------------------------------------------

export function paint() {
  if (!parts) return;
  for (const button of parts.views.children) setAttr(button, "aria-pressed", button.dataset.view === view);
  setText(parts.fault, fault ? worded(fault) : "");
  setAttr(parts.find, "placeholder", t("room.analysis.find"));
  paintList();
  const empty = emptiness();
  setText(parts.none, empty);
  const drawn = !empty && shown !== null;
  for (const button of [parts.png, parts.csv]) button.disabled = !drawn;
  parts.chart.hidden = Boolean(empty);
  parts.lagField.hidden = view !== "correlation" || !drawn;
  setText(parts.said, drawn ? sentence() : "");
  parts.table.replaceChildren(...(drawn ? [table()] : []), ...(drawn && shown.marks.length ? [marksList(shown.marks)] : []));
  if (drawn) draw();
}

function emptiness() {
  if (!known.size && knownOf) return t("room.analysis.no_series");
  if (!enough()) return t(view === "correlation" ? "room.analysis.choose_two" : "room.analysis.choose");
  if (waiting && !shown) return t("room.analysis.waiting");
  if (!shown) return "";
  if (!library) return t("room.analysis.unreachable");
  const [first, ahead] = shown.results;
  if (view === "correlation") return first.x.length ? "" : t("room.analysis.no_pairs");
  if (view === "forecast" && !ahead.t.length) return t("room.analysis.no_forecast");
  const some = shown.results.some((one) => (view === "distribution" ? one.n : one.t.length));
  return some ? "" : t("room.analysis.no_readings");
}

/** What is chosen stands first when the wall comes to the front; a choice made here moves nothing. */
function paintList() {
  const sought = parts.find.value.trim().toLocaleLowerCase();
  const found = first.concat([...known.keys()].filter((id) => !first.includes(id))).filter((id) => known.has(id) && (chosen.includes(id) || `${known.get(id).name} ${known.get(id).path}`.toLocaleLowerCase().includes(sought)));
  parts.more.hidden = found.length <= LISTED_MAX;
  setText(parts.more, t("room.analysis.more", { n: found.length - LISTED_MAX }));
  order(parts.list, keyed(rows, found.slice(0, LISTED_MAX).map((id) => known.get(id)), (series) => series.id, pickRow, fillRow));
}

function pickRow(series) {
  const box = h("input", { type: "checkbox", onchange: () => toggle(series.id) });
  const role = h("kbd", { hidden: true });
  const node = h("li", { "data-series": String(series.id) }, h("label.tick", {}, box, h("span.analysis-name", {}, h("span", {}, series.name), h("span.quiet", {}, [series.unit_name ?? series.unit_path, unitText(series.unit)].filter(Boolean).join(" · "))), role));
  return Object.assign(node, { box, letter: role });
}

function fillRow(node, series) {
  const place = chosen.indexOf(series.id);
  const used = place >= 0 && place < NEEDS[view][1];
  node.box.checked = place >= 0;
  node.classList.toggle("is-used", used);
  node.letter.hidden = view !== "correlation" || !used;
  setText(node.letter, ["x", "y"][place] ?? "");
}

function draw() {
  if (!library || !shown || parts.chart.hidden || !parts.chart.clientWidth) return;
  const size = { width: Math.floor(parts.chart.clientWidth), height: Math.max(260, Math.floor(parts.chart.clientHeight)) };
  const key = `${language()} ${document.documentElement.dataset.palette} ${size.width} ${size.height}`;
  if (parts.drawn?.key === key && parts.drawn.of === shown) return; // a picture costs more than looking whether it is another
  parts.drawn = { key, of: shown };
  const { traces, layout } = pictureOf(size);
  setAttr(parts.chart, "aria-label", sentence());
  library.react(parts.chart, traces, layout, { displayModeBar: false, doubleClick: false, scrollZoom: false, responsive: false });
  if (parts.heard) return;
  parts.heard = true; // once there is a picture
  parts.chart.on("plotly_relayout", (change) => zoomed(change));
}

function pictureOf(size) {
  const { series, results } = shown;
  const found = series.map((one, i) => ({ series: one, content: results[i] }));
  if (shown.view === "overlay") return withMarks(charts.overlay(found, size, shown.range), shown.marks, shown.range, charts.plain);
  if (shown.view === "distribution") return charts.distribution(found, size);
  if (shown.view === "correlation") return charts.correlation(series, results[0], size);
  return charts.forecast({ series: series[0], content: results[0], ahead: results[1] }, size, shown.range);
}

/** Dragging over the picture holds all trends at that range, as on any of them. */
function zoomed(change) {
  const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
  if (Number.isFinite(from) && Number.isFinite(to) && ["overlay", "forecast"].includes(view)) hold(from, Math.min(to, now()));
}

// -- words ----------------------------------------------------------------------------------------------

function sentence() {
  const { series, results, range: at } = shown;
  const over = t("room.analysis.over", { from: when(at.from, now()), to: when(at.to, now()) });
  if (shown.view === "correlation") return `${correlated(series, results[0])} ${over}`;
  if (shown.view === "forecast") return results[1].t.length ? t("room.analysis.foreseen", { name: series[0].name, ahead: roughly(results[1].t.length * results[1].step_s) }) : "";
  if (shown.view === "distribution" && results.some((one) => one.means_s)) return `${over} ${t("room.analysis.of_means", { span: span(Math.max(...results.map((one) => one.means_s ?? 0))) })}`;
  return `${plural("room.analysis.shown", series.length)} ${over}`;
}

function correlated([x, y], found) {
  const place = found.lags.indexOf(found.lag);
  const [r, bound] = [found.r[place], found.bounds[place]];
  setLag(found);
  if (r === null) return t("room.analysis.r_none");
  const by = span(Math.abs(found.lag) * found.width_s);
  const who = found.lag === 0 ? t("room.analysis.at_once", { x: x.name, y: y.name }) : t("room.analysis.follows", found.lag > 0 ? { x: x.name, y: y.name, by } : { x: y.name, y: x.name, by });
  const worth = t(Math.abs(r) > bound ? "room.analysis.beyond" : "room.analysis.within", { bound: number(bound) });
  return `${who} ${plural("room.analysis.r", found.n[place], { r: number(r) })} ${worth}`;
}

function setLag({ lags, lag: at, width_s: width }) {
  Object.assign(parts.lag, { min: String(lags[0]), max: String(lags.at(-1)) });
  if (document.activeElement !== parts.lag) parts.lag.value = String(at);
  parts.lag.dataset.width = String(width);
  sayLag();
}

function sayLag() {
  const steps = Number(parts.lag.value);
  const text = `${steps < 0 ? "−" : ""}${span(Math.abs(steps) * Number(parts.lag.dataset.width))}`;
  setText(parts.lagText, text);
  setAttr(parts.lag, "aria-valuetext", text);
}

function chooseLag(steps) {
  lag = steps;
  look();
}

/** The figures of the picture, for those who read rather than look. */
function table() {
  const { series, results } = shown;
  const head = (words) => h("tr", {}, words.map((word, i) => h(i ? "th.amount" : "th", { scope: "col" }, word)));
  const row = (name, cells) => h("tr", {}, h("th", { scope: "row" }, name), cells.map((cell) => h("td.amount", {}, cell)));
  const with_ = (value, one) => `${number(value)} ${unitText(one.unit)}`.trim();
  const build = (columns, rows) => h("table.kpis", {}, h("caption.unseen", {}, t("room.analysis.figures")), h("thead", {}, head([t("room.analysis.column.series"), ...columns])), h("tbody", {}, rows));
  if (shown.view === "distribution") {
    const columns = ["n", "mean", "sd"].map((name) => t(`room.analysis.column.${name}`));
    const shares = [0.05, 0.25, 0.5, 0.75, 0.95];
    return build([...columns, ...shares.map(percent)], series.map((one, i) => row(one.name, [number(results[i].n), with_(results[i].mean, one), with_(results[i].sd, one), ...shares.map((share) => with_(results[i].quantiles[String(share)], one))])));
  }
  if (shown.view === "correlation") {
    const strongest = results[0].lags.indexOf(results[0].strongest);
    const cells = strongest < 0 ? ["–", "–", "–"] : [number(results[0].r[strongest]), span(Math.abs(results[0].strongest) * results[0].width_s), number(results[0].n[strongest])];
    return build(["r", t("room.analysis.column.lag"), t("room.analysis.column.pairs")], [row(t("room.analysis.strongest"), cells)]);
  }
  if (shown.view === "forecast") {
    const ahead = results[1];
    const places = [...new Set([0, Math.floor((ahead.t.length - 1) / 2), ahead.t.length - 1])];
    const columns = ["expected", "low", "high"].map((name) => t(`room.analysis.column.${name}`));
    return build(columns, places.map((place) => row(when(ahead.t[place], now()), [ahead.mean, ahead.low, ahead.high].map((column) => with_(column[place], series[0])))));
  }
  const ends = (values) => {
    const real = Array.from(values).filter(Number.isFinite);
    return real.length ? [Math.min(...real), Math.max(...real), real.at(-1)] : [null, null, null];
  };
  const columns = ["lowest", "highest", "last"].map((name) => t(`room.analysis.column.${name}`));
  return build(columns, series.map((one, i) => row(one.name, ends(results[i].v).map((value) => with_(value, one)))));
}

// -- files ----------------------------------------------------------------------------------------------

async function savePng() {
  if (!(await downloadPng(library, parts.chart, `${view}.png`))) notice(t("room.analysis.png_failed"));
}

function saveCsv() {
  downloadCsv(shown, `${view}.csv`);
}
