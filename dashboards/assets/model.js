// What the page knows: the last snapshot and every change after it. Topics tell the painters what to look at.

import { callsAnew } from "./lines.js";

const TRAIL = 90;
const UNIT_TRAIL = 360;
const UNIT_STEP_MS = 5000;
const REST = 3; // painting that took a while is followed by so many times that while for keys and clicks
const SLOW_MS = 24;
const painters = new Map();
const dirty = new Set();
let asked = false;
let hurried = false;
let resting = 0;
let frame = 0;
let restUntil = 0;

export const state = {
  person: null, me: null, csrf: "", limits: null, unit: null, ancestors: [], children: new Map(), alerts: new Map(), series: new Map(),
  seats: [], lamps: [0, 0, 0], flood: { on: false, raises_10min: 0 }, standing: 0, audits: [], pleasures: [], unadopted: 0, flows: [], condition: [], exercise: false, drills: [], agreements: { waiting: 0, revision: -1 }, decisions: { pending: 0, followups: [], revision: -1 }, chairs: { panes: [], pressed: null, floor: null, pointer: null }, revision: null, boot: null, skewMs: 0, ready: false, replayAt: null,
  selected: null, // {alert: id} or {series: id}
};

/** The room's clock in ms: ours corrected by what the last frame said. */
export const now = () => state.replayAt ?? Date.now() + state.skewMs;

/** Paint with `paint()` whenever one of `topics` changed, at most once a frame. */
export function onChange(topics, paint) {
  for (const topic of topics) {
    if (!painters.has(topic)) painters.set(topic, []);
    painters.get(topic).push(paint);
  }
}

export function touch(...topics) {
  for (const topic of topics) dirty.add(topic);
  if (!asked) ask();
}

function ask() {
  asked = true;
  const wait = restUntil - performance.now();
  if (wait > 0) resting = setTimeout(atNextFrame, wait);
  else atNextFrame();
}

function atNextFrame() {
  frame = requestAnimationFrame(flush);
}

/** Paint at the next frame whatever was painted before: somebody chose or pressed something, here or an essential indicator elsewhere. */
function hurry() {
  restUntil = 0;
  hurried = true;
  if (!resting) return;
  clearTimeout(resting);
  resting = 0;
  atNextFrame();
}

/** What somebody sees of a key or a click waits for no rest. */
export function touchNow(...topics) {
  touch(...topics);
  hurry();
}

/** Paint what is due at once, for who goes on with the nodes that come of it; the next frame then has nothing left. */
export function paintNow() {
  hurry();
  cancelAnimationFrame(frame);
  flush();
}

function flush() {
  resting = 0;
  hurried = false;
  const begun = performance.now();
  const todo = new Set();
  for (const topic of dirty) for (const paint of painters.get(topic) ?? []) todo.add(paint);
  dirty.clear();
  for (const paint of todo) paint();
  document.documentElement.dataset.revision = String(state.revision ?? "");
  setTimeout(() => painted(begun)); // when the browser has laid out and painted, which takes longer than we do
}

function painted(begun) {
  const took = performance.now() - begun;
  restUntil = took > SLOW_MS && !hurried ? performance.now() + REST * took : 0;
  asked = false;
  if (dirty.size) ask();
}

/** Paint everything, and at the next frame: somebody chose another language, palette or unit. */
export function touchAll() {
  touch(...painters.keys());
  hurry();
}

let present = null; // {unit, alerts} as last told live, `unit` the seat's own by number, which a new name leaves as it is: what comes during a replay calls after it

/** Gives what calls anew since the last snapshot or change, whichever unit is in focus: alerts are those of the seat. At first, or in a seat of another unit, nothing does. */
export function takeSnapshot(frame) {
  Object.assign(state, {
    me: frame.me, unit: { ...frame.unit, trail: trailOf(frame.unit.path, frame.unit, frame.now) }, ancestors: frame.ancestors ?? [], seats: frame.seats ?? [], lamps: frame.lamps ?? [0, 0, 0], flood: frame.flood ?? { on: false, raises_10min: 0 }, standing: frame.standing ?? (frame.alerts ?? []).length, audits: frame.audits ?? [], pleasures: frame.pleasures ?? [], unadopted: frame.unadopted ?? 0, flows: frame.flows ?? [], condition: frame.condition ?? [], exercise: frame.exercise ?? false, drills: frame.drills ?? [], agreements: frame.agreements ?? state.agreements, decisions: frame.decisions ?? state.decisions, chairs: frame.chairs ?? state.chairs, marks: frame.marks ?? 0,
    revision: frame.revision, boot: frame.boot, skewMs: state.replayAt === null ? frame.now - Date.now() : state.skewMs, ready: true,
  });
  state.children = new Map((frame.children ?? []).map((unit) => [unit.path, { ...unit, trail: trailOf(unit.path, unit, frame.now) }]));
  state.alerts = new Map((frame.alerts ?? []).map((alert) => [alert.id, alert]));
  ofSeries.clear();
  for (const alert of state.alerts.values()) ofSeries.set(alert.series_id, alert.id);
  state.series = new Map((frame.series ?? []).map((series) => [series.id, { ...series, trail: series.trail ?? [] }]));
  if (state.selected && !stillThere(state.selected)) state.selected = null;
  touchAll();
  if (state.replayAt !== null) return [];
  const before = present && present.unit === frame.me.unit_id ? present.alerts : null;
  present = { unit: frame.me.unit_id, alerts: state.alerts };
  return before ? calling(state.alerts.values(), before) : [];
}

/** [{alert, known}] of those that call anew; `known`: they stood there before. In a replay nothing calls. */
function calling(alerts, before) {
  if (state.replayAt !== null) return [];
  return [...alerts].filter((alert) => callsAnew(alert, before.get(alert.id))).map((alert) => ({ alert, known: before.has(alert.id) }));
}

function stillThere(selected) {
  return selected.alert ? state.alerts.has(selected.alert) : state.series.has(selected.series);
}

/** Apply one frame of changes; gives what calls anew. */
export function takeChanges(frame) {
  state.revision = frame.to ?? state.revision;
  if (frame.now && state.replayAt === null) state.skewMs = frame.now - Date.now();
  const fresh = takeAlerts(frame);
  const standing = frame.standing ?? state.alerts.size;
  if (standing !== state.standing) {
    state.standing = standing;
    touch("standing");
  }
  takeSeries(frame);
  takeValues(frame);
  if (frame.seats) {
    state.seats = frame.seats;
    touch("seats");
  }
  if (frame.unadopted !== undefined && frame.unadopted !== state.unadopted) {
    state.unadopted = frame.unadopted;
    touch("unadopted");
  }
  if (frame.drills && JSON.stringify(frame.drills) !== JSON.stringify(state.drills)) {
    state.drills = frame.drills;
    touch("drills");
  }
  if (frame.condition && String(frame.condition) !== String(state.condition)) {
    state.condition = frame.condition;
    touch("condition");
  }
  if (frame.decisions) {
    state.decisions = frame.decisions;
    touch("decisions");
  }
  if (frame.marks !== undefined && frame.marks !== state.marks) {
    state.marks = frame.marks;
    touch("marks");
  }
  if (frame.chairs) {
    state.chairs = frame.chairs;
    touch("chairs", "seats");
    hurry();
  }
  if (frame.flows) {
    state.flows = frame.flows;
    touch("flows");
  }
  if (frame.pleasures) {
    state.pleasures = frame.pleasures;
    touch("pleasures");
  }
  if (frame.units) takeUnits(frame.units, frame.now);
  if (frame.lamps && String(frame.lamps) !== String(state.lamps)) {
    state.lamps = frame.lamps;
    touch("lamps");
  }
  if (frame.agreements) {
    state.agreements = frame.agreements;
    touch("agreements");
  }
  if (frame.flood && (frame.flood.on !== state.flood.on || frame.flood.raises_10min !== state.flood.raises_10min)) {
    state.flood = frame.flood;
    touch("flood");
  }
  return fresh;
}

/** The alert of each series, by id. */
const ofSeries = new Map();

function takeAlerts(frame) {
  const fresh = calling(frame.alerts ?? [], state.alerts);
  const pressed = (frame.alerts ?? []).some((alert) => alert.pressed && !state.alerts.has(alert.id));
  for (const alert of frame.alerts ?? []) {
    state.alerts.set(alert.id, alert);
    ofSeries.set(alert.series_id, alert.id);
  }
  for (const id of frame.ended ?? []) state.alerts.delete(id);
  if (frame.alerts?.length || frame.ended?.length) touch("alerts", "tiles-alerts", "selection", "lamps");
  if (pressed) hurry();
  return fresh;
}

// Cards of series that are new here or were altered (without trail where only their alert did), and those that left with the alert that had brought them.
function takeSeries(frame) {
  for (const series of frame.series ?? []) state.series.set(series.id, { ...series, trail: series.trail ?? state.series.get(series.id)?.trail ?? [] });
  for (const id of frame.gone ?? []) state.series.delete(id);
  if (frame.series?.length || frame.gone?.length) touch("series");
  if (state.selected && !stillThere(state.selected)) select(null, true);
}

function takeValues(frame) {
  for (const [id, points] of Object.entries(frame.trails ?? {})) {
    const series = state.series.get(Number(id));
    if (series) for (const point of points) push(series, point[0], point[1]);
  }
  for (const [id, [t, v, low, high, q, productivity, performance]] of Object.entries(frame.values ?? {})) {
    const series = state.series.get(Number(id));
    if (!series) continue;
    Object.assign(series, { t, value: v, low, high, q });
    if (productivity !== undefined) Object.assign(series, { productivity, performance });
    push(series, t, v);
    series.changed = true;
    live.add(series.id);
  }
  if (live.size) touch("values");
}

/** Ids of the series whose values came since the tiles were painted last. */
export const live = new Set();

function push(series, t, v) {
  const trail = series.trail;
  const last = trail.length ? trail[trail.length - 1][0] : -Infinity;
  if (t === null || v === null || t <= last) return;
  trail.push([t, v]);
  if (trail.length > TRAIL) trail.shift();
  series.changed = true;
}

function takeUnits(units, at) {
  for (const unit of units) {
    if (unit.path === state.unit?.path) state.unit = { ...state.unit, ...unit, trail: trailOf(unit.path, unit, at) };
    else if (state.children.has(unit.path)) state.children.set(unit.path, { ...unit, trail: trailOf(unit.path, unit, at) });
  }
  touch("units");
}

// Aggregates have no history of their own in the feed: the page keeps what it saw.
const seen = new Map();
function trailOf(path, unit, at) {
  let trail = seen.get(path);
  if (!trail) seen.set(path, (trail = []));
  const value = unit.productivity ?? unit.performance;
  if (value !== null && value !== undefined && (!trail.length || at - trail[trail.length - 1][0] >= UNIT_STEP_MS)) trail.push([at, value]);
  if (trail.length > UNIT_TRAIL) trail.shift();
  return trail;
}

const navigating = [];

/** Call `heard()` whenever a hand here goes to another wall or unit, or chooses something. */
export const onNavigate = (heard) => navigating.push(heard);
export const navigated = () => navigating.forEach((heard) => heard());

/** `byItself`: the page chose, because nothing was chosen or it has gone. */
export function select(selected, byItself = false) {
  state.selected = selected;
  if (!byItself) navigated();
  touchNow("selection", "alerts-selection");
}

/** The series that the Datafeed shows: of the selected alert, or the selected one. */
export function seriesInView() {
  const alert = alertInView();
  if (alert) return state.series.get(alert.series_id) ?? null;
  return state.selected?.series ? state.series.get(state.selected.series) ?? null : null;
}

/** The alert in view: the selected one, or the open one of the selected series. */
export function alertInView() {
  if (state.selected?.alert) return state.alerts.get(state.selected.alert) ?? null;
  const series = state.selected?.series ? state.series.get(state.selected.series) : null;
  return series?.alert ? state.alerts.get(series.alert) ?? alertOfSeries(series.id) : series ? alertOfSeries(series.id) : null;
}

/** The series shown that somebody measures: the one that an exercise stands on is none. */
export const measured = () => [...state.series.values()].filter((series) => !alertOfSeries(series.id)?.exercise);

export function alertOfSeries(id) {
  const held = state.alerts.get(ofSeries.get(id));
  if (held) return held;
  ofSeries.delete(id);
  return null;
}
