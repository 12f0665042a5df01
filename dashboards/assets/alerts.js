// The alert wall: "our own", "risen from below" and, while an audit shows it, "looked at", worst first, one card a line; below, quietly, what is silenced here.

import { $, h, notice, order, say, setAttr, setText } from "./dom.js";
import * as sentence from "./sentences.js";
import { acknowledge, formOf, judge, leaves } from "./acts.js";
import { buildCard, fillCard, tickCard } from "./card.js";
import { shake } from "./comfort.js";
import { menuOf, shelveOrEnd } from "./doings.js";
import { buildInside, fillInside, forgetLines, isOpen, openLine, reveal, tickInside } from "./inside.js";
import { linesOf, quietOnes, silencedCounts, worstFirst } from "./lines.js";
import { focusPicks, pick, pickAll, picking, startPicks, togglePicking } from "./pick.js";
import { onChange, paintNow, select, state, touch } from "./model.js";
import { plural, t } from "./words.js";

const LINES_AT_ONCE = 40;
const QUIET = "silenced";
const PARTS = ["own", "risen", "audited"];
const partOf = (alert) => (alert.audited ? "audited" : alert.own ? "own" : "risen");
const cards = new Map();
const parts = new Map();
let wall = { halves: PARTS.map(() => []), quiet: [] };

export function startWall() {
  startPicks((id) => inLineWith(id));
  onChange(["alerts", "alerts-selection", "standing"], paint);
  parts.set("beyond", h("p.nothing.less-urgent"));
  $("wall").replaceChildren(...PARTS.map(part), parts.get("beyond"), quietPart());
  $("wall-tools").replaceChildren(
    h("button.choice.wall-select", { type: "button", "data-word": "room.pick.select", onclick: togglePicking }),
    h("button.wall-silenced", { type: "button", "aria-controls": "wall-quiet", onclick: toggleQuiet }));
}

function part(name) {
  const head = h("h3.wall-part", { id: `wall-${name}` });
  const list = h("ul.cards", { "aria-labelledby": `wall-${name}` });
  const empty = h("p.nothing");
  const more = h("button.button.small", { type: "button", onclick: () => showMore(name) });
  const half = h("div.wall-half", {}, head, list, empty, more);
  parts.set(name, { half, head, list, empty, more, shown: LINES_AT_ONCE });
  return half;
}

function quietPart() {
  const head = h("h3.wall-part", { id: "wall-silenced-title" });
  const list = h("ul.cards", { "aria-labelledby": "wall-silenced-title" });
  const more = h("button.button.small", { type: "button", onclick: () => showMore(QUIET) });
  const node = h("div.wall-half.wall-quiet", { id: "wall-quiet", hidden: true }, head, list, more);
  parts.set(QUIET, { node, head, list, more, shown: LINES_AT_ONCE, open: false });
  return node;
}

function showMore(name) {
  parts.get(name).shown += LINES_AT_ONCE;
  touch("alerts-selection");
}

/** Show what is silenced here, or put it away again; opening brings it into view. */
export function toggleQuiet() {
  const quiet = parts.get(QUIET);
  quiet.open = !quiet.open;
  touch("alerts-selection");
  if (quiet.open) requestAnimationFrame(() => requestAnimationFrame(() => quiet.node.scrollIntoView({ block: "nearest" })));
}

/** All alerts in the order in which the arrows walk them: heads, members of open lines, and what is silenced where it is shown. */
export function inOrder() {
  const shown = wall.halves.flat().flatMap((line) => [line.head, ...(isOpen(line) ? line.members : [])]);
  return parts.get(QUIET)?.open ? [...shown, ...wall.quiet] : shown;
}

const lineOf = (id) => wall.halves.flat().find((line) => line.head.id === id || line.members.some((alert) => alert.id === id)) ?? null;

function inLineWith(id) {
  const line = lineOf(id);
  return line ? [line.head, ...line.members] : [];
}

/** The alert that A means: the selected one if it waits for us, else the worst that does. */
export function waiting() {
  const mine = (alert) => alert?.unacked && alert.may_acknowledge;
  const selected = state.alerts.get(state.selected?.alert);
  return mine(selected) ? selected : [...state.alerts.values()].filter(mine).sort(worstFirst)[0] ?? null;
}

export const cardOf = (id) => cards.get(id) ?? null;

/** The child of a list on whose card somebody types, while its alert stands. */
function heldIn(list) {
  const id = formOf();
  return id && state.alerts.has(id) ? [...list.children].find((node) => node.contains(cards.get(id))) ?? null : null;
}

function paint() {
  const alerts = [...state.alerts.values()];
  const halves = PARTS.map((name) => alerts.filter((alert) => partOf(alert) === name));
  wall = { halves: halves.map(linesOf), quiet: halves.flatMap(quietOnes) };
  forgetLines(wall.halves.flat());
  PARTS.forEach((name, i) => paintHalf(name, wall.halves[i]));
  paintQuiet();
  for (const [id, node] of cards) {
    if (state.alerts.has(id)) continue;
    leaves(node);
    cards.delete(id);
  }
  const ours = alerts.filter((alert) => !alert.audited);
  const silenced = silencedCounts(ours);
  const beyond = Math.max(0, state.standing - alerts.length);
  setText(parts.get("beyond"), beyond ? plural("room.wall.less_urgent", beyond) : "");
  setText($("wall-count"), plural("room.wall.open", ours.length + beyond - silenced.shelved - silenced.suppressed - silenced.out_of_service));
  setText($("wall-tools").querySelector(".wall-silenced"), Object.entries(silenced).map(([way, n]) => plural(`room.focus.${way}`, n)).join(" · "));
  setAttr($("wall-tools").querySelector(".wall-silenced"), "aria-expanded", parts.get(QUIET).open);
  setAttr($("wall-tools").querySelector(".wall-select"), "aria-pressed", picking());
}

function paintHalf(name, lines) {
  const { half, head, list, empty, more, shown } = parts.get(name);
  half.hidden = name === "audited" && lines.length === 0;
  setText(head, t(`room.wall.${name}`));
  setText(empty, lines.length || half.hidden ? "" : t(`room.wall.none_${name}`));
  arrange(list, lines.slice(0, shown).map(lineCard));
  paintMore(more, lines.length - shown);
}

function paintMore(more, left) {
  more.hidden = left <= 0;
  if (left > 0) setText(more, plural("room.wall.more", left));
}

/** Put nodes in order. Under a typing hand only a press that came, or a line more or less, moves the others; never the card itself. */
function arrange(list, nodes) {
  const held = heldIn(list);
  const pressed = nodes.some((node) => node.pressed && node.parentNode !== list);
  if (!held || pressed || nodes.length !== list.children.length) order(list, nodes, held);
}

function paintQuiet() {
  const { node, head, list, more, shown, open } = parts.get(QUIET);
  node.hidden = !open;
  setText(head, t("room.wall.silenced"));
  if (!open) return list.replaceChildren();
  arrange(list, wall.quiet.slice(0, shown).map((alert) => card(alert)));
  paintMore(more, wall.quiet.length - shown);
  return undefined;
}

function card(alert, how) {
  let node = cards.get(alert.id);
  if (!node) {
    node = buildCard(alert, choose);
    cards.set(alert.id, node);
  }
  fillCard(node, alert, how);
  node.pressed = alert.pressed && alert.unacked;
  if (!how?.line && node.inside) {
    node.inside.remove();
    node.inside = null;
  }
  return node;
}

function lineCard(line) {
  const node = card(line.head, { worst: line.worst, line });
  if (!node.inside && line.members.length) {
    node.inside = buildInside((alert) => card(alert, { row: true }));
    node.append(node.inside);
  }
  if (node.inside) fillInside(node.inside, line);
  return node;
}

/** A click chooses; with Shift or Ctrl, or while several are picked, it picks. */
function choose(id, event) {
  if (event.shiftKey || event.ctrlKey || event.metaKey) pick(id);
  select({ alert: id });
}

export function tickWall() {
  for (const [id, node] of cards) {
    const alert = state.alerts.get(id);
    if (!alert || !node.isConnected) continue;
    tickCard(node, alert);
    if (node.inside && !node.inside.hidden) tickInside(node.inside);
  }
}

/** Say the worst of what calls anew. */
export function announce(fresh) {
  const [{ alert: worst, known }] = [...fresh].sort((a, b) => worstFirst(a.alert, b.alert));
  say(t(known ? "room.said.again" : "room.said.new", { priority: sentence.priorityWord(worst.priority), name: worst.series_name, unit: worst.unit_name }), { now: worst.priority === 1 });
  if (worst.priority === 1) shake();
}

/** Select an alert and see that it has a card in the page: its line opened, its row or page turned up. */
function show(id, then = () => {}) {
  select({ alert: id });
  const line = lineOf(id);
  const half = wall.halves.findIndex((lines) => lines.includes(line));
  if (half >= 0) {
    const place = parts.get(PARTS[half]);
    place.shown = Math.max(place.shown, wall.halves[half].indexOf(line) + 1);
    if (line.head.id !== id) openLine(line, true);
  }
  paintNow();
  if (line && line.head.id !== id) reveal(cards.get(line.head.id).inside, id);
  const node = cards.get(id);
  if (node) then(node);
}

export function walkWall(step) {
  const all = inOrder();
  if (!all.length) return;
  const at = all.findIndex((alert) => alert.id === state.selected?.alert);
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
  show(next.id, (node) => {
    node.querySelector(".card-title").focus({ preventScroll: true });
    node.scrollIntoView({ block: "nearest" });
  });
}

const chosen = () => state.alerts.get(state.selected?.alert) ?? null;

/** Judge the chosen alert, and only that: nobody judges what nobody looked at. */
export function judgeChosen(useful) {
  const alert = chosen();
  if (alert?.may_judge) judge(alert, useful);
  else notice(t(alert ? "room.said.may_not_judge" : "room.said.choose_first"));
}

/** A: acknowledge what was picked with one note, else the chosen alert, else the worst. */
export function acknowledgeWorst() {
  if (focusPicks()) return;
  const alert = waiting();
  if (!alert) notice(t("room.said.nothing_waits"));
  else show(alert.id, (node) => acknowledge(node, alert));
}

export const shelveChosen = () => withChosen(shelveOrEnd);
export const menuOfChosen = () => withChosen(menuOf);

function withChosen(does) {
  const alert = chosen();
  if (!alert) does(null, null);
  else show(alert.id, (node) => does(node, alert));
}

export function pickChosen() {
  const alert = chosen();
  if (alert) pick(alert.id);
  else notice(t("room.said.choose_first"));
}

/** G with Shift: the whole line of the chosen alert. */
export function pickLine() {
  const alert = chosen();
  if (alert) pickAll(inLineWith(alert.id));
  else notice(t("room.said.choose_first"));
}

/** L: open the line of the chosen alert, or close it; the head keeps the choice. */
export function openChosen() {
  const line = lineOf(state.selected?.alert);
  if (!line?.members.length) return notice(t(line ? "room.said.alone" : "room.said.choose_first"));
  if (isOpen(line)) show(line.head.id, (node) => node.querySelector(".card-title").focus());
  openLine(line);
  return undefined;
}
