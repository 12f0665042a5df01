// The wall "first steps": from an empty room to the first reading in four steps, each with what it needs and what came of it.

import { $, h, say, setText } from "./dom.js";
import { now, state } from "./model.js";
import { ask, worded } from "./rest.js";
import { feedLines } from "./copying.js";
import { newToken, newUnit } from "./settings.js";
import { showWall } from "./walls.js";
import { language, number, roughly, t, unitText } from "./words.js";

const AGAIN_MS = 1000;

let parts = null;
let settings = null;
let heard = null; // the source that spoke last, with its series
let fault = null;
let at = 0;
let busy = false;
let lines = null;

export function start() {
  parts = { fault: h("p.fault", { role: "alert" }), steps: h("ol.steps"), unit: h("div.accord-form"), token: h("div.accord-form") };
  parts.one = step(1, "room.first.unit", "room.first.unit_about", h("div.step-acts"), parts.unit);
  parts.two = step(2, "room.first.token", "room.first.token_about", h("div.step-acts"), parts.token);
  parts.three = step(3, "room.first.feed", "room.first.feed_about", h("div.feed-lines"));
  parts.four = step(4, "room.first.reading", "room.first.reading_about", h("div.step-reading"));
  parts.steps.append(parts.one, parts.two, parts.three, parts.four);
  $("first").replaceChildren(h("p.steps-about", { "data-word": "room.first.about" }), parts.fault, parts.steps);
}

const step = (n, title, about, ...rest) => h("li.step", { "data-step": String(n) }, h("h3", {}, h("span.step-n", { "aria-hidden": "true" }, String(n)), h("span", { "data-word": title })), h("p.quiet", { "data-word": about }), rest);

export function tick() {
  if (!busy && Date.now() - at >= AGAIN_MS) load();
}

export async function load() {
  at = Date.now();
  busy = true;
  const [told, feeds] = await Promise.all([ask("/settings"), ask("/feeds?sort=heard&down=true&limit=1")]);
  if (told.ok) settings = told.content;
  if (feeds.ok) await look(feeds.content.rows[0]);
  fault = [told, feeds].find((answer) => !answer.ok)?.error ?? null;
  busy = false;
  paint();
}

/** Show the reading that came last, whoever sent it. */
async function look(row) {
  if (!row?.heard) return;
  const answer = await ask(`/feeds/series?source=${encodeURIComponent(row.source)}`);
  if (!answer.ok) return;
  const newest = answer.content.series.reduce((best, one) => (best === null || (one.t ?? 0) > (best.t ?? 0) ? one : best), null);
  if (heard === null && newest) say(t("room.first.came", { series: newest.path }));
  heard = newest ? { ...newest, heard: row.heard } : null;
}

export function paint() {
  setText(parts.fault, fault ? worded(fault) : "");
  if (!settings) return;
  const own = settings.units.find((unit) => unit.path === state.me?.unit) ?? settings.units[0];
  const below = settings.units.filter((unit) => unit.path !== own?.path && !unit.retired);
  done(parts.one, below.length > 0 || !own?.may_found);
  done(parts.two, settings.tokens.some((token) => !token.expired));
  done(parts.three, heard !== null);
  done(parts.four, heard !== null);
  paintUnits(own, below);
  paintTokens(below);
  paintLines();
  paintReading();
}

const done = (node, is) => node.classList.toggle("is-done", is);
const button = (word, onclick, strong) => h(`button.button${strong ? ".strong" : ""}`, { type: "button", onclick }, t(word));

function paintUnits(own, below) {
  const acts = parts.one.querySelector(".step-acts");
  if (parts.unit.querySelector("form")) return;
  const may = own?.may_found;
  acts.replaceChildren(...(below.length ? [h("p.step-made", {}, below.slice(0, 5).map((unit) => unit.name).join(", "))] : []), ...(may ? [button("room.settings.unit_new", () => newUnit(parts.unit, own, load), !below.length)] : [h("p.quiet", {}, t("room.first.unit_others"))]));
}

function paintTokens(below) {
  const acts = parts.two.querySelector(".step-acts");
  if (parts.token.querySelector("form, .secret")) return;
  const open = settings.units.filter((unit) => unit.may_entrust);
  const first = below.find((unit) => unit.may_entrust) ?? open[0];
  if (!first) acts.replaceChildren(h("p.quiet", {}, t("room.first.token_others")));
  else acts.replaceChildren(button("room.settings.token_new", () => newToken(parts.token, open, first, took), below.length > 0 && !settings.tokens.length));
}

function took(content) {
  if (content) {
    lines = content.token;
    for (const one of parts.token.querySelectorAll(".feed-line")) one.remove(); // they stand in the next step
    parts.token.querySelector(".secret button")?.focus();
  }
  load();
}

function paintLines() {
  const place = parts.three.querySelector(".feed-lines");
  const key = `${lines ?? ""}|${t("room.first.copy")}`;
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...feedLines(lines ?? t("room.first.token_here")));
}

function paintReading() {
  const place = parts.four.querySelector(".step-reading");
  if (!heard) {
    setText(place, t("room.first.waiting"));
    return;
  }
  const value = heard.value === null ? "" : `${number(heard.value)} ${unitText(heard.unit)}`.trim();
  const figure = h("p.step-figure", {}, value ? h("span.figure", {}, value) : null, h("span", {}, heard.path), h("span.quiet", {}, t("room.feeds.ago", { time: roughly((now() - heard.heard) / 1000) })));
  const next = h("div.step-acts", {}, h("p", {}, t("room.first.next")), button("room.series.title", () => showWall("series"), true), button("room.feeds.title", () => showWall("feeds")), button("room.settings.title", () => showWall("settings")));
  const key = `${heard.path}|${language()}`; // the buttons stay while the figure alone is new: one of them may have the focus
  if (place.dataset.came !== key) place.replaceChildren(figure, next);
  else place.firstChild.replaceWith(figure);
  place.dataset.came = key;
}
