// Several alerts at once: pick them by key or pointer, a line or all of our own together, and acknowledge them with one note.

import { $, h, order, say, setAttr, setText } from "./dom.js";
import { NOTE_CHARS } from "./acts.js";
import { act, worded } from "./rest.js";
import { onChange, state, touch } from "./model.js";
import { language, plural, t } from "./words.js";

const AT_ONCE = 1000; // until the room has told its own limit

const picked = new Set();
let on = false;
let lineOf = () => [];
let parts = null;
let refused = [];

export const picking = () => on;
export const isPicked = (id) => picked.has(id);

/** Only what waits for this seat is picked: the others have nobody to say "seen" to. */
export const mayPick = (alert) => Boolean(alert?.unacked && alert.may_acknowledge);

/** `line(id)` gives the alerts that are one line with the alert. */
export function startPicks(line) {
  lineOf = line;
  const note = h("input", { type: "text", name: "note", maxLength: NOTE_CHARS, autocomplete: "off" });
  parts = {
    count: h("p.picks-count"), line: allButton("room.pick.line", () => lineOf(state.selected?.alert)), own: allButton("room.pick.own", () => waiting().filter((alert) => alert.own)),
    all: allButton("room.pick.all", waiting), none: h("button.button.small", { type: "button", onclick: stopPicking, "data-word": "room.pick.none" }),
    note, noteWord: h("span"), submit: h("button.button.strong", { type: "submit" }), fault: h("p.fault", { role: "alert" }), refused: h("ul.refused"),
  };
  const form = h("form.picks-form", { onsubmit: acknowledgePicked }, h("label.field", {}, parts.noteWord, note), parts.submit);
  $("wall-picks").replaceChildren(h("div.picks-which", {}, parts.count, parts.line.node, parts.own.node, parts.all.node, parts.none), form, parts.fault, parts.refused);
  onChange(["alerts", "alerts-selection", "words"], paint);
}

const waiting = () => [...state.alerts.values()].filter(mayPick);

function allButton(word, which) {
  const node = h("button.button.small", { type: "button", onclick: () => pickAll(which()) });
  return { node, word, which };
}

export function pick(id, wanted = !picked.has(id)) {
  if (!mayPick(state.alerts.get(id))) return;
  on = true;
  if (wanted) picked.add(id);
  else picked.delete(id);
  touch("alerts-selection");
}

export function pickAll(alerts) {
  on = true;
  for (const alert of alerts) if (mayPick(alert)) picked.add(alert.id);
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
  if (!busy) for (const id of picked) if (!mayPick(state.alerts.get(id))) picked.delete(id);
  $("wall-picks").hidden = !on;
  if (!on) return;
  setText(parts.count, plural("room.pick.count", picked.size));
  for (const { node, word, which } of [parts.line, parts.own, parts.all]) {
    const n = which().filter(mayPick).length;
    node.hidden = n === 0;
    setText(node, t(word, { n }));
  }
  const asking = [...picked].filter((id) => state.alerts.get(id)?.note_required).length;
  setText(parts.noteWord, asking ? plural("room.pick.note_required", asking) : t("room.act.note"));
  setAttr(parts.note, "aria-required", asking ? "true" : null);
  setText(parts.submit, plural("room.pick.acknowledge", picked.size));
  parts.submit.disabled = busy || picked.size === 0;
  setText(parts.none, t("room.pick.none"));
  paintRefused();
}

function paintRefused() {
  const key = `${language()} ${JSON.stringify(refused)}`;
  if (parts.refused.dataset.key === key) return;
  parts.refused.dataset.key = key;
  order(parts.refused, refused.map(({ name, error }) => h("li", {}, h("strong", {}, `${name}: `), worded(error))));
}

let busy = false;

async function acknowledgePicked(event) {
  event.preventDefault();
  const ids = [...picked];
  if (busy || !ids.length) return;
  busy = true;
  refused = [];
  parts.fault.textContent = "";
  parts.submit.disabled = true;
  const note = parts.note.value.trim();
  let done = 0;
  const most = state.limits?.acknowledge ?? AT_ONCE;
  for (let at = 0; at < ids.length; at += most) {
    const answer = await act("/alerts/acknowledge", { ids: ids.slice(at, at + most), note });
    if (!answer.ok) {
      parts.fault.textContent = worded(answer.error);
      break;
    }
    for (const { id, ok, error } of answer.content.alerts) {
      if (ok) picked.delete(id);
      else refused.push({ id, error, name: nameOf(id) });
    }
    done += answer.content.acknowledged;
  }
  busy = false;
  if (done) say(plural("room.pick.done", done));
  if (picked.size || refused.length) touch("alerts-selection");
  else stopPicking();
}

function nameOf(id) {
  const alert = state.alerts.get(id);
  return alert ? `${alert.series_name}, ${alert.unit_name}` : id;
}
