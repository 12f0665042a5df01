// The keyboard does everything; a key typed into a field stays in the field.

import { h, $ } from "./dom.js";
import { acknowledgeWorst, judgeChosen, menuOfChosen, openChosen, pickChosen, pickLine, shelveChosen, toggleQuiet, walkWall } from "./alerts.js";
import { cancelForms, dialog } from "./acts.js";
import { press } from "./armrest.js";
import { keyHints, moreHints, togglePalette } from "./head.js";
import { pickOwn, stopPicking } from "./pick.js";
import { walkTiles } from "./tiles.js";
import { toggleReplay } from "./replay.js";
import { nextCompared, step, toggleHeld } from "./timerange.js";
import { inFront, toggleWall, wallOf } from "./walls.js";
import { inKiosk, toggleKiosk } from "./kiosk.js";
import { t } from "./words.js";

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

const DOES = {
  a: acknowledgeWorst,
  u: () => judgeChosen(true),
  n: () => judgeChosen(false),
  s: shelveChosen,
  m: menuOfChosen,
  l: openChosen,
  g: pickChosen,
  G: pickLine,
  w: pickOwn,
  q: toggleQuiet,
  t: togglePalette,
  z: toggleHeld,
  "-": nextCompared,
  i: toggleReplay,
  ",": () => step(-1),
  ".": () => step(1),
  k: toggleKiosk,
  p: printShift,
  "?": help,
  ArrowDown: () => walkWall(1),
  ArrowUp: () => walkWall(-1),
  ArrowRight: () => walkTiles(1),
  ArrowLeft: () => walkTiles(-1),
};

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (!$("room").hidden && !document.querySelector("dialog[open]") && (cancelForms() || (inFront("room") && stopPicking()))) event.preventDefault();
      return;
    }
    if ($("room").hidden || document.querySelector("dialog[open]") || typing(event.target)) {
      if (event.key.toLowerCase() === "t" && !typing(event.target) && !document.querySelector("dialog[open]")) togglePalette();
      return;
    }
    const lower = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const key = event.shiftKey && event.key in DOES ? event.key : lower;
    if (inKiosk() && key !== "k" && key !== "t") return; // a view that is only looked at
    if (/^[0-8]$/.test(key)) {
      event.preventDefault();
      if (!event.repeat) press(key);
      return;
    }
    const wall = wallOf(key);
    if (!wall && !DOES[key]) return;
    event.preventDefault();
    if (wall) toggleWall(wall);
    else DOES[key]();
  });
}

/** The hand-over report; its script is fetched when somebody wants paper. */
async function printShift() {
  const report = await import("./report.js");
  window.addEventListener("afterprint", report.clearReport, { once: true });
  await report.printReport();
}

export function help() {
  const rows = [...keyHints(), ...moreHints()].map(([key, word]) => h("div.help-row", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(word))));
  dialog("room.help.title", [h("dl.help", {}, rows), h("p.quiet", {}, t("room.help.about"))], "room.close", null);
}
