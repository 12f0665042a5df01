// What is wrong with a rule, in the reader's language: the room says it by a code and values.

import { known, t } from "./words.js";

const SCREEN = "screen";
/** How it is said of a field that it was left out: the field may have words of its own for that. */
const ABSENT = ["missing", "empty", "nobody_watched", "no_response", "no_consequence", "no_response_s"];

/** What the screen calls a key of a rule. */
export function named(key) {
  const part = key.startsWith("when.") ? key.split(".").pop() : null;
  const words = part === null ? [`room.rules.field.${key}`] : [`room.rules.part.${part}`, `room.rules.kind.${part}`];
  const found = words.find(known);
  if (found) return t(found);
  return key.includes(".") && part === null ? named(key.slice(0, key.lastIndexOf("."))) : key; // what the form does not ask for by itself
}

/** Where it is: in a field of the form, or in a file with line and rule. */
function place({ field, file = SCREEN, line, of, key }) {
  if (field !== undefined) return named(field);
  const [, kind, rest] = /^(\w*)\.?(.*)$/.exec(key);
  const at = [file === SCREEN ? "" : file, t("room.rules.line", { line: String(line) }), of, kind === "rule" ? named(rest) : key];
  return at.filter(Boolean).join(" · ");
}

/** What is wrong, where, and what mends it, of the `params` of a refusal. */
export function faultWords(params) {
  const { field, why, values } = params;
  const own = `room.rules.missing.${field}`;
  if (ABSENT.includes(why) && known(own)) return t(own);
  const mends = [why, why.replace(/^formula_.*/, "formula"), "keys"].map((one) => `rule.mend.${one}`).find(known);
  const where = place(params);
  return `${where ? `${where}: ` : ""}${t(`rule.fault.${why}`, values)}. ${t(mends, values)}`;
}
