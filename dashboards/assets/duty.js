// The wall "agreements", second panel: who is called, in which order, who stands in for whom, and where nobody is called.

import { $, h, isNew, setText } from "./dom.js";
import { tellLate } from "./acts.js";
import { field, openForm } from "./forms.js";
import { instantOf, localText } from "./localtime.js";
import { now, state } from "./model.js";
import { act, ask, worded } from "./rest.js";
import { language, span, t, when } from "./words.js";

const TURNS_S = [0, 28_800, 43_200, 86_400, 604_800];
const STAND_IN_MS = 4 * 3_600_000;
const STEPS_MAX = 16;
const MINUTE_MS = 60_000;
let told = null;
let fault = null;
let turn = 0;

export async function loadDuty() {
  const mine = ++turn;
  const answer = await ask("/rota");
  if (mine !== turn) return;
  if (answer.ok) told = answer.content;
  fault = answer.ok ? null : answer.error;
  paintDuty();
}

export function paintDuty() {
  const place = $("duty");
  const minute = Math.floor(now() / MINUTE_MS); // a stand-in begins and ends by the clock
  if (place.querySelector("form") || !isNew(place, [language(), told, fault, state.me?.seat_id, state.replayAt, minute])) return;
  if (!told) {
    place.replaceChildren(h("p.fault", { role: "alert" }, fault ? worded(fault) : ""));
    return;
  }
  const form = h("div.duty-form");
  place.replaceChildren(...(told.rota ? [...warned(), ladder(), standIns(), origin()].filter(Boolean) : [h("p.nothing", {}, t("room.duty.none"))]), acts(form), form);
}

const nameOf = (id) => told.seats.find((seat) => seat.id === id)?.person ?? t("room.duty.seat_gone", { id: String(id) });
const names = (ids) => ids.map(nameOf).join(", ");

// -- what is --------------------------------------------------------------------------------------

/** Holes and cautions come first: they are read before anybody asks who is called. */
function warned() {
  const holes = told.holes.map((hole) => h("li.hole", {}, holeText(hole)));
  const cautions = told.cautions.map(({ says, params }) => {
    const times = Object.fromEntries(["start", "end"].filter((key) => key in params).map((key) => [key, when(params[key], now())]));
    return h("li.caution", {}, t(`room.duty.caution.${says}`, { ...params, ...times }));
  });
  if (!holes.length && !cautions.length) return [h("p.quiet", {}, t("room.duty.no_holes"))];
  return [h("ul.duty-warned", { "aria-label": t("room.duty.holes") }, holes, cautions)];
}

function holeText({ start, end, steps, whole }) {
  const at = { start: start <= now() + 1000 ? t("room.duty.from_now") : when(start, now()), end: end === null ? "" : when(end, now()), steps: steps.map((step) => String(step + 1)).join(", ") };
  if (whole) return t(end === null ? "room.duty.hole.whole_open" : "room.duty.hole.whole", at);
  return t(end === null ? "room.duty.hole.part_open" : "room.duty.hole.part", at);
}

function ladder() {
  const { steps, step_s: stepS, turn_s: turnS } = told.rota;
  const rows = steps.map((_, i) => {
    const called = told.now[i];
    const after = i === 0 ? t("room.duty.at_once") : t("room.duty.after", { time: span(i * stepS) });
    return h(`li.duty-step${called.length ? "" : ".empty"}`, {}, h("span.duty-after", {}, after), h("span.duty-called", {}, called.length ? names(called) : t("room.duty.every")));
  });
  return h("section.duty-now", {}, h("h3", {}, t("room.duty.now")), h("ol.duty-steps", {}, rows), turnS ? h("p.quiet", {}, t("room.duty.turns", { time: span(turnS) })) : null);
}

function standIns() {
  const coming = told.rota.overrides.filter((one) => one.end > now());
  if (!coming.length) return null;
  const rows = coming.map((one) => {
    const params = { person: one.instead ? nameOf(one.instead) : "", for_whom: nameOf(one.seat_id), start: when(one.start, now()), end: when(one.end, now()) };
    const begun = one.start <= now();
    const key = one.instead ? (begun ? "room.duty.stands_in" : "room.duty.will_stand_in") : begun ? "room.duty.nobody_for" : "room.duty.nobody_from";
    const may = told.may_agree || one.instead === state.me?.seat_id;
    return h("li.stand-in", {}, h("span", {}, t(key, params)), may ? h("button.button.small", { type: "button", onclick: () => end(one) }, t("room.duty.end")) : null);
  });
  return h("section.duty-stand-ins", {}, h("h3", {}, t("room.duty.stand_ins")), h("ul", {}, rows));
}

function origin() {
  const { person, at } = told.rota;
  return person ? h("p.quiet", {}, t("room.duty.agreed", { n: String(told.version), person, when: when(at, now()) })) : null;
}

function acts(form) {
  const button = (word, onclick) => h("button.button.small", { type: "button", onclick }, t(word));
  return h("div.accord-acts", {},
    told.rota && told.may_take_over ? button(told.may_agree ? "room.duty.stand_in" : "room.duty.take_over", () => standIn(form)) : null,
    told.may_agree ? button(told.rota ? "room.duty.change" : "room.duty.make", () => change(form)) : null);
}

// -- what people do -------------------------------------------------------------------------------

const done = () => loadDuty();
const callable = () => told.seats.filter((seat) => seat.role !== "observer");

async function end(one) {
  const answer = await act("/rota/stand-in/end", { unit: told.unit, seat_id: one.seat_id, start: one.start, version: told.version });
  if (answer.ok) done();
  else tellLate(`${nameOf(one.seat_id)} · ${t("room.duty.end")}`, answer.error);
}

function standIn(form) {
  const option = (seat) => h("option", { value: String(seat.id) }, seat.person);
  const inRota = new Set(told.rota.steps.flat());
  const whom = h("select", { name: "whom" }, told.seats.filter((seat) => inRota.has(seat.id) && (told.may_agree || seat.id !== state.me?.seat_id)).map(option));
  const who = h("select", { name: "who" }, callable().map(option), h("option", { value: "0" }, t("room.duty.nobody")));
  who.value = String(state.me?.seat_id ?? 0);
  const from = h("input", { type: "datetime-local", name: "from", required: true, value: localText(now()) });
  const until = h("input", { type: "datetime-local", name: "until", required: true, value: localText(now() + STAND_IN_MS) });
  const fields = [field(t("room.duty.whom"), whom), told.may_agree ? field(t("room.duty.who"), who) : null, field(t("room.duty.from"), from), field(t("room.duty.until"), until)];
  const begun = from.value;
  openForm(form, fields.filter(Boolean), told.may_agree ? "room.duty.stand_in" : "room.duty.take_over", (signal) => {
    const instead = told.may_agree ? Number(who.value) : state.me.seat_id;
    const start = from.value === begun ? null : instantOf(from.value); // untouched means now, to the second
    return act("/rota/stand-in", { unit: told.unit, seat_id: Number(whom.value), instead, start, end: instantOf(until.value), version: told.version }, { signal });
  }, { done });
}

function change(form) {
  const rota = told.rota ?? { steps: [[state.me.seat_id]], step_s: 300, turn_s: null, since: 0, overrides: [] };
  const list = h("ol.duty-edit");
  const number = () => [...list.children].forEach((row, i) => {
    setText(row.querySelector("legend"), t("room.duty.step", { n: String(i + 1) }));
    row.querySelector("button").hidden = list.childElementCount === 1;
  });
  const add = (seats) => {
    const ticks = callable().map((seat) => h("label.tick", {}, h("input", { type: "checkbox", value: String(seat.id), checked: seats.includes(seat.id) }), h("span", {}, seat.person)));
    const row = h("li", {}, h("fieldset", {}, h("legend"), h("div.ticks", {}, ticks)), h("button.button.small", { type: "button", onclick: () => (row.remove(), number()) }, t("room.duty.remove")));
    list.append(row);
    number();
  };
  rota.steps.forEach(add);
  const more = h("button.button.small", { type: "button", onclick: () => list.childElementCount < STEPS_MAX && add([]) }, t("room.duty.add"));
  const apart = h("input", { type: "number", name: "apart", min: "0.1", step: "any", required: true, value: String(Number((rota.step_s / 60).toFixed(3))) });
  const turns = h("select", { name: "turns" }, [...new Set([...TURNS_S, rota.turn_s ?? 0])].sort((a, b) => a - b).map((s) => h("option", { value: String(s) }, s ? span(s) : t("room.duty.no_turns"))));
  turns.value = String(rota.turn_s ?? 0);
  openForm(form, [list, more, field(t("room.duty.apart"), apart), field(t("room.duty.turn_every"), turns)], "room.duty.agree", (signal) => {
    const steps = [...list.children].map((row) => [...row.querySelectorAll("input:checked")].map((one) => Number(one.value)));
    const turnS = Number(turns.value) || null;
    const since = turnS && turnS !== rota.turn_s ? Math.floor(now()) : rota.since;
    return act("/rota", { unit: told.unit, steps, step_s: Number(apart.value) * 60, turn_s: turnS, since, overrides: rota.overrides.filter((one) => one.end > now()), version: told.version }, { signal });
  }, { done });
}
