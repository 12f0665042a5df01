// The walls of the room: one stands in front, chosen by the menu, by its key or by the address (#name).

import { $, h, setAttr, setText } from "./dom.js";
import { navigated, onChange, state } from "./model.js";
import { wordFrame } from "./words.js";

const OVERVIEW = "room";
const walls = new Map([[OVERVIEW, { name: OVERVIEW, word: "room.menu.room" }]]);

/**
 * Add a wall: the panels of the frame that carry `data-wall="name"`.
 * `word` titles it in the menu; `key` and `hint` (a word) switch it on and off; `load()` runs whenever it comes to the
 * front, `paint()` when it stands there and words or units change, `tick()` each half second while it stands there.
 * A wall with `module` is fetched when it first comes to the front: the module gives `start()`, `load`, `paint` and `tick`.
 */
export function addWall(wall) {
  walls.set(wall.name, wall);
}

/** Whether there is a wall of that name. */
export const hasWall = (name) => walls.has(name);

/** The name of the wall in front. */
export const front = () => $("walls").dataset.front || OVERVIEW;

export const inFront = (name) => front() === name;

export function showWall(name) {
  if (inFront(name)) return;
  bring(name);
  history.replaceState(null, "", `${location.pathname}${location.search}${name === OVERVIEW ? "" : `#${name}`}`);
  come(walls.get(name));
  navigated();
}

/** Let a wall load what it shows; one with a module of its own starts when that is there. */
async function come(wall) {
  if (!wall.module) {
    wall.load?.();
    return;
  }
  if (wall.coming) return;
  if (!wall.load) {
    wall.coming = true;
    const made = await import(wall.module).catch(() => null); // the page is older than the room: it loads itself anew soon
    wall.coming = false;
    if (!made) return;
    made.start();
    wordFrame($("walls"));
    Object.assign(wall, { load: made.load, paint: made.paint, tick: made.tick });
  }
  if (state.ready) wall.load();
}

export const toggleWall = (name) => showWall(inFront(name) ? OVERVIEW : name);

/** What the key switches, or undefined: `wallOf("f")` gives `figures`. */
export const wallOf = (key) => [...walls.values()].find((wall) => wall.key?.toLowerCase() === key)?.name;

/** The keys of the walls and their hints, as rows of the help. */
export const wallKeys = () => [...walls.values()].filter((wall) => wall.key).map((wall) => [wall.key, wall.hint]);

/** Show at the wall's button that `n` things wait there for this seat; `label` says so in words. */
export function setWaiting(name, n, label) {
  const badge = buttonOf(name).querySelector(".wall-waiting");
  setText(badge, n ? String(n) : "");
  setAttr(badge, "aria-label", n ? label : null);
  badge.hidden = !n;
  const shut = $("menu").querySelector(".menu-now .wall-waiting"); // a menu that is folded says so for all of them
  const all = [...buttons()].map((one) => one.querySelector(".wall-waiting")).filter((one) => !one.hidden);
  setText(shut, String(all.reduce((sum, one) => sum + Number(one.textContent), 0)));
  setAttr(shut, "aria-label", all.map((one) => one.getAttribute("aria-label")).join(", "));
  shut.hidden = !all.length;
}

const waiting = () => h("span.wall-waiting", { role: "img", hidden: true });

/** Called once, behind every `addWall`. */
export function startWalls() {
  const now = h("button.choice.menu-now", { type: "button", "aria-expanded": "false", "aria-controls": "menu-walls", onclick: () => unfold(!unfolded()) },
    h("span.menu-name"), waiting(), h("span.menu-sign", { "aria-hidden": "true" }, "▾"));
  const all = [...walls.values()].map((wall) =>
    h("button.choice.wall-choice", { type: "button", "data-wall": wall.name, onclick: () => choose(wall.name) }, h("span", { "data-word": wall.word }), waiting()));
  $("menu").replaceChildren(now, h("div.menu-walls", { id: "menu-walls" }, all));
  $("menu").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !unfolded()) return;
    event.stopPropagation();
    unfold(false);
    now.focus();
  });
  onChange(["words", "units", "palette"], () => walls.get(front()).paint?.());
  addEventListener("hashchange", () => showWall(named()));
  bring(named());
}

export function tickWalls() {
  const wall = walls.get(front());
  if (wall.module && !wall.load) come(wall);
  else wall.tick?.();
}

function named() {
  const name = location.hash.slice(1);
  return walls.has(name) ? name : OVERVIEW;
}

function bring(name) {
  $("walls").dataset.front = name;
  for (const panel of $("walls").children) panel.hidden = (panel.dataset.wall ?? OVERVIEW) !== name;
  for (const button of buttons()) setAttr(button, "aria-current", button.dataset.wall === name ? "page" : null);
  const title = $("menu").querySelector(".menu-name");
  title.dataset.word = walls.get(name).word;
  setText(title, buttonOf(name).firstChild.textContent);
}

const unfolded = () => $("menu").classList.contains("open");

/** Where the screen is small the menu is one line, which unfolds. */
function unfold(open) {
  $("menu").classList.toggle("open", open);
  setAttr($("menu").querySelector(".menu-now"), "aria-expanded", open);
}

function choose(name) {
  if (unfolded()) {
    unfold(false);
    $("menu").querySelector(".menu-now").focus();
  }
  showWall(name);
}

const buttons = () => $("menu").querySelectorAll("[data-wall]");
const buttonOf = (name) => $("menu").querySelector(`[data-wall="${name}"]`);
