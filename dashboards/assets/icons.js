// Every drawing of the room's furniture and marks, as our own fixed SVG.

import { h, svg } from "./dom.js";

const SHAPES = {
  1: '<rect class="shape" x="2.500" y="2.500" width="19" height="19" rx="1.500"/>',
  2: '<path class="shape" d="M12 1.800 23 21.500H1z" stroke-linejoin="round"/>',
  3: '<path class="shape" d="M12 1 23 12 12 23 1 12z" stroke-linejoin="round"/>',
};
const DIGIT_Y = { 1: 17, 2: 19, 3: 16.8 };

const icons = new Map(Object.keys(SHAPES).map((priority) => [priority, svg(`<svg viewBox="0 0 24 24" aria-hidden="true">${SHAPES[priority]}<text x="12" y="${DIGIT_Y[priority]}">${priority}</text></svg>`)]));

/** The bare shape of a priority with its digit. */
export const icon = (priority) => icons.get(String(priority)).cloneNode(true);

/** The alarm mark in four channels: shape, digit, colour, and blink while `unacked`. In the off phase outline and digit stay. */
export function mark(priority, { unacked = false, dim = false } = {}) {
  const node = h("span.mark");
  setMark(node, priority, unacked, dim);
  return node;
}

export function setMark(node, priority, unacked, dim = false) {
  const wanted = `mark p${priority}${unacked ? " unacked" : ""}${dim ? " dim" : ""}`;
  if (node.dataset.kind === wanted) return;
  if (node.dataset.priority !== String(priority)) {
    node.dataset.priority = String(priority);
    node.replaceChildren(icon(priority));
  }
  node.dataset.kind = wanted;
  node.className = wanted;
  blink(node.firstElementChild, unacked && !dim);
}

/** Let a shape and its digit take part in the blinking. They carry classes of their own, so that a phase restyles them and nothing else. */
export function blink(drawn, on) {
  drawn.querySelector(".shape").classList.toggle("empties", on);
  drawn.querySelector("text").classList.toggle("turns", on);
}

const CYCLES_PER_S = { 1: 2, 2: 1, 3: 0.5 };
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** One timer for all marks: they blink in step by three classes of the root, however many they are; where there are none, nothing is drawn. */
export function startBlinking() {
  const root = document.documentElement.classList;
  const shapes = document.getElementsByClassName("empties");
  let phase = 0;
  setInterval(() => {
    phase = (phase + 1) % 8; // eighths of two seconds
    const blinking = shapes.length > 0 && !still.matches;
    for (const [priority, cycles] of Object.entries(CYCLES_PER_S)) {
      const dark = blinking && Math.floor(phase / (2 / cycles)) % 2 === 1;
      if (root.contains(`dark-${priority}`) !== dark) root.toggle(`dark-${priority}`, dark); // a toggle that alters nothing costs a frame too
    }
  }, 250);
}

/** The room's plan: a hexagon with seven chairs; `lit` of them taken. */
export function plan(lit = 7) {
  const chairs = [0, 1, 2, 3, 4, 5, 6].map((i) => {
    const angle = ((i + 0.5) / 7) * 2 * Math.PI + Math.PI / 2;
    const at = [24 + 9.5 * Math.cos(angle), 21 + 9.5 * Math.sin(angle)].map((x) => x.toFixed(1));
    return `<circle class="${i < lit ? "taken" : "empty"}" cx="${at[0]}" cy="${at[1]}" r="2.300"/>`;
  });
  return svg(`<svg viewBox="0 0 48 42" class="plan-mark" aria-hidden="true"><path class="wall-line" d="M12.500 1.500h23L46.500 21 35.500 40.500h-23L1.500 21z"/>
    <path class="door" d="M14 2.500h20"/>${chairs.join("")}</svg>`);
}

export function chair() {
  return svg(`<svg viewBox="0 0 24 24" class="chair" aria-hidden="true"><path d="M3.500 6.500C3.500 3.500 7 2 12 2s8.500 1.500 8.500 4.500c0 1.800-.7 3.300-1.200 5.300-.4 1.700-2.800 2.700-7.300
    2.700s-6.900-1-7.300-2.700c-.5-2-1.200-3.500-1.200-5.300z"/><path d="M10.800 14.500h2.400V18c0 1 .8 1.700 4.300 2.200.7.100 1 .5 1 .8H5.500c0-.3.3-.7 1-.8 3.500-.5 4.300-1.200 4.300-2.200z"/></svg>`);
}

/** Waves: more alarms than anybody can take in. */
export const wave = () =>
  svg('<svg viewBox="0 0 28 24" class="flood-mark" aria-hidden="true"><path d="M1 8c4-6 8-6 12 0s8 6 14-1v5c-5 5-10 5-14 0s-8-5-12 1zM1 18c4-6 8-6 12 0s8 6 14-1v5c-5 3-10 3-14-1s-8-4-12 1z"/></svg>');

export const paletteIcon = () =>
  svg('<svg viewBox="0 0 24 24" class="half" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M12 3a9 9 0 0 1 0 18z"/></svg>');

/**
 * Iconic bar: frame = potentiality, thick line = capability, fill = actuality. Takes what aggregates give: latency = capability to
 * potentiality, performance = actuality to potentiality; what is undefined is not drawn.
 */
export function bar() {
  const node = h("span.bar", { "aria-hidden": "true" }, h("span.bar-frame", {}, h("span.bar-fill")), h("span.bar-line"));
  return node;
}

export function setBar(node, { productivity, latency, performance }) {
  const key = `${productivity}|${latency}|${performance}`;
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  const defined = (x) => x !== null && x !== undefined;
  const line = defined(latency) ? latency : defined(productivity) ? 1 / Math.max(1, productivity) : null;
  const fill = defined(performance) ? performance : defined(productivity) && line !== null ? productivity * line : null;
  const frame = node.firstElementChild.firstElementChild;
  frame.style.transform = `scaleY(${fill === null ? 0 : Math.min(1, Math.max(0, fill))})`;
  node.lastElementChild.style.bottom = line === null ? "" : `${Math.min(1, Math.max(0, line)) * 100}%`;
  node.classList.toggle("undefined", fill === null);
  node.classList.toggle("lineless", line === null);
  node.classList.toggle("low", defined(productivity) && productivity < 0.87 && productivity >= 0.8);
  node.classList.toggle("very-low", defined(productivity) && productivity < 0.8);
}

/** Class of a ratio's figure: grey unless the productivity behind it is low. */
export function ratioClass(productivity) {
  if (productivity === null || productivity === undefined || productivity >= 0.87) return "";
  return productivity >= 0.8 ? "is-low" : "is-very-low";
}

/** A screen on a wall. */
export const screenIcon = () => svg('<svg class="half" viewBox="0 0 24 24" aria-hidden="true"><path fill="none" d="M3 5h18v11H3zM12 16v3M8 19h8"/></svg>');
