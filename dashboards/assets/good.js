// Good news: a quiet line in the foot that opens a list. No lamp, no sound, nothing that is spoken; it climbs nowhere.

import { $, h, notice, setText } from "./dom.js";
import { dialog } from "./acts.js";
import { now, onChange, state } from "./model.js";
import { act, worded } from "./rest.js";
import { why } from "./sentences.js";
import { t, when } from "./words.js";

let list = null; // of the open dialog

export function startGood() {
  $("good").append(h("button.button.small", { type: "button", id: "good-open", onclick: open }));
  onChange(["pleasures"], paint);
}

function paint() {
  $("good").hidden = state.pleasures.length === 0;
  setText($("good-open"), t("room.good.count", { n: state.pleasures.length }));
  if (list?.isConnected) list.replaceChildren(...state.pleasures.map(entry));
}

function open() {
  list = h("ul.good-list", {}, state.pleasures.map(entry));
  dialog("room.good.title", [h("p.about", {}, t("room.good.about")), list], "room.close", null);
}

function entry(news) {
  const place = news.unit_name || t("room.root");
  const offered = news.offered ? t(news.own ? "room.good.offered" : "room.good.theirs", { person: news.offered_by, at: when(news.offered, now()) }) : null;
  const head = news.own ? news.series_name : t("room.good.of", { unit: place, series: news.series_name });
  return h("li.good", { "data-good": news.id }, h("h3.good-head", {}, head), why(news).map((sentence) => h("p", {}, sentence)),
    offered ? h("p.good-offered", {}, offered) : null,
    news.may_offer ? h("button.button.small", { type: "button", "aria-label": `${t("room.good.offer")}: ${head}`, onclick: () => offer(news.id) }, t("room.good.offer")) : null);
}

async function offer(id) {
  const answer = await act(`/pleasures/${encodeURIComponent(id)}/offer`, {});
  notice(answer.ok ? t("room.good.offered_now") : worded(answer.error));
}
