// A question mark at each panel's head: two sentences on what it shows, and the page of the documentation about it.

import { dialog } from "./acts.js";
import { h } from "./dom.js";
import { t } from "./words.js";

export function startHelps() {
  for (const panel of document.querySelectorAll(".panel[data-docs]")) {
    const button = h("button.panel-help", { type: "button", "data-word-label": "room.help.panel", onclick: () => explain(panel) }, "?");
    button.setAttribute("aria-describedby", panel.getAttribute("aria-labelledby"));
    panel.querySelector(".panel-head h2").after(button);
  }
}

function explain(panel) {
  const name = panel.id.replace(/-panel$/, "").replace(/-/g, "_");
  const link = h("a.docs-link", { href: `/docs-pages/${panel.dataset.docs}`, target: "_blank", rel: "noopener" }, t("room.help.docs"));
  dialog(panel.querySelector("h2").dataset.word, [h("p", {}, t(`room.about.${name}`)), h("p", {}, link)], "room.close", null);
}
