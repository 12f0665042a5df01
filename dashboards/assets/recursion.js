// The wall "recursion" and its panel in the overview: the system in focus as Beer draws it, coloured by what runs on its channels now.

import { $, atMost, h, setAttr } from "./dom.js";
import { onChange, state } from "./model.js";
import { onFonts, redraw } from "./svg.js";
import { account } from "./vsm.js";
import { drawPanel, drawWall } from "./vsm_drawing.js";
import { addWall, inFront, showWall } from "./walls.js";
import { language, plural, ratio, t } from "./words.js";

const EVERY_MS = 1000;
const places = new Map();
let go = () => {};
let channels = null;

export function startRecursion(onGo) {
  go = onGo;
  place("recursion-now", "room", drawPanel);
  channels = h("dl.vsm-channels");
  const drawing = h("div.vsm-drawing");
  $("recursion").replaceChildren(drawing, h("div.vsm-told", {}, h("h3.focus-part", { "data-word": "room.recursion.channels" }), channels));
  place("recursion", "recursion", drawWall, drawing);
  addWall({ name: "recursion", word: "room.recursion.title", key: "Y", hint: "room.key.recursion", load: paint, paint });
  onChange(["units", "alerts", "flows", "agreements", "words", "lamps"], atMost(EVERY_MS, paint)); // a flood alters them twenty times a second
  onFonts(redrawRecursion);
}

function place(name, wall, draw, drawing = h("div.vsm-drawing")) {
  if (!drawing.isConnected && name !== wall) $(name).replaceChildren(drawing);
  const each = { wall, draw, drawing, wide: 0, high: 0, key: "" };
  places.set(name, each);
  new ResizeObserver(([entry]) => {
    const { width, height } = entry.contentRect;
    if (Math.abs(width - each.wide) < 2 && Math.abs(height - each.high) < 2) return;
    Object.assign(each, { wide: width, high: height });
    paint();
  }).observe($(name));
}

const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

function paint() {
  if (!state.unit || !state.ready) return;
  const found = account();
  for (const each of places.values()) if (inFront(each.wall)) paintPlace(each, found);
  if (inFront("recursion")) paintChannels(found);
}

/** Draw what is in front anew, whether or not anything changed. */
export function redrawRecursion() {
  for (const each of places.values()) each.key = "";
  paint();
}

function paintPlace(each, found) {
  const wide = each.drawing.clientWidth;
  if (!wide) return;
  const key = JSON.stringify([{ ...found, focus: found.focus.path + found.focus.name + found.focus.latency }, wide, each.high, language(), scale()], (name, value) => (name === "trail" ? undefined : value));
  if (key === each.key) return;
  each.key = key;
  redraw(each.drawing, each.draw(found, wide, each.high, scale(), go));
}

/** The same in sentences, for those who listen and for the eye that asks what a line means; each leads to the wall that deals with it. */
function paintChannels(found) {
  const { algedonic, coordination, control, policy, outlook, audits, bargain, units } = found;
  const rows = [
    ["room.recursion.algedonic", [plural("room.recursion.risen", algedonic.n), algedonic.waiting && plural("room.recursion.unseen", algedonic.waiting), algedonic.pressed && plural("room.recursion.pressed", algedonic.pressed)], "room", algedonic.worst],
    ["room.recursion.system.5", [plural("room.recursion.decisions", policy.decided), policy.due && plural("room.recursion.due", policy.due), found.top && policy.asked && plural("room.recursion.asked", policy.asked)], null, null],
    ["room.recursion.system.4", [t("room.recursion.latency", { latency: ratio(outlook.latency) })], null, null],
    ["room.recursion.system.3", [plural("room.recursion.standing", control.n), control.waiting && plural("room.recursion.unseen", control.waiting)], "room", control.worst],
    ["room.recursion.bargain", [found.own ? plural("room.recursion.waiting", bargain.waiting) : t("room.recursion.theirs")], found.own ? "agreements" : null, null],
    ["room.recursion.audit", [plural("room.recursion.audits", audits.below), audits.here && plural("room.recursion.audited", audits.here)], "audits", null],
    ["room.recursion.system.2", [plural("room.recursion.lateral", coordination.n), coordination.starved && plural("room.recursion.starved", coordination.starved)], "flow", coordination.worst],
    ["room.recursion.system.1", [units.length ? plural("room.focus.below", units.length) : t("room.recursion.leaf")], null, null],
  ];
  const key = JSON.stringify([rows, language()]);
  if (channels.dataset.key === key) return;
  channels.dataset.key = key;
  channels.replaceChildren(...rows.map(channel));
}

function channel([name, said, wall, worst]) {
  const text = said.filter(Boolean).join(" · ");
  const number = /\.system\.([345])$/.exec(name)?.[1];
  const called = number ? `${number} · ${t(name)}` : t(name);
  const title = wall ? h("button.channel-name", { type: "button", onclick: () => showWall(wall) }, called) : h("span.channel-name", {}, called);
  const node = h("div.channel", {}, h("dt", {}, title), h("dd", {}, text));
  setAttr(node, "data-priority", worst);
  return node;
}

