// What the chairs of a unit share on every wall: who speaks, what he opens and who follows him, the last press, what waits at the council's wall.

import { $, h, notice, say, setAttr, setText } from "./dom.js";
import { send } from "./feed.js";
import { now, onChange, onNavigate, select, state } from "./model.js";
import { act, worded } from "./rest.js";
import { plural, t } from "./words.js";
import { addWall, front, setWaiting, showWall } from "./walls.js";

const POINT_MS = 120;
let go = () => {};
let leading = null; // the seat that we follow
let applied = "";
let byItself = false;
let pointing = 0;
let spoke = 0;
let parts = null;

export function startSitting(onGo) {
  go = onGo;
  addWall({ name: "datafeed", word: "room.pane.title", module: "./panes.js" });
  addWall({ name: "council", word: "room.council.title", key: "C", hint: "room.key.council", module: "./council.js" });
  addWall({ name: "journal", word: "room.journal.title", key: "B", hint: "room.key.journal", module: "./journal.js" });
  parts = { take: h("button.button.small", { type: "button", onclick: takeFloor }), follow: h("button.button.small", { type: "button", onclick: toggleFollow, hidden: true }) };
  $("floor").replaceChildren(parts.take, parts.follow);
  onChange(["decisions", "words"], paintWaiting);
  onChange(["chairs", "seats", "words"], paint);
  onNavigate(navigated);
}

/** All that has no verdict yet counts; in words also what is due by now. */
function paintWaiting() {
  const { pending, followups } = state.decisions;
  const due = followups.filter((at) => at <= now()).length;
  setWaiting("council", pending, `${plural("room.council.pending", pending)}, ${t("room.council.due_count", { n: due })}`);
}

const mine = () => state.me?.seat_id ?? 0;
const speaks = () => state.chairs.floor?.seat_id === mine();

function paint() {
  const { floor } = state.chairs;
  parts.take.hidden = state.me?.role === "observer";
  setText(parts.take, t(speaks() ? "room.chair.leave_floor" : "room.chair.take_floor"));
  setAttr(parts.take, "aria-pressed", speaks());
  const other = floor && !speaks() ? floor : null;
  parts.follow.hidden = !other;
  if (other) setText(parts.follow, t("room.chair.follow", { person: other.person }));
  if (leading !== null && leading !== other?.seat_id) leading = null; // who was followed speaks no more
  setAttr(parts.follow, "aria-pressed", leading !== null);
  if ((floor?.seat_id ?? 0) !== spoke) {
    spoke = floor?.seat_id ?? 0;
    if (other) say(t("room.chair.speaks", { person: other.person }));
    if (speaks()) point();
  }
  if (leading !== null) lead();
}

async function takeFloor() {
  const answer = await act("/chairs/floor", { speaks: !speaks() });
  if (!answer.ok) notice(worded(answer.error));
}

function toggleFollow() {
  leading = leading === null ? state.chairs.floor?.seat_id ?? null : null;
  applied = "";
  paint();
}

/** Go where the speaker is, as far as it is open to us: each step is the same that a hand here would take, and the room refuses what is not ours. */
function lead() {
  const { pointer } = state.chairs;
  const key = JSON.stringify(pointer);
  if (!pointer || key === applied) return;
  applied = key;
  byItself = true;
  try {
    if (pointer.unit !== null && pointer.unit !== state.unit?.path) go(pointer.unit);
    showWall(pointer.wall || "room");
    if (pointer.alert && state.alerts.has(pointer.alert)) select({ alert: pointer.alert });
    else if (pointer.series !== null && state.series.has(pointer.series)) select({ series: pointer.series });
  } finally {
    byItself = false;
  }
}

/** Somebody here went somewhere: who follows stops following, and the speaker shows where he is. */
function navigated() {
  if (byItself) return;
  if (leading !== null) {
    leading = null;
    notice(t("room.chair.followed_until"));
    paint();
  }
  if (speaks() && !pointing) pointing = setTimeout(point, POINT_MS);
}

function point() {
  clearTimeout(pointing);
  pointing = 0;
  const { alert = null, series = null } = state.selected ?? {};
  send({ type: "point", wall: front(), unit: state.unit?.path ?? null, alert, series: alert ? null : series, pane: state.chairs.panes.findIndex((pane) => pane.seat_id === mine()) + 1 });
}
