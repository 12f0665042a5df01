// The live feed: one WebSocket, quick to come back, honest about its age.

import { state, takeChanges, takeSnapshot, touch } from "./model.js";

const STALE_MS = 2000;
const GIVE_UP_MS = 5000; // a connection that says nothing for this long is replaced
const NOT_ALLOWED = 4403;
const TRIES_MS = [150, 400, 700, 1000];

let socket = null;
let tries = 0;
let retry = 0;
let ageing = 0;
let wanted = false;
let unitPath = null;
let opened = 0;
let closedOn = () => {};
let freshOn = () => {};
let refusedOn = () => {};

/** `making` while the room rebuilds the past that was asked for. */
export const feed = { lastFrame: 0, connected: false, making: false };

/** How old the last frame is in seconds, or null while it counts as live. */
export function staleness() {
  const age = Date.now() - feed.lastFrame;
  return feed.connected && age < STALE_MS ? null : age / 1000;
}

/** Start (or restart) on the unit at `path`; null means the seat's own. */
export function follow(path, { onSignedOut, onFresh, onRefused } = {}) {
  wanted = true;
  unitPath = path;
  closedOn = onSignedOut ?? closedOn;
  freshOn = onFresh ?? freshOn;
  refusedOn = onRefused ?? refusedOn;
  if (socket?.readyState === WebSocket.OPEN) subscribe();
  else connect();
}

/** Tell the room something besides; a feed that is down drops it. */
export function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

export function stop() {
  wanted = false;
  clearTimeout(retry);
  socket?.close();
  socket = null;
}

function connect() {
  clearTimeout(retry);
  socket?.close();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/api/v1/feed`);
  socket = mine;
  opened = Date.now();
  mine.onopen = () => mine === socket && subscribe();
  mine.onmessage = (event) => mine === socket && take(JSON.parse(event.data));
  mine.onclose = (event) => mine === socket && lost(event.code, event.reason);
}

// The series shown come with the unit; a return always begins with a snapshot, which is small and cannot be wrong.
function subscribe() {
  const frame = { type: "subscribe", series: [], revision: null };
  if (unitPath !== null) frame.unit = unitPath;
  if (state.replayAt !== null) frame.at = state.replayAt;
  socket.send(JSON.stringify(frame));
}

function take(frame) {
  if (frame.type === "error" || frame.error) {
    refusedOn(frame.error ?? frame);
    return;
  }
  feed.lastFrame = Date.now();
  feed.connected = true;
  feed.making = frame.type === "replaying";
  clearTimeout(ageing);
  ageing = setTimeout(() => touch("feed"), STALE_MS + 20); // silence shows when it is due, not at the next tick
  tries = 0;
  if (frame.type === "snapshot") {
    if (state.person && frame.me.person !== state.person) { // the browser's session is another person's by now
      closedOn(frame.me.person);
      return;
    }
    if (unitPath !== null) unitPath = frame.unit.path; // it may have been renamed since it was asked for
    tellFresh(takeSnapshot(frame));
  } else if (frame.type === "changes" && state.ready) tellFresh(takeChanges(frame));
  touch("feed");
}

function tellFresh(fresh) {
  if (fresh.length) freshOn(fresh);
}

async function lost(code, reason) {
  feed.connected = false;
  touch("feed");
  if (!wanted) return;
  if (code === NOT_ALLOWED && unitPath !== null) {
    unitPath = null; // the address names a unit that is not ours to see: go to our own
    refusedOn({ code: reason || "access_denied", params: {} });
  }
  if (code === 4401 || code === 1006 || code === 1008 || code === 4403) {
    const answer = await fetch("/api/v1/session", { credentials: "same-origin" }).catch(() => null);
    if (answer?.status === 401) {
      closedOn();
      return;
    }
  }
  again();
}

function again() {
  clearTimeout(retry);
  if (!wanted) return;
  const wait = TRIES_MS[Math.min(tries++, TRIES_MS.length - 1)];
  retry = setTimeout(connect, wait * (0.8 + 0.2 * Math.random()));
}

/** Called each half second: replaces a connection that has gone silent or never opened. */
export function watch() {
  if (!wanted || !socket) return;
  const silent = Date.now() - Math.max(feed.lastFrame, opened) > GIVE_UP_MS;
  if (silent && socket.readyState !== WebSocket.CLOSED) {
    const old = socket;
    socket = null;
    old.close();
    feed.connected = false;
    again();
  }
}
