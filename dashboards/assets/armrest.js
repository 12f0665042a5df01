// The armrest: nine buttons as in 1972. 1-3 take one of the three panes, 4-8 navigate in the pane in hand, 0 leads it back to the index.
// What stands in a pane is the same at every chair of the unit, and the last press wins; each press is an act and goes by REST.

import { notice } from "./dom.js";
import { worstFirst } from "./lines.js";
import { measured, state } from "./model.js";
import { act, worded } from "./rest.js";
import { t } from "./words.js";
import { showWall } from "./walls.js";

export const BUTTONS = ["1", "2", "3", "4", "5", "6", "7", "8", "0"];
const TAKES = new Set(["1", "2", "3"]);

/** The hints of the keys, for help and print: [keys, word]. */
export const armrestHints = () => [["1-3", "room.key.pane"], ["4 5", "room.key.entry"], ["6 7", "room.key.section"], ["8", "room.key.entry_open"], ["0", "room.key.index"]];

/** The index: its sections with their entries, in the order in which 4-7 walk them; the same at every chair of the unit. */
export function index() {
  const alerts = [...state.alerts.values()].filter((alert) => !alert.audited).sort(worstFirst);
  const own = measured().filter((series) => series.unit_path === state.me?.unit).sort((a, b) => a.id - b.id);
  const entry = (kind, id, name, place, item) => ({ kind, id: String(id), name, place, item });
  const series = (one) => entry("series", one.id, one.name, one.unit_name, one);
  return [
    { word: "room.pane.alerts", entries: alerts.map((alert) => entry("alert", alert.id, alert.series_name, alert.unit_name, alert)) },
    { word: "room.pane.indicators", entries: own.filter((one) => one.indicator).map(series) },
    { word: "room.pane.series", entries: own.filter((one) => !one.indicator).map(series) },
    { word: "room.pane.units", entries: [...state.children.values()].map((unit) => entry("unit", unit.path, unit.name, unit.level_name, unit)) },
  ].filter((section) => section.entries.length);
}

const same = (entry, shows) => entry.kind === shows.kind && entry.id === shows.id;

/** The entry that a pane stands at, or null where there is none (any more). */
export const entryOf = (shows) => index().flatMap((section) => section.entries).find((entry) => same(entry, shows)) ?? null;

/** The number of the pane in our hand, 0 for none. */
export const held = () => state.chairs.panes.findIndex((pane) => pane.seat_id === state.me?.seat_id) + 1;

/** What the pane shows after a button 4-8. */
function after(button, shows) {
  const sections = index();
  const entries = sections.flatMap((section) => section.entries);
  if (!entries.length) return { kind: "", id: "", opened: false };
  const at = entries.findIndex((entry) => same(entry, shows));
  const to = (place) => ({ kind: entries[place].kind, id: entries[place].id, opened: shows.opened });
  if (button === "8") return at < 0 ? { ...to(0), opened: true } : { ...to(at), opened: !shows.opened };
  if (button === "4" || button === "5") return to(at < 0 ? 0 : Math.min(entries.length - 1, Math.max(0, at + (button === "5" ? 1 : -1))));
  const starts = sections.reduce((found, section) => [...found, found[found.length - 1] + section.entries.length], [0]).slice(0, -1);
  const here = starts.findLastIndex((start) => start <= Math.max(0, at));
  return to(starts[Math.min(starts.length - 1, Math.max(0, here + (button === "7" ? 1 : -1)))]);
}

/** Press a button; any of them brings the wall of the panes to the front. */
export async function press(button) {
  showWall("datafeed");
  if (TAKES.has(button)) return send({ button });
  const pane = held();
  if (!pane) return notice(t("room.pane.take_first"));
  return send(button === "0" ? { button } : { button, shows: after(button, state.chairs.panes[pane - 1].shows) });
}

/** A pointer leads straight there: the pane into our hand, the entry opened. */
export async function openEntry(pane, entry) {
  if (held() !== pane && !(await send({ button: String(pane) }))) return;
  await send({ button: "8", shows: { kind: entry.kind, id: entry.id, opened: true } });
}

export async function backToIndex(pane) {
  if (held() !== pane && !(await send({ button: String(pane) }))) return;
  await send({ button: "0" });
}

async function send(body) {
  const answer = await act("/chairs/armrest", body);
  if (!answer.ok) notice(worded(answer.error));
  return answer.ok;
}
