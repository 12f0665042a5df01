// A wall screen: walls in turn, nothing that takes the focus, awake, and as new as the room. docs/wall-screens.md has the link.

import { $, remember, remembered } from "./dom.js";
import { feed } from "./feed.js";
import { state } from "./model.js";
import { ask } from "./rest.js";
import { front, hasWall, showWall } from "./walls.js";

const EVERY_S = { least: 5, usual: 30, most: 3600 };
const SCALE = { least: 1, most: 2 };
const LOOK_MS = 600_000;
const SPREAD_MS = 3000; // many screens of one room do not all ask in the same instant
const INERT = ["head", "walls", "seats", "good"];

let shown = false;
let bound = false; // a watch-only session: the view cannot be left
let walls = ["room"];
let everyMs = EVERY_S.usual * 1000;
let turned = 0;
let looked = Date.now();
let boot = null;
let lock = null;

export const inKiosk = () => shown;

/** The one-time code of a wall screen's link, null in any other address. */
export const kioskAsked = () => new URLSearchParams(location.hash.slice(1)).get("kiosk");

/** Exchange the code of the address for a session; gives the refusal, or null where there is none or it worked. */
export async function openKiosk() {
  const code = kioskAsked();
  if (!code) return null;
  const asked = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search); // a code is not left in the address
  for (const name of ["walls", "every", "scale"]) if (asked.has(name)) remember(`kiosk.${name}`, asked.get(name));
  const answer = await fetch("/api/v1/kiosk", {
    method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
  }).catch(() => null);
  if (answer?.ok) {
    remember("seated", "yes");
    return null;
  }
  const said = await answer?.json().catch(() => null);
  return said?.error ?? { code: "unreachable", params: {} };
}

/** Called when a session is known: a watch-only one shows the kiosk view at once. */
export function kioskSession(session) {
  bound = Boolean(session?.kiosk);
  if (bound !== shown) show(bound);
}

export function toggleKiosk() {
  if (!bound) show(!shown);
}

function show(on) {
  shown = on;
  const root = document.documentElement;
  root.classList.toggle("kiosk", on);
  for (const id of INERT) $(id).inert = on;
  if (on) {
    walls = (remembered("kiosk.walls") ?? "room").split(",").map((one) => one.trim()).filter(hasWall);
    everyMs = within(Number(remembered("kiosk.every")), EVERY_S, EVERY_S.usual) * 1000;
    root.dataset.scale = within(Number(remembered("kiosk.scale")), SCALE, 1).toFixed(1);
    turned = Date.now();
    if (bound && walls.length) showWall(walls[0]);
    document.activeElement?.blur();
  } else delete root.dataset.scale;
  stayAwake();
}

function within(value, { least, most }, usual) {
  return Number.isFinite(value) && value > 0 ? Math.min(most, Math.max(least, value)) : usual;
}

async function stayAwake() {
  if (!shown) {
    lock?.release();
    lock = null;
  } else if (document.visibilityState === "visible" && (!lock || lock.released)) {
    lock = await navigator.wakeLock?.request("screen").catch(() => null); // a browser may refuse: the screen's own settings hold then
  }
}

export function startKiosk() {
  document.addEventListener("visibilitychange", stayAwake);
}

/** Each half second: the next wall when it is due, and the page anew when the room has become newer. */
export function tickKiosk() {
  if (!shown) return;
  if (bound && walls.length > 1 && feed.connected && Date.now() - turned >= everyMs) {
    turned = Date.now();
    showWall(walls[(walls.indexOf(front()) + 1) % walls.length]);
  }
  const restarted = state.boot !== null && boot !== null && state.boot !== boot;
  boot = state.boot ?? boot;
  if (bound && (restarted || Date.now() - looked > LOOK_MS)) {
    looked = Date.now();
    setTimeout(reloadIfNewer, Math.random() * SPREAD_MS);
  }
}

const versionIn = (text) => /assets\/([0-9a-f]{12})\//.exec(text)?.[1];

async function reloadIfNewer() {
  const mine = versionIn(import.meta.url);
  const page = await fetch("/room/", { credentials: "same-origin", cache: "no-store" }).then((answer) => (answer.ok ? answer.text() : "")).catch(() => "");
  const now = versionIn(page);
  if (now && now !== mine) location.reload();
}

/** The wall screens of this seat's reach, for the dialog. */
export const kioskRows = () => ask("/kiosks");
