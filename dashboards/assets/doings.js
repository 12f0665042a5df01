// What a seat may do with an alert now: the main act, those beside it, and the rest in a small menu. Nothing else is offered.

import { h, notice } from "./dom.js";
import { acknowledge, closeForms, decide, judge, recovering } from "./acts.js";
import { end, outOfService, reset, shelve, takeBack } from "./silence.js";
import { t } from "./words.js";

const of = (word, does, key = "") => ({ word, does, key });

/** Each entry is {word, does(card, alert), key}. */
export function doings(alert) {
  const main = [];
  const beside = [];
  const more = [];
  const held = alert.silenced?.kind;
  const ending = of(held === "out_of_service" ? "room.act.return" : "room.act.unshelve", end, "S");
  const resetting = of("room.act.reset", reset);
  if (alert.unacked && alert.may_acknowledge) main.push(of("room.act.acknowledge", acknowledge, "A"));
  if (alert.may_reset) (main.length ? more : main).push(resetting);
  if (alert.may_release) (main.length ? more : main).push(ending);
  if (alert.may_note) beside.push(of("room.act.reply", recovering));
  if (alert.may_decide) beside.push(of("room.act.decide", (_, one) => decide(one)));
  if (alert.may_shelve) more.push(of("room.act.shelve", shelve, "S"));
  if (alert.may_remove) more.push(of("room.act.remove", outOfService));
  if (alert.may_unacknowledge) more.push(of("room.act.take_back", takeBack));
  if (alert.may_judge) more.push(of("room.act.useful", (_, one) => judge(one, true), "U"), of("room.act.useless", (_, one) => judge(one, false), "N"));
  return { main, beside, more };
}

/** Open the menu of further acts under the card's buttons, or close it; arrows walk it, Escape leaves it. */
export function openMenu(card, alert) {
  const open = card.querySelector(":scope > .card-text > .card-form > .menu-acts");
  closeForms();
  if (open) return;
  const { more } = doings(alert);
  const items = more.map(({ word, does, key }) => {
    const chosen = () => {
      closeForms();
      does(card, alert);
    };
    return h("button.menu-act", { type: "button", role: "menuitem", onclick: chosen }, t(word), key && h("kbd", { "aria-hidden": "true" }, key));
  });
  const menu = h("div.menu-acts", { role: "menu", "aria-label": `${t("room.act.more")}: ${alert.series_name}`, onkeydown: walk }, items);
  card.querySelector(":scope > .card-text > .card-form").append(menu);
  card.querySelector(":scope > .card-text > .card-acts > .more")?.setAttribute("aria-expanded", "true");
  items[0]?.focus();
  card.scrollIntoView({ block: "nearest" });
}

function walk(event) {
  const items = [...event.currentTarget.children];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  items[(to + items.length) % items.length].focus();
}

/** S: shelve the chosen alert, or end what people silenced it by; said plainly where the seat may do neither. */
export function shelveOrEnd(card, alert) {
  const all = alert ? doings(alert) : null;
  const found = all && [...all.main, ...all.beside, ...all.more].find((one) => one.key === "S");
  if (found && card) found.does(card, alert);
  else notice(t(alert ? "room.said.may_not_silence" : "room.said.choose_first"));
}

/** M: the menu of the chosen alert. */
export function menuOf(card, alert) {
  if (alert && card && doings(alert).more.length) openMenu(card, alert);
  else notice(t(alert ? "room.said.nothing_more" : "room.said.choose_first"));
}
