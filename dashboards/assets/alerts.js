// The alert wall: "our own", "risen from below" and, while an audit shows it, "looked at", worst first; one card a unit's line, its members quietly listed under it.

import { $, h, notice, order, say, setAttr, setText } from "./dom.js";
import { mark, setMark } from "./icons.js";
import * as sentence from "./sentences.js";
import { acknowledge, decide, formOf, judge, recovering } from "./acts.js";
import { onChange, select, state, touch, worstFirst } from "./model.js";
import { language, plural, t } from "./words.js";

const cards = new Map();
const parts = new Map();

const PARTS = ["own", "risen", "audited"];
const partOf = (alert) => (alert.audited ? "audited" : alert.own ? "own" : "risen");

export function startWall() {
  onChange(["alerts", "alerts-selection"], paint);
  $("wall").replaceChildren(...PARTS.map(part));
}

function part(name) {
  const head = h("h3.wall-part", { id: `wall-${name}` });
  const list = h("ul.cards", { "aria-labelledby": `wall-${name}` });
  const empty = h("p.nothing");
  parts.set(name, { head, list, empty });
  return (parts.get(name).half = h("div.wall-half", {}, head, list, empty));
}

/** Lines of one part, worst first; an alert named as a member of a worse one is listed under it. */
function lines(name) {
  const alerts = [...state.alerts.values()].filter((alert) => partOf(alert) === name).sort(worstFirst);
  const taken = new Set();
  const heads = [];
  for (const alert of alerts) {
    if (taken.has(alert.id)) continue;
    const members = alerts.filter((other) => other !== alert && !taken.has(other.id) && alert.members?.includes(other.id));
    for (const member of members) taken.add(member.id);
    heads.push({ alert, members });
  }
  return heads;
}

/** All alerts in the order in which the arrows walk them. */
export function inOrder() {
  return PARTS.flatMap((name) => lines(name).flatMap(({ alert, members }) => [alert, ...members]));
}

/** The alert that A means: the selected one if it waits for us, else the worst that does. */
export function waiting() {
  const mine = (alert) => alert?.unacked && alert.may_acknowledge;
  const selected = state.alerts.get(state.selected?.alert);
  return mine(selected) ? selected : inOrder().sort(worstFirst).find(mine) ?? null;
}

export const cardOf = (id) => cards.get(id) ?? null;

/** Whether somebody types on a card whose alert still stands. */
const holds = () => state.alerts.has(formOf());

function paint() {
  const held = holds();
  const keep = new Set();
  for (const name of PARTS) {
    const { half, head, list, empty } = parts.get(name);
    const found = lines(name);
    half.hidden = name === "audited" && found.length === 0;
    setText(head, t(WORDS[name][0]));
    setText(empty, found.length ? "" : t(WORDS[name][1]));
    const nodes = found.map(({ alert, members }) => {
      keep.add(alert.id);
      const node = card(alert);
      paintMembers(node, members, keep);
      return node;
    });
    if (!held || nodes.length !== list.children.length) order(list, nodes);
  }
  for (const id of cards.keys()) if (!keep.has(id)) cards.delete(id);
  setText($("wall-count"), plural("room.wall.open", [...state.alerts.values()].filter((alert) => !alert.audited).length));
}

const WORDS = { own: ["room.wall.own", "room.wall.none_own"], risen: ["room.wall.risen", "room.wall.none_risen"], audited: ["room.wall.audited", "room.wall.none_risen"] };

function card(alert, member = false) {
  let node = cards.get(alert.id);
  if (!node) {
    node = build(alert);
    cards.set(alert.id, node);
  }
  fill(node, alert, member);
  return node;
}

function paintMembers(node, members, keep) {
  const list = node.querySelector(":scope > .members");
  list.hidden = members.length === 0;
  setText(list.querySelector(".members-head"), members.length ? plural("room.wall.members", members.length) : "");
  const nodes = members.map((alert) => {
    keep.add(alert.id);
    return card(alert, true);
  });
  if (!holds() || nodes.length !== list.lastElementChild.children.length) order(list.lastElementChild, nodes);
}

function build(alert) {
  const chosen = () => select({ alert: alert.id });
  const node = h("li.card", { "data-alert": alert.id, onclick: (event) => event.target.closest("button, form, .members") || chosen() });
  const title = h("button.card-title", { type: "button", onclick: chosen });
  const line = (name) => h(`p.card-${name}`);
  node.append(
    h("div.card-mark", {}, mark(alert.priority)),
    h("div.card-text", {},
      h("div.card-head", {}, h("h4", {}, title, h("span.unseen.card-priority")), h("span.card-age")),
      line("what"), line("since"),
      h("div.card-clock", {}, line("standing"), h("span.card-left", { "aria-hidden": "true" }, h("span"))),
      LINES.map(line),
      h("div.card-acts"),
      h("div.card-form")),
    h("div.members", { hidden: true }, h("p.members-head"), h("ul.cards")),
  );
  return node;
}

const LINES = ["reply", "decided", "acknowledged", "judged", "expected", "wrong"];

function fill(node, alert, member) {
  const chosen = state.selected?.alert === alert.id;
  const text = (name, words) => setText(node.querySelector(`:scope > .card-text .card-${name}`), words);
  const key = `${language()} ${chosen} ${member} ${JSON.stringify(alert)}`;
  if (node.filled !== key) {
    node.filled = key;
    node.className = `card p${alert.priority}${chosen ? " chosen" : ""}${member ? " member" : ""}${alert.unacked ? " waiting" : ""}${alert.active === false ? " back" : ""}`;
    setMark(node.querySelector(".mark"), alert.priority, alert.unacked);
    text("title", alert.series_name);
    text("priority", ` ${sentence.priorityWord(alert.priority)}, ${alert.unacked ? t("room.card.unacknowledged") : alert.silenced?.here ? t(`room.state.${alert.state}`) : t("room.card.known")}`);
    text("age", alert.unit_name);
    text("what", sentence.what(alert));
    for (const name of LINES) text(name, sentence[name](alert));
    setAttr(node.querySelector(".card-title"), "aria-pressed", chosen);
    paintActs(node, alert, chosen);
  }
  tickCard(node, alert);
}

function paintActs(node, alert, chosen) {
  const box = node.querySelector(":scope > .card-text > .card-acts");
  const buttons = [];
  const add = (key, does, strong) => buttons.push(h(`button.button${strong ? ".strong" : ""}`, { type: "button", onclick: does }, t(key)));
  if (alert.unacked && alert.may_acknowledge) add("room.act.acknowledge", () => acknowledge(node, alert), true);
  if (alert.may_note) add("room.act.reply", () => recovering(node, alert));
  if (alert.may_decide) add("room.act.decide", () => decide(alert));
  if (chosen && alert.may_judge) {
    add("room.act.useful", () => judge(alert, true));
    add("room.act.useless", () => judge(alert, false));
  }
  const label = `${alert.series_name}, ${alert.unit_name}`;
  for (const button of buttons) button.setAttribute("aria-label", `${button.textContent}: ${label}`);
  const focused = box.contains(document.activeElement);
  box.replaceChildren(...buttons);
  if (focused) node.querySelector(".card-title").focus();
}

/** The parts that move with the clock: since when, and the countdown. */
function tickCard(node, alert) {
  const place = node.querySelector(":scope > .card-text");
  setText(place.querySelector(".card-since"), sentence.since(alert));
  setText(place.querySelector(".card-standing"), sentence.standing(alert));
  const share = sentence.left(alert);
  const line = place.querySelector(".card-left");
  line.hidden = share === null;
  const scale = share === null ? "" : `scaleX(${share.toFixed(3)})`;
  if (line.firstElementChild.style.transform !== scale) line.firstElementChild.style.transform = scale;
}

export function tickWall() {
  for (const [id, node] of cards) {
    const alert = state.alerts.get(id);
    if (alert) tickCard(node, alert);
  }
}

/** Say new alerts aloud, worst first. */
export function announce(fresh) {
  const [worst] = fresh.filter((alert) => alert.unacked && !alert.audited).sort(worstFirst);
  if (worst) say(t("room.said.new", { priority: sentence.priorityWord(worst.priority), name: worst.series_name, unit: worst.unit_name }));
}

export function walkWall(step) {
  const all = inOrder();
  if (!all.length) return;
  const at = all.findIndex((alert) => alert.id === state.selected?.alert);
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
  select({ alert: next.id });
  touch("alerts-selection");
  requestAnimationFrame(() => {
    const title = cards.get(next.id)?.querySelector(".card-title");
    title?.focus({ preventScroll: true });
    cards.get(next.id)?.scrollIntoView({ block: "nearest" });
  });
}

/** Judge the chosen alert, and only that: nobody judges what nobody looked at. */
export function judgeChosen(useful) {
  const alert = state.alerts.get(state.selected?.alert);
  if (alert?.may_judge) judge(alert, useful);
  else notice(t(alert ? "room.said.may_not_judge" : "room.said.choose_first"));
}

export function acknowledgeWorst() {
  const alert = waiting();
  if (!alert) {
    notice(t("room.said.nothing_waits"));
    return;
  }
  select({ alert: alert.id });
  const node = cards.get(alert.id);
  if (node) acknowledge(node, alert);
}

