// Whose page this is. The browser's session may end, or become another person's in another window: what was typed stays here, and what was sent waits.

import { $, notice, remember, remembered } from "./dom.js";
import { bringBack, setAside } from "./dialogs.js";
import { stop } from "./feed.js";
import { kioskSession } from "./kiosk.js";
import { state } from "./model.js";
import { act, ask, notSent, onEnded, worded } from "./rest.js";
import { explain, showSignIn, startSignIn } from "./signin.js";
import { t } from "./words.js";

const waiting = new Set(); // acts whose session had ended: each is told whether to go on
let other = null; // who has signed in in another window meanwhile
let watches = false; // a wall screen: nobody sat here
let enter = () => {};
let looking = false;

/** Whether this browser was signed in: a first visit asks nothing that can only be refused. */
export const wasSeated = () => remembered("seated") === "yes";

export const currentSession = () => ask("/session");

export function startSession(onEnter) {
  enter = onEnter;
  startSignIn({ onDone: signedIn, onDrop: () => settle(false) });
  onEnded(renew);
  addEventListener("focus", look);
  addEventListener("storage", (event) => event.key === "opsroom.entered" && look());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
}

/** Go on with a session that the room told of, if it is that of the person whom this page is for: the first one it was told of. */
export function take(session) {
  state.person ??= session.person;
  if (session.person !== state.person) return false;
  Object.assign(state, { csrf: session.csrf, limits: session.limits ?? null });
  watches = Boolean(session.kiosk);
  return true;
}

/** The room is shown again: dialogs stand there as they were left, and what waited is sent. */
export function goOn() {
  other = null;
  bringBack();
  settle(true);
}

function settle(on) {
  for (const one of [...waiting]) one(on);
}

function signedIn(session) {
  remember("seated", "yes");
  remember("entered", String(Date.now())); // heard by other windows, which then look who is signed in
  if (take(session)) enter(session);
  else location.reload(); // all that stands in the page was told to somebody else
}

/** The session has ended, or is that of `who` by now: the room is only hidden behind the sign-in. */
export function signedOut(who = null) {
  other = who;
  stop();
  if (!who) remember("seated", "no");
  state.ready = false;
  state.csrf = "";
  kioskSession(null);
  setAside();
  showSignIn();
  tell();
}

function tell() {
  explain(state.person && !watches ? { person: state.person, other, waits: waiting.size > 0 } : null);
}

/** An act was refused for its session. Gives null when it may be tried again, else the answer to give for it. */
async function renew(answer, { signal, waits }) {
  if (answer.status === 401 && !waits) return answer;
  const told = answer.status === 401 ? null : await currentSession();
  if (told?.ok && take(told.content)) return null;
  if (told && !told.ok && told.status !== 401) return told;
  const back = waits ? whenBack(signal) : null;
  signedOut(told?.ok ? told.content.person : null);
  if (!back) return answer;
  return (await back) ? null : notSent();
}

function whenBack(signal) {
  if (signal?.aborted) return Promise.resolve(false); // called off while the room answered
  return new Promise((done) => {
    const cut = () => one(false);
    const one = (on) => {
      waiting.delete(one);
      signal?.removeEventListener("abort", cut);
      tell();
      done(on);
    };
    waiting.add(one);
    signal?.addEventListener("abort", cut);
  });
}

/** Another window may have signed in or out since this one was looked at. */
async function look() {
  const begun = !$("room").hidden || !$("signin").hidden;
  if (looking || !begun || !wasSeated()) return;
  looking = true;
  const told = await currentSession();
  looking = false;
  const away = $("room").hidden;
  if (told.ok && take(told.content)) {
    if (away) enter(told.content);
  } else if (told.ok && away) {
    other = told.content.person;
    tell();
  } else if (told.ok) signedOut(told.content.person);
  else if (told.status === 401 && !away) signedOut();
}

/** What the room told this person leaves with them. A room that does not answer still knows the session, and so does this browser. */
export async function signOut() {
  const answer = await act("/session", undefined, { method: "DELETE", waits: false });
  if (answer.ok || answer.status === 401) {
    remember("seated", "no");
    location.reload();
  } else if (!$("room").hidden) notice(`${t("room.signin.still")} ${worded(answer.error)}`);
}
