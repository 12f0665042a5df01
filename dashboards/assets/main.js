// Start: wait for the frame that Dash renders, fetch the words, then sign in or follow the feed.

import { $, notice, remember } from "./dom.js";
import { startBlinking } from "./icons.js";
import { startAudits } from "./audits.js";
import { startAgreements } from "./agreements.js";
import { startSitting } from "./sitting.js";
import { announce, startWall, tickWall } from "./alerts.js";
import { follow, watch } from "./feed.js";
import { startDrill } from "./drill.js";
import { startDatafeed, repaintDatafeed } from "./datafeed.js";
import { startFigures } from "./figures.js";
import { startGood } from "./good.js";
import { startRecursion } from "./recursion.js";
import { replayRefused, startReplay } from "./replay.js";
import { startRules } from "./rules.js";
import { startSeries } from "./series.js";
import { startFlow } from "./flow.js";
import { onGoing } from "./going.js";
import { startFocus, tickFocus } from "./focus.js";
import { choices, paintFeed, paintKeys, startHead, tickClock } from "./head.js";
import { startKeys } from "./keys.js";
import { worded } from "./rest.js";
import { param, setParams } from "./address.js";
import { onChange, select, state, touchAll } from "./model.js";
import { currentSession, goOn, signOut, signedOut, startSession, take, wasSeated } from "./session.js";
import { showSignIn } from "./signin.js";
import { redrawTiles, startTiles, tickTiles } from "./tiles.js";
import { startTimeRange, tickRange } from "./timerange.js";
import { addWall, startWalls, tickWalls } from "./walls.js";
import { language, loadWords, t, wordFrame } from "./words.js";
import { startComfort } from "./comfort.js";
import { startHelps } from "./helps.js";
import { kioskAsked, kioskSession, openKiosk, startKiosk, tickKiosk } from "./kiosk.js";

const HALF_S = 500;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function frameRendered() {
  if ($("keys")) return Promise.resolve();
  return new Promise((done) => {
    const watcher = new MutationObserver(() => {
      if (!$("keys")) return;
      watcher.disconnect();
      done();
    });
    watcher.observe(document.body, { childList: true, subtree: true });
  });
}

const unitInAddress = () => param("unit");

/** A unit that is retired while it is on screen: say so, and go to the nearest one above that is not. */
function leaveRetired() {
  if (!state.ready || !state.unit?.retired || state.unit.path === state.me?.unit) return;
  const above = state.ancestors.filter((unit) => !unit.retired && unit.path !== state.unit.path).at(-1);
  notice(t("room.said.retired", { unit: state.unit.name, above: above?.name || t("room.root") }));
  go(above?.path ?? state.me.unit);
}

function go(path, push = true) {
  if (push && path !== state.unit?.path) setParams({ unit: path === state.me?.unit ? null : path }, true);
  select(null);
  follow(path);
}

function enterRoom(session) {
  remember("seated", "yes");
  $("signin").hidden = true;
  $("room").hidden = false;
  showWhatIsKnown();
  follow(unitInAddress(), {
    onSignedOut: signedOut,
    onFresh: announce,
    onRefused: refused,
  });
  kioskSession(session);
  goOn();
}

/** Empty panels are not shown: what somebody reached for would move away under the hand when they fill. */
function showWhatIsKnown() {
  document.documentElement.classList.toggle("is-coming", !state.ready);
}

function refused(error) {
  if (replayRefused(error)) return;
  notice(worded(error));
  setParams({ unit: null });
}

/** `asked` is the session when it was asked for while the page was being drawn. */
async function begin(asked = null) {
  if (!wasSeated()) {
    showSignIn();
    return;
  }
  const answer = await (asked ?? currentSession());
  if (answer.ok && answer.content?.csrf) {
    take(answer.content);
    enterRoom(answer.content);
  } else if (answer.status === 0 || answer.status >= 500) {
    await pause(1000);
    await begin();
  } else showSignIn();
}

function repaint() {
  if (!state.ready) return;
  redrawTiles();
  repaintDatafeed();
  touchAll();
}

function tick() {
  watch();
  if (!state.ready || $("room").hidden) return;
  paintFeed();
  tickClock();
  tickWall();
  tickRange();
  tickWalls();
  tickKiosk();
}

async function wordsLoaded() {
  while (!(await loadWords(language()))) await pause(1000);
}

async function start() {
  const asked = wasSeated() && !kioskAsked() ? currentSession() : null;
  await Promise.all([wordsLoaded(), frameRendered()]);
  startHead({ onGo: go, onSignOut: signOut, onRepaint: repaint });
  startWall();
  onGoing(go);
  startFocus(go);
  startTiles(go);
  startTimeRange();
  startReplay(() => state.ready && go(state.unit?.path ?? null, false));
  startDatafeed();
  startRecursion(go);
  startFlow(go);
  startFigures();
  startAudits();
  startAgreements();
  startSitting(go);
  startSeries();
  startGood();
  startDrill();
  startRules();
  addWall({ name: "enterprise", word: "room.enterprise.title", key: "H", hint: "room.key.enterprise", module: "./enterprise.js" });
  addWall({ name: "analysis", word: "room.analysis.title", key: "9", hint: "room.key.analysis", module: "./analysis.js" });
  addWall({ name: "feeds", word: "room.feeds.title", key: "D", hint: "room.key.feeds", module: "./feeds.js" });
  addWall({ name: "settings", word: "room.settings.title", key: "J", hint: "room.key.settings", module: "./settings.js" });
  addWall({ name: "first", word: "room.first.title", module: "./firstuse.js" });
  const fault = await openKiosk();
  startWalls();
  startHelps();
  startComfort();
  startKiosk();
  startKeys();
  startBlinking();
  startSession(enterRoom);
  choices($("choices"), { withSignOut: true });
  wordFrame();
  paintKeys();
  window.addEventListener("popstate", () => state.ready && go(unitInAddress() ?? state.me.unit, false));
  onChange(["units"], leaveRetired);
  onChange(["units"], showWhatIsKnown);
  setInterval(tick, HALF_S);
  setInterval(() => state.ready && (tickTiles(), tickFocus()), 1000);
  await begin(asked);
  if (fault) notice(worded(fault));
}

start();
