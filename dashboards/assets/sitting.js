// What a council shares, as far as every screen of the room needs it: its walls in the menu, and what waits there.

import { addLater } from "./later.js";
import { now, onChange, state } from "./model.js";
import { plural, t } from "./words.js";
import { setWaiting } from "./walls.js";

export function startSitting() {
  addLater({ name: "council", word: "room.council.title", key: "C", hint: "room.key.council" }, () => import("./council.js"), "council.css");
  onChange(["decisions", "words"], paintWaiting);
}

/** All that has no verdict yet counts; in words also what is due by now. */
function paintWaiting() {
  const { pending, followups } = state.decisions;
  const due = followups.filter((at) => at <= now()).length;
  setWaiting("council", pending, `${plural("room.council.pending", pending)}, ${t("room.council.due_count", { n: due })}`);
}
