// The wall "enterprise": everything that the seat may know of the unit in focus on one page, each part with its way to the wall that deals with it.

import { $, atMost, h, setText } from "./dom.js";
import { auditSentence } from "./audits.js";
import { amount, linkWords, nameOf, stateOf } from "./flow_chart.js";
import { isBad, isOld } from "./freshness.js";
import { goTo } from "./going.js";
import { bar, mark, ratioClass, setBar } from "./icons.js";
import { now, onChange, select, state } from "./model.js";
import { ask, worded } from "./rest.js";
import { unitAbove } from "./vsm.js";
import { inFront, showWall } from "./walls.js";
import { language, number, plural, ratio, span, t, unitText, when } from "./words.js";

const AGAIN_MS = 10_000;
const LIVE_MS = 1_000;
const SHOWN = 12;
const NOTES_MS = 7 * 86_400_000; // annotations of the last week

let asked = 0;
let of = null; // the unit that was asked about
let told = {};
let faults = [];
let parts = null;
let drawn = "";
let turn = 0;

export function start() {
  parts = { fault: h("p.fault", { role: "alert" }), page: h("div.enterprise-page"), top: h("div.enterprise-top"), rest: h("div.enterprise-rest") };
  parts.page.append(parts.top, parts.rest);
  $("enterprise").replaceChildren(parts.fault, parts.page);
  const changed = atMost(LIVE_MS, () => inFront("enterprise") && paint());
  onChange(["alerts", "series", "audits", "agreements", "seats", "flows", "decisions", "values"], changed);
}

export function tick() {
  if (state.unit && (of !== state.unit.path || Date.now() - asked > AGAIN_MS)) load();
}

export async function load() {
  if (!state.unit) return;
  asked = Date.now();
  const mine = ++turn;
  if (of !== state.unit.path) told = {};
  of = state.unit.path;
  paint();
  const unit = encodeURIComponent(of);
  const questions = { rota: `/rota?unit=${unit}`, agreements: "/agreements", decisions: "/decisions", audits: "/audits?open=0", feeds: `/feeds?unit=${unit}&limit=${SHOWN}`, notes: `/annotations?unit=${unit}&from=${Math.max(0, Math.round(now() - NOTES_MS))}` };
  const answers = await Promise.all(Object.entries(questions).map(async ([name, path]) => [name, await ask(path)]));
  if (mine !== turn) return;
  faults = answers.filter(([, answer]) => !answer.ok).map(([, answer]) => answer.error);
  told = Object.fromEntries(answers.map(([name, answer]) => [name, answer.ok ? answer.content : null]));
  paint();
}

/** Draw the page anew, whether or not anything changed. */
export function redrawEnterprise() {
  drawn = "";
  paint();
}

export function paint() {
  if (!state.unit || !state.ready) return;
  if (of !== null && of !== state.unit.path) {
    load();
    return;
  }
  setText(parts.fault, faults.length ? worded(faults[0]) : "");
  const sections = [who, indices, recovery, alerts, decisions, notes, audits, feeds, flows, children].map((make) => make());
  const key = JSON.stringify([sections.map(({ key }) => key), language(), state.unit.path]);
  if (key === drawn) return;
  drawn = key;
  const held = parts.page.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const built = sections.map(({ build }) => build());
  parts.top.replaceChildren(...built.slice(0, 2));
  parts.rest.replaceChildren(...built.slice(2));
  if (held) [...parts.page.querySelectorAll("[data-key]")].find((node) => node.dataset.key === held)?.focus({ preventScroll: true });
}

// -- the parts: what they say (`key`), and how that is drawn (`build`) ------------------------------------

function section(name, rows, { wall = null, none = "", count = rows.length, cls = "" } = {}) {
  const title = t(`room.enterprise.${name}`);
  const head = wall ? h("button.channel-name", { type: "button", "data-key": `wall ${name}`, onclick: () => showWall(wall) }, title) : h("span.channel-name", {}, title);
  const more = count > rows.length ? h("p.quiet", {}, t("room.enterprise.more", { n: count - rows.length })) : null;
  const empty = rows.length || !none ? null : h("p.nothing", {}, none);
  return h(`section.enterprise-part.part-${name}${cls}`, {}, h("h3", {}, head), rows.length ? h("ul", {}, rows) : null, empty, more);
}

const row = (main, side = "", extra = null) => h("li.enterprise-row", {}, h("span.enterprise-main", {}, main), side ? h("span.enterprise-side", {}, side) : null, extra);
const way = (key, text, press) => h("button.enterprise-way", { type: "button", "data-key": key, onclick: press }, text);

function who() {
  const { unit } = state;
  const above = unitAbove();
  const duty = told.rota ? told.rota.now.flat().map((id) => told.rota.seats.find((seat) => seat.id === id)?.person).filter(Boolean) : [];
  const seats = told.rota?.seats ?? [];
  const present = new Set(state.seats.filter((seat) => seat.present && seat.unit === unit.path).map((seat) => seat.seat_id));
  const silenced = ["shelved", "suppressed", "out_of_service"].filter((how) => unit[how]).map((how) => plural(`room.focus.${how}`, unit[how]));
  const key = [unit.name, unit.level_name, unit.time_zone, unit.open, unit.silent, silenced, above?.path, duty, seats.map((seat) => [seat.person, present.has(seat.id)])];
  return { key, build: () => section("who", [
    row(h("strong", {}, unit.name || t("room.root")), unit.level_name),
    row(t("room.enterprise.path"), unit.path || "/"),
    row(t("room.enterprise.above"), above || state.ancestors.length ? above ? way("above", above.name || t("room.root"), () => goTo(above.path)) : state.ancestors.at(-1).name || t("room.root") : t("room.enterprise.top")),
    row(t("room.enterprise.zone"), unit.time_zone),
    row(t("room.enterprise.state"), [plural("room.focus.open", unit.open ?? 0), ...silenced, unit.silent && plural("room.tiles.silent", unit.silent)].filter(Boolean).join(" · ")),
    row(t("room.enterprise.duty"), duty.length ? duty.join(", ") : t("room.enterprise.no_duty")),
    row(t("room.enterprise.seats"), seats.length ? seats.map((seat) => (present.has(seat.id) ? t("room.enterprise.present", { person: seat.person }) : seat.person)).join(", ") : t("room.enterprise.no_seats")),
  ], { wall: state.unit.path === state.me.unit ? "agreements" : null }) };
}

const own = () => [...state.series.values()].filter((series) => series.unit_path === state.unit.path);

function indices() {
  const shown = own().filter((series) => series.indicator);
  const { unit } = state;
  const key = [unit.productivity, unit.latency, unit.performance, shown.map((series) => [series.id, series.name, series.value, isOld(series, now()), isBad(series), series.productivity, series.latency, series.performance, series.low, series.high, series.indicator, series.unit])];
  return { key, build: () => {
    const head = ["actuality", "capability", "potentiality", "productivity", "latency", "performance"].map((name) => h("th", { scope: "col" }, t(`room.ratio.${name}`)));
    const body = [unitRow(unit), ...shown.slice(0, 4 * SHOWN).map(indicatorRow)];
    const table = h("div.enterprise-scroll", { tabIndex: 0, role: "group", "aria-label": t("room.enterprise.indices") },
      h("table.enterprise-table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("room.enterprise.indicator")), h("td"), head, h("th", { scope: "col" }, t("room.enterprise.band")))), h("tbody", {}, body)));
    const none = shown.length ? null : h("p.nothing", {}, t(unit.path === state.me.unit ? "room.focus.no_indicators" : "room.focus.autonomous"));
    return h("section.enterprise-part.part-indices", {}, h("h3", {}, h("button.channel-name", { type: "button", "data-key": "wall indices", onclick: () => showWall("series") }, t("room.enterprise.indices"))), table, none);
  } };
}

function cells(figures, of_) {
  const icon = bar();
  setBar(icon, of_);
  return [h("td", {}, icon), ...figures.map(([text, cls]) => h(`td.amount${cls ? `.${cls}` : ""}`, {}, text))];
}

function unitRow(unit) {
  const low = ratioClass(unit.productivity);
  return h("tr.of-unit", {}, h("th", { scope: "row" }, t("room.enterprise.whole")), ...cells([["–"], ["–"], ["–"], [ratio(unit.productivity), low], [ratio(unit.latency)], [ratio(unit.performance), low]], unit), h("td.amount", {}, "–"));
}

function indicatorRow(series) {
  const { capability, potentiality, essential } = series.indicator;
  const low = ratioClass(series.productivity);
  const unit = unitText(series.unit);
  const band = series.low === null || series.low === undefined ? "–" : `${number(series.low)} – ${number(series.high)}`;
  const name = h("button.enterprise-way", { type: "button", "data-key": `series ${series.id}`, onclick: () => open({ series: series.id }) }, series.name);
  return h(`tr${isOld(series, now()) ? ".old" : ""}`, {}, h("th", { scope: "row" }, name, essential ? h("span.enterprise-note", {}, t("room.essential")) : null, isBad(series) ? h("span.enterprise-note", {}, t("room.tiles.poor")) : null),
    ...cells([[`${number(series.value)} ${unit}`.trim()], [number(capability)], [number(potentiality)], [ratio(series.productivity), low], [ratio(series.latency)], [ratio(series.performance), low]], series), h("td.amount", {}, band));
}

function open(selected) {
  select(selected);
  showWall("room");
}

function recovery() {
  const rows = (told.agreements?.rows ?? []).filter((one) => one.unit === state.unit.path);
  const mine = state.unit.path === state.me.unit || unitAbove()?.path === state.me.unit;
  const key = [mine, rows.map((one) => [one.path, one.version, one.levels, one.essential, one.proposal?.number])];
  return { key, build: () => section("recovery", rows.slice(0, SHOWN).map((one) =>
    row(one.name, one.levels.map((level) => `${level.name || t("room.root")} ${span(level.recovery_s)}`).join(" · "), one.proposal ? h("span.enterprise-note", {}, t(one.waits_for_us ? "room.enterprise.waits_for_us" : "room.enterprise.proposed")) : null)),
  { wall: "agreements", count: rows.length, none: t(mine ? "room.enterprise.no_recovery" : "room.recursion.theirs") }) };
}

function alerts() {
  const shown = [...state.alerts.values()].filter((alert) => alert.unit === state.unit.path || alert.levels.some((level) => level.unit === state.unit.path)).sort((a, b) => a.priority - b.priority || a.raised - b.raised);
  const key = shown.map((alert) => [alert.id, alert.priority, alert.unacked, alert.standing_name, alert.kind, alert.series_name]);
  return { key, build: () => section("alerts", shown.slice(0, SHOWN).map((alert) =>
    h("li.enterprise-row", {}, mark(alert.priority, { unacked: alert.unacked }), h("span.unseen", {}, t(`room.priority.${alert.priority}`)), way(`alert ${alert.id}`, alert.series_name, () => open({ alert: alert.id })),
      h("span.enterprise-side", {}, [alert.unit === state.unit.path ? "" : alert.unit_name, t("room.enterprise.since", { at: when(alert.onset ?? alert.raised, now()) }), t("room.enterprise.stands", { unit: alert.standing_name || t("room.root") })].filter(Boolean).join(" · ")))),
  { wall: "room", count: shown.length, none: t("room.enterprise.no_alerts") }) };
}

function decisions() {
  const shown = (told.decisions?.decisions ?? []).filter((one) => one.addressee === state.unit.path || one.unit === state.unit.path);
  const key = shown.map((one) => [one.id, one.verdict?.effect, one.due, one.pending]);
  return { key, build: () => section("decisions", shown.slice(0, SHOWN).map((one) =>
    row(one.text, t("room.enterprise.decided", { person: one.person, at: when(one.at, now()), unit: one.addressee_name || t("room.root"), followup: when(one.followup, now()) }), one.due ? h("span.enterprise-note", {}, t("room.enterprise.due")) : null)),
  { wall: "council", count: shown.length, none: t("room.enterprise.no_decisions") }) };
}

function notes() {
  const shown = [...(told.notes?.annotations ?? [])].reverse();
  const key = shown.map((one) => [one.id, one.text, one.series_name, state.series.has(one.series_id)]);
  return { key, build: () => section("notes", shown.slice(0, SHOWN).map((one) =>
    row(state.series.has(one.series_id) ? way(`note ${one.id}`, one.text, () => open({ series: one.series_id })) : one.text, [one.person, one.series_name, when(one.from, now())].filter(Boolean).join(" · "))),
  { count: shown.length, none: t("room.enterprise.no_notes") }) };
}

function audits() {
  const shown = (told.audits?.audits ?? []).filter((one) => one.unit === state.unit.path || one.by === state.unit.path);
  const key = shown.map((one) => [one.id, one.in_force, one.ended]);
  return { key, build: () => section("audits", shown.slice(0, SHOWN).map((one) => row(auditSentence(one, one.in_force ? "" : "_past"), one.in_force ? t("room.audit.in_force") : "")),
    { wall: "audits", count: shown.length, none: t("room.enterprise.no_audits") }) };
}

function feeds() {
  const rows = told.feeds?.rows ?? [];
  const key = rows.map((one) => [one.source, one.state, one.series, one.silent]);
  return { key, build: () => section("feeds", rows.map((one) =>
    h(`li.enterprise-row${["well", "left"].includes(one.state) ? "" : ".is-wrong"}`, {}, h("span.enterprise-main", {}, one.name || one.source), h("span.enterprise-side", {}, [t(`room.feeds.state.${one.state}`), plural("room.enterprise.series", one.series), one.silent && plural("room.tiles.silent", one.silent)].filter(Boolean).join(" · ")))),
  { wall: "feeds", count: told.feeds?.found ?? rows.length, none: t("room.enterprise.no_feeds") }) };
}

function flows() {
  const shown = state.flows.filter((link) => link.from === state.unit.path || link.to === state.unit.path || !link.from_inside || !link.to_inside);
  const key = shown.map((link) => [link.from, link.to, link.flow, stateOf(link)]);
  return { key, build: () => section("flows", shown.slice(0, SHOWN).map((link) => {
    const node = row(`${nameOf(link, "from")} → ${nameOf(link, "to")}`, amount(link));
    node.classList.add(`is-${stateOf(link)}`);
    node.title = linkWords(link);
    return node;
  }), { wall: "flow", count: shown.length, none: t("room.enterprise.no_flows") }) };
}

function children() {
  const shown = [...state.children.values()];
  const key = shown.map((unit) => [unit.path, unit.name, unit.worst, unit.open, unit.productivity, unit.silent]);
  return { key, build: () => section("children", shown.map((unit) =>
    h("li.enterprise-row", {}, unit.worst ? mark(unit.worst) : h("span.enterprise-blank"), unit.worst ? h("span.unseen", {}, t(`room.priority.${unit.worst}`)) : null, way(`unit ${unit.path}`, unit.name, () => goTo(unit.path)),
      h("span.enterprise-side", {}, h(`span${ratioClass(unit.productivity) ? `.figure.${ratioClass(unit.productivity)}` : ""}`, {}, ratio(unit.productivity)), ` · ${plural("room.focus.open", unit.open ?? 0)}`))),
  { wall: "recursion", none: t("room.recursion.leaf") }) };
}
