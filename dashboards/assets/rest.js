// Acts and questions over REST. An act carries one key for all its tries, so a lost answer never makes it happen twice.

import { COLUMNS_TYPE, unpack } from "./columns.js";
import { state } from "./model.js";
import { faultWords } from "./rule_faults.js";
import { clock, known, t } from "./words.js";

const TRIES = 3;

function key() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** In a replay every question is of then, and every act is refused there by the room itself. */
function asOf(path) {
  if (state.replayAt === null || path.startsWith("/session") || path === "/replay") return path;
  return `${path}${path.includes("?") ? "&" : "?"}at=${state.replayAt}`;
}

async function once(method, path, body, headers) {
  const answer = await fetch(`/api/v1${asOf(path)}`, {
    method,
    credentials: "same-origin",
    headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.headers.get("Content-Type") === COLUMNS_TYPE) return { ok: true, status: answer.status, content: unpack(await answer.arrayBuffer()) };
  const text = await answer.text();
  let content = null;
  try {
    content = text ? JSON.parse(text) : null;
  } catch {
    content = null; // not ours: a proxy's page, worded below by its status
  }
  if (answer.ok) return { ok: true, status: answer.status, content };
  return { ok: false, status: answer.status, error: content?.error ?? { code: `http_${answer.status}`, message: "", params: {} } };
}

const unreachable = () => ({ ok: false, status: 0, error: { code: "unreachable", params: {} } });

export async function ask(path, headers = {}) {
  try {
    return await once("GET", path, undefined, headers);
  } catch {
    return unreachable();
  }
}

/** Ask for columns, which come as typed arrays: what a chart draws is never parsed from text. */
export const askColumns = (path) => ask(path, { Accept: COLUMNS_TYPE });

/** Whether an act was refused because its session has ended, or is another one by now than this page knows. */
const outlived = (answer) => answer.status === 401 || answer.error?.code === "csrf_wrong";

let renew = null;

/** `ask(answer, {signal, waits})` has the session renewed: it gives null when the act may be tried again, else the answer to give for it. */
export function onEnded(ask) {
  renew = ask;
}

/** What was called off before it was sent. */
export const notSent = () => ({ ok: false, status: 0, error: { code: "not_sent", params: {} } });

/** What was given up: nobody heard whether it was done, and nothing tries it again. */
const unconfirmed = () => ({ ok: false, status: 0, error: { code: "unconfirmed", params: {} } });

/**
 * Post an act; tries again with the same key when the room cannot be reached, and when its session had ended and the same person is
 * back, which is waited for unless `waits` is false. `signal` calls it off: what has not reached the room by then is not sent again.
 * What only `asks` changes nothing: there is nothing to look for when no answer came.
 */
export async function act(path, body, { method = "POST", signal = null, waits = true, asks = false } = {}) {
  const headers = { "Idempotency-Key": key() };
  let last = unreachable();
  for (let failed = 0, renewed = 0; failed < TRIES && renewed < TRIES;) {
    if (signal?.aborted) return notSent();
    headers["X-CSRF-Token"] = state.csrf;
    try {
      last = await once(method, path, body, headers);
    } catch {
      last = unreachable();
      await pause(400 * ++failed);
      continue;
    }
    const given = outlived(last) && renew ? await renew(last, { signal, waits }) : last;
    if (given) return given;
    renewed++;
  }
  return last.status === 0 && !asks ? unconfirmed() : last;
}

/** A time in what the room sent: ms, or microseconds when it is too large for ms. */
const ms = (value) => (value > 1e14 ? value / 1000 : value);

/** What went wrong and what to do, in the reader's language. */
export function worded(error, lostRace = "room.act.lost_race") {
  const params = { ...(error.params ?? {}) };
  if (error.code === "conflict" && params.person) {
    const at = typeof params.at === "number" ? clock(ms(params.at)) : params.at ?? "";
    return t(lostRace, { person: params.person, at });
  }
  if (error.code === "unreachable") return t("room.error.unreachable");
  if (error.code === "unconfirmed") return t("room.error.unconfirmed");
  if (error.code === "not_sent") return t("room.error.not_sent");
  if (known(`rule.fault.${params.why}`)) return faultWords(params);
  for (const name of Object.keys(params)) if (name.endsWith("_dimension")) params[name] = dimension(params[name]);
  for (const name of Object.keys(params)) if (typeof params[name] === "number" && params[name] > 1e11) params[name] = clock(ms(params[name]));
  const [what, remedy] = [wordFor(error.code, "message", params), wordFor(error.code, "remedy", params)];
  const said = [what || error.message || t("room.error.refused"), remedy || error.remedy || ""];
  return said.filter(Boolean).join(" ");
}

/** A dimension in the reader's language, with what is counted: "power {reactive}". */
function dimension(name) {
  const [, plain, counted] = /^([^{]*?)( ?\{.*)?$/.exec(name);
  const key = `room.dimension.${plain.replace(/ /g, "_")}`;
  return (known(key) ? t(key) : plain) + (counted ?? "");
}

function wordFor(code, part, params) {
  const tries = part === "message" ? [`error.${code}`, `error.${code}.message`] : [`error.${code}.remedy`, `remedy.${code}`];
  const found = tries.find(known);
  return found ? t(found, params) : "";
}
