// What a person can do: acknowledge and reply in place on the card; decide and press in a dialog. Always by REST, never by callback.

import { h, handIn, notice, say, $ } from "./dom.js";
import { closing, finish, openModal } from "./dialogs.js";
import { ask, act, worded } from "./rest.js";
import { now, state, touch } from "./model.js";
import { placeName, stamp } from "./sentences.js";
import { t } from "./words.js";

const HOUR_S = 3600;
const FOLLOW_UPS_S = [HOUR_S, 4 * HOUR_S, 8 * HOUR_S, 24 * HOUR_S, 72 * HOUR_S, 168 * HOUR_S];
const RECOVERIES_S = [600, 1800, HOUR_S, 4 * HOUR_S, 24 * HOUR_S];
export const NOTE_CHARS = 2000;

/** The alert whose in-place form is open, or null: the wall then holds its order, so that nothing moves under a typing hand. */
export const formOf = () => $("wall").querySelector(".card form")?.closest(".card").dataset.alert ?? null;

/** What is open on a card and is seen: what stands on a wall behind is not what a hand means here. */
const seen = (what) => [...document.querySelectorAll(what)].find((one) => one.checkVisibility());

/** Close the form or menu that is open on a card, and call nothing off: another one opens in its place. Tells whether there was one. */
export function closeForms() {
  const open = seen(".card form, .card .menu-acts");
  if (!open) return false;
  const card = open.closest(".card");
  open.remove();
  touch("alerts-selection"); // the wall held its order under the form
  card?.querySelector(".more")?.setAttribute("aria-expanded", "false");
  card?.querySelector(".card-title")?.focus();
  return true;
}

/** The person closes what is open on a card: what has not reached the room by then is not sent. */
export function cancelForms() {
  seen(".card form")?.dispatchEvent(new Event("cancel"));
  return closeForms();
}

/** What became of an act whose form stands there no more, or ""; only who called it off knows already that it was not sent. */
export function lateWords(error, signal = null, lostRace = undefined) {
  if (signal?.aborted && error.code === "not_sent") return "";
  return worded(error, lostRace).trim();
}

/** Tell what became of the act `name` whose form stands there no more, or which has none. */
export function tellLate(name, error, signal, lostRace) {
  const words = lateWords(error, signal, lostRace);
  if (words) notice(`${name}: ${words}`);
}

export function field(labelKey, input) {
  return h("label.field", {}, h("span", {}, t(labelKey)), input);
}

/** Say beside the form why it was refused; what was typed stays, and the field that is meant is shown. */
function refuse(form, fault, error) {
  fault.textContent = worded(error);
  const named = form.elements.namedItem(error.params?.field ?? "");
  for (const one of form.elements) one.removeAttribute("aria-invalid");
  if (!named) return;
  named.setAttribute("aria-invalid", "true");
  if (handIn(form)) named.focus();
}

const titleOf = (card) => card.querySelector(".card-title").textContent;

/** A card leaves the wall: what was refused on it is said on, else nobody would have had time to read it. */
export function leaves(card) {
  const refused = card.querySelector("form.in-place .fault")?.textContent;
  if (refused) notice(`${titleOf(card)}: ${refused}`);
}

/** Open a form on the card; `said` speaks when it was done, and what `submit(signal)` posts is called off when it is cancelled. The wall holds its order while it is open. */
export function inPlace(card, fields, buttonKey, submit, { said = () => {} } = {}) {
  closeForms();
  const fault = h("p.fault", { role: "alert" });
  const button = h("button.button.strong", { type: "submit" }, t(buttonKey));
  const cancel = h("button.button", { type: "button", onclick: cancelForms }, t("room.cancel"));
  const form = h("form.in-place", {}, fields, fault, h("div.form-acts", {}, button, cancel));
  const off = new AbortController();
  const name = `${titleOf(card)} · ${t(buttonKey)}`;
  form.addEventListener("cancel", () => off.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const answer = await submit(off.signal);
    button.disabled = false;
    if (answer.ok) {
      const here = form.isConnected && handIn(form); // else the hand is elsewhere by now
      form.remove();
      touch("alerts-selection");
      if (here) card.querySelector(".card-title")?.focus();
      said();
    } else if (form.isConnected) refuse(form, fault, answer.error);
    else tellLate(name, answer.error, off.signal); // closed meanwhile, or the alert has left the wall and its card with it
  });
  card.querySelector(":scope > .card-text > .card-form").append(form);
  form.querySelector("input, textarea, select").focus();
  card.scrollIntoView({ block: "nearest" });
}

export function acknowledge(card, alert) {
  const note = h("input", { type: "text", name: "note", maxLength: NOTE_CHARS, autocomplete: "off", "aria-required": alert.note_required ? "true" : null });
  inPlace(card, [field(alert.note_required ? "room.act.note_required" : "room.act.note", note)], "room.act.acknowledge", (signal) =>
    act(`/alerts/${encodeURIComponent(alert.id)}/acknowledge`, { note: note.value.trim() }, { signal }),
  { said: () => say(t("room.said.acknowledged", { name: alert.series_name })) });
}

/** Say whether the alert was useful: one key, no form; pressing the other one changes one's mind. */
export async function judge(alert, useful) {
  const answer = await act(`/alerts/${encodeURIComponent(alert.id)}/judge`, { useful });
  if (!answer.ok) notice(worded(answer.error));
  else notice(t(useful ? "room.said.useful" : "room.said.useless", { name: alert.series_name }));
}

export function recovering(card, alert) {
  const text = h("input", { type: "text", name: "note", maxLength: NOTE_CHARS, required: true, autocomplete: "off" });
  const until = h("select", { name: "until" }, h("option", { value: "" }, t("room.act.until_unknown")));
  for (const s of RECOVERIES_S) until.append(h("option", { value: String(s) }, t("room.act.in", { time: hours(s) })));
  inPlace(card, [field("room.act.doing", text), field("room.act.until", until)], "room.act.reply", async (signal) => {
    const at = until.value ? Math.round(now() + Number(until.value) * 1000) : null;
    return act(`/alerts/${encodeURIComponent(alert.id)}/recovering`, { note: text.value.trim(), until: at }, { signal });
  });
}

export function hours(s) {
  if (s < HOUR_S) return `${s / 60} ${t("room.unit.min")}`;
  return s < 24 * HOUR_S ? `${s / HOUR_S} ${t("room.unit.h")}` : `${s / (24 * HOUR_S)} ${t("room.unit.d")}`;
}

/** A modal dialog with a form; the browser keeps the focus inside and gives it back. What `submit(signal)` posts is called off when it is closed. */
export function dialog(titleKey, body, buttonKey, submit) {
  const fault = h("p.fault", { role: "alert" });
  const button = h("button.button.strong", { type: "submit" }, t(buttonKey));
  const box = h("dialog.dialog", { "aria-labelledby": "dialog-title" });
  const signal = closing(box);
  const cancel = h("button.button", { type: "button", onclick: () => box.close() }, t(submit ? "room.cancel" : "room.close"));
  const form = h(submit ? "form" : "div.dialog-body", {}, h("h2", { id: "dialog-title" }, t(titleKey)), body, fault, h("div.form-acts", {}, submit ? button : null, cancel));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const answer = await submit(signal);
    button.disabled = false;
    if (answer.ok) finish(box);
    else if (signal.aborted) tellLate(t(titleKey), answer.error, signal, "room.act.lost_decision");
    else fault.textContent = worded(answer.error, "room.act.lost_decision");
  });
  box.append(form);
  openModal(box);
  return box;
}

/** When to look again at what was decided. */
export function followUps() {
  const followup = h("select", { name: "followup" });
  for (const s of FOLLOW_UPS_S) {
    const at = Math.round(now() + s * 1000);
    followup.append(h("option", { value: String(at) }, `${t("room.act.in", { time: hours(s) })} · ${stamp(at)}`));
  }
  followup.selectedIndex = 3;
  return followup;
}

/** The units of the seat's own tree to choose from; `path` is chosen, and those of `alert`'s way offered too. */
export async function unitChoice(path, alert = null) {
  const addressee = h("select", { name: "addressee" });
  for (const [unit, label] of await addressees(alert)) addressee.append(h("option", { value: unit }, label));
  addressee.value = path;
  return addressee;
}

export async function decide(alert) {
  const text = h("textarea", { name: "text", rows: 4, maxLength: NOTE_CHARS, required: true });
  const addressee = await unitChoice(alert.unit, alert);
  const followup = followUps();
  const about = h("p.about", {}, t("room.act.decide_about", { series: alert.series_name, unit: alert.unit_name }));
  const body = [about, field("room.act.decision", text), field("room.act.addressee", addressee), field("room.act.followup", followup)];
  dialog("room.act.decide", body, "room.act.decide_now", (signal) =>
    act(`/alerts/${encodeURIComponent(alert.id)}/decide`, {
      text: text.value.trim(), addressee: addressee.value, followup: Number(followup.value),
    }, { signal }),
  );
}

async function addressees(alert) {
  const answer = await ask("/units");
  const rows = answer.ok ? answer.content.units ?? answer.content : [];
  const found = new Map((Array.isArray(rows) ? rows : []).map((unit) => [unit.path, unit.path ? unit.path.split("/").join(" ▸ ") : unit.name || t("room.root")]));
  for (const level of alert?.levels ?? []) if (!found.has(level.unit)) found.set(level.unit, level.name);
  if (alert && !found.has(alert.unit)) found.set(alert.unit, alert.unit_name);
  for (const unit of state.children.values()) if (!found.has(unit.path)) found.set(unit.path, unit.name);
  return found;
}

export function press(series) {
  const note = h("textarea", { name: "note", rows: 3, maxLength: NOTE_CHARS, required: true });
  const about = h("p.about", {}, t("room.act.press_about", { series: series.name, unit: placeName(series.unit_path) }));
  dialog("room.act.press", [about, field("room.act.press_why", note)], "room.act.press_now", (signal) =>
    act(`/series/${series.id}/press`, { note: note.value.trim() }, { signal }),
  );
}
