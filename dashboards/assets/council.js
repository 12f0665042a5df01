// The wall "council": decisions, what waits for a verdict first, each with what its series did until the follow-up time.

import { $, h, order, say, setAttr, setText, svg } from "./dom.js";
import { NOTE_CHARS, dialog, field, followUps, unitChoice } from "./acts.js";
import { openAlert } from "./alertcard.js";
import { now, state } from "./model.js";
import { act, ask, askColumns, worded } from "./rest.js";
import { clock, day, number, plural, ratio, span, t, unitText, when } from "./words.js";

const EFFECTS = ["worked", "partly", "failed"];
const AGAIN_MS = 30_000;
const ENDED_AT_ONCE = 30;
const WIDE = 300;
const HIGH = 70;

let parts = null;
let rows = [];
let mayDecide = false;
let fault = null;
let loaded = null;
let turn = 0;
let shown = ENDED_AT_ONCE;
const trends = new Map();

export function start() {
  parts = {
    about: h("p.council-about"), fault: h("p.fault", { role: "alert" }), none: h("div.council-none"),
    waiting: h("h3.wall-part", { id: "council-waiting" }), pending: h("ul.decisions", { "aria-labelledby": "council-waiting" }),
    ended: h("h3.wall-part", { id: "council-ended" }), past: h("ul.decisions", { "aria-labelledby": "council-ended" }),
    more: h("button.button", { type: "button", onclick: showMore }), fresh: h("button.button.strong", { type: "button", onclick: () => decideFreely() }),
    csv: h("a.button", { download: "decisions.csv", href: "/api/v1/decisions?format=csv" }, "CSV"), json: h("a.button", { download: "decisions.json", href: "/api/v1/decisions" }, "JSON"),
  };
  $("council-tools").replaceChildren(parts.fresh, h("div.exports", {}, parts.csv, parts.json));
  $("council").replaceChildren(parts.about, parts.fault, parts.none, parts.waiting, parts.pending, parts.ended, parts.past, parts.more);
}

function showMore() {
  shown += ENDED_AT_ONCE;
  paint();
}

export async function load() {
  const mine = ++turn;
  loaded = { at: Date.now(), revision: state.decisions.revision };
  const answer = await ask("/decisions");
  if (mine !== turn) return;
  fault = answer.ok ? null : answer.error;
  if (answer.ok) [rows, mayDecide] = [answer.content.decisions, answer.content.may_decide];
  paint();
}

/** Asks again when something was decided, when a follow-up time has come, and twice a minute. */
export function tick() {
  const came = rows.some((row) => row.pending && !row.due && row.followup <= now());
  if (!loaded || loaded.revision !== state.decisions.revision || Date.now() - loaded.at > AGAIN_MS || (came && Date.now() - loaded.at > 1500)) load();
  else for (const node of document.querySelectorAll("#council .decision-when[data-followup]")) setText(node, timing(Number(node.dataset.followup)));
}

export function paint() {
  setText(parts.fault, fault ? worded(fault) : "");
  setText(parts.fresh, t("room.council.new"));
  parts.fresh.hidden = !mayDecide;
  setAttr(parts.csv, "aria-label", t("room.council.export", { form: "CSV" }));
  setAttr(parts.json, "aria-label", t("room.council.export", { form: "JSON" }));
  const pending = rows.filter((row) => row.pending);
  const past = rows.filter((row) => !row.pending);
  setText($("council-count"), pending.length ? plural("room.council.pending", pending.length) : "");
  setText(parts.about, t("room.council.about"));
  const empty = !fault && loaded && !rows.length;
  parts.none.replaceChildren(...(empty ? [h("p", {}, t("room.council.none")), h("p.quiet", {}, t(mayDecide ? "room.council.none_do" : "room.council.none_wait"))] : []));
  for (const [head, list, some, word] of [[parts.waiting, parts.pending, pending, "room.council.waiting"], [parts.ended, parts.past, past, "room.council.past"]]) {
    head.hidden = !some.length;
    setText(head, t(word));
  }
  order(parts.pending, pending.map(card));
  order(parts.past, past.slice(0, shown).map(card));
  parts.more.hidden = past.length <= shown;
  if (past.length > shown) setText(parts.more, plural("room.council.more", past.length - shown));
}

const nodes = new Map();

function card(row) {
  const key = `${document.documentElement.lang} ${state.alerts.has(row.alert)} ${JSON.stringify(row)}`;
  const kept = nodes.get(row.id);
  if (kept?.key === key) return kept.node;
  const node = h(`li.decision${row.due ? ".is-due" : ""}`, { "data-decision": row.id }, words(row), telemetry(row));
  nodes.set(row.id, { key, node });
  return node;
}

const timing = (at) => (at > now() ? t("room.council.follows_in", { left: span((at - now()) / 1000), at: when(at, now()) }) : t("room.council.due_since", { age: span((now() - at) / 1000) }));

function words(row) {
  const status = row.pending ? h("span.decision-when", { "data-followup": String(row.followup) }, timing(row.followup)) : h("span.decision-when", {}, row.verdict ? t(`room.council.effect.${row.verdict.effect}`) : t("room.council.unjudged"));
  const place = row.addressee_name || t("room.root");
  const made = t("room.council.made", { person: row.person, unit: row.unit_name || t("room.root"), at: `${day(row.at)} ${clock(row.at)}`, addressee: place });
  const about = row.series_name ? t(row.alert ? "room.council.on_alert" : "room.council.on_series", { series: row.series_name, unit: row.series_unit_name || t("room.root") }) : null;
  const link = row.alert ? h("button.link", { type: "button", onclick: () => openAlert(row.alert) }, about) : about && h("span.decision-series", {}, about);
  const verdict = row.verdict ? h("p.decision-verdict", {}, t(row.verdict.note ? "room.council.judged_note" : "room.council.judged", { person: row.verdict.person, at: when(row.verdict.at, now()), effect: t(`room.council.effect.${row.verdict.effect}`), note: row.verdict.note })) : null;
  const judge = row.due && row.may_assess ? h("button.button.strong", { type: "button", "aria-label": `${t("room.council.assess")}: ${row.text}`, onclick: () => assess(row) }, t("room.council.assess")) : null;
  return h("div.decision-words", {}, h("div.decision-head", {}, status, link), h("p.decision-text", { dir: "auto" }, row.text), h("p.decision-made", {}, made), verdict, judge);
}

// -- what the telemetry did --------------------------------------------------------------------------

function telemetry(row) {
  if (!row.series_id) return h("div.decision-data", {}, h("p.quiet", {}, t("room.council.no_series")));
  const place = h("div.spark");
  const box = h("div.decision-data", {}, figures(row), place);
  drawWhenSeen(place, row);
  return box;
}

/** Value and index at the decision against those at the follow-up time, and whether it is back inside its band. */
function figures(row) {
  const { measured, found } = row;
  const value = (one) => (one && one.value !== null ? `${number(one.value)} ${unitText(row.measure)}`.trim() : "–");
  const index = (one) => (one && one.productivity !== null ? ratio(one.productivity) : "–");
  const pair = (word, before, then) => h("div", {}, h("dt", {}, t(word)), h("dd", {}, h("span.figure", {}, before), h("span.arrow", { role: "img", "aria-label": t("room.council.then") }, "→"), h("span.figure", {}, found ? then : t("room.council.open_yet"))));
  const outcome = found ? h(`p.decision-outcome${found.outcome === "open" ? ".is-open" : ""}`, {}, t(`room.council.outcome.${found.outcome}`)) : null;
  const unread = found && measured && found.read_at === measured.read_at ? h("p.quiet", {}, t("room.council.unread")) : null;
  return h("div.decision-figures", {}, h("dl", {}, pair("room.council.value", value(measured), value(found)), row.indicator ? pair("room.ratio.productivity", index(measured), index(found)) : null), outcome, unread);
}

const watcher = new IntersectionObserver((seen) => {
  for (const one of seen) if (one.isIntersecting) {
    watcher.unobserve(one.target);
    draw(one.target, one.target.row);
  }
});

function drawWhenSeen(place, row) {
  place.row = row;
  watcher.observe(place);
}

async function draw(place, row) {
  const key = `${row.id} ${row.found ? "found" : Math.floor(now() / AGAIN_MS)}`;
  let trend = trends.get(key);
  if (!trend) {
    const answer = await askColumns(`/decisions/${encodeURIComponent(row.id)}/trend`);
    if (!answer.ok) return;
    trend = answer.content;
    trends.set(key, trend);
  }
  place.replaceChildren(...spark(row, trend));
}

/** A line from before the decision until after its follow-up, with a mark at both and the declared band behind it. */
function spark(row, { t: times, v, band }) {
  if (!times?.length) return [h("p.quiet", {}, t("room.council.no_readings"))];
  const reach = row.followup - row.at;
  const [from, to] = [row.at - reach / 2, row.followup + reach / 4];
  const inside = (band ?? []).filter((bound) => bound !== null && bound !== undefined);
  const [lowest, highest] = [Math.min(...v, ...inside), Math.max(...v, ...inside)];
  const x = (at) => ((WIDE * (Math.min(Math.max(at, from), to) - from)) / (to - from)).toFixed(1);
  const y = (value) => (HIGH - 5 - ((HIGH - 10) * (value - lowest)) / (highest - lowest || 1)).toFixed(1);
  const line = Array.from(times, (at, i) => `${i ? "L" : "M"}${x(at)} ${y(v[i])}`).join("");
  const ground = inside.length ? `<path class="spark-band" d="M0 ${band[1] === null || band[1] === undefined ? 0 : y(band[1])}H${WIDE}V${band[0] === null || band[0] === undefined ? HIGH : y(band[0])}H0z"/>` : "";
  const mark = (at, cls) => `<path class="${cls}" d="M${x(at)} 0V${HIGH}" vector-effect="non-scaling-stroke"/>`;
  const drawn = svg(`<svg viewBox="0 0 ${WIDE} ${HIGH}" preserveAspectRatio="none" aria-hidden="true">${ground}${mark(row.at, "spark-decided")}${mark(row.followup, "spark-followed")}<path class="spark-line" d="${line}" vector-effect="non-scaling-stroke"/></svg>`);
  const labels = h("div.spark-labels", { "aria-hidden": "true" }, h("span.spark-at", {}, t("room.council.mark_decided", { at: clock(row.at) })), h("span.spark-at.late", {}, t("room.council.mark_followed", { at: clock(row.followup) })));
  return [h("div.spark-frame", {}, drawn), labels, h("p.unseen", {}, t("room.council.spark_words", { low: number(lowest), high: number(highest), unit: unitText(row.measure) }))];
}

// -- acts ---------------------------------------------------------------------------------------------

function assess(row) {
  const note = h("textarea", { name: "note", rows: 3, maxLength: NOTE_CHARS });
  const options = EFFECTS.map((effect, i) => h("label.effect", {}, h("input", { type: "radio", name: "effect", value: effect, required: true, checked: i === 0 }), h("span", {}, t(`room.council.effect.${effect}`))));
  const chosen = () => options.find((one) => one.firstElementChild.checked).firstElementChild.value;
  const body = [h("p.about", { dir: "auto" }, row.text), h("fieldset.effects", {}, h("legend", {}, t("room.council.assess_ask")), options), field("room.council.assess_why", note)];
  dialog("room.council.assess", body, "room.council.assess_now", async (signal) => {
    const answer = await act(`/decisions/${encodeURIComponent(row.id)}/verdict`, { effect: chosen(), note: note.value.trim() }, { signal });
    if (answer.ok) load();
    return answer;
  });
}

/** A decision that answers no alert: on a series of one's own, or on nothing that is measured. */
export async function decideFreely() {
  const text = h("textarea", { name: "text", rows: 4, maxLength: NOTE_CHARS, required: true });
  const followup = followUps();
  const addressee = await unitChoice(state.me.unit);
  const series = h("select", { name: "series" }, h("option", { value: "" }, t("room.council.series_none")));
  for (const one of [...state.series.values()].sort((a, b) => a.name.localeCompare(b.name))) series.append(h("option", { value: String(one.id) }, `${one.name} · ${one.unit_name || t("room.root")}`));
  const body = [h("p.about", {}, t("room.council.new_about")), field("room.act.decision", text), field("room.council.series", series), field("room.act.addressee", addressee), field("room.act.followup", followup)];
  dialog("room.council.new", body, "room.act.decide_now", async (signal) => {
    const answer = await act("/decisions", { text: text.value.trim(), addressee: addressee.value, followup: Number(followup.value), series_id: series.value ? Number(series.value) : null }, { signal });
    if (answer.ok) {
      load();
      say(t("room.council.said"));
    }
    return answer; // what is refused the dialog tells
  });
}
