// Replay: the room as it was known at an instant (?at=). Every wall shows it; nothing can be done in it, and the head says so.

import { $, h, notice, setAttr, setText, show } from "./dom.js";
import { param, setParams } from "./address.js";
import { feed } from "./feed.js";
import { onChange, state, touch } from "./model.js";
import { ask, worded } from "./rest.js";
import { instant } from "./timerange.js";
import { clock, day, roughly, t } from "./words.js";

const BACK_MS = 300_000;
const STEPS_S = { "room.replay.earlier": -60, "room.replay.later": 60 };
const LEAST_MS = 1000;

let again = () => {};
let reach = { reaches: null, now: 0 };
let bar = null;

/** `onMove()` follows the feed anew, in the past or live. */
export function startReplay(onMove) {
  again = onMove;
  const step = ([word, seconds]) => h("button.button.small", { type: "button", "data-word": word, onclick: () => goTo(state.replayAt + seconds * 1000) });
  bar = h("input.replay-scrub", { type: "range", step: "1000", "data-word-label": "room.replay.scrub", oninput: () => paintTime(Number(bar.value)), onchange: () => goTo(Number(bar.value)) });
  const [earlier, later] = Object.entries(STEPS_S).map(step);
  $("replay").replaceChildren(h("strong.replay-word", { "data-word": "room.replay.mark" }), h("span.replay-time"), earlier, bar, later,
    h("button.button.small.replay-live", { type: "button", onclick: leave }, h("span", { "data-word": "room.range.back" }), h("kbd", {}, "I")));
  onChange(["words", "feed"], paint);
  addEventListener("popstate", () => fromAddress() && again());
  fromAddress();
}

function fromAddress() {
  const asked = instant(param("at"));
  const at = asked === null ? null : asked.at ?? Math.round(Date.now() + state.skewMs - asked.ago * 1000);
  const moved = at !== state.replayAt;
  state.replayAt = at;
  paint();
  if (moved && at !== null) measure();
  return moved;
}

/** Go to an instant in ms; later than the newest record is live again. */
export function goTo(at) {
  if (reach.now && at >= liveNow() - LEAST_MS) {
    leave();
    return;
  }
  state.replayAt = Math.round(Math.max(reach.reaches ?? 0, at));
  setParams({ at: new Date(state.replayAt).toISOString().replace(/\.000Z$/, "Z") });
  again();
  paint();
  measure();
}

export function leave() {
  if (state.replayAt === null) return;
  state.replayAt = null;
  setParams({ at: null });
  again();
  paint();
}

export async function toggleReplay() {
  if (state.replayAt !== null) {
    leave();
    return;
  }
  await measure();
  if (reach.reaches === null) notice(t("room.replay.nothing"));
  else goTo(Math.max(reach.reaches, liveNow() - BACK_MS));
}

/** The feed was refused: say why, and how far back it goes, and be live again. */
export function replayRefused(error) {
  if (state.replayAt === null) return false;
  const { reaches } = error.params ?? {};
  notice([worded(error), reaches ? t("room.replay.reaches", { at: `${day(reaches)} ${clock(reaches, true)}` }) : ""].filter(Boolean).join(" "));
  leave();
  return true;
}

let measuredAt = 0;
const liveNow = () => reach.now + (Date.now() - measuredAt);

async function measure() {
  const answer = await ask("/replay");
  if (!answer.ok) return;
  reach = answer.content;
  measuredAt = Date.now();
  paint();
}

function paint() {
  const at = state.replayAt;
  show($("replay"), at !== null);
  document.documentElement.classList.toggle("is-replay", at !== null);
  document.documentElement.classList.toggle("is-making", at !== null && feed.making);
  if (at === null) return;
  setAttr(bar, "min", String(reach.reaches ?? at - BACK_MS));
  setAttr(bar, "max", String(Math.max(at, reach.now ? Math.round(liveNow()) : at)));
  if (document.activeElement !== bar) bar.value = String(at);
  paintTime(at);
}

function paintTime(at) {
  const behind = reach.now ? t("room.replay.behind", { age: roughly(Math.max(0, (liveNow() - at) / 1000)) }) : "";
  const text = feed.making ? t("room.replay.making") : [t("room.replay.at", { at: `${day(at)} ${clock(at, true)}` }), behind].filter(Boolean).join(" · ");
  setText($("replay").querySelector(".replay-time"), text);
  setAttr(bar, "aria-valuetext", `${day(at)} ${clock(at, true)}`);
}
