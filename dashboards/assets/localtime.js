// Times of the unit's own zone, as the browser's field for them writes them.

import { timeZone } from "./words.js";

function zoned(ms) {
  const options = { timeZone: timeZone(), hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  return Object.fromEntries(new Intl.DateTimeFormat("en-GB", options).formatToParts(ms).map((part) => [part.type, part.value]));
}

export function localText(ms) {
  const at = zoned(ms);
  return `${at.year}-${at.month}-${at.day}T${at.hour}:${at.minute}`;
}

/** The instant (ms) that the unit's clocks show as `text`; looked at twice, since the offset is that of the instant itself. */
export function instantOf(text) {
  const wanted = Date.parse(`${text}:00Z`);
  let at = wanted;
  for (let look = 0; look < 2; look++) at += wanted - Date.parse(`${localText(at)}:00Z`);
  return at;
}
