// Forms of the wall "series": what a council says of a series or calls it. `body()` gives what is sent, or `{ words }` for what is wrong.

import { h } from "./dom.js";
import { secondsOf } from "./agreements.js";
import { field } from "./forms.js";
import { t, unitText } from "./words.js";

const NAME_CHARS = 100;
const TEXT_CHARS = 2000;

const text = (name, value, more = {}) => h("input", { type: "text", name, value, autocomplete: "off", ...more });
const figure = (name, value) => text(name, value === null || value === undefined ? "" : String(value), { inputMode: "decimal", size: 10 });

/** A figure as people write it, with a point or a comma; null where nothing is written, undefined for anything else. */
function figureOf(input) {
  const told = input.value.trim().replace(",", ".");
  if (!told) return null;
  return Number.isFinite(Number(told)) ? Number(told) : undefined;
}

/**
 * Unit, description, and what makes it an indicator; recovery times only where it is adopted by this.
 * Figures that are left as they are when the unit changes are not sent: the room converts them along.
 */
export function adoptFields(row, adopting) {
  const aim = row.indicator;
  const unit = text("unit", row.unit, { maxLength: 64, spellcheck: false });
  const about = text("description", row.description, { maxLength: TEXT_CHARS });
  const kind = h("select", { name: "orientation" }, ["", "more", "less"].map((one) => h("option", { value: one }, t(`room.series.orientation.${one || "none"}`))));
  kind.value = aim?.orientation ?? (adopting ? "more" : "");
  const capability = figure("capability", aim?.capability);
  const potentiality = figure("potentiality", aim?.potentiality);
  const [low, high] = [figure("low", row.band?.[0]), figure("high", row.band?.[1])];
  const recovery = text("recovery", "", { placeholder: "10 min, 30 min" });
  const aims = h("div.accord-times.series-times", {}, field(t("room.series.field.capability"), capability), field(t("room.series.field.potentiality"), potentiality, t("room.series.potentiality_hint")),
    adopting ? field(t("room.series.field.recovery_s"), recovery, t("room.series.recovery_hint")) : null);
  const toggle = () => (aims.hidden = kind.value === "");
  kind.addEventListener("change", toggle);
  toggle();
  const fields = [
    field(t("room.series.field.unit"), unit, t("room.series.unit_hint", { unit: unitText(row.unit) || "–" })),
    field(t("room.series.field.orientation"), kind), aims,
    h("div.accord-times.series-times", {}, field(t("room.series.field.low"), low), field(t("room.series.field.high"), high)),
    field(t("room.series.field.description"), about),
  ];
  return { fields, body: () => adopted(row, { unit, about, kind, capability, potentiality, low, high, recovery }) };
}

function adopted(row, { unit, about, kind, capability, potentiality, low, high, recovery }) {
  const figures = Object.fromEntries(Object.entries({ capability, potentiality, low, high }).map(([name, input]) => [name, figureOf(input)]));
  if (Object.values(figures).includes(undefined)) return { words: t("room.series.figure_wrong") };
  const told = unit.value.trim();
  const moved = told !== row.unit;
  const untouched = (input) => moved && input.value === input.defaultValue && input.value !== "";
  const body = { description: about.value.trim() };
  if (moved) body.unit = told;
  if (!untouched(low) || !untouched(high)) body.band = figures.low === null && figures.high === null ? null : [figures.low, figures.high];
  body.indicator = kind.value ? { orientation: kind.value } : null;
  if (kind.value) {
    for (const [name, input] of [["capability", capability], ["potentiality", potentiality]]) if (!untouched(input)) body.indicator[name] = figures[name];
    const spans = recovery.value.trim() ? recovery.value.split(/[;,](?=\s)|;/).map(secondsOf) : [];
    if (spans.includes(null)) return { words: t("room.agreements.span_wrong") };
    if (spans.length) body.recovery_s = spans;
  }
  return body;
}

export function nameFields(row) {
  const name = text("name", row.name, { required: true, maxLength: NAME_CHARS });
  return { fields: [field(t("room.series.field.name"), name, t("room.series.name_hint"))], body: () => ({ name: name.value.trim() }) };
}

export function unitNameFields(unit) {
  const name = text("name", unit.name, { required: true, maxLength: NAME_CHARS });
  const part = text("part", unit.path.split("/").pop(), { required: unit.path !== "", maxLength: NAME_CHARS, spellcheck: false });
  const fields = [field(t("room.series.unit_name"), name)];
  if (unit.path) fields.push(field(t("room.series.unit_part"), part, t("room.series.name_hint")));
  return { fields, body: () => ({ name: name.value.trim(), ...(unit.path ? { part: part.value.trim() } : {}) }) };
}
