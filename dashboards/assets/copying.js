// What people take from the screen with them: secrets that are shown once, and lines to paste into a shell.

import { h } from "./dom.js";
import { t } from "./words.js";

/** What to paste into a shell, with this room's address and the token: three ways to send one reading. */
export function feedLines(token) {
  const socket = location.origin.replace(/^http/, "ws");
  const ways = [
    ["room.first.way.curl", `curl -i "${location.origin}/api/v2/write?bucket=first" -H "Authorization: Token ${token}" -d "machine output=41.7"`],
    ["room.first.way.feed", `echo '{"series": "output", "value": 41.7, "unit": "t/h"}' | OPSROOM_TOKEN=${token} opsroom feed jsonl - --to ${socket}`],
    ["room.first.way.python", `python -c 'from ingest import Plant\nwith Plant("${socket}", token="${token}") as plant: plant.send("output", 41.7, unit="t/h")'`],
  ];
  return ways.map(([word, line]) => h("div.feed-line", {}, h("p.quiet", {}, t(word)), h("pre", { tabIndex: 0, role: "group", "aria-label": t(word) }, h("code", {}, line)), copyButton(line, t(word))));
}

function copyButton(text, named) {
  const node = h("button.button.small", { type: "button", "aria-label": `${t("room.first.copy")}: ${named}`, onclick: () => copy(node, text) }, t("room.first.copy"));
  return node;
}

async function copy(node, text) {
  try {
    await navigator.clipboard.writeText(text);
    node.textContent = t("room.first.copied");
  } catch {
    const range = document.createRange(); // a browser that keeps its clipboard shut: mark it for the hand
    range.selectNodeContents(node.parentElement.querySelector("code"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    node.textContent = t("room.first.marked");
  }
}

/** A secret that is shown this once, with a way to copy it and to put it away. */
export function secretBox(label, secret, away) {
  return h("div.secret", { role: "group", "aria-label": label }, h("p", {}, label), h("code.secret-text", {}, secret), h("div.accord-acts", {}, copyButton(secret, label), h("button.button.small.strong", { type: "button", onclick: away }, t("room.settings.kept"))));
}
