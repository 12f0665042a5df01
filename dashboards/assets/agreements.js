// The wall "agreements", first panel: recovery times that unit and parent agree, what waits for an answer, all versions.

import { $, fill, h, isNew, keyed, order, say, setText } from "./dom.js";
import { tellLate } from "./acts.js";
import { loadDuty, paintDuty } from "./duty.js";
import { field, openForm } from "./forms.js";
import { now, onChange, state } from "./model.js";
import { act, ask, worded } from "./rest.js";
import { addWall, inFront, setWaiting } from "./walls.js";
import { day, language, plural, span, t, when } from "./words.js";

const WALL = "agreements";
const AGAIN_MS = 60_000;
const NOTE_CHARS = 2000;
const SECONDS = { s: 1, sek: 1, sec: 1, m: 60, min: 60, h: 3600, std: 3600, d: 86_400, t: 86_400 };

let found = null;
let fault = null;
let asked = 0;
let shown = -1;
let turn = 0;
let parts = null;
const sections = new Map();

export function startAgreements() {
  parts = { fault: h("p.fault", { role: "alert" }), list: h("div.accords") };
  $(WALL).replaceChildren(h("p.quiet.accords-about", { "data-word": "room.agreements.running" }), parts.fault, parts.list);
  addWall({ name: WALL, word: "room.agreements.title", key: "V", hint: "room.key.agreements", load, paint, tick });
  onChange(["agreements", "words"], () => {
    const { waiting, revision } = state.agreements;
    setWaiting(WALL, waiting, plural("room.agreements.badge", waiting));
    if (inFront(WALL) && revision !== shown) load();
  });
}

function tick() {
  if (Date.now() - asked > AGAIN_MS) load();
}

async function load() {
  asked = Date.now();
  shown = state.agreements.revision;
  const mine = ++turn;
  loadDuty();
  const answer = await ask("/agreements");
  if (mine !== turn) return;
  if (answer.ok) found = answer.content;
  fault = answer.ok ? null : answer.error;
  paint();
  for (const id of unfolded.keys()) read(id);
}

/** A form that is open keeps its place: the list is drawn anew when it closes. A change of units elsewhere draws nothing anew. */
function paint() {
  paintDuty();
  if (parts.list.querySelector("form")) return;
  setText(parts.fault, fault ? worded(fault) : "");
  if (!found || !isNew(parts.list, [language(), found, ownTitle(), state.replayAt, day(now())])) return;
  const waiting = found.rows.filter((row) => row.waits_for_us);
  const rest = found.rows.filter((row) => !row.waits_for_us);
  const own = rest.filter((row) => row.side === "unit");
  const units = [...new Set(rest.filter((row) => row.side === "parent").map((row) => row.unit))];
  const groups = [{ kind: "waiting", title: t("room.agreements.waiting"), rows: waiting }, { kind: "own", title: ownTitle(), rows: own }];
  for (const unit of units) {
    const rows = rest.filter((row) => row.unit === unit);
    groups.push({ kind: "below", unit, title: t("room.agreements.below", { unit: rows[0].unit_name }), rows });
  }
  const kept = keyed(sections, groups.filter(({ rows }) => rows.length), ({ kind, unit }) => `${kind} ${unit ?? ""}`, group, fillGroup);
  if (!kept.length) kept.push(h("p.nothing", {}, t("room.agreements.nothing")));
  if (found.left_out) kept.push(h("p.quiet", {}, plural("room.agreements.left_out", found.left_out)));
  order(parts.list, kept);
}

function ownTitle() {
  const above = state.ancestors.filter((unit) => unit.path !== state.me?.unit).at(-1);
  return state.me?.unit ? t("room.agreements.own", { parent: above?.name || t("room.root") }) : t("room.agreements.own_top");
}

function group({ kind }) {
  return h(`section.accord-group.is-${kind}`, {}, h("h3", {}, h("span"), h("span.count")), h("div.accord-rows"));
}

function fillGroup(node, { title, rows }) {
  const [head, list] = node.children;
  setText(head.firstElementChild, title);
  setText(head.lastElementChild, String(rows.length));
  fill(list, rows.map((row) => () => accord(row)));
}

// -- one series -------------------------------------------------------------------------------------

function accord(row) {
  const place = h("div.accord-form");
  const history = h("div.accord-history");
  const versions = h("button.button.small", { type: "button", "aria-expanded": String(unfolded.has(row.series_id)), onclick: () => unfold(versions, history, row) }, t("room.agreements.versions"));
  const buttons = [...answers(row, place), versions];
  const open = unfolded.get(row.series_id);
  if (open) {
    open.place = history;
    if (open.past) history.replaceChildren(...past(open.past));
  }
  return h("article.accord", { "data-series": String(row.series_id) },
    h("div.accord-head", {},
      h("h4", {}, row.name, row.waits_for_us || row.side === "parent" ? h("span.accord-place", {}, row.unit_name) : null),
      row.essential ? h("span.accord-tag", {}, t("room.essential")) : null,
      h("span.accord-version", {}, t("room.agreements.version", { n: String(row.version) }))),
    rungs(row.levels), h("p.accord-signed", {}, signed(row)), row.proposal ? proposal(row) : null,
    h("div.accord-acts", {}, buttons), place, history);
}

/** The way up as a line: with whom an alert stands, and how long. `before` marks what a proposal changes. */
function rungs(levels, before = null) {
  return h("ol.rungs", {}, levels.map((level, i) => {
    const was = before?.[i]?.recovery_s;
    const changed = was !== undefined && was !== level.recovery_s;
    return h(`li.rung${changed ? ".changed" : ""}`, {}, h("span.rung-place", {}, level.name || t("room.root")), h("span.rung-time", {}, span(level.recovery_s)),
      changed ? h("span.rung-was", {}, t("room.agreements.now", { time: span(was) })) : null);
  }));
}

const unitName = (who) => who.unit_name || t("room.root");

function signed(row) {
  if (!row.agreed) return t(row.usual ? "room.agreements.usual" : "room.agreements.declared");
  const { proposed, confirmed } = row.agreed;
  const params = { one: proposed.person, its_unit: unitName(proposed), when: when(confirmed.at, now()) };
  if (proposed.unit === confirmed.unit) return t("room.agreements.signed_alone", params);
  return t("room.agreements.signed", { ...params, other: confirmed.person, other_unit: unitName(confirmed) });
}

function proposal(row) {
  const { proposed, note, essential, levels } = row.proposal;
  const other = row.proposal.side === "unit" ? aboveName(row) : row.unit_name;
  const change = essential === row.essential ? null : t(essential ? "room.agreements.becomes_essential" : "room.agreements.no_longer_essential");
  return h("div.proposal", {},
    h("p.proposal-by", {}, t("room.agreements.proposes", { person: proposed.person, unit: unitName(proposed), when: when(proposed.at, now()) })),
    rungs(levels, row.levels), change ? h("p", {}, change) : null, note ? h("p.proposal-note", {}, note) : null,
    row.waits_for_us ? null : h("p.quiet", {}, t("room.agreements.waits_for", { unit: other })));
}

const aboveName = (row) => row.levels[1]?.name || t("room.root");

function answers(row, place) {
  const button = (word, onclick, strong = false) => h(`button.button.small${strong ? ".strong" : ""}`, { type: "button", onclick }, t(word));
  const found = [];
  if (row.may_answer) {
    found.push(button("room.agreements.confirm", () => settle(row, "confirm", {}), true));
    found.push(button("room.agreements.decline", () => decline(row, place)));
  }
  if (row.may_withdraw) found.push(button("room.agreements.withdraw", () => settle(row, "decline", { reason: "" })));
  if (row.may_propose) found.push(button(row.proposal ? "room.agreements.counter" : "room.agreements.propose", () => propose(row, place)));
  return found;
}

// -- what a council does ----------------------------------------------------------------------------

async function settle(row, way, more) {
  const answer = await act(`/agreements/${row.series_id}/${way}`, { proposal: row.proposal.number, ...more });
  if (answer.ok) {
    say(t(way === "confirm" ? "room.agreements.said_confirmed" : "room.agreements.said_ended", { name: row.name }));
    load();
  } else tellLate(`${row.name} · ${t(way === "confirm" ? "room.agreements.confirm" : "room.agreements.withdraw")}`, answer.error);
}

function decline(row, place) {
  const reason = h("input", { type: "text", name: "reason", required: true, maxLength: NOTE_CHARS, autocomplete: "off" });
  openForm(place, [field(t("room.agreements.reason"), reason)], "room.agreements.decline",
    (signal) => act(`/agreements/${row.series_id}/decline`, { proposal: row.proposal.number, reason: reason.value.trim() }, { signal }), { done: load });
}

function propose(row, place) {
  const from = row.proposal ?? row;
  const times = from.levels.map((level) => h("input", { type: "text", name: "recovery", required: true, autocomplete: "off", size: 8, value: span(level.recovery_s) }));
  const essential = h("input", { type: "checkbox", name: "essential", checked: from.essential });
  const note = h("input", { type: "text", name: "note", maxLength: NOTE_CHARS, autocomplete: "off" });
  const fields = [
    h("div.accord-times", {}, from.levels.map((level, i) => field(t("room.agreements.recovery_of", { unit: level.name || t("room.root") }), times[i]))),
    row.indicator ? h("label.tick", {}, essential, h("span", {}, t("room.agreements.essential_label"))) : null,
    field(t("room.agreements.note"), note),
  ];
  openForm(place, fields.filter(Boolean), "room.agreements.propose", async (signal) => {
    const spans = times.map((one) => secondsOf(one.value));
    if (spans.includes(null)) return { ok: false, words: t("room.agreements.span_wrong") };
    const body = { recovery_s: spans, essential: essential.checked, version: row.version, answers: row.proposal?.number ?? 0, note: note.value.trim() };
    return act(`/agreements/${row.series_id}/propose`, body, { signal });
  }, { done: load });
}

/** Seconds of a span as people write it: "10 min", "1 h 30 min", "90 s"; a bare number is minutes. Null for anything else. */
export function secondsOf(text) {
  const told = text.trim().toLowerCase().replace(",", ".");
  if (/^\d+(\.\d+)?$/.test(told)) return Number(told) * 60;
  if (!/^(\d+(\.\d+)?\s*[a-z]+\s*)+$/.test(told)) return null;
  let sum = 0;
  for (const [, n, unit] of told.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    if (!(unit in SECONDS)) return null;
    sum += Number(n) * SECONDS[unit];
  }
  return sum > 0 ? sum : null;
}

// -- history ----------------------------------------------------------------------------------------

const unfolded = new Map(); // by series: {past as last read or null, place}; a card that is drawn anew shows it on

function unfold(button, place, row) {
  const open = !unfolded.has(row.series_id);
  button.setAttribute("aria-expanded", String(open));
  if (open) {
    unfolded.set(row.series_id, { past: null, place });
    read(row.series_id);
  } else {
    unfolded.delete(row.series_id);
    place.replaceChildren();
  }
}

/** What was read before stands on where the room does not answer. */
async function read(id) {
  const answer = await ask(`/agreements/${id}`);
  const open = unfolded.get(id);
  if (!open) return;
  if (answer.ok) {
    if (JSON.stringify(open.past) === JSON.stringify(answer.content)) return;
    open.past = answer.content;
    open.place.replaceChildren(...past(open.past));
  } else if (!open.past) open.place.replaceChildren(h("p.fault", { role: "alert" }, worded(answer.error)));
}

function past({ versions, ended }) {
  const lines = versions.map((one) => h("li.version", {},
    h("span.accord-version", {}, t("room.agreements.version", { n: String(one.version) })), rungs(one.levels), one.essential ? h("span.accord-tag", {}, t("room.essential")) : null,
    h("p.accord-signed", {}, signed({ agreed: one.proposed ? one : null, usual: one.usual })), one.note ? h("p.proposal-note", {}, one.note) : null));
  const gone = ended.map((one) => h("li.version.ended", {}, rungs(one.levels),
    h("p", {}, t(`room.agreements.how.${one.how}`, { person: one.by.person, unit: unitName(one.by), by: one.proposed.person, when: when(one.by.at, now()), reason: one.reason }))));
  return [h("ol.versions", {}, lines), ...(gone.length ? [h("h5", {}, t("room.agreements.ended")), h("ul.versions", {}, gone)] : [])];
}
