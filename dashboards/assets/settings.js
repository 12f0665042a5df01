// The wall "settings": units, tokens of plants, seats, and who lately let whom in. Series, agreements and rules have walls of their own.

import { hours, tellLate } from "./acts.js";
import { feedLines, secretBox } from "./copying.js";
import { $, fill, h, isNew, say, setText } from "./dom.js";
import { DRILLS_S, beginDrill } from "./drill.js";
import { field, openForm } from "./forms.js";
import { now, state } from "./model.js";
import { act, ask, worded } from "./rest.js";
import { showWall } from "./walls.js";
import { day, language, plural, t, when } from "./words.js";

const AGAIN_MS = 15_000;
const LIVES_D = [0, 1, 30, 90, 365];
const DAY_S = 86_400;

let found = null;
let fault = null;
let asked = 0;
let parts = null;

export function start() {
  parts = { units: h("div.set-list"), tokens: h("div.set-list"), seats: h("div.set-list"), journal: h("ol.set-journal"), fault: h("p.fault", { role: "alert" }), places: {}, dismissed: h("div.set-list") };
  for (const one of ["units", "tokens", "seats"]) parts.places[one] = h("div.accord-form");
  const links = h("p.set-links", {}, [["series", "room.series.title"], ["agreements", "room.agreements.title"], ["rules", "room.rules.title"], ["feeds", "room.feeds.title"]].map(([name, word]) => h("button.button.small", { type: "button", "data-word": word, onclick: () => showWall(name) })));
  $("set-units").replaceChildren(h("p.quiet.accords-about", { "data-word": "room.settings.units_about" }), links, parts.fault, parts.places.units, parts.units, parts.dismissed);
  $("set-tokens").replaceChildren(h("p.quiet.accords-about", { "data-word": "room.settings.tokens_about" }), parts.places.tokens, parts.tokens);
  $("set-people").replaceChildren(h("p.quiet.accords-about", { "data-word": "room.settings.seats_about" }), parts.places.seats, parts.seats);
  $("set-journal").replaceChildren(parts.journal);
}

export function tick() {
  if (Date.now() - asked > AGAIN_MS) load();
}

export async function load() {
  asked = Date.now();
  const answer = await ask("/settings");
  if (answer.ok) found = answer.content;
  fault = answer.ok ? null : answer.error;
  paint();
}

/** A form or a secret that is open keeps its list as it is. */
const held = (place) => place.querySelector("form, .secret");

export function paint() {
  setText(parts.fault, fault ? worded(fault) : "");
  if (!found) return;
  const said = [language(), found, state.me?.unit, state.replayAt, day(now())]; // a change of units elsewhere draws nothing anew
  if (!held(parts.units) && isNew(parts.units, said)) paintUnits();
  if (!held(parts.tokens) && isNew(parts.tokens, said)) parts.tokens.replaceChildren(...(found.tokens.length ? found.tokens.map(tokenRow) : [h("p.nothing", {}, t("room.settings.no_tokens"))]));
  if (!held(parts.seats) && isNew(parts.seats, said)) parts.seats.replaceChildren(...found.seats.map(seatRow));
  if (!isNew(parts.journal, said)) return;
  fill(parts.journal, found.journal.length ? found.journal.map((one) => () => entry(one)) : [() => h("li.quiet", {}, t("room.settings.no_journal"))]);
  tool("set-tokens", "room.settings.token_new", entrustable().length > 0, () => newToken(parts.places.tokens, entrustable(), null));
  tool("set-people", "room.settings.seat_new", found.may_seat, newSeat);
}

function tool(panel, word, may, onclick) {
  const place = $(`${panel}-tools`);
  if (!place) return;
  place.replaceChildren(...(may ? [h("button.button.small.strong", { type: "button", onclick }, t(word))] : []));
}

const button = (word, onclick, named, strong = false) => h(`button.button.small${strong ? ".strong" : ""}`, { type: "button", onclick, "aria-label": named ? `${t(word)}: ${named}` : null }, t(word));
const row = (cls, title, place, about, acts, form) => h(`article.set-row${cls}`, {}, h("div.set-name", {}, h("h3", {}, title), place ? h("span.accord-place", {}, place) : null), h("p.quiet.set-about", {}, about), h("div.accord-acts", {}, acts), form);

/** Do something that needs no form; what is refused is said with its name. */
async function doing(word, name, path) {
  const answer = await act(path, {});
  if (answer.ok) await load();
  else tellLate(`${name} · ${t(word)}`, answer.error);
}

/** Ask once more, in words, before something that others notice. */
function sure(place, words, buttonKey, submit) {
  openForm(place, [h("p.about", {}, words)], buttonKey, submit, { done: load });
}

// -- units ------------------------------------------------------------------------------------------

function paintUnits() {
  fill(parts.units, found.units.map((unit) => () => unitRow(unit)));
  parts.dismissed.replaceChildren(...(found.dismissed.length ? [h("h3.set-part", {}, plural("room.settings.dismissed", found.dismissed.length)), ...found.dismissed.map(dismissedRow)] : []));
}

function unitRow(unit) {
  const place = h("div.accord-form");
  const name = unit.name || t("room.root");
  const acts = [];
  if (unit.may_found) acts.push(button("room.settings.unit_new", () => newUnit(place, unit), name, found.units.length === 1));
  if (unit.may_rename && !unit.retired) acts.push(button("room.series.rename", () => rename(place, unit), name));
  if (unit.may_entrust) acts.push(button("room.settings.token_new", () => newToken(place, entrustable(), unit), name));
  if (unit.may_rename && !unit.retired) acts.push(button("room.drill.begin", () => newDrill(place, unit.path, name), name));
  if (unit.may_retire) acts.push(unit.retired
    ? button("room.settings.revive", () => doing("room.settings.revive", name, `/units/${unit.id}/revive`), name)
    : button("room.settings.retire", () => sure(place, t("room.settings.retire_means", { unit: name }), "room.settings.retire", (signal) => act(`/units/${unit.id}/retire`, {}, { signal })), name));
  const about = [unit.level_name, unit.retired ? t("room.settings.retired") : plural("room.settings.series", unit.series)].filter(Boolean).join(" · ");
  return row(`${unit.retired ? ".is-retired" : ""}`, name, unit.path || null, about, acts, place);
}

const text = (name, value = "", more = {}) => h("input", { type: "text", name, value, autocomplete: "off", maxLength: 100, ...more });
const choice = (name, values, worded_, value) => {
  const node = h("select", { name }, values.map((one) => h("option", { value: String(one) }, worded_(one))));
  if (value !== undefined) node.value = String(value);
  return node;
};

export function newUnit(place, parent, done = load) {
  const name = text("name", "", { required: true });
  const part = text("part", "", { spellcheck: false });
  const level = text("level_name");
  const fields = [field(t("room.series.unit_name"), name), h("div.accord-times", {}, field(t("room.series.unit_part"), part, t("room.settings.part_hint")), field(t("room.settings.level"), level, t("room.settings.level_hint")))];
  openForm(place, fields, "room.settings.make", (signal) => act("/units", { parent: parent.path, name: name.value.trim(), part: part.value.trim(), level_name: level.value.trim() }, { signal }), { done: (made) => made !== false && done(made) });
}

function rename(place, unit) {
  const name = text("name", unit.name, { required: true });
  openForm(place, [field(t("room.series.unit_name"), name)], "room.series.rename", (signal) => act(`/units/${unit.id}/rename`, { name: name.value.trim() }, { signal }), { done: load });
}

function dismissedRow(one) {
  return row("", one.path, null, "", [button("room.settings.bring_back", () => doing("room.settings.bring_back", one.path, `/series/${one.id}/bring-back`), one.path)], null);
}

function newDrill(place, unit, name) {
  const lasts = choice("duration", DRILLS_S, hours, 1800);
  openForm(place, [h("p.about", {}, t("room.drill.means", { unit: name })), field(t("room.drill.for"), lasts)], "room.drill.begin", (signal) => beginDrill(unit, Number(lasts.value), { signal }), { done: load });
}

const entrustable = () => found.units.filter((unit) => unit.may_entrust);

// -- tokens -----------------------------------------------------------------------------------------

function tokenRow(token) {
  const place = h("div.accord-form");
  const about = [t("room.settings.made", { when: when(token.at, now()) }), token.expires === null ? t("room.settings.endless") : t(token.expired ? "room.settings.expired" : "room.settings.expires", { when: when(token.expires, now()) })].join(" · ");
  const acts = token.may_revoke ? [button("room.settings.revoke", () => sure(place, t("room.settings.revoke_means", { name: token.name }), "room.settings.revoke", (signal) => act(`/tokens/${token.id}/revoke`, {}, { signal })), token.name)] : [];
  return row(token.expired ? ".is-retired" : "", token.name || "–", token.unit || t("room.root"), about, acts, place);
}

/** Make a token for one of `units`; the secret and the lines to feed with it stand in `place` until they are put away. */
export function newToken(place, units, unit, done = load) {
  const which = choice("unit", units.map((one) => one.path), (path) => path || t("room.root"), unit?.path ?? units[0]?.path);
  const name = text("name", unit?.name ?? "");
  const life = choice("life", LIVES_D, (days) => (days ? plural("room.settings.days", days) : t("room.settings.endless")));
  let answer = null;
  const submit = async (signal) => {
    const body = { unit: which.value, name: name.value.trim() };
    if (Number(life.value)) body.life_s = Number(life.value) * DAY_S;
    answer = await act("/tokens", body, { signal });
    return answer;
  };
  openForm(place, [h("div.accord-times", {}, unit ? null : field(t("room.settings.unit"), which), field(t("room.settings.token_name"), name, t("room.settings.token_name_hint")), field(t("room.settings.life"), life))], "room.settings.make", submit, {
    done: (made) => {
      if (made !== false) {
        place.append(secretBox(t("room.settings.token_once", { name: answer.content.name }), answer.content.token, () => (place.replaceChildren(), load())), ...feedLines(answer.content.token));
        say(t("room.settings.token_said"));
      }
      done(made !== false ? answer.content : null);
    },
  });
}

// -- seats ------------------------------------------------------------------------------------------

function seatRow(seat) {
  const place = h("div.accord-form");
  const acts = seat.may_alter ? [
    button("room.settings.alter", () => alterSeat(place, seat), seat.person),
    button("room.settings.password", () => password(place, seat), seat.person),
    button("room.settings.remove", () => sure(place, t("room.settings.remove_means", { person: seat.person }), "room.settings.remove", (signal) => act(`/seats/${seat.id}/remove`, {}, { signal })), seat.person),
  ] : [];
  const about = [t(`room.settings.role.${seat.role}`), t(seat.present ? "room.seat.present" : "room.seat.away"), seat.mine ? t("room.seat.you") : ""].filter(Boolean).join(" · ");
  return row("", seat.person, seat.unit || t("room.root"), about, acts, place);
}

const seatFields = (seat) => ({
  unit: choice("unit", found.units.filter((one) => !one.retired).map((one) => one.path), (path) => path || t("room.root"), seat?.unit ?? state.me.unit),
  role: choice("role", found.roles, (role) => t(`room.settings.role.${role}`), seat?.role ?? "operator"),
});

const once = (place, content) => place.append(secretBox(t("room.settings.password_once", { person: content.seat.person }), content.password, () => (place.replaceChildren(), load())));

function newSeat() {
  const place = parts.places.seats;
  const person = text("person", "", { required: true, maxLength: 200 });
  const { unit, role } = seatFields();
  let answer = null;
  const submit = async (signal) => (answer = await act("/seats", { person: person.value.trim(), unit: unit.value, role: role.value }, { signal }));
  openForm(place, [field(t("room.settings.person"), person), h("div.accord-times", {}, field(t("room.settings.unit"), unit), field(t("room.settings.role"), role, t("room.settings.role_hint")))], "room.settings.make", submit, {
    done: (made) => {
      if (made !== false) once(place, answer.content);
      load();
    },
  });
}

function alterSeat(place, seat) {
  const { unit, role } = seatFields(seat);
  openForm(place, [h("div.accord-times", {}, field(t("room.settings.unit"), unit), field(t("room.settings.role"), role, t("room.settings.role_hint")))], "room.settings.alter", (signal) => act(`/seats/${seat.id}`, { unit: unit.value, role: role.value }, { signal }), { done: load });
}

function password(place, seat) {
  let answer = null;
  openForm(place, [h("p.about", {}, t("room.settings.password_means", { person: seat.person }))], "room.settings.password", async (signal) => (answer = await act(`/seats/${seat.id}/password`, {}, { signal })), {
    done: (made) => made !== false && once(place, answer.content),
  });
}

// -- who let whom in --------------------------------------------------------------------------------

function entry(one) {
  const unit = one.unit_name || t("room.root");
  return h("li", {}, h("span.event-at", {}, when(one.at, now())), h("span", {}, t(`room.settings.did.${one.did}`, { person: one.person, subject: one.subject, unit, role: one.role ? t(`room.settings.role.${one.role}`) : "" })));
}
