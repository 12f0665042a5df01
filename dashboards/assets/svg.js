// Drawing in SVG: nodes with text that cannot be markup, shapes of the room, names cut to the room they have.

import { blink, icon } from "./icons.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const pen = document.createElement("canvas").getContext("2d");
const widths = new Map();
const WIDTHS_KEPT = 4000;

/** Build a node: `s("circle.op", {cx: 4}, child)`. Keys starting with "on" are listeners; text goes in as text. */
export function s(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElementNS(NAMESPACE, tag);
  if (classes.length) node.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const faces = { text: '"IBM Plex Sans Condensed", "Arial Narrow", sans-serif', figures: '"B612", "DejaVu Sans", sans-serif' };

/** How wide `text` is in px. */
export function widthOf(text, px, { weight = 400, face = "text" } = {}) {
  const key = `${weight} ${px} ${face} ${text}`;
  let found = widths.get(key);
  if (found === undefined) {
    if (widths.size > WIDTHS_KEPT) widths.clear();
    pen.font = `${weight} ${px}px ${faces[face]}`;
    widths.set(key, (found = pen.measureText(text).width));
  }
  return found;
}

/** Cut `text` so that it is at most `wide` px, with an ellipsis; by whole characters, so that no pair is torn. */
export function fit(text, wide, px, font = {}) {
  if (widthOf(text, px, font) <= wide) return text;
  const letters = [...text];
  let [low, high] = [0, letters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (widthOf(`${letters.slice(0, middle).join("")}…`, px, font) <= wide) low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join("").trimEnd()}…`;
}

/** Measure anew once the room's own fonts are there. */
export function onFonts(paint) {
  document.fonts?.ready.then(() => {
    widths.clear();
    paint();
  });
}

/** A line of text; `wide` cuts it, and the whole then stands in its title. */
export function label(cls, x, y, text, { wide = Infinity, px = 15, weight = 400, face = "text", anchor = "start" } = {}) {
  const shown = wide === Infinity ? text : fit(text, wide, px, { weight, face });
  return s(`text.${cls}`, { x, y, "text-anchor": anchor, "font-size": px, "font-weight": weight, "font-family": faces[face] }, shown === text ? null : s("title", {}, text), shown);
}

/** A rectangle with the room's chamfered corners. */
export function chamfered(cls, x, y, wide, high, cut = 7) {
  const d = `M${x + cut} ${y}H${x + wide - cut}L${x + wide} ${y + cut}V${y + high - cut}L${x + wide - cut} ${y + high}H${x + cut}L${x} ${y + high - cut}V${y + cut}z`;
  return s(`path.${cls}`, { d });
}

/** The alarm mark around (x, y). */
export function markAt(x, y, size, priority, unacked) {
  const node = icon(priority);
  node.setAttribute("class", `drawn-mark mark p${priority}${unacked ? " unacked" : ""}`);
  blink(node, unacked);
  for (const [name, value] of Object.entries({ x: x - size / 2, y: y - size / 2, width: size, height: size })) node.setAttribute(name, String(value));
  return node;
}

/** Make a group act as a button: by mouse, Enter and Space; `key` finds it again when the drawing is made anew. */
export function button(key, name, press, ...children) {
  const node = s("g.drawn-button", { role: "button", tabindex: 0, "aria-label": name, "data-key": key }, s("title", {}, name), children);
  node.addEventListener("click", press);
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    press();
  });
  return node;
}

/** Put a new drawing into its place; what had the focus there has it again. */
export function redraw(place, drawing) {
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(drawing);
  if (held) [...place.querySelectorAll("[data-key]")].find((node) => node.dataset.key === held)?.focus({ preventScroll: true });
}
