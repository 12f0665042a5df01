// Several alerts at once: pick them by key or pointer, a line or all of our own together, and acknowledge them with one note.
// Where more stand than the page holds, the room names the others, so that "all" means all.

import { $, h, notice, order, say, setAttr, setText } from "./dom.js";
import { NOTE_CHARS, lateWords } from "./acts.js";
import { act, ask, worded } from "./rest.js";
import { onChange, state, touch } from "./model.js";
import { language, plural, t } from "./words.js";

const AT_ONCE = 1000; // until the room has told its own limit
const REFUSED_NAMED = 20;
const TOLD_NAMED = 3; // of them in a sentence that stands for a while

const picked = new Map(); // by id: the alert when it was picked
let on = false;
let lineOf = () => [];
let parts = null;
let refused = [];
let asking = false;
let off = new AbortController(); // calls off what is not sent yet of the acknowledging under way

export const picking = () => on;
export const isPicked = (id) => picked.has(id);

/** Only what waits for this seat is picked: the others have nobody to say "seen" to. */
export const mayPick = (alert) => Boolean(alert?.unacked && alert.may_acknowledge);

/** `line(id)` gives the alerts that are one line with the alert. */
export function startPicks(line) {
  lineOf = line;
  const note = h("input", { type: "text", name: "note", maxLength: NOTE_CHARS, autocomplete: "off" });
  parts = {
    count: h("p.picks-count"), line: allButton("room.pick.line", () => lineOf(state.selected?.alert)), own: allButton("room.pick.own", () => waiting().filter(isOwn), pickOwn),
    all: allButton("room.pick.all", waiting, () => pickEvery(() => true)), none: h("button.button.small", { type: "button", onclick: stopPicking, "data-word": "room.pick.none" }),
    note, noteWord: h("span"), submit: h("button.button.strong", { type: "submit" }), fault: h("p.fault", { role: "alert" }), refused: h("ul.refused"),
  };
  const form = h("form.picks-form", { onsubmit: acknowledgePicked }, h("label.field", {}, parts.noteWord, note), parts.submit);
  $("wall-picks").replaceChildren(h("div.picks-which", {}, parts.count, parts.line.node, parts.own.node, parts.all.node, parts.none), form, parts.fault, parts.refused);
  onChange(["alerts", "alerts-selection", "words"], paint);
}

const waiting = () => [...state.alerts.values()].filter(mayPick);

const isOwn = (alert) => alert.own;
const beyond = () => state.standing > state.alerts.size;

/** `every` picks also what the page does not hold; without it only `which` is picked. */
function allButton(word, which, every = null) {
  const node = h("button.button.small", { type: "button", onclick: every ?? (() => pickAll(which())) });
  return { node, word, which, every };
}

export const pickOwn = () => pickEvery(isOwn);

/** Pick all that waits for this seat and is `meant`, loaded or not. */
async function pickEvery(meant) {
  pickAll(waiting().filter(meant));
  if (!beyond() || asking) return;
  asking = true;
  const answer = await ask("/journal/alerts?state=open&format=picks");
  asking = false;
  if (!on) return;
  if (answer.ok) pickAll(answer.content.alerts.filter(meant));
  else parts.fault.textContent = worded(answer.error);
}

export function pick(id, wanted = !picked.has(id)) {
  if (!mayPick(state.alerts.get(id))) return;
  on = true;
  if (wanted) picked.set(id, state.alerts.get(id));
  else picked.delete(id);
  touch("alerts-selection");
}

export function pickAll(alerts) {
  on = true;
  for (const alert of alerts) if (mayPick(state.alerts.get(alert.id) ?? alert)) picked.set(alert.id, alert);
  touch("alerts-selection");
}

/** Begin to pick, or end it. */
export function togglePicking() {
  if (on) stopPicking();
  else {
    on = true;
    touch("alerts-selection");
  }
}

/** Forget what was picked; tells whether there was anything to end. */
export function stopPicking() {
  if (!on) return false;
  on = false;
  off.abort();
  picked.clear();
  refused = [];
  parts.fault.textContent = "";
  parts.note.value = "";
  touch("alerts-selection");
  return true;
}

export function focusPicks() {
  if (!picked.size) return false;
  parts.note.focus();
  return true;
}

function paint() {
  if (!busy) forgetSeen();
  $("wall-picks").hidden = !on;
  if (!on) return;
  setText(parts.count, plural("room.pick.count", picked.size));
  for (const { node, word, which, every } of [parts.line, parts.own, parts.all]) {
    const n = which().filter(mayPick).length;
    node.hidden = n === 0;
    setText(node, t(word, { n: every && beyond() ? `${n}+` : n }));
  }
  const explained = [...picked.values()].filter((alert) => alert.note_required).length;
  setText(parts.noteWord, explained ? plural("room.pick.note_required", explained) : t("room.act.note"));
  setAttr(parts.note, "aria-required", explained ? "true" : null);
  setText(parts.submit, plural("room.pick.acknowledge", picked.size));
  parts.submit.disabled = busy || picked.size === 0;
  setText(parts.none, t("room.pick.none"));
  paintRefused();
}

/** Drop what somebody has seen meanwhile; of what the page does not hold only the room knows. */
function forgetSeen() {
  for (const id of picked.keys()) {
    const alert = state.alerts.get(id);
    if (alert ? !mayPick(alert) : !beyond()) picked.delete(id);
  }
}

function paintRefused() {
  const key = `${language()} ${JSON.stringify(refused)}`;
  if (parts.refused.dataset.key === key) return;
  parts.refused.dataset.key = key;
  const rows = refused.slice(0, REFUSED_NAMED).map(({ name, error }) => h("li", {}, h("strong", {}, `${name}: `), worded(error)));
  if (refused.length > REFUSED_NAMED) rows.push(h("li", {}, plural("room.pick.refused_more", refused.length - REFUSED_NAMED)));
  order(parts.refused, rows);
}

let busy = false;

async function acknowledgePicked(event) {
  event.preventDefault();
  const meant = new Map(picked);
  const ids = [...meant.keys()];
  if (busy || !ids.length) return;
  busy = true;
  off = new AbortController();
  const { signal } = off;
  const missed = (refused = []);
  let failed = null;
  parts.fault.textContent = "";
  parts.submit.disabled = true;
  const note = parts.note.value.trim();
  let done = 0;
  const most = state.limits?.acknowledge ?? AT_ONCE;
  for (let at = 0; at < ids.length; at += most) {
    const answer = await act("/alerts/acknowledge", { ids: ids.slice(at, at + most), note }, { signal });
    if (!answer.ok) {
      failed = answer.error;
      break;
    }
    for (const { id, ok, error } of answer.content.alerts) {
      if (!ok) missed.push({ id, error, name: nameOf(id, meant) });
      if (ok || !state.alerts.has(id)) picked.delete(id);
    }
    done += answer.content.acknowledged;
    touch("alerts-selection"); // how many are left
  }
  busy = false;
  if (done) say(plural("room.pick.done", done));
  if (signal.aborted) tellStopped(plural("room.pick.acknowledge", ids.length), missed, failed && lateWords(failed, signal));
  else if (failed) parts.fault.textContent = worded(failed);
  if (signal.aborted || picked.size || missed.length) touch("alerts-selection");
  else stopPicking();
}

/** Picking was ended meanwhile: what was refused has no list any more, and is told at once. */
function tellStopped(what, missed, failure) {
  const words = missed.slice(0, TOLD_NAMED).map(({ name, error }) => `${name}: ${worded(error)}`);
  if (missed.length > TOLD_NAMED) words.push(plural("room.pick.refused_more", missed.length - TOLD_NAMED));
  if (failure) words.push(failure);
  if (words.length) notice([`${what}:`, ...words].join(" "));
}

function nameOf(id, meant) {
  const alert = state.alerts.get(id) ?? meant.get(id);
  return alert ? `${alert.series_name}, ${alert.unit_name}` : id;
}
