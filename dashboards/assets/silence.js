// Acts on the annunciation of one alert: shelve, take out of service, end either, take an acknowledgement back, reset. None stops a clock.

import { h, notice } from "./dom.js";
import { field, hours, inPlace, NOTE_CHARS } from "./acts.js";
import { act } from "./rest.js";
import { now, state } from "./model.js";
import { clock, span, t } from "./words.js";

const SHELVE_S = [900, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 12 * 3600, 24 * 3600];
const SHELVE_MOST_S = 8 * 3600; // until the room has told its own
const UNTIL_CLEAR = "clear";

const path = (alert, verb) => `/alerts/${encodeURIComponent(alert.id)}/${verb}`;
const line = (name, more = {}) => h("input", { type: "text", name, maxLength: NOTE_CHARS, autocomplete: "off", ...more });

/** What a silencing does not do, before it is pressed. */
function clockRunsOn(alert) {
  if (!alert.deadline || alert.active === false) return t("room.act.silence_about");
  const left = span(Math.max(0, (alert.deadline - now()) / 1000));
  if (alert.next === null || alert.next === undefined) return t("room.act.silence_top", { left });
  return t("room.act.silence_clock", { next: alert.next_name || t("room.root"), left });
}

/** The times on offer: up to the longest the room allows, and that one itself. */
export function shelvings(most = state.limits?.shelve_s ?? SHELVE_MOST_S) {
  const fitting = SHELVE_S.filter((s) => s < most);
  return [...fitting, most];
}

export function shelve(card, alert) {
  const most = state.limits?.shelve_s ?? SHELVE_MOST_S;
  const time = h("select", { name: "duration_s" });
  for (const s of shelvings(most)) time.append(h("option", { value: String(s) }, t("room.act.for", { time: hours(s), until: clock(now() + s * 1000) })));
  time.append(h("option", { value: UNTIL_CLEAR }, t("room.act.until_clear", { until: clock(now() + most * 1000) })));
  const reason = line("reason", { "aria-required": "true" });
  const about = h("p.about", {}, clockRunsOn(alert));
  inPlace(card, [field("room.act.shelve_time", time), field("room.act.why", reason), about], "room.act.shelve", (signal) => {
    const how = time.value === UNTIL_CLEAR ? { one_shot: true } : { duration_s: Number(time.value) };
    return act(path(alert, "shelve"), { reason: reason.value.trim(), ...how }, { signal });
  }, { said: () => notice(t("room.said.shelved", { name: alert.series_name })) });
}

export function outOfService(card, alert) {
  const reference = line("reference", { maxLength: 200, "aria-required": "true" });
  const reason = line("reason");
  const about = h("p.about", {}, clockRunsOn(alert));
  inPlace(card, [field("room.act.reference", reference), field("room.act.why_work", reason), about], "room.act.remove_now", (signal) =>
    act(path(alert, "out-of-service"), { reference: reference.value.trim(), reason: reason.value.trim() }, { signal }),
  { said: () => notice(t("room.said.removed", { name: alert.series_name })) });
}

/** End a shelving, or return to service: whichever holds. */
export function end(card, alert) {
  const service = alert.silenced?.kind === "out_of_service";
  withNote(card, alert, service ? "return" : "unshelve", service ? "room.act.return" : "room.act.unshelve", service ? "room.act.return_about" : "room.act.unshelve_about");
}

export const takeBack = (card, alert) => withNote(card, alert, "unacknowledge", "room.act.take_back", "room.act.take_back_about");
export const reset = (card, alert) => withNote(card, alert, "reset", "room.act.reset", "room.act.reset_about");

function withNote(card, alert, verb, buttonKey, aboutKey) {
  const note = line("note");
  const about = h("p.about", {}, t(aboutKey));
  inPlace(card, [field("room.act.note", note), about], buttonKey, (signal) => act(path(alert, verb), { note: note.value.trim() }, { signal }));
}
