// The banner of an exercise, on every wall while one is on: what is not real is said to be so wherever it shows.

import { $, h, notice, say } from "./dom.js";
import { onChange, state } from "./model.js";
import { act, worded } from "./rest.js";
import { clock, t } from "./words.js";

const ENDS = new Set(["council", "admin"]);

export function startDrill() {
  onChange(["drills", "units", "words"], paint);
}

/** How long an exercise may be agreed to last. */
export const DRILLS_S = [900, 1800, 3600, 4 * 3600, 8 * 3600];

/** Begin an exercise at a unit, which ends by itself; the answer of the room, or what it refuses. */
export const beginDrill = (unit, duration_s, how) => act("/drills", { unit, duration_s }, how);

async function end(id) {
  const answer = await act(`/drills/${encodeURIComponent(id)}/end`, {});
  if (!answer.ok) notice(worded(answer.error));
}

function paint() {
  const place = $("drill-now");
  const on = state.drills;
  const key = JSON.stringify([state.exercise, on.map((drill) => [drill.id, drill.unit_name, drill.until]), t("room.drill.mark")]);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const mayEnd = ENDS.has(state.me?.role);
  const whose = (drill) => drill.unit_name || t("room.root");
  const one = (drill) => h("span.drill-one", {}, t("room.drill.at", { unit: whose(drill), at: clock(drill.until) }),
    mayEnd ? h("button.button.small", { type: "button", "aria-label": `${t("room.drill.end")}: ${whose(drill)}`, onclick: () => end(drill.id) }, t("room.drill.end")) : null);
  const nodes = state.exercise ? [h("span", {}, t("room.drill.whole"))] : on.map(one);
  place.replaceChildren(h("strong", {}, t("room.drill.mark")), ...nodes);
  if (nodes.length && place.hidden) say([...place.children].map((node) => node.firstChild.textContent).join(". "));
  place.hidden = nodes.length === 0;
}
