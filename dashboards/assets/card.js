// One card of the wall: what an alert says of itself, and what this seat may do with it now.

import { h, setAttr, setText } from "./dom.js";
import { fillGuidance } from "./guidance.js";
import { mark, setMark } from "./icons.js";
import * as sentence from "./sentences.js";
import { state } from "./model.js";
import { doings, openMenu } from "./doings.js";
import { isPicked, mayPick, pick, picking } from "./pick.js";
import { language, t } from "./words.js";

const LINES = ["silenced", "reply", "decided", "acknowledged", "judged", "expected", "wrong"];
const MOVING = { since: sentence.since, standing: sentence.standing };

export function buildCard(alert, choose) {
  const chosen = (event) => choose(alert.id, event);
  const node = h("li.card", { "data-alert": alert.id, onclick: (event) => event.target.closest("button, form, input, .inside") || chosen(event) });
  const line = (name) => h(`p.card-${name}`);
  node.append(
    h("div.card-mark", {}, mark(alert.priority), h("label.card-pick", { hidden: true }, h("input", { type: "checkbox", onchange: () => pick(alert.id) }))),
    h("div.card-text", {},
      h("div.card-head", {}, h("h4", {}, h("button.card-title", { type: "button", onclick: chosen }), h("span.unseen.card-priority")), h("span.card-age")),
      h("p.card-exercise", { hidden: true }), line("what"), line("since"),
      h("div.card-clock", {}, line("standing"), h("span.card-left", { "aria-hidden": "true" }, h("span"))),
      LINES.map(line), line("guidance"),
      h("div.card-acts"),
      h("div.card-form")),
  );
  return node;
}

/** Fill a card; nothing is written where nothing changed. `row`: it stands as a row inside a line, not as the head of one. */
export function fillCard(node, alert, { row = false, worst = alert.priority } = {}) {
  const chosen = state.selected?.alert === alert.id;
  const key = `${language()} ${chosen} ${row} ${worst} ${picking()} ${isPicked(alert.id)} ${JSON.stringify(alert)}`;
  if (node.filled !== key) {
    node.filled = key;
    write(node, alert, { chosen, row, worst });
  }
  tickCard(node, alert);
}

function write(node, alert, { chosen, row, worst }) {
  const text = (name, words) => setText(node.querySelector(`:scope > .card-text .card-${name}`), words);
  const classes = { chosen, member: row, waiting: alert.unacked, back: alert.active === false, silent: Boolean(alert.silenced?.here) };
  node.className = ["card", `p${worst}`, ...Object.keys(classes).filter((name) => classes[name])].join(" ");
  setMark(node.querySelector(".mark"), alert.priority, alert.unacked, classes.silent);
  text("title", alert.series_name);
  text("priority", ` ${sentence.priorityWord(alert.priority)}, ${sentence.stateWord(alert)}`);
  text("age", alert.unit_name);
  const exercise = node.querySelector(":scope > .card-text > .card-exercise");
  exercise.hidden = !alert.exercise && !state.exercise;
  setText(exercise, exercise.hidden ? "" : t("room.drill.mark"));
  text("what", sentence.what(alert));
  for (const name of LINES) text(name, sentence[name](alert));
  fillGuidance(node.querySelector(":scope > .card-text > .card-guidance"), alert);
  setAttr(node.querySelector(".card-title"), "aria-pressed", chosen);
  const box = node.querySelector(":scope > .card-mark > .card-pick");
  box.hidden = !picking() || !mayPick(alert);
  box.firstElementChild.checked = isPicked(alert.id);
  setAttr(box.firstElementChild, "aria-label", t("room.pick.one", { name: alert.series_name, unit: alert.unit_name }));
  paintActs(node, alert);
}

function paintActs(node, alert) {
  const box = node.querySelector(":scope > .card-text > .card-acts");
  const { main, beside, more } = doings(alert);
  const buttons = [...main, ...beside].map((one) => actButton(node, alert, one, main.includes(one)));
  if (more.length) buttons.push(moreButton(node, alert));
  const focused = box.contains(document.activeElement);
  box.replaceChildren(...buttons);
  if (focused) node.querySelector(".card-title").focus();
}

function actButton(node, alert, { word, does }, strong) {
  const button = h(`button.button${strong ? ".strong" : ""}`, { type: "button", onclick: () => does(node, alert) }, t(word));
  button.setAttribute("aria-label", `${t(word)}: ${alert.series_name}, ${alert.unit_name}`);
  return button;
}

function moreButton(node, alert) {
  const button = h("button.button.more", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => openMenu(node, alert) }, "⋯");
  button.setAttribute("aria-label", `${t("room.act.more")}: ${alert.series_name}, ${alert.unit_name}`);
  button.title = t("room.act.more");
  return button;
}

/** The parts that move with the clock: since when, and the countdown. */
export function tickCard(node, alert) {
  const place = node.querySelector(":scope > .card-text");
  for (const [name, say] of Object.entries(MOVING)) setText(place.querySelector(`.card-${name}`), say(alert));
  const share = sentence.left(alert);
  const line = place.querySelector(".card-left");
  line.hidden = share === null;
  const scale = share === null ? "" : `scaleX(${share.toFixed(3)})`;
  if (line.firstElementChild.style.transform !== scale) line.firstElementChild.style.transform = scale;
}
