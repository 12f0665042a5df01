// The wall "series": what plants brought and nobody has adopted yet, and all series of our own with figures, names and versions.

import { $, fill, h, isNew, notice, say, setText } from "./dom.js";
import { tellLate } from "./acts.js";
import { openForm } from "./forms.js";
import { adoptFields, nameFields, unitNameFields } from "./series_forms.js";
import { now, onChange, state } from "./model.js";
import { act, ask, worded } from "./rest.js";
import { addWall, inFront, setWaiting } from "./walls.js";
import { day, language, number, plural, span, t, unitText, when } from "./words.js";

const WALL = "series";
const AGAIN_MS = 60_000;

let waiting = null;
let own = null;
let fault = null;
let asked = 0;
let turn = 0;
let parts = null;

export function startSeries() {
  parts = {
    fault: h("p.fault", { role: "alert" }), waiting: h("div.accords"), unit: h("div.series-unit"), own: h("div.accords"),
  };
  $("unadopted").replaceChildren(h("p.quiet.accords-about", { "data-word": "room.series.about" }), parts.fault, parts.waiting);
  $("catalogue").replaceChildren(parts.unit, parts.own);
  addWall({ name: WALL, word: "room.series.title", key: "E", hint: "room.key.series", load, paint, tick });
  onChange(["unadopted", "words"], () => {
    setWaiting(WALL, state.unadopted, plural("room.series.badge", state.unadopted));
    if (inFront(WALL) && waiting?.waiting !== state.unadopted) load();
  });
}

function tick() {
  if (Date.now() - asked > AGAIN_MS) load();
  for (const node of document.querySelectorAll(".series-value")) {
    const live = state.series.get(Number(node.dataset.series));
    if (live) setText(node, valueText(live.value, live.unit));
  }
}

async function load() {
  asked = Date.now();
  const mine = ++turn;
  const [news, ours] = await Promise.all([ask("/series/unadopted"), ask("/series/own")]);
  if (mine !== turn) return;
  if (news.ok) waiting = news.content;
  if (ours.ok) own = ours.content;
  fault = [news, ours].find((answer) => !answer.ok)?.error ?? null;
  paint();
  for (const path of unfolded.keys()) read(path);
}

/** A form that is open keeps its place: its list is drawn anew when it closes. A change of units elsewhere draws nothing anew. */
function paint() {
  setText(parts.fault, fault ? worded(fault) : "");
  const here = [language(), state.me?.unit, state.replayAt, day(now())];
  if (waiting && !parts.waiting.querySelector("form") && isNew(parts.waiting, [here, waiting])) fill(parts.waiting, newcomers());
  if (own && !$("catalogue").querySelector("form") && isNew(parts.own, [here, own])) {
    parts.unit.replaceChildren(...unitHead());
    const rows = own.rows.map((row) => () => card(row, ownActs));
    if (own.left_out) rows.push(() => h("p.quiet", {}, plural("room.series.left_out", own.left_out)));
    fill(parts.own, rows.length ? rows : [() => h("p.nothing", {}, t("room.series.none"))]);
  }
  setText($("unadopted-count"), waiting?.waiting ? String(waiting.waiting) : "");
}

// -- what waits -------------------------------------------------------------------------------------

function newcomers() {
  const { rows, left_out: leftOut } = waiting;
  if (!rows.length) return [() => h("p.nothing", {}, t("room.series.nothing"))];
  const found = rows.map((row) => () => card(row, newcomerActs));
  if (rows.length > 1) found.unshift(() => adoptAll(rows));
  if (leftOut) found.push(() => h("p.quiet", {}, plural("room.series.left_out", leftOut)));
  return found;
}

function adoptAll(rows) {
  const all = h("button.button.small", { type: "button", onclick: () => settle(rows) }, t("room.series.adopt_all", { n: String(rows.length) }));
  return h("div.series-all", {}, all);
}

function newcomerActs(row, place) {
  return [
    button("room.series.adopt", () => settle([row]), true),
    button("room.series.as_indicator", () => agree(row, place, true)),
    button("room.series.dismiss", () => dismiss(row)),
  ];
}

/** Nobody wants it: it waits no more, and can be brought back on the wall of settings. */
async function dismiss(row) {
  const answer = await act(`/series/${row.id}/dismiss`, {});
  if (answer.ok) {
    notice(t("room.series.said_dismissed", { series: row.name }));
    load();
  } else tellLate(`${row.name} · ${t("room.series.dismiss")}`, answer.error);
}

async function settle(rows) {
  const answer = await act("/series/adopt", { ids: rows.map((row) => row.id) });
  if (answer.ok) {
    say(plural("room.series.said_adopted", rows.length));
    load();
  } else tellLate(`${rows.length > 1 ? rows.length : rows[0].name} · ${t("room.series.adopt")}`, answer.error);
}

/** Agree on unit, figures and description: adopting asks for recovery times too. */
function agree(row, place, adopting) {
  const form = adoptFields(row, adopting);
  openForm(place, form.fields, adopting ? "room.series.adopt" : "room.series.alter", async (signal) => {
    const body = form.body();
    return body.words ? { ok: false, words: body.words } : act(`/series/${row.id}/adopt`, body, { signal });
  }, { done: load });
}

// -- our own ----------------------------------------------------------------------------------------

function unitHead() {
  const { unit } = own;
  if (!unit.may_rename) return [];
  const place = h("div.accord-form");
  const history = h("div.accord-history");
  const rename = button("room.series.rename_unit", () => {
    const form = unitNameFields(unit);
    openForm(place, form.fields, "room.series.rename", (signal) => act(`/units/${unit.id}/rename`, form.body(), { signal }), { done: load });
  });
  return [h("div.accord-acts", {}, rename, versionsButton(`/units/${unit.id}`, history)), formerly(unit.formerly, `/units/${unit.id}`, true), place, history].filter(Boolean);
}

function ownActs(row, place, history) {
  const found = [];
  if (row.may_adopt) {
    found.push(button("room.series.alter", () => agree(row, place, false)));
    found.push(button("room.series.rename", () => {
      const form = nameFields(row);
      openForm(place, form.fields, "room.series.rename", (signal) => act(`/series/${row.id}/rename`, form.body(), { signal }), { done: load });
    }));
  }
  return [...found, versionsButton(`/series/${row.id}`, history)];
}

/** Names that still lead here, each with the way to give it up. */
function formerly(names, path, may) {
  if (!names.length) return null;
  const giveUp = async (name) => {
    const answer = await act(`${path}/give-up`, { name });
    if (answer.ok) load();
    else tellLate(t("room.series.give_up_name", { name }), answer.error);
  };
  const one = (name) => h("li", {}, h("span", {}, name),
    may ? h("button.button.small", { type: "button", "aria-label": t("room.series.give_up_name", { name }), onclick: () => giveUp(name) }, t("room.series.give_up")) : null);
  return h("div.series-formerly", {}, h("span", {}, t("room.series.formerly")), h("ul", {}, names.map(one)));
}

// -- one series -------------------------------------------------------------------------------------

function card(row, acts) {
  const place = h("div.accord-form");
  const history = h("div.accord-history");
  const elsewhere = row.unit_path !== state.me?.unit;
  return h("article.accord", { "data-series": String(row.id) },
    h("div.accord-head", {},
      h("h3", {}, row.name, elsewhere ? h("span.accord-place", {}, row.unit_name || t("room.root")) : null),
      row.indicator ? h("span.accord-tag", {}, t("room.series.indicator")) : null,
      row.unit && !row.unit_verified ? h("span.accord-tag", {}, t("room.series.unverified")) : null),
    h("p.series-facts", {}, h("span.series-value", { "data-series": String(row.id) }, valueText(row.value, row.unit)), facts(row).map((fact) => h("span", {}, fact))),
    row.description ? h("p.series-about", {}, row.description) : null,
    h("div.accord-acts", {}, acts(row, place, history)),
    formerly(row.formerly, `/series/${row.id}`, row.may_adopt), place, history);
}

const valueText = (value, unit) => [number(value), unitText(unit)].filter(Boolean).join(" ");

function facts(row) {
  const { indicator: aim, band } = row;
  const amount = (value) => valueText(value, row.unit);
  return [
    aim ? t(`room.series.orientation.${aim.orientation}`) : null,
    aim?.capability ? t("room.series.capability_is", { amount: amount(aim.capability) }) : null,
    aim?.potentiality ? t("room.series.potentiality_is", { amount: amount(aim.potentiality) }) : null,
    band ? t("room.series.band_is", { low: number(band[0]), high: number(band[1]) }) : null,
    row.period_s ? t("room.series.period_is", { time: span(row.period_s) }) : null,
    row.kept && row.kept !== row.unit && row.adopted ? t("room.series.kept_is", { unit: unitText(row.kept) }) : null,
  ].filter(Boolean);
}

function button(word, onclick, strong = false) {
  return h(`button.button.small${strong ? ".strong" : ""}`, { type: "button", onclick }, t(word));
}

// -- versions ---------------------------------------------------------------------------------------

const unfolded = new Map(); // by path: {versions last read or null, place}; a card that is drawn anew shows them on

function versionsButton(path, place) {
  const open = unfolded.get(path);
  const node = h("button.button.small", { type: "button", "aria-expanded": String(Boolean(open)), onclick: () => toggle(node, path, place) }, t("room.series.versions"));
  if (open) {
    open.place = place;
    if (open.versions) place.replaceChildren(listed(open.versions));
  }
  return node;
}

function toggle(node, path, place) {
  const open = !unfolded.has(path);
  node.setAttribute("aria-expanded", String(open));
  if (open) {
    unfolded.set(path, { versions: null, place });
    read(path);
  } else {
    unfolded.delete(path);
    place.replaceChildren();
  }
}

/** What was read before stands on where the room does not answer. */
async function read(path) {
  const answer = await ask(`${path}/versions`);
  const open = unfolded.get(path);
  if (!open) return;
  if (answer.ok) {
    if (JSON.stringify(open.versions) === JSON.stringify(answer.content.versions)) return;
    open.versions = answer.content.versions;
    open.place.replaceChildren(listed(open.versions));
  } else if (!open.versions) open.place.replaceChildren(h("p.fault", { role: "alert" }, worded(answer.error)));
}

const listed = (versions) => h("ol.versions", {}, versions.map(version));

function version(one) {
  const said = { person: one.person, unit: one.unit_name || t("room.root"), when: one.at === null ? "" : when(one.at, now()) };
  return h("li.version", {}, h("p.accord-signed", {}, t(`room.series.via.${one.via || "unknown"}`, said)),
    h("ul.series-changes", {}, one.changes.map((change) => h("li", {}, h("span", {}, t(`room.series.field.${change.field}`)), changed(change)))));
}

function changed({ field, before, after }) {
  const is = shown(field, after);
  return before === null || before === "" || before.length === 0 ? is : t("room.series.changed", { before: shown(field, before), after: is });
}

function shown(field, value) {
  if (value === null || value === "" || value.length === 0) return "–";
  if (field === "orientation") return t(`room.series.orientation.${value}`);
  if (field === "consequence") return t(`consequence.${value}`);
  if (field === "unit") return unitText(value);
  if (field === "recovery_s") return value.map(span).join(", ");
  if (field === "period_s" || field === "response_s") return span(value);
  if (field === "band") return value.map(number).join(" – ");
  if (typeof value === "boolean") return t(value ? "room.series.yes" : "room.series.no");
  return Array.isArray(value) ? value.join(", ") : typeof value === "number" ? number(value) : String(value);
}
