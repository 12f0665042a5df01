// The words of the screen: one flat catalogue a language, from the room; numbers, times and spans by locale.

const LOCALES = { en: "en-GB", de: "de-DE", es: "es-CL" };
export const LANGUAGES = Object.keys(LOCALES);

let catalogue = {};
let zone = "UTC";
let bare = new Map();
const missing = new Set();
const formats = new Map();

export const language = () => document.documentElement.lang;
export const locale = () => LOCALES[language()] ?? "en-GB";
export const timeZone = () => zone;

export function setTimeZone(name) {
  zone = name || "UTC";
}

/** Fetch the catalogue of `lang`; false when the room cannot be reached. */
export async function loadWords(lang) {
  try {
    const answer = await fetch(`/api/v1/words/${lang}`, { credentials: "same-origin" });
    if (!answer.ok) return false;
    catalogue = await answer.json();
  } catch {
    return false;
  }
  document.documentElement.lang = lang;
  formats.clear();
  bare = new Map();
  return true;
}

export const known = (code) => code in catalogue;

/** Word `code` with its parameters; a code without text is shown as it is and named once on the console. */
export function t(code, params = null) {
  if (params) return worded(code, params);
  let text = bare.get(code); // most words have no parameter, and hundreds of tiles ask for them each second
  if (text === undefined) bare.set(code, (text = worded(code, {})));
  return text;
}

function worded(code, params) {
  const text = catalogue[code];
  if (text === undefined) {
    if (!missing.has(code)) console.error(`no words for ${code} in ${language()}`);
    missing.add(code);
    return code;
  }
  const filled = text.replace(/\{(\w+)(?:[:!][^}]*)?\}/g, (whole, name) => (name in params ? shown(params[name]) : whole));
  return filled.replace(/ +(?=[ ,.;:]|$)/g, ""); // an empty parameter leaves no gap
}

/** Word `code.one` or `code.other` by the plural rule of the language for `n`. */
export function plural(code, n, params = {}) {
  const rule = format("plural", () => new Intl.PluralRules(locale())).select(n);
  return t(`${code}.${rule === "one" ? "one" : "other"}`, { n, ...params });
}

function shown(value) {
  return typeof value === "number" ? number(value) : String(value ?? "–");
}

function format(key, make) {
  let found = formats.get(key);
  if (!found) {
    found = make();
    formats.set(key, found);
  }
  return found;
}

/** Three significant figures, whole numbers beyond a thousand; "–" for nothing. */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size > 0 && (size < 0.001 || size >= 1e7)) {
    return format("science", () => new Intl.NumberFormat(locale(), { notation: "scientific", maximumFractionDigits: 2 })).format(value);
  }
  const digits = size >= 1000 || Number.isInteger(value) ? 0 : Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(size || 1))));
  return fixed(value, digits);
}

/** The numbers of an axis, all to the decimals that their step needs: neighbours never read alike. */
export function onAxis(ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 0;
  const digits = [0, 1, 2, 3, 4, 5, 6].find((n) => step > 0 && Math.abs(step * 10 ** n - Math.round(step * 10 ** n)) < 1e-4 * step * 10 ** n);
  if (digits === undefined || ticks.some((value) => Math.abs(value) >= 1e7)) return ticks.map(number);
  return ticks.map((value) => fixed(value, digits));
}

export function fixed(value, digits) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(`fixed${digits}`, () => new Intl.NumberFormat(locale(), options)).format(value);
}

/** Two significant figures at most, without trailing zeros: for rates that nobody reads to the digit. */
export const brief = (value) =>
  format("brief", () => new Intl.NumberFormat(locale(), { maximumSignificantDigits: 2 })).format(value);

export const ratio = (value) => fixed(value, 2);

export function percent(fraction) {
  return format("percent", () => new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 })).format(fraction);
}

const clockOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export function clock(ms, seconds = false) {
  const options = seconds ? { ...clockOptions, second: "2-digit", timeZone: zone } : { ...clockOptions, timeZone: zone };
  return format(`clock${seconds}${zone}`, () => new Intl.DateTimeFormat(locale(), options)).format(ms);
}

export function day(ms) {
  const options = { weekday: "short", day: "2-digit", month: "short", timeZone: zone };
  return format(`day${zone}`, () => new Intl.DateTimeFormat(locale(), options)).format(ms);
}

/** The time of day, with the day when it is not today. */
export function when(ms, now) {
  return day(ms) === day(now) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}

/** A span in words: two units at most; seconds only below ten minutes. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} ${t("room.unit.s")}`;
  if (s < 3600) {
    const rest = s < 600 && s % 60 ? ` ${String(s % 60).padStart(2, "0")} ${t("room.unit.s")}` : "";
    return `${Math.floor(s / 60)} ${t("room.unit.min")}${rest}`;
  }
  if (s < 86400) return two(s, 3600, "room.unit.h", 60, "room.unit.min");
  return two(s, 86400, "room.unit.d", 3600, "room.unit.h");
}

/** A span in one unit, for ages that nobody counts down. */
export function roughly(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} ${t("room.unit.s")}`;
  if (s < 3600) return `${Math.floor(s / 60)} ${t("room.unit.min")}`;
  return span(s);
}

function two(s, big, bigWord, small, smallWord) {
  const rest = Math.floor((s % big) / small);
  return `${Math.floor(s / big)} ${t(bigWord)}${rest ? ` ${rest} ${t(smallWord)}` : ""}`;
}

const PRETTY = { Cel: "°C", deg: "°", "[degF]": "°F", um: "µm", Ohm: "Ω", "1": "", "{tot}": "" };

/** A UCUM code as people write it: m3/h -> m³/h, Cel -> °C, kV.A{reactive} -> kvar, [ft_i] -> ft. */
export function unitText(code) {
  if (!code) return "";
  if (code in PRETTY) return PRETTY[code];
  const plain = code.replace(/V\.A\{reactive\}/g, "var").replace(/V\.A/g, "VA").replace(/W\.h/g, "Wh").replace(/\[([A-Za-z]+)(?:_[a-z]+)?\]/g, "$1");
  return plain.replace(/Cel/g, "°C").replace(/([a-zA-Z])2\b/g, "$1²").replace(/([a-zA-Z])3\b/g, "$1³").replace(/\./g, "·");
}

/** Fill every text of the frame that names its key. */
export function wordFrame(root = document) {
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
  for (const node of root.querySelectorAll("[data-word-label]")) node.setAttribute("aria-label", t(node.dataset.wordLabel));
}
