// The dialog in which a rule is made or altered: fields, then what would change and what history says, then into force.

import { tellLate } from "./acts.js";
import { h, $ } from "./dom.js";
import { closing, finish, openModal } from "./dialogs.js";
import { state } from "./model.js";
import { act, worded } from "./rest.js";
import { named } from "./rule_faults.js";
import { differences, matrix } from "./rules.js";
import { number, plural, span, t } from "./words.js";

const KINDS = ["limit", "rate", "deviation", "missing", "expression"];
const NUMBER = { type: "number", step: "any" };
const SPAN = { type: "number", step: "any", min: "0" };
/** [key, how it is asked for]; the keys are those of a rule file. */
const WHEN = [
  ["when.limit.above", NUMBER], ["when.limit.below", NUMBER], ["when.limit.deadband", SPAN],
  ["when.rate.above", NUMBER], ["when.rate.below", NUMBER], ["when.rate.deadband", SPAN], ["when.rate.per_s", SPAN], ["when.rate.over_s", SPAN],
  ["when.deviation.bands", SPAN], ["when.deviation.deadband", SPAN],
  ["when.missing.periods", SPAN], ["when.missing.after_s", SPAN],
  ["when.expression.of", {}], ["when.expression.unit", {}], ["when.expression.series", { rows: 3 }], ["when.expression.max_age_s", SPAN],
];
const REST = [
  ["on_delay_s", SPAN], ["off_delay_s", SPAN], ["chatter.raises", { ...SPAN, step: "1", max: "16" }], ["chatter.in_s", SPAN],
  ["response_s", SPAN], ["response", { rows: 2 }], ["guidance", { rows: 2 }], ["procedure", {}], ["class", {}], ["suppress", {}],
];

const get = (table, key) => key.split(".").reduce((at, part) => at?.[part], table);

function set(table, key, value) {
  const parts = key.split(".");
  const last = parts.pop();
  let at = table;
  for (const part of parts) at = at[part] ??= {};
  at[last] = value;
}

/** Open the dialog for a rule, or for a new one (null); `done` runs when something was put in force. */
export function editRule(rule, listed, done) {
  const table = rule ? structuredClone(rule.table) : { when: { limit: {} } };
  const form = fields(table, rule?.unit ?? state.me?.unit ?? "", Boolean(rule), listed.owners);
  const preview = h("div.rule-preview", { role: "status" });
  const fault = h("p.fault", { role: "alert" });
  const look = h("button.button", { type: "submit" }, t("room.rules.preview"));
  const put = h("button.button.strong", { type: "button", disabled: true }, t("room.rules.put"));
  const box = h("dialog.dialog.rule-dialog", { "aria-labelledby": "dialog-title" });
  const signal = closing(box);
  const cancel = h("button.button", { type: "button", onclick: () => box.close() }, t("room.cancel"));
  const title = rule ? t("room.rules.edit_title", { title: rule.title }) : t("room.rules.new_title");
  const body = h("form", { novalidate: true }, h("h2", { id: "dialog-title" }, title), h("div.rule-fields", {}, form.nodes), fault, preview, h("div.form-acts", {}, look, put, cancel));
  let ready = null; // what was previewed: only that can be put in force
  const stale = () => {
    ready = null;
    put.disabled = true;
  };
  body.addEventListener("input", stale);
  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    stale();
    const draft = form.read();
    const answer = await act("/rules/preview", { rule: draft }, { signal, asks: true });
    form.mark(answer.ok ? null : answer.error);
    fault.textContent = answer.ok ? "" : worded(answer.error);
    preview.replaceChildren();
    if (!answer.ok) return;
    ready = { rule: draft, version: answer.content.version };
    put.disabled = false;
    const history = h("p.rule-history", {}, t("room.rules.trying"));
    preview.replaceChildren(...shown(answer.content, listed.matrix), history);
    preview.scrollIntoView({ block: "nearest" });
    await tried(draft, history, signal);
  });
  put.addEventListener("click", async () => {
    if (!ready) return;
    put.disabled = true;
    const answer = await act("/rules", ready, { signal });
    if (answer.ok) {
      finish(box);
      done();
    } else if (signal.aborted) tellLate(title, answer.error, signal);
    else {
      fault.textContent = worded(answer.error);
      form.mark(answer.error);
      stale();
    }
  });
  show(box, body);
  body.querySelector("input:not([disabled]), select")?.focus();
}

function show(box, body) {
  box.append(body);
  openModal(box);
}

function shown(content, rows) {
  const { rule, keys, watches } = content;
  const priority = rule.event ? h("p", {}, t("room.rules.event_words")) : h("p", {}, t("room.rules.gives", { priority: String(rule.priority), urgency: t(`room.priority.${rule.priority}`) }));
  const changes = content.new ? h("p", {}, t("room.rules.is_new")) : Object.keys(keys).length ? differences(keys, "room.rules.in_force", "room.rules.draft") : h("p", {}, t("room.rules.no_change"));
  return [h("h3", {}, t("room.rules.preview_title")), h("p", {}, plural("room.rules.series", watches)), priority, rule.event ? null : matrix(rule.cell, rows), changes].filter(Boolean);
}

async function tried(draft, place, signal) {
  const answer = await act("/rules/backtest", { rule: draft }, { signal, asks: true });
  if (!place.isConnected) return;
  if (!answer.ok) {
    place.textContent = worded(answer.error);
    return;
  }
  const { days, readings, present, draft: raises, longest_s: longest } = answer.content;
  if (!readings) {
    place.textContent = t("room.rules.no_history");
    return;
  }
  const over = { days: number(Math.round(days * 10) / 10), readings: number(readings) };
  const said = [plural("room.rules.would", raises, over)];
  if (present !== null) said.push(plural("room.rules.would_present", present));
  if (longest) said.push(t("room.rules.longest", { span: span(longest) }));
  place.textContent = said.join(" ");
}

// -- fields -----------------------------------------------------------------------------------------

function fields(table, home, exists, owners) {
  const inputs = new Map();
  const ask = (key, props = {}, value = get(table, key)) => {
    const input = props.options ? h("select", { name: key }, props.options.map(([one, label]) => h("option", { value: one }, label))) : h(props.rows ? "textarea" : "input", { name: key, autocomplete: "off", ...(props.rows ? { rows: props.rows } : { type: props.type ?? "text" }) });
    for (const name of ["step", "min", "max", "list"]) if (props[name]) input.setAttribute(name, props[name]);
    if (value !== undefined && value !== null) input.value = value;
    inputs.set(key, input);
    return h("label.field", { "data-key": key }, h("span", {}, named(key)), input);
  };
  const first = Object.keys(table.when)[0];
  const id = ask("id");
  if (exists) inputs.get("id").disabled = true;
  const paths = h("datalist", { id: "series-paths" }, [...state.series.values()].map((one) => h("option", { value: one.path })));
  const kind = ask("kind", { options: KINDS.map((one) => [one, t(`room.rules.kind.${one}`)]) }, first);
  const consequence = ask("consequence", { options: [["", "–"], ...["minor", "major", "severe"].map((one) => [one, t(`consequence.${one}`)])] });
  const event = h("input", { type: "checkbox", name: "event", checked: Boolean(table.event) });
  const conditions = WHEN.map(([key, props]) => ask(key, props, key === "when.expression.series" ? lines(get(table, key)) : get(table, key)));
  const rest = REST.map(([key, props]) => ask(key, props, key === "suppress" ? (table.suppress ?? []).map((one) => one.rule).join(", ") : get(table, key)));
  const nodes = [id, ask("title"), ask("owner", { options: owners.map((one) => [one.path, one.name || t("room.root")]) }, table.owner ?? home), ask("series", { list: "series-paths" }), ask("like"), paths, kind, ...conditions, consequence, ...rest,
    h("label.field.check", { "data-key": "event" }, event, h("span", {}, t("room.rules.file_as_event")))];
  const arrange = () => {
    const chosen = inputs.get("kind").value;
    for (const node of nodes) {
      const key = node.dataset?.key ?? "";
      if (key.startsWith("when.")) node.hidden = key.split(".")[1] !== chosen;
      if (key === "series" || key === "like") node.hidden = chosen === "expression";
    }
  };
  inputs.get("kind").addEventListener("input", arrange);
  arrange();
  return { nodes, read: () => read(table, inputs, { event: event.checked, home: exists ? home : null }), mark: (error) => markFaults(nodes, error) };
}

const lines = (series) => Object.entries(series ?? {}).map(([name, path]) => `${name} = ${path}`).join("\n");

/** The table that the fields say; keys that the dialog does not ask for, and an owner that was not said, stay as they were. */
function read(table, inputs, { event, home }) {
  const made = { ...structuredClone(table), when: {}, chatter: undefined };
  const chosen = inputs.get("kind").value;
  made.when[chosen] = {};
  for (const [key, input] of inputs) {
    const hidden = input.closest(".field").hidden;
    const text = input.value.trim();
    if (key === "kind") continue;
    if (key.startsWith("when.") && hidden) continue;
    if (hidden || text === "") {
      if (!key.includes(".")) delete made[key];
      continue;
    }
    if (key === "when.expression.series") set(made, key, Object.fromEntries(text.split("\n").map((line) => line.split("=").map((one) => one.trim())).filter(([name, path]) => name && path)));
    else if (key === "suppress") made.suppress = text.split(",").map((one) => one.trim()).filter(Boolean).map((one) => (table.suppress ?? []).find((before) => before.rule === one) ?? { rule: one });
    else set(made, key, input.type === "number" ? Number(text) : text);
  }
  if (table.owner === undefined && made.owner === home) delete made.owner;
  if (event) made.event = true;
  else delete made.event;
  return made;
}

/** Put each fault at its field, and the cursor into the first. */
function markFaults(nodes, error) {
  const faults = new Map((error?.params?.faults ?? (error?.params?.field ? [{ field: error.params.field, message: "" }] : [])).map((one) => [one.field, one]));
  let first = null;
  for (const node of nodes) {
    const input = node.querySelector?.("input, select, textarea");
    if (!input) continue;
    const key = node.dataset.key;
    const hit = [...faults.keys()].find((field) => field === key || field.startsWith(`${key}.`) || (key.startsWith("when.") && !node.hidden && key.startsWith(`${field}.`)));
    if (hit) {
      input.setAttribute("aria-invalid", "true");
      first ??= input;
    } else input.removeAttribute("aria-invalid");
  }
  first?.focus();
}

// -- a file -----------------------------------------------------------------------------------------

/** Choose a file of rules, see what it would change, and put it in force. */
export function importRules(done) {
  const file = h("input", { type: "file", name: "file", accept: ".toml,application/toml" });
  const fault = h("p.fault", { role: "alert" });
  const seen = h("div.rule-preview", { role: "status" });
  const put = h("button.button.strong", { type: "submit", disabled: true }, t("room.rules.put"));
  const box = h("dialog.dialog.rule-dialog", { "aria-labelledby": "dialog-title" });
  const cancel = h("button.button", { type: "button", onclick: () => box.close() }, t("room.cancel"));
  const signal = closing(box);
  let text = "";
  file.addEventListener("change", async () => {
    put.disabled = true;
    seen.replaceChildren();
    if (!file.files.length) return;
    text = await file.files[0].text();
    const answer = await act("/rules/import", { text }, { signal, asks: true });
    fault.textContent = answer.ok ? "" : worded(answer.error);
    if (!answer.ok) return;
    const rows = answer.content.changes.map((one) => h("div", {}, h("h3", {}, `${one.rule}: ${t(`room.rules.change.${one.change}`)}`), Object.keys(one.keys).length ? differences(one.keys, "room.rules.in_force", "room.rules.in_file") : null));
    seen.replaceChildren(...(rows.length ? rows : [h("p", {}, t("room.rules.no_change"))]));
    put.disabled = !rows.length;
  });
  const body = h("form", {}, h("h2", { id: "dialog-title" }, t("room.rules.import_title")), h("label.field", {}, h("span", {}, t("room.rules.file")), file), fault, seen, h("div.form-acts", {}, put, cancel));
  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    put.disabled = true;
    const answer = await act("/rules/import", { text, force: true }, { signal });
    if (answer.ok) {
      finish(box);
      done();
    } else if (signal.aborted) tellLate(t("room.rules.import_title"), answer.error, signal);
    else fault.textContent = worded(answer.error);
  });
  show(box, body);
  file.focus();
}
