// Header and foot: plan, where we are, lamps, age of the feed, clock, choices; chairs and true key hints.

import { $, h, keyed, order, remember, forgetTokens, say, setAttr, setText } from "./dom.js";
import { armrestHints } from "./armrest.js";
import { comfortChoices, paintComfort } from "./comfort.js";
import { chair, mark, paletteIcon, plan, setMark, wave, screenIcon } from "./icons.js";
import { feed, staleness } from "./feed.js";
import { now, onChange, state, touchAll, touchNow } from "./model.js";
import { LANGUAGES, clock, day, language, loadWords, plural, setTimeZone, span, t, timeZone, wordFrame } from "./words.js";
import { inFront, showWall, wallKeys } from "./walls.js";

const CHAIRS = 7;
const lamps = new Map();
const seats = new Map();
let go = () => {};
let signOut = () => {};
let repainted = () => {};

export function startHead({ onGo, onSignOut, onRepaint }) {
  go = onGo;
  signOut = onSignOut;
  repainted = onRepaint;
  $("plan").replaceChildren(plan());
  $("clock").replaceChildren(h("span.clock-time"), h("span.clock-zone"));
  $("feed").replaceChildren(h("span.feed-lamp", { "aria-hidden": "true" }), h("span.feed-text"));
  onChange(["units"], paintWhere);
  onChange(["lamps", "alerts"], paintLamps);
  onChange(["feed"], paintFeed);
  onChange(["words"], tickClock);
  onChange(["seats"], paintSeats);
  onChange(["units"], paintScreens);
  $("flood").replaceChildren(wave(), h("span.flood-count"), h("button.button.small", { type: "button", "data-word": "room.figures.title", onclick: () => showWall("figures") }));
  onChange(["flood", "words"], paintFlood);
  $("first-now").replaceChildren(h("span", { "data-word": "room.first.empty" }), h("button.button.small.strong", { type: "button", "data-word": "room.first.title", onclick: () => showWall("first") }));
  onChange(["units", "series", "words"], paintFirst);
  $("condition").replaceChildren(h("span.condition-text"), h("button.button.small", { type: "button", "data-word": "room.feeds.title", onclick: () => showWall("feeds") }));
  onChange(["condition", "words"], paintCondition);
}

export function choices(place, { withSignOut = false } = {}) {
  const buttons = LANGUAGES.map((lang) =>
    h("button.choice", { type: "button", lang, "data-lang": lang, "aria-label": { en: "English", de: "Deutsch", es: "Español" }[lang], onclick: () => speak(lang) }, lang.toUpperCase()));
  const palette = h("button.choice.palette", { type: "button", "data-word-label": "room.palette", onclick: togglePalette }, paletteIcon());
  const out = withSignOut ? [h("button.choice", { type: "button", "data-word": "room.sign_out", onclick: () => signOut() })] : [];
  const screens = withSignOut ? [h("button.choice.screens", { type: "button", hidden: true, "data-word-label": "room.kiosk.title", onclick: openScreens }, screenIcon())] : [];
  place.replaceChildren(...buttons, ...comfortChoices(), palette, ...screens, ...out);
  paintChoices();
}

async function openScreens() {
  (await import("./kiosk_links.js")).openLinks();
}

/** Only a council hangs up wall screens. */
function paintScreens() {
  for (const button of document.querySelectorAll(".screens")) button.hidden = !["council", "admin"].includes(state.me?.role);
}

function paintChoices() {
  paintComfort();
  for (const button of document.querySelectorAll("[data-lang]")) setAttr(button, "aria-pressed", button.dataset.lang === language());
}

export async function speak(lang) {
  if (!(await loadWords(lang))) return;
  remember("language", lang);
  rewordAll();
}

export function rewordAll() {
  wordFrame();
  paintChoices();
  paintKeys();
  touchAll();
  repainted();
}

export function togglePalette() {
  const root = document.documentElement;
  root.dataset.palette = root.dataset.palette === "day" ? "night" : "day";
  remember("palette", root.dataset.palette);
  forgetTokens();
  touchNow("palette");
}

function paintWhere() {
  if (!state.unit) return;
  setTimeZone(state.unit.time_zone);
  setText($("where-name"), state.unit.name || t("room.root"));
  document.title = `${state.unit.name || t("room.root")} · Opsroom`;
  const above = state.ancestors.filter((unit) => unit.path !== state.unit.path);
  const key = above.map((unit) => unit.path).join("|") + state.unit.path + language();
  if ($("crumbs").dataset.key === key) return;
  $("crumbs").dataset.key = key;
  const crumb = (unit) => h("button.crumb", { type: "button", onclick: () => go(unit.path) }, unit.name || t("room.root"));
  const shut = (unit) => h("span.crumb.shut", {}, unit.name || t("room.root"));
  const steps = above.flatMap((unit) => [mayGo(unit.path) ? crumb(unit) : shut(unit), h("span.crumb-step", { "aria-hidden": "true" }, "▸")]);
  $("crumbs").replaceChildren(...steps, h("span.crumb.here", { "aria-current": "page" }, state.unit.level_name || state.unit.name));
}

/** A seat looks at its own unit and below; above is named and not open. */
function mayGo(path) {
  const own = state.me?.unit ?? "";
  return own === "" || path === own || path.startsWith(`${own}/`);
}

function paintLamps() {
  const rows = [1, 2, 3].map((priority) => ({
    priority, n: state.lamps[priority - 1] ?? 0,
    unacked: [...state.alerts.values()].some((alert) => !alert.audited && alert.priority === priority && alert.unacked),
  }));
  order($("lamps"), keyed(lamps, rows, (row) => row.priority, buildLamp, fillLamp));
}

function buildLamp({ priority }) {
  const node = h("li.lamp", {}, h("span.lamp-ring", {}, mark(priority)), h("span.lamp-text", {}, h("span.lamp-count"), h("span.lamp-word")));
  return node;
}

function fillLamp(node, { priority, n, unacked }) {
  setMark(node.querySelector(".mark"), priority, n > 0 && unacked, n === 0);
  setText(node.querySelector(".lamp-count"), String(n));
  setText(node.querySelector(".lamp-word"), t(`room.priority.${priority}`));
}

/** The banner stands on every wall while a flood is on; it is spoken once, when it comes. */
function paintFlood() {
  const { on, raises_10min: n } = state.flood;
  const text = on ? plural("room.flood.on", n) : "";
  setText($("flood").querySelector(".flood-count"), text);
  if (on && $("flood").hidden) say(text);
  $("flood").hidden = !on;
}

/** A unit that contains nothing and is fed nothing says on every wall what to do next. */
function paintFirst() {
  const own = state.ready && state.unit?.path === state.me?.unit;
  const empty = own && state.children.size === 0 && state.series.size === 0;
  if (own) $("first-now").hidden = !empty;
  $("menu").querySelector('[data-wall="first"]').hidden = !empty && !inFront("first");
}

/** What keeps the room from its work stands on every wall; no alert may come of it while the store refuses. */
function paintCondition() {
  const text = state.condition.map((code) => t(`room.condition.${code}`)).join(" ");
  setText($("condition").querySelector(".condition-text"), text);
  if (text && $("condition").hidden) say(text);
  $("condition").hidden = !text;
}

/** Whether the feed was silent when that was said last: each change is said once, and never how old the last frame is, which changes with each second. */
let silent = false;

function sayFeed(stale) {
  if (!state.ready || !feed.lastFrame || stale === silent) return;
  silent = stale;
  setText($("say-feed"), t(stale ? "room.said.stale" : "room.said.live"));
}

export function paintFeed() {
  const age = staleness();
  const text = age === null ? t(state.replayAt === null ? "room.feed.live" : "room.feed.replay") : feed.lastFrame ? t("room.feed.stale", { age: span(Math.floor(age)) }) : t("room.feed.connecting");
  const wanted = `feed ${age === null ? "is-live" : "is-stale"}`;
  if ($("feed").className !== wanted) $("feed").className = wanted;
  setText($("feed").querySelector(".feed-text"), text);
  document.documentElement.classList.toggle("stale", age !== null);
  sayFeed(age !== null);
}

export function tickClock() {
  if (!state.ready) return;
  setText($("clock").querySelector(".clock-time"), clock(now(), true));
  setText($("clock").querySelector(".clock-zone"), `${day(now())} · ${timeZone().split("/").pop().replace(/_/g, " ")}`);
}

function paintSeats() {
  const present = state.seats.filter((seat) => seat.present);
  const absent = state.seats.filter((seat) => !seat.present);
  const shown = [...present, ...absent].slice(0, CHAIRS);
  const rows = [...shown, ...Array.from({ length: Math.max(0, CHAIRS - shown.length) }, (_, i) => ({ seat_id: `free-${shown.length + i + 1}`, free: shown.length + i + 1 }))];
  const nodes = keyed(seats, rows, (seat) => seat.seat_id, () => h("li.seat", {}, chair(), h("span")), fillSeat);
  order($("seats"), nodes);
  $("plan").replaceChildren(plan(Math.min(CHAIRS, present.length)));
  const more = state.seats.length - shown.length;
  setAttr($("seats"), "data-more", more > 0 ? plural("room.seat.more", more) : null);
}

function fillSeat(node, seat) {
  const mine = seat.seat_id === state.me?.seat_id;
  node.className = `seat ${seat.present ? "present" : "away"}${mine ? " mine" : ""}`;
  setText(node.lastElementChild, seat.free ? String(seat.free) : seat.person);
  const state_ = seat.free ? t("room.seat.free") : t(seat.present ? "room.seat.present" : "room.seat.away");
  const hand = state.chairs.panes.findIndex((pane) => pane.seat_id && pane.seat_id === seat.seat_id) + 1;
  const speaking = !seat.free && state.chairs.floor?.seat_id === seat.seat_id;
  setAttr(node, "data-pane", hand || null);
  node.classList.toggle("speaks", speaking);
  const does = [speaking ? t("room.chair.speaking") : "", hand ? t("room.chair.holds", { pane: String(hand) }) : ""].filter(Boolean);
  node.title = mine ? `${state_}, ${t("room.seat.you")}` : state_;
  if (does.length) node.title += `, ${does.join(", ")}`;
  setAttr(node, "aria-label", `${node.lastElementChild.textContent}: ${node.title}`);
}

/** Only keys that do something here; the foot names them, the help some more. */
export const keyHints = () => [["A", "room.key.acknowledge"], ["S", "room.key.shelve"], ["M", "room.key.more"], ["G", "room.key.pick"],
  ["U", "room.key.useful"], ["N", "room.key.useless"], ["↑ ↓", "room.key.alert"], ["← →", "room.key.tile"], ["Z", "room.key.hold"], ["I", "room.key.replay"],
  ["T", "room.key.palette"], ["K", "room.key.kiosk"], ["P", "room.key.print"], ["?", "room.key.help"]];

/** Keys that need a sentence, and those of the walls: the help alone has room for them. */
export const moreHints = () => [...wallKeys(), ...armrestHints(), ["L", "room.key.line"], ["⇧ G", "room.key.pick_line"], ["W", "room.key.pick_own"], ["Q", "room.key.silenced"], ["−", "room.key.compare"], [", .", "room.key.earlier"], ["Esc", "room.key.close"]];

export function paintKeys() {
  $("keys").replaceChildren(...keyHints().map(([key, word]) => h("span.key", {}, h("kbd", {}, key), t(word))));
}
