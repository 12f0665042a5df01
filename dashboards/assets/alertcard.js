// One alert, wherever it is named: on its wall while it stands there, else its card and its history in a dialog.

import { h, notice } from "./dom.js";
import { dialog } from "./acts.js";
import { buildCard, fillCard } from "./card.js";
import { select, state } from "./model.js";
import { ask, worded } from "./rest.js";
import { stamp } from "./sentences.js";
import { known, t } from "./words.js";
import { showWall } from "./walls.js";

export const verbWord = (verb) => (known(`verb.${verb}`) ? t(`verb.${verb}`) : verb);

export async function openAlert(id) {
  if (state.alerts.has(id)) {
    showWall("room");
    select({ alert: id });
    return;
  }
  await showCard(id);
}

/** The card with all that the seat may do, over whatever stands in front; `then` runs when it is closed. */
export async function showCard(id, then = () => {}) {
  const answer = await ask(`/alerts/${encodeURIComponent(id)}`);
  if (!answer.ok) {
    notice(worded(answer.error));
    return;
  }
  const { alert, edges } = answer.content;
  const card = buildCard(alert, () => {});
  fillCard(card, alert);
  const rows = edges.map((edge) => h("li", {}, h("time", {}, stamp(edge.at)), h("span", {}, edge.actor ? t("room.journal.by", { verb: verbWord(edge.verb), actor: edge.actor }) : verbWord(edge.verb))));
  const box = dialog("room.journal.card", [h("ul.cards.lone", {}, card), h("h3.wall-part", {}, t("room.journal.history")), h("ol.alert-history", {}, rows)], "room.close", null);
  box.classList.add("wide");
  box.addEventListener("close", then);
}
