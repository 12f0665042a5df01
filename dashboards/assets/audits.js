// Declared audits (System 3*): a standing line in both rooms while one lasts, declaring one from the unit in focus, and the wall of who looked at what.

import { $, h, notice, say, setText } from "./dom.js";
import { dialog, field } from "./acts.js";
import { now, onChange, state } from "./model.js";
import { act, ask, worded } from "./rest.js";
import { addWall, inFront, showWall } from "./walls.js";
import { plural, span, t, when } from "./words.js";

const MINUTE_S = 60;
const DURATIONS_S = [15 * MINUTE_S, 60 * MINUTE_S, 4 * 60 * MINUTE_S, 8 * 60 * MINUTE_S];
const REASON_CHARS = 2000;
const AGAIN_MS = 5000;

let rows = null;
let fault = null;
let asked = 0;
let standing = "";
let parts = null;

export function startAudits() {
  parts = {
    declare: h("button.button.small", { type: "button", id: "audit-declare", "data-word": "room.audit.declare", onclick: declare, hidden: true }),
    about: h("p.audits-about", { "data-word": "room.audit.about" }), fault: h("p.fault", { role: "alert" }), list: h("ul.audits-list"), nothing: h("p.nothing"),
  };
  $("focus-legend").before(parts.declare);
  $("audits").replaceChildren(parts.about, parts.fault, parts.list, parts.nothing);
  addWall({ name: "audits", word: "room.audit.title", key: "X", hint: "room.key.audits", load, paint, tick });
  onChange(["audits", "units"], paintStanding);
}

/** A council looks below its own unit, and nowhere else. */
const mayDeclare = () => ["council", "admin"].includes(state.me?.role) && state.unit && state.unit.path !== state.me.unit;

/** What an audit opens, as a person says it. */
function what(audit) {
  const place = audit.unit_name || t("room.root");
  return audit.series_name ? t("room.audit.series", { series: audit.series_name, unit: place }) : place;
}

export { sentence as auditSentence };

const OURS = { "": "room.audit.ours", _past: "room.audit.ours_past" };
const THEIRS = { "": "room.audit.theirs", _past: "room.audit.theirs_past" };

function sentence(audit, tense = "") {
  const until = when(audit.until, now());
  return t((audit.side === "by" ? OURS : THEIRS)[tense], { person: audit.person, by: audit.by_name || t("room.root"), what: what(audit), until, reason: audit.reason });
}

/** The lines stand on every wall while an audit is in force; a new one is spoken once. */
function paintStanding() {
  parts.declare.hidden = !mayDeclare();
  const lines = state.audits.map((audit) =>
    h("p.audit-line", { "data-audit": audit.id }, h("span", {}, sentence(audit)),
      audit.side === "by" && ["council", "admin"].includes(state.me?.role) ? h("button.button.small", { type: "button", "aria-label": `${t("room.audit.end")}: ${what(audit)}`, onclick: () => end(audit.id) }, t("room.audit.end")) : null,
      h("button.button.small", { type: "button", onclick: () => showWall("audits") }, t("room.audit.who"))));
  const focused = $("audits-now").contains(document.activeElement);
  $("audits-now").replaceChildren(...lines);
  $("audits-now").hidden = lines.length === 0;
  if (focused) $("audits-now").querySelector("button")?.focus();
  const text = state.audits.map((audit) => audit.id).join(" ");
  const fresh = state.audits.filter((audit) => !standing.split(" ").includes(audit.id));
  if (fresh.length) say(sentence(fresh[0]));
  if (text !== standing && inFront("audits")) load();
  standing = text;
}

async function end(id) {
  const answer = await act(`/audits/${encodeURIComponent(id)}/end`, {});
  notice(answer.ok ? t("room.audit.ended_now") : worded(answer.error));
}

function declare() {
  const unit = state.unit;
  const known = [...state.series.values()].filter((series) => series.unit_path === unit.path);
  const series = h("select", { name: "series" }, h("option", { value: "" }, t("room.audit.all")), known.map((one) => h("option", { value: String(one.id) }, one.name)));
  const duration = h("select", { name: "duration" }, DURATIONS_S.map((s) => h("option", { value: String(s) }, span(s))));
  const reason = h("textarea", { name: "reason", rows: 3, maxLength: REASON_CHARS, required: true });
  duration.selectedIndex = 1;
  const about = h("p.about", {}, t("room.audit.declare_about", { unit: unit.name || t("room.root") }));
  const body = [about, field("room.audit.reason", reason), field("room.audit.duration", duration), known.length ? field("room.audit.what", series) : null];
  dialog("room.audit.declare", body, "room.audit.declare_now", (signal) =>
    act("/audits", { unit: unit.path, reason: reason.value.trim(), duration_s: Number(duration.value), series_id: series.value ? Number(series.value) : null }, { signal }),
  );
  reason.focus();
}

async function load() {
  asked = Date.now();
  const answer = await ask("/audits");
  if (answer.ok) rows = answer.content.audits;
  fault = answer.ok ? null : answer.error;
  paint();
}

/** Looks grow while somebody looks: asked again while the wall stands in front. */
function tick() {
  if (Date.now() - asked > AGAIN_MS) load();
}

function paint() {
  setText(parts.fault, fault ? worded(fault) : "");
  parts.list.replaceChildren(...(rows ?? []).map(entry));
  setText(parts.nothing, rows && rows.length === 0 ? t("room.audit.none") : "");
}

function entry(audit) {
  const at = now();
  const over = audit.ended ? t("room.audit.ended_by", { person: audit.ended_by, at: when(audit.ended, at) }) : audit.in_force ? t("room.audit.in_force") : t("room.audit.run_out");
  const looks = audit.looks.map((look) => h("tr", {}, h("th", { scope: "row" }, look.series), h("td", {}, look.person), h("td.audit-n", {}, String(look.n)), h("td", {}, when(look.first, at)), h("td", {}, when(look.last, at))));
  const heads = ["series", "person", "n", "first", "last"].map((name) => h("th", { scope: "col" }, t(HEADS[name])));
  return h("li.audit", { "data-audit": audit.id, "data-side": audit.side },
    h("h3.audit-head", {}, sentence(audit, audit.in_force ? "" : "_past")),
    h("p.audit-when", {}, `${t("room.audit.declared", { at: when(audit.declared, at) })} · ${over}`),
    looks.length ? h("div.audit-looks", { tabIndex: 0, role: "group", "aria-label": t("room.audit.who") }, h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, looks))) : h("p.nothing", {}, t("room.audit.no_looks")),
    audit.others ? h("p.audit-when", {}, plural("room.audit.others", audit.others)) : null);
}

const HEADS = { series: "room.audit.head.series", person: "room.audit.head.person", n: "room.audit.head.n", first: "room.audit.head.first", last: "room.audit.head.last" };
