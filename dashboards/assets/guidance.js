// What helps, on an alert's card: the guidance nearest to it, from which unit it comes, and the procedure as a link.

import { h } from "./dom.js";
import { t } from "./words.js";

const HELPS = /\.(guidance|procedure)$/;

export const isLink = (text) => /^https?:\/\//.test(text);

export const link = (address) => h("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, address);

/** Write the sentences that help into `place`, which stays empty where there are none. */
export function fillGuidance(place, alert) {
  const lines = (alert.explanation ?? []).filter(({ code }) => HELPS.test(code));
  place.replaceChildren(...lines.map(({ code, params }) => h("span.help-line", {}, isLink(params.procedure ?? "") ? [`${t(code, { ...params, procedure: "" })} `, link(params.procedure)] : t(code, params))));
}
