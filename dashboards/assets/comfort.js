// What makes the room easier to bear: text size in three steps, and a phone that shakes for priority 1.

import { h, remember, remembered, setAttr } from "./dom.js";
import { t } from "./words.js";

const STEPS = ["1", "2", "3"];
const SHAKE_MS = [200, 100, 200, 100, 400];
const hand = window.matchMedia("(pointer: coarse)").matches && "vibrate" in navigator;

const step = () => (STEPS.includes(remembered("text")) ? remembered("text") : STEPS[0]);
const shakes = () => remembered("vibrate") !== "no";

export function startComfort() {
  document.documentElement.dataset.text = step();
}

/** The buttons at the head: text size for all, shaking where a device can. */
export function comfortChoices() {
  const size = h("button.choice.text-size", { type: "button", onclick: larger }, "A");
  const shake = hand ? [h("button.choice.shake", { type: "button", onclick: toggleShake }, "≋")] : [];
  return [size, ...shake];
}

/** Word and mark the buttons; called whenever the language or a choice changed. */
export function paintComfort() {
  for (const button of document.querySelectorAll(".text-size")) setAttr(button, "aria-label", t(`room.text.${step()}`));
  for (const button of document.querySelectorAll(".shake")) {
    setAttr(button, "aria-label", t("room.vibrate"));
    setAttr(button, "aria-pressed", shakes());
  }
}

function larger() {
  const next = STEPS[(STEPS.indexOf(step()) + 1) % STEPS.length];
  remember("text", next);
  document.documentElement.dataset.text = next;
  paintComfort();
  window.dispatchEvent(new Event("resize")); // what is drawn on a canvas takes the new size too
}

function toggleShake() {
  remember("vibrate", shakes() ? "no" : "yes");
  paintComfort();
}

/** Shake for an alert that asks to act now. */
export function shake() {
  if (hand && shakes()) navigator.vibrate(SHAKE_MS);
}
