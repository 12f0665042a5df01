// Which readings look live: neither old ones nor those that their source calls bad. Pure: a series and the time in, the answer out.

import { roughly, t } from "./words.js";

const UNCERTAIN = 64; // quality after OPC DA: below it is bad, from GOOD on it is good
const GOOD = 192;
const GREY_S = 180; // where a series names no time of its own

const below = (series, least) => series.q !== undefined && series.q !== null && series.q < least;

/** The age in seconds at `at` (ms) of what was read last, Infinity where nothing was. */
export const ageOf = (series, at) => (series.t === null || series.t === undefined ? Infinity : (at - series.t) / 1000);

export const isBad = (series) => below(series, UNCERTAIN);

/** Whether its value is shown grey: after `grey_s`, and at once where its source said that it has no good one. */
export const isOld = (series, at) => isBad(series) || ageOf(series, at) > (series.grey_s ?? GREY_S);

/** What is said beside the value where it is not simply good and new. */
export function ageWords(series, at) {
  const age = ageOf(series, at);
  if (age === Infinity) return t("room.tiles.never");
  if (isBad(series) && !Number.isFinite(series.value)) return t("room.tiles.gone", { age: roughly(age) });
  const old = age > (series.grey_s ?? GREY_S) ? t("room.tiles.old", { age: roughly(age) }) : "";
  return [below(series, GOOD) ? t("room.tiles.poor") : "", old].filter(Boolean).join(" · ");
}
