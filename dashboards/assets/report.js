// The hand-over report of a shift, for paper: what the next shift must know, and nothing of the screen's furniture.

import { $, h, notice } from "./dom.js";
import { now, state } from "./model.js";
import { ask, worded } from "./rest.js";
import * as sentence from "./sentences.js";
import { shown } from "./figures.js";
import { clock, day, plural, t, timeZone, when } from "./words.js";

const SHIFT_H = 8;
const HOUR_MS = 3_600_000;
const ROWS_MOST = 200;
const RATES = ["per_10min", "per_hour", "bin_max", "in_flood", "acknowledge_p50", "recover_p50", "useful", "not_useful"];

/** Gather, lay out and print; the page is as before when the print is done. */
export async function printReport() {
  const to = Math.floor(now());
  const from = to - SHIFT_H * HOUR_MS;
  const unit = encodeURIComponent(state.unit.path);
  const [past, figures, decisions, feeds] = await Promise.all([
    ask(`/alerts?open=0&since=${from}&unit=${unit}`), ask(`/figures?from=${from}&to=${to}`), ask("/decisions"), ask(`/feeds?fault=wrong&unit=${unit}`),
  ]);
  if (past.status === 0) {
    notice(worded(past.error));
    return;
  }
  const found = { from, to, past: past.ok ? past.content.alerts ?? [] : [], figures, decisions, feeds };
  $("report")?.remove();
  document.body.append(h("article", { id: "report", className: "report", lang: document.documentElement.lang }, head(found), seats(), open(), silenced(), ended(found), decided(found), rates(found), silent(found)));
  document.documentElement.classList.add("reporting");
  window.print();
}

export function clearReport() {
  $("report")?.remove();
  document.documentElement.classList.remove("reporting");
}

function head({ from, to }) {
  const place = state.unit.name || t("room.root");
  return h("header", {}, h("h1", {}, t("room.report.title", { unit: place })),
    h("p", {}, t("room.report.period", { from: `${day(from)} ${clock(from)}`, to: `${day(to)} ${clock(to)}`, zone: timeZone() })),
    h("p", {}, t("room.report.printed", { person: state.me?.person ?? "", at: `${day(to)} ${clock(to)}` })));
}

function part(word, rows, empty) {
  return h("section", {}, h("h2", {}, t(word)), rows.length ? rows.slice(0, ROWS_MOST) : h("p.report-none", {}, t(empty)),
    rows.length > ROWS_MOST ? h("p.report-none", {}, t("room.report.more", { n: rows.length - ROWS_MOST })) : null);
}

function seats() {
  const rows = state.seats.map((seat) => h("li", {}, `${seat.person} (${t(seat.present ? "room.seat.present" : "room.seat.away")})`));
  return part("room.report.seats", rows.length ? [h("ul", {}, rows)] : [], "room.report.nobody");
}

const listed = () => [...state.alerts.values()].filter((alert) => !alert.audited).sort((a, b) => a.priority - b.priority || a.raised - b.raised);

function open() {
  return part("room.report.open", listed().filter((alert) => !alert.silenced?.here).map(entry), "room.report.none_open");
}

function silenced() {
  return part("room.report.silenced", listed().filter((alert) => alert.silenced?.here).map(entry), "room.report.none_silenced");
}

function entry(alert) {
  const said = [sentence.what(alert), sentence.since(alert), sentence.standing(alert), sentence.acknowledged(alert), sentence.reply(alert), sentence.silenced(alert)];
  return h("div.report-entry", {}, h("h3", {}, `${alert.priority} · ${alert.series_name} · ${alert.unit_name}`), h("p", {}, said.filter(Boolean).map((one) => (/[.!?»”"]$/.test(one) ? one : `${one}.`)).join(" ")));
}

function ended({ past }) {
  const standing = new Set(state.alerts.keys());
  const rows = past.filter((alert) => !standing.has(alert.id)).map((alert) => h("li", {},
    t("room.report.ended_row", { priority: alert.priority, series: alert.series_name, unit: alert.unit_name, at: when(alert.raised, now()), kind: sentence.kindWord(alert) }),
    " ", sentence.acknowledged(alert)));
  return part("room.report.ended", rows.length ? [h("ul", {}, rows)] : [], "room.report.none_ended");
}

function decided({ from, decisions }) {
  const all = decisions.ok ? decisions.content.decisions : [];
  const rows = all.filter((one) => one.pending || one.at >= from).map((one) => h("div.report-entry", {},
    h("h3", {}, t("room.council.made", { person: one.person, unit: one.unit_name || t("room.root"), at: when(one.at, now()), addressee: one.addressee_name || t("room.root") })),
    h("p", {}, one.text), h("p", {}, t("room.report.followup", { at: when(one.followup, now()) }))));
  return part("room.report.decisions", rows, "room.report.none_decisions");
}

function rates({ figures }) {
  const given = figures.ok ? figures.content.rows.filter((one) => RATES.includes(one.key) && one.value !== null) : [];
  const rows = given.map((one) => h("tr", {}, h("th", { scope: "row" }, t(`room.figures.row.${one.key}`)), h("td", {}, shown(one.value, one.form)), h("td", {}, one.judgement ? t(`room.figures.judgement.${one.judgement}`) : "")));
  return part("room.report.figures", rows.length ? [h("table", {}, h("tbody", {}, rows))] : [], "room.report.none_figures");
}

function silent({ feeds }) {
  const sources = feeds.ok ? feeds.content.rows : [];
  const below = [...state.children.values()].filter((unit) => unit.silent).map((unit) => `${unit.name}: ${plural("room.tiles.silent", unit.silent)}`);
  const rows = [...sources.map((one) => `${one.name || t("room.feeds.unnamed")}: ${one.faults.map((fault) => t(`room.feeds.state.${fault}`)).join(", ")}`), ...below].map((text) => h("li", {}, text));
  return part("room.report.silent", rows.length ? [h("ul", {}, rows)] : [], "room.report.none_silent");
}
