// The wall "alarm figures": what our own position had to live with, by target and most; pictures where they say more.

import { $, h, setAttr, setText, svg } from "./dom.js";
import { mark } from "./icons.js";
import { now } from "./model.js";
import { ask, worded } from "./rest.js";
import { addWall } from "./walls.js";
import { brief, day, fixed, number, plural, span, t, when } from "./words.js";

const HOUR_MS = 3_600_000;
const SPANS_H = { "room.figures.span.shift": 8, "room.figures.span.day": 24, "room.figures.span.week": 168, "room.figures.span.month": 720 };
const AGAIN_MS = 60_000;
const COLUMNS = 360;
const STALE_SHOWN = 5;
const COMMON = ["per_10min", "per_hour", "per_day", "hours_over", "bins_over", "bin_max", "in_flood"];

let hours = 24;
let found = null;
let fault = null;
let asked = 0;
let turn = 0;
let parts = null;

export function startFigures() {
  parts = {
    about: h("p.figures-about"), short: h("p.figures-short", { hidden: true }), fault: h("p.fault", { role: "alert" }), table: h("div.figures-table"), pictures: h("div.figures-pictures"),
    csv: h("a.button", { download: "" }, "CSV"), json: h("a.button", { download: "alarm-figures.json" }, "JSON"),
  };
  const spans = Object.entries(SPANS_H).map(([word, n]) => h("button.range", { type: "button", "data-word": word, "data-hours": String(n), onclick: () => choose(n) }));
  $("figures-tools").replaceChildren(h("div.ranges", {}, spans), h("div.exports", {}, parts.csv, parts.json));
  $("figures").replaceChildren(h("div.figures-head", {}, parts.about, parts.short, parts.fault), h("div.figures-body", {}, parts.table, parts.pictures));
  addWall({ name: "figures", word: "room.figures.title", key: "F", hint: "room.key.figures", load, paint, tick });
}

/** Asks again once a minute, and at once where nothing has been asked yet. */
function tick() {
  if (Date.now() - asked > AGAIN_MS) load();
}

function choose(n) {
  hours = n;
  load();
}

async function load() {
  asked = Date.now();
  const mine = ++turn;
  const to = Math.floor(now());
  const query = `/figures?from=${Math.max(0, to - hours * HOUR_MS)}&to=${to}`;
  paintTools(query);
  const answer = await ask(query);
  if (mine !== turn) return;
  if (answer.ok) found = answer.content;
  fault = answer.ok ? null : answer.error;
  paint();
}

function paintTools(query) {
  for (const button of $("figures-tools").querySelectorAll("[data-hours]")) setAttr(button, "aria-pressed", Number(button.dataset.hours) === hours);
  setAttr(parts.csv, "href", `/api/v1${query}&format=csv`);
  setAttr(parts.json, "href", `/api/v1${query}`);
}

function paint() {
  setAttr(parts.csv, "aria-label", t("room.figures.export", { form: "CSV" }));
  setAttr(parts.json, "aria-label", t("room.figures.export", { form: "JSON" }));
  setText(parts.fault, fault ? worded(fault) : "");
  if (!found) return;
  const unit = found.name || t("room.root");
  setText(parts.about, plural("room.figures.about", found.annunciated, { unit, from: when(found.from, now()), to: when(found.to, now()) }));
  parts.short.hidden = !found.short;
  setText(parts.short, t("room.figures.short", { days: number(found.days_min) }));
  parts.table.replaceChildren(table());
  parts.pictures.replaceChildren(binsPicture(), actorsPicture(), mixPicture(), restPicture());
}

// -- the table --------------------------------------------------------------------------------------

export function shown(value, form) {
  if (value === null || value === undefined) return "–";
  if (form === "share" && value === 0) return "0 %";
  if (form === "share") return `${value > 0 && value < 0.001 ? "< 0.1" : fixed(value * 100, value < 0.0995 ? 1 : 0)} %`;
  if (form === "seconds") return span(value);
  return number(value);
}

function limit(row, value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  return `${row.at_least ? "≥" : "≤"} ${row.form === "share" ? `${brief(value * 100)} %` : number(value)}`;
}

function table() {
  const column = (word, cls) => h(`th${cls}`, { scope: "col" }, t(word));
  const head = h("tr", {}, column("room.figures.column.figure", ""), h("td.gauge-cell"), column("room.figures.column.span", ".amount"), column("room.figures.column.target", ".amount"), column("room.figures.column.most", ".amount"));
  return h("table.kpis", {}, h("caption.unseen", {}, t("room.figures.title")), h("thead", {}, head), h("tbody", {}, found.rows.map(tableRow)));
}

function tableRow(row) {
  const worse = { beyond: ".is-very-low", manageable: ".is-low" }[row.judgement] ?? "";
  const judged = row.judgement && row.judgement !== "within" ? h("span.judged", {}, t(`room.figures.judgement.${row.judgement}`)) : null;
  const name = h("th", { scope: "row" }, h("span.kpi-name", {}, t(`room.figures.row.${row.key}`)), h("span.kpi-edition", {}, t(`room.figures.edition.${row.edition}`)));
  return h("tr", {}, name, h("td.gauge-cell", {}, gauge(row)), h("td.amount.value", {}, judged, h(`span.figure${worse}`, {}, shown(row.value, row.form))), h("td.amount", {}, limit(row, row.target)), h("td.amount", {}, limit(row, row.most)));
}

/** A small bar with the target as a line: how far below or beyond, before the digits are read. */
function gauge(row) {
  if (!COMMON.includes(row.key) || !row.target || row.value === null) return null;
  const end = 2 * (row.most ?? row.target);
  const x = (value) => (100 * Math.min(1, value / end)).toFixed(1);
  const most = row.most ? `<path class="gauge-most" d="M${x(row.most)} 0v12"/>` : "";
  return h("span.gauge", { "aria-hidden": "true" }, svg(`<svg viewBox="0 0 100 12" preserveAspectRatio="none"><path class="gauge-ground" d="M0 3h100v6H0z"/><path class="gauge-value ${row.judgement}" d="M0 3h${x(row.value)}v6H0z"/><path class="gauge-target" d="M${x(row.target)} 0v12"/>${most}</svg>`));
}

// -- the pictures -----------------------------------------------------------------------------------

const picture = (word, cls, ...body) => h(`section.picture.${cls}`, {}, h("h3", {}, t(word)), body);

/** Raises in each ten minutes over the span; floods shaded; more columns than fit are merged to their highest. */
function binsPicture() {
  const { counts, from, width_s: width } = found.bins;
  const each = Math.ceil(counts.length / COLUMNS);
  const columns = Array.from({ length: Math.ceil(counts.length / each) }, (_, i) => Math.max(...counts.slice(i * each, (i + 1) * each)));
  const top = Math.max(found.bin_raises * 1.25, ...columns);
  const y = (n) => (100 - (100 * n) / top).toFixed(2);
  const end = from + counts.length * width * 1000;
  const at = (ms) => ((columns.length * (Math.min(Math.max(ms, from), end) - from)) / (end - from)).toFixed(2);
  const wet = found.floods.map((flood) => `<path class="bins-flood" d="M${at(flood.from)} 0H${at(flood.to)}V100H${at(flood.from)}z"/>`).join("");
  const bars = columns.map((n, i) => (n ? `M${i} 100V${y(n)}h${columns.length > 100 ? 1 : 0.8}V100z` : "")).join("");
  const text = `${plural("room.figures.floods", found.floods.length)}. ${t("room.figures.bins_words", { most: String(Math.max(...counts)), limit: String(found.bin_raises) })}`;
  const drawn = svg(`<svg viewBox="0 0 ${columns.length} 100" preserveAspectRatio="none" aria-hidden="true">${wet}<path class="bins-bars" d="${bars}"/><path class="bins-limit" d="M0 ${y(found.bin_raises)}H${columns.length}" vector-effect="non-scaling-stroke"/></svg>`);
  const label = (ms) => h("span", {}, hours > 24 ? day(ms) : when(ms, now()));
  return picture("room.figures.bins", "bins", h("div.bins-frame", {}, drawn, h("span.bins-top", {}, number(Math.round(top)))), h("div.bins-labels", { "aria-hidden": "true" }, label(found.from), label((found.from + found.to) / 2), label(found.to)), h("p.quiet", {}, text));
}

/** The ten that raise most, as bars; what chattered says so. */
function actorsPicture() {
  const most = Math.max(1, ...found.actors.map((actor) => actor.raises));
  const rows = found.actors.map((actor) => {
    const bar = svg(`<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><path class="actor-bar" d="M0 0h${((100 * actor.raises) / most).toFixed(1)}v8H0z"/></svg>`);
    const said = [number(actor.raises), shown(actor.share, "share"), actor.chattered ? plural("room.figures.bursts", actor.chattered) : null].filter(Boolean).join(" · ");
    return h("li.actor", {}, h("span.actor-name", { title: actor.series }, actor.series), h("span.actor-figures", {}, said), bar);
  });
  const none = h("p.quiet", {}, t("room.figures.no_actors"));
  return picture("room.figures.actors", "actors", rows.length ? h("ol.actor-list", {}, rows) : none);
}

/** The mix of priorities as one bar, with the shares it should have under it. */
function mixPicture() {
  const rows = [[3, "priority_low"], [2, "priority_medium"], [1, "priority_high"]];
  const of = (key) => found.rows.find((row) => row.key === key);
  let [x, wanted] = [0, 0];
  const segments = rows.map(([priority, key]) => {
    const part = 100 * (of(key).value ?? 0);
    const drawn = `<path class="mix-${priority}" d="M${x.toFixed(2)} 0h${part.toFixed(2)}v10h-${part.toFixed(2)}z"/>`;
    x += part;
    return drawn;
  });
  const ticks = rows.slice(0, 2).map(([, key]) => `<path class="mix-wanted" d="M${(wanted += 100 * of(key).target).toFixed(1)} 0v14" vector-effect="non-scaling-stroke"/>`);
  const bar = svg(`<svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true"><path class="gauge-ground" d="M0 0h100v10H0z"/>${segments.join("")}${ticks.join("")}</svg>`);
  const legend = rows.map(([priority, key]) => h("li.mix-part", {}, h(`span.mix-key.mix-${priority}`, { "aria-hidden": "true" }), mark(priority, { dim: true }), h("span", {}, `${t(`room.priority.${priority}`)}: ${number(found.mix[priority])} · ${shown(of(key).value, "share")}`)));
  return picture("room.figures.mix", "mix", h("div.mix-bar", {}, bar), h("ul.mix-parts", {}, legend), h("p.quiet", {}, t("room.figures.mix_wanted")));
}

function restPicture() {
  const climbs = found.climbs.length ? found.climbs.map((one) => t("room.figures.climbed", { level: String(one.level), n: String(one.n) })).join(" · ") : t("room.figures.no_climbs");
  const stale = found.stale.slice(0, STALE_SHOWN).map((one) => `${one.alert}: ${span(one.active_s)}`).join(" · ") || t("room.figures.no_stale");
  const units = found.units.map((one) => `${one.unit || t("room.root")}: ${number(one.n)}`).join(" · ") || "–";
  const lines = [["room.figures.climbs", climbs], ["room.figures.stale", stale], ["room.figures.units", units],
    ["room.figures.unseen", t("room.figures.unseen_words", { waiting: String(found.waiting), passed: String(found.passed) })],
    ["room.figures.events", plural("room.figures.events_words", found.events ?? 0)],
    ["room.figures.eemua", `${t(`room.figures.rate.${found.eemua.rate}`)} · ${t(`room.figures.band.${found.eemua.performance}`)}`]];
  return picture("room.figures.more", "more", h("dl.more-list", {}, lines.map(([word, text]) => h("div", {}, h("dt", {}, t(word)), h("dd", {}, text)))));
}
