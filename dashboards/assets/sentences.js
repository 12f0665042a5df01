// What a card says, sentence by sentence: what, since when, who has it, what the unit replied, what is expected of us, how often wrong.

import { now, state } from "./model.js";
import { brief, clock, day, known, number, percent, plural, ratio, span, t, unitText, when } from "./words.js";

const DAYS_SHOWN = 30;
const WEEKS_IN_30_DAYS = 30 / 7;

export const priorityWord = (priority) => t(`room.priority.${priority}`);
export const kindWord = (alert) => t(`room.kind.${alert.kind}`);

/** Parameters of an explanation as a person reads them: instants as clock times, probabilities as percent. */
function readable(params, alert) {
  const shown = {};
  for (const [name, value] of Object.entries(params ?? {})) {
    if (name === "series" && value === alert.series) shown[name] = alert.series_name; // the card's title says whose
    else if (name === "unit") shown[name] = unitText(value);
    else if (name === "detector") shown[name] = value.split(", ").map(detector).join(", ");
    else if (name === "per_year") shown[name] = value < 0.01 ? t("room.card.fewer_than", { n: brief(0.01) }) : brief(value);
    else if (typeof value !== "number") shown[name] = value === null || value === undefined ? "–" : value;
    else if (value > 1e14) shown[name] = when(value / 1000, now());
    else if (value > 1e11) shown[name] = when(value, now());
    else if (/_s$/.test(name)) shown[name] = span(value);
    else shown[name] = number(value);
  }
  return shown;
}

/** The name of a detector, or of the rule that a finding came of; one of a further distribution is shown as it is. */
function detector(name) {
  const [kind, id] = name.split(":");
  return known(`detector.${kind}`) ? t(`detector.${kind}`, { id }) : name;
}

/** The explanation sentences that the room gave, worded. */
export function why(alert) {
  return (alert.explanation ?? []).map(({ code, params }) => (known(code) ? t(code, readable(params, alert)) : t("room.why.unworded", { code })));
}

/** The first thing to say: what the detector saw, or at least the kind. */
export function what(alert) {
  return why(alert)[0] ?? kindWord(alert);
}

export function since(alert) {
  const at = now();
  const from = alert.onset ?? alert.raised;
  const text = t("room.card.since", { at: when(from, at), age: span(Math.round((at - from) / 60000) * 60) });
  return alert.active === false ? `${text} ${t("room.card.back")}` : text;
}

/** Who has it and where it goes next, with the visible countdown. */
export function standing(alert) {
  const place = alert.standing_name || t("room.root");
  if (alert.latched) return t("room.card.with_latched", { place });
  if (alert.active === false && alert.silenced?.here) return t("room.card.with_silenced", { place });
  if (alert.active === false) return t("room.card.with_back", { place });
  if (alert.deadline === null || alert.deadline === undefined) {
    return t(alert.decision ? "room.card.with_decided" : "room.card.with_top", { place });
  }
  const left = (alert.deadline - now()) / 1000;
  if (alert.next === null || alert.next === undefined) {
    return left > 0 ? t("room.card.with_again", { place, left: span(left) }) : t("room.card.with_top", { place });
  }
  const next = alert.next_name || t("room.root");
  return left > 0 ? t("room.card.with_to", { place, next, left: span(left) }) : t("room.card.climbing", { place, next });
}

/** The share of the running recovery time that is left, 1..0, or null where no clock runs. */
export function left(alert) {
  const from = alert.levels?.length ? alert.levels[alert.levels.length - 1].at : alert.raised;
  if (!alert.deadline || alert.deadline <= from) return null;
  return Math.min(1, Math.max(0, (alert.deadline - now()) / (alert.deadline - from)));
}

/** What the unit answered last. */
export function reply(alert) {
  const note = alert.notes?.[alert.notes.length - 1];
  if (!note) return "";
  const said = t("room.card.reply", { author: note.author, text: note.text, at: when(note.at, now()) });
  return note.until ? `${said} ${t("room.card.reply_until", { until: when(note.until, now()) })}` : said;
}

export function acknowledged(alert) {
  const last = alert.acknowledgements?.[alert.acknowledgements.length - 1];
  if (!last) return "";
  const params = { person: last.person, at: when(last.at, now()), note: last.note };
  if (alert.unacked && alert.level > last.level) return t("room.card.acknowledged_below", params);
  const said = t(last.note ? "room.card.acknowledged_note" : "room.card.acknowledged", params);
  return alert.unacked || !alert.acked_until ? said : `${said} ${t("room.card.acked_until", { until: when(alert.acked_until, now()) })}`;
}

/** Who silenced it, how, until when and why; also where it was below and climbed all the same. */
export function silenced(alert) {
  const held = alert.silenced;
  if (!held) return "";
  const cause = held.cause ? state.alerts.get(held.cause)?.series_name ?? t("room.card.another") : "";
  const params = { person: held.by, at: when(held.at, now()), until: held.until ? when(held.until, now()) : "", reference: held.reference, cause, unit: placeName(held.unit) };
  const form = held.kind === "shelved" && held.one_shot ? "shelved_once" : held.kind;
  const said = t(`room.card.${held.here ? "" : "below_"}${form}`, params);
  return held.reason ? `${said} ${t("room.card.silenced_why", { reason: held.reason })}` : said;
}

/** The state in a word, for those who listen. */
export function stateWord(alert) {
  if (alert.silenced?.here) return t(`room.state.${alert.state}`);
  if (alert.latched) return t("room.state.latched");
  return t(alert.unacked ? "room.card.unacknowledged" : "room.card.known");
}

export function decided(alert) {
  const decision = alert.decision;
  if (!decision) return "";
  const { person, text, addressee } = decision;
  const name = placeName(addressee);
  const said = t("room.card.decided", { person, text, addressee: name, followup: when(decision.followup, now()) });
  return decision.found ? `${said} ${followed(decision, alert.series_id)}` : said;
}

/** What the telemetry did by the follow-up time of a decision. */
function followed({ measured, found }, seriesId) {
  const unit = unitText(state.series.get(seriesId)?.unit ?? "");
  const said = [t(`room.card.followed_${found.outcome}`, { at: when(found.at, now()) })];
  if (found.value !== null) said.push(t("room.card.followed_values", { before: number(measured.value), then: `${number(found.value)} ${unit}`.trim() }));
  if (found.productivity !== null) said.push(t("room.card.followed_productivity", { before: ratio(measured.productivity), then: ratio(found.productivity) }));
  if (found.read_at === measured.read_at) said.push(t("room.card.followed_unread"));
  return said.join(" ");
}

/** Who found the alert useful, and who did not. */
export function judged(alert) {
  const said = [true, false].map((useful) => {
    const people = (alert.judgements ?? []).filter((one) => one.useful === useful).map((one) => one.person).join(", ");
    return people && t(useful ? "room.card.judged_useful" : "room.card.judged_useless", { people });
  });
  return said.filter(Boolean).join(" ");
}

/** What is expected of the reader now. */
export function expected(alert) {
  if (alert.silenced?.here) return alert.deadline && alert.active !== false ? t("room.expect.silenced") : "";
  if (alert.latched && alert.may_reset) return t(alert.unacked ? "room.expect.reset_unseen" : "room.expect.reset");
  if (alert.active === false && alert.unacked && alert.may_acknowledge) return t("room.expect.note_return");
  if (alert.unacked && alert.may_acknowledge && alert.note_required) return t("room.expect.acknowledge_note");
  if (alert.unacked && alert.may_acknowledge && alert.may_decide) return t("room.expect.acknowledge_decide");
  if (alert.unacked && alert.may_acknowledge) return t("room.expect.acknowledge");
  if (alert.may_decide && !alert.decision) return t("room.expect.decide");
  if (alert.may_note && !alert.notes?.length) return t("room.expect.reply");
  if (alert.may_note) return t("room.expect.recover");
  if (alert.decision) return t("room.expect.follow", { followup: when(alert.decision.followup, now()) });
  if (alert.may_acknowledge) return t("room.expect.help");
  return t("room.expect.watch", { place: alert.standing_name || t("room.root") });
}

/** How often this detector was wrong here: what it raised against what its threshold would give by chance. */
export function wrong(alert) {
  const raised = plural("room.card.raised_here", alert.raises_30d ?? 0, { days: DAYS_SHOWN });
  if (alert.rate_per_week === null || alert.rate_per_week === undefined) return `${raised}.`;
  const chance = alert.rate_per_week * WEEKS_IN_30_DAYS;
  const rate = chance < 0.01 ? t("room.card.fewer_than", { n: brief(0.01) }) : brief(chance);
  return `${raised}${t("room.card.by_chance", { rate })}`;
}

/** Where it has stood, oldest first. */
export function journey(alert) {
  return (alert.levels ?? []).map((level, i) =>
    t(i === 0 ? "room.why.raised_at" : "room.why.climbed_to", { place: level.name || t("room.root"), at: when(level.at, now()) }),
  );
}

export function sure(alert) {
  const said = (alert.explanation ?? []).some(({ code }) => code.startsWith("why.kind."));
  return said || alert.p === null || alert.p === undefined ? "" : t("room.why.sure", { percent: percent(alert.p), kind: kindWord(alert) });
}

export function placeName(path) {
  if (path === state.unit?.path) return state.unit.name;
  return state.children.get(path)?.name ?? state.ancestors.find((unit) => unit.path === path)?.name ?? (path.split("/").pop() || t("room.root"));
}

export const stamp = (ms) => `${day(ms)}, ${clock(ms)}`;
