// The wall "Rules": what is watched and what is then to be done, with the priority's cell, raises against the budget; events beside it.

import { $, h, notice, setText } from "./dom.js";
import { isLink, link } from "./guidance.js";
import { mark } from "./icons.js";
import { now, state } from "./model.js";
import { act, ask, worded } from "./rest.js";
import { faultWords, named } from "./rule_faults.js";
import { editRule, importRules } from "./rules_form.js";
import { addWall } from "./walls.js";
import { brief, known, language, number, plural, span, t, unitText, when } from "./words.js";

const AGAIN_MS = 30_000;
export const COLUMNS = ["room.rules.column.0", "room.rules.column.1", "room.rules.column.2", "room.rules.column.3"];

let found = null;
let happened = null;
let fault = null;
let asked = 0;
let turn = 0;
let parts = null;
let painted = "";
const open = new Set();

export function startRules() {
  parts = {
    make: h("button.button", { type: "button", "data-word": "room.rules.new", hidden: true, onclick: () => editRule(null, found, load) }),
    take: h("button.button", { type: "button", "data-word": "room.rules.import", hidden: true, onclick: () => importRules(load) }),
    give: h("a.button", { download: "rules.toml", href: "/api/v1/rules/export", "data-word": "room.rules.export" }),
    fault: h("p.fault", { role: "alert" }),
    files: h("div.rules-faults", { role: "status" }),
    list: h("ul.rule-list"),
  };
  $("rules-tools").replaceChildren(h("div.exports", {}, parts.make, parts.take, parts.give));
  $("rules").replaceChildren(parts.fault, parts.files, parts.list);
  addWall({ name: "rules", word: "room.rules.title", key: "R", hint: "room.key.rules", load, paint, tick });
}

function tick() {
  if (Date.now() - asked > AGAIN_MS && !document.querySelector("dialog[open]")) load();
}

async function load() {
  asked = Date.now();
  const mine = ++turn;
  const [rules, events] = await Promise.all([ask("/rules"), ask("/events")]);
  if (mine !== turn) return;
  fault = [rules, events].find((answer) => !answer.ok)?.error ?? null;
  if (rules.ok) found = rules.content;
  if (events.ok) happened = events.content;
  paint();
}

function paint() {
  setText(parts.fault, fault ? worded(fault) : "");
  if (found) {
    parts.make.hidden = parts.take.hidden = !found.owners.length;
    parts.files.replaceChildren(...found.faults.map((one) => h("p", {}, h("strong", {}, t("room.rules.bad_file")), ` ${faultWords(one)}`)));
    const key = `${language()} ${state.series.size} ${JSON.stringify(found)}`;
    if (key !== painted) paintRules();
    painted = key;
  }
  if (happened) paintEvents();
}

function paintRules() {
  const focused = document.activeElement?.closest?.(".rule")?.dataset.rule;
  parts.list.replaceChildren(...(found.rules.length ? found.rules.map(row) : [h("li.quiet", {}, t("room.rules.none"))]));
  if (focused) parts.list.querySelector(`[data-rule="${CSS.escape(focused)}"] summary`)?.focus();
}

// -- one rule ---------------------------------------------------------------------------------------

function row(rule) {
  const raises = { n: number(rule.raises_30d), budget: brief(rule.budget_30d) };
  const budget = t(rule.event ? "room.rules.happened" : "room.rules.raises", raises);
  const over = !rule.event && rule.raises_30d > Math.max(1, rule.budget_30d) ? ".is-over" : "";
  const summary = h("summary.rule-line", {},
    rule.event ? h("span.rule-event", { role: "img", "aria-label": t("room.rules.event") }, "•") : mark(rule.priority, { dim: true }),
    h("span.rule-title", {}, rule.title),
    h("span.rule-unit", {}, rule.unit_name || t("room.root")),
    h("span.rule-when", {}, condition(rule)),
    h(`span.rule-raises${over}`, {}, budget),
    h(`span.rule-state.is-${rule.state}`, {}, t(`room.rules.state.${rule.state}`)));
  const line = h("details.rule-details", { open: open.has(rule.id), ontoggle: () => unfold(line, rule) }, summary);
  unfold(line, rule);
  return h("li.rule", { "data-rule": rule.id }, line);
}

/** What a rule says in full is built when somebody asks for it: there may be hundreds. */
function unfold(line, rule) {
  if (line.open) open.add(rule.id);
  else open.delete(rule.id);
  if (line.open && line.children.length === 1) line.append(details(rule));
}

function details(rule) {
  const says = rule.table;
  const lines = [
    ["watches", `${says.series ?? says.like ?? says.when.expression?.unit ?? ""} · ${plural("room.rules.series", rule.watches)}`],
    ["when", conditionFull(rule)], ["delays", delays(says)], ["consequence", says.consequence && t(`consequence.${says.consequence}`)],
    ["respond", says.response_s && span(says.response_s)], ["response", says.response], ["guidance", says.guidance], ["procedure", says.procedure && (isLink(says.procedure) ? link(says.procedure) : says.procedure)],
    ["class", says.class ?? "process"], ["suppress", (says.suppress ?? []).map((one) => (one.unit ? `${one.rule} (${one.unit})` : one.rule)).join(", ")],
    ["agreed", agreed(rule)], ["version", `${rule.id} · ${t("room.rules.version_of", { version: String(rule.version) })}${rule.file ? ` · ${rule.file}` : ""}`],
  ].filter(([, text]) => text);
  const list = h("dl.rule-facts", {}, lines.map(([word, text]) => h("div", {}, h("dt", {}, t(`room.rules.fact.${word}`)), h("dd", {}, text))));
  return h("div.rule-body", {}, list, rule.event ? h("p.quiet", {}, t("room.rules.event_words")) : matrix(rule.cell, found.matrix), conflict(rule), acts(rule));
}

/** The matrix of priorities with the cell that this rule's comes from. */
export function matrix(cell, rows) {
  const head = h("tr", {}, h("td"), COLUMNS.map((word) => h("th", { scope: "col" }, t(word))));
  const body = rows.map((one, y) => h("tr", {}, h("th", { scope: "row" }, t(`consequence.${one.consequence}`)), one.priorities.map((priority, x) => {
    const here = cell && cell.row === y && cell.column === x;
    return h(`td${here ? ".is-here" : ""}`, { "aria-current": here ? "true" : null }, String(priority));
  })));
  return h("table.rule-matrix", {}, h("caption", {}, t(cell ? "room.rules.matrix" : "room.rules.matrix_none")), h("thead", {}, head), h("tbody", {}, body));
}

function conflict(rule) {
  if (!rule.conflict) return null;
  const { file, keys } = rule.conflict;
  const says = keys === null ? h("p", {}, t("room.rules.conflict_gone", { file })) : [h("p", {}, t("room.rules.conflict", { file })), differences(keys, "room.rules.in_force", "room.rules.in_file")];
  const settle = (takeFile) => settled(`/rules/${encodeURIComponent(rule.id)}/settle`, { take_file: takeFile });
  const choices = rule.may_edit && h("div.form-acts", {},
    h("button.button", { type: "button", onclick: settle(true) }, t(keys === null ? "room.rules.take_gone" : "room.rules.take_file")),
    h("button.button", { type: "button", onclick: settle(false) }, t("room.rules.keep_screen")));
  return h("div.rule-conflict", {}, says, choices || null);
}

/** A table of keys with what two sides say. */
export function differences(keys, before, after) {
  const rows = Object.entries(keys).map(([key, [one, other]]) => h("tr", {}, h("th", { scope: "row" }, named(key)), h("td", {}, plainly(one)), h("td", {}, plainly(other))));
  return h("table.rule-diff", {}, h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, t(before)), h("th", { scope: "col" }, t(after)))), h("tbody", {}, rows));
}

const inside = (key) => ["part", "kind", "field"].map((of) => ["room.rules.", of, ".", key].join("")).filter(known).map((word) => t(word))[0] ?? key;

export function plainly(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return value.map(plainly).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([key, one]) => `${inside(key)} ${plainly(one)}`).join(", ");
  return typeof value === "boolean" ? t(value ? "room.yes" : "room.no") : String(value);
}

function acts(rule) {
  const edit = rule.may_edit && [
    h("button.button", { type: "button", onclick: () => editRule(rule, found, load) }, t("room.rules.edit")),
    h("button.button", { type: "button", onclick: (event) => twice(event.currentTarget, settled(`/rules/${encodeURIComponent(rule.id)}/retire`, { version: rule.version })) }, t("room.rules.retire"))];
  const place = h("div.rule-versions");
  const versions = h("button.button", { type: "button", "aria-expanded": "false", onclick: (event) => toggleVersions(event.currentTarget, place, rule) }, t("room.rules.versions"));
  return [h("div.form-acts", {}, edit || null, versions), place];
}

/** A button that ends something asks once more in its own words. */
function twice(button, does) {
  if (button.dataset.sure) does();
  else {
    button.dataset.sure = "yes";
    button.textContent = t("room.rules.retire_sure");
  }
}

const settled = (path, body) => async () => {
  const answer = await act(path, body);
  if (!answer.ok) notice(worded(answer.error));
  await load();
};

async function toggleVersions(button, place, rule) {
  const shown = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!shown));
  if (shown) {
    place.replaceChildren();
    return;
  }
  const answer = await ask(`/rules/${encodeURIComponent(rule.id)}/versions`);
  if (!answer.ok) {
    place.replaceChildren(h("p.fault", {}, worded(answer.error)));
    return;
  }
  place.replaceChildren(h("ol.version-list", {}, answer.content.versions.map((one) => h("li", {},
    h("p", {}, `${t("room.rules.version_of", { version: String(one.version) })} · ${agreed(one) || t("room.rules.by_file")}${one.retired ? ` · ${t("room.rules.retired")}` : ""}`),
    Object.keys(one.keys).length ? differences(one.keys, "room.rules.before", "room.rules.after") : null))));
}

// -- words ------------------------------------------------------------------------------------------

function agreed(rule) {
  if (!rule.approved_by && !rule.approved) return "";
  return rule.approved ? t("room.rules.agreed_by", { person: rule.approved_by || "–", at: when(rule.approved, now()) }) : rule.approved_by;
}

/** The measure of the one series that a rule names, where this page knows it. */
function measure(says) {
  for (const series of state.series.values()) if (series.path === says.series) return unitText(series.unit);
  return "";
}

/** When the rule speaks, in one line. */
export function condition({ table: says }) {
  const [kind, of] = Object.entries(says.when)[0];
  const unit = measure(says);
  if (kind === "limit" || kind === "rate") {
    const params = { low: number(of.below), high: number(of.above), unit, per: span(of.per_s ?? 60) };
    const ends = of.above === undefined ? "below" : of.below === undefined ? "above" : "outside";
    return t(`room.rules.when.${kind}.${ends}`, params);
  }
  if (kind === "deviation") return t("room.rules.when.deviation", { bands: number(of.bands) });
  if (kind === "missing") return of.after_s ? t("room.rules.when.silent", { span: span(of.after_s) }) : plural("room.rules.when.periods", of.periods);
  return of.of;
}

function conditionFull(rule) {
  const [kind, of] = Object.entries(rule.table.when)[0];
  const more = [of.deadband && t("room.rules.deadband", { n: number(of.deadband), unit: measure(rule.table) }), kind === "rate" && t("room.rules.over", { span: span(of.over_s ?? 60) }),
    kind === "expression" && Object.entries(of.series).map(([name, path]) => `${name} = ${path}`).join(", ")];
  return [condition(rule), ...more.filter(Boolean)].join(" · ");
}

function delays(says) {
  const said = [says.on_delay_s && t("room.rules.on_delay", { span: span(says.on_delay_s) }), says.off_delay_s && t("room.rules.off_delay", { span: span(says.off_delay_s) }),
    says.chatter && plural("room.rules.chatter", says.chatter.raises, { span: span(says.chatter.in_s) })];
  return said.filter(Boolean).join(" · ");
}

// -- events -----------------------------------------------------------------------------------------

function paintEvents() {
  const rows = happened.events.map((one) => {
    const value = one.value === null ? "" : ` · ${number(one.value)} ${unitText(one.unit)}`;
    return h("li.event", {}, h("span.event-at", {}, when(one.at, now())), h("span.event-title", {}, one.title), h("span.event-series", { title: one.series }, one.series_name),
      h("span.event-what", {}, `${t(one.opened ? "room.events.began" : "room.events.ended")}${value}`));
  });
  setText($("events-count"), String(rows.length));
  const more = happened.more ? h("p.quiet", {}, t("room.events.more")) : null;
  $("events").replaceChildren(h("p.quiet", {}, t("room.events.about")), rows.length ? h("ol.event-list", {}, rows) : h("p.quiet", {}, t("room.events.none")), ...(more ? [more] : []));
}
