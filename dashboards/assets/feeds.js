// The wall "feeds": every source with what is wrong with it, worst first; below one its series; above all the room's own queues.

import { $, h, keyed, order, say, setAttr, setText } from "./dom.js";
import { now, state } from "./model.js";
import { showWall } from "./walls.js";
import { ask, worded } from "./rest.js";
import { clock, fixed, known, number, percent, plural, roughly, span, t, unitText, when } from "./words.js";

const AGAIN_MS = 1000; // a source that died shows within two seconds
const PAGE = 100;
const COLUMNS = ["worst", "name", "door", "heard", "rate", "silent", "late", "refused", "clock"];
const WRONG = ["lost", "silent", "refused", "held", "clock", "late"];
const STATES = [...WRONG, "well", "left"];

const asked = { q: "", fault: "all", sort: "worst", down: false, offset: 0 };
const rows = new Map();
let found = null;
let fault = null;
let busy = false;
let at = 0;
let open = null; // the source whose series are shown
let parts = null;

export function start() {
  parts = {
    room: h("dl.queues"), away: h("div.feeds-away"), fault: h("p.fault", { role: "alert" }), states: h("div.feed-states", { role: "group", "data-word-label": "room.feeds.filter" }),
    search: h("input.feed-search", { type: "search", maxLength: 200, "data-word-label": "room.feeds.search", oninput: () => choose({ q: parts.search.value, offset: 0 }) }),
    head: h("div.feed-heads", { role: "row" }), list: h("div.feed-rows", { role: "rowgroup" }), pages: h("div.feed-pages"), none: h("div.feeds-none", { hidden: true }),
  };
  const table = h("div.feed-table", { role: "table", "data-word-label": "room.feeds.title", onkeydown: walk }, h("div", { role: "rowgroup" }, parts.head), parts.list);
  $("feeds-tools").replaceChildren(parts.search);
  $("feeds").replaceChildren(parts.room, parts.away, parts.fault, parts.states, parts.none, table, parts.pages);
}

export function tick() {
  if (!busy && Date.now() - at >= AGAIN_MS) load();
  else if (found) for (const row of found.rows) age(rows.get(row.source), row);
}

function choose(changes) {
  Object.assign(asked, changes);
  load();
}

export async function load() {
  at = Date.now();
  busy = true;
  const query = new URLSearchParams({ ...asked, limit: String(PAGE) });
  if (state.unit && state.unit.path !== state.me?.unit) query.set("unit", state.unit.path);
  const answer = await ask(`/feeds?${query}`);
  busy = false;
  if (answer.ok) found = answer.content;
  fault = answer.ok ? null : answer.error;
  if (open) await loadSeries();
  paint();
}

export function paint() {
  setText(parts.fault, fault ? worded(fault) : "");
  if (!found) return;
  paintRoom();
  paintStates();
  paintHead();
  const nodes = keyed(rows, found.rows, (row) => row.source, build, fill);
  order(parts.list, nodes);
  setText($("feeds-count"), String(found.all));
  setAttr(parts.search, "placeholder", t("room.feeds.search"));
  paintNone();
  paintPages();
}

// -- the room itself --------------------------------------------------------------------------------

const bytes = (n) => (n >= 1e9 ? `${number(n / 1e9)} GB` : n >= 1e6 ? `${number(n / 1e6)} MB` : `${number(n / 1e3)} kB`);

function paintRoom() {
  const { room } = found;
  const rowsOf = [
    ["room.feeds.store", room.reasons.includes("store_failing") ? t("room.condition.store_failing") : t("room.feeds.store_well"), room.reasons.includes("store_failing")],
    ["room.feeds.behind", t("room.feeds.of", { is: room.lag_s ? span(room.lag_s) : "0", most: span(room.lag_s_max) }), room.lag_s > room.lag_s_max],
    ["room.feeds.unread", t("room.feeds.of", { is: bytes(room.unread_bytes ?? 0), most: bytes(room.unread_bytes_max ?? 0) }), room.credit_bytes === 0],
    ["room.feeds.disk", t("room.feeds.least", { is: bytes(room.disk_free_bytes), least: bytes(room.disk_free_least) }), room.disk_free_bytes < room.disk_free_least],
    ["room.feeds.connections", t("room.feeds.of", { is: number(room.connections ?? 0), most: number(room.connections_max ?? 0) }), room.connections >= room.connections_max],
    ["room.feeds.damaged", number(room.damaged), room.damaged > 0],
  ];
  parts.room.replaceChildren(...rowsOf.map(([word, text, bad]) => h(`div${bad ? ".is-bad" : ""}`, {}, h("dt", {}, t(word)), h("dd", {}, text))));
  parts.away.replaceChildren(...found.turned_away.map((one) => h("p", {}, plural("room.feeds.turned_away", one.n, { door: doorName(one.door), when: when(one.at, now()) }), " ", worded({ code: one.code }))));
}

function paintStates() {
  const wrong = WRONG.reduce((sum, one) => sum + found.counts[one], 0);
  const choices = [["all", found.all], ["wrong", wrong], ...STATES.map((one) => [one, found.counts[one]])].filter(([one, n]) => n || ["all", "wrong", asked.fault].includes(one));
  const held = document.activeElement?.dataset?.fault;
  parts.states.replaceChildren(...choices.map(([one, n]) =>
    h(`button.range${n && WRONG.includes(one) ? ".has-some" : ""}`, { type: "button", "data-fault": one, "aria-pressed": String(asked.fault === one), onclick: () => choose({ fault: one, offset: 0 }) }, `${t(`room.feeds.state.${one}`)} ${number(n)}`)));
  if (held) parts.states.querySelector(`[data-fault="${held}"]`)?.focus();
}

// -- the table --------------------------------------------------------------------------------------

function paintHead() {
  if (parts.head.childElementCount !== COLUMNS.length) {
    parts.head.replaceChildren(...COLUMNS.map((column) => h(`div.feed-cell.of-${column}`, { role: "columnheader" }, h("button.feed-sort", { type: "button", "data-sort": column, onclick: () => sortBy(column) }))));
  }
  for (const cell of parts.head.children) {
    const button = cell.firstChild;
    setText(button, t(`room.feeds.column.${button.dataset.sort}`));
    const mine = button.dataset.sort === asked.sort;
    setAttr(cell, "aria-sort", mine ? (asked.down ? "descending" : "ascending") : null);
  }
}

function sortBy(column) {
  choose({ sort: column, down: asked.sort === column && !asked.down, offset: 0 });
  say(t("room.feeds.sorted", { column: t(`room.feeds.column.${column}`) }));
}

function build(row) {
  const cells = COLUMNS.map((column) => h(`div.feed-cell.of-${column}`, { role: "cell" }));
  const button = h("button.feed-open", { type: "button", "aria-expanded": "false", onclick: () => unfold(row.source) }, h("span.feed-name"), h("span.feed-place"));
  cells[1].append(button);
  return h("div.feed-row", { role: "row", "data-source": row.source }, cells);
}

/** Where it comes in, and what it feeds from there. */
function placeText(row) {
  const own = row.unit_name || row.unit || t("room.root");
  const into = row.into.filter((path) => path !== row.unit);
  if (!into.length) return own;
  return row.into_n > row.into.length ? t("room.feeds.into_many", { own, n: number(row.into_n) }) : t("room.feeds.into", { own, into: into.join(", ") });
}

const cell = (node, column) => node.children[COLUMNS.indexOf(column)];
const doorName = (door) => {
  const code = `room.feeds.door.${door}`;
  return known(code) ? t(code) : t("room.feeds.door.connector", { name: door });
};

function fill(node, row) {
  node.className = `feed-row is-${row.state}`;
  setText(cell(node, "worst"), t(`room.feeds.state.${row.state}`));
  setText(node.querySelector(".feed-name"), row.name || t("room.feeds.unnamed"));
  setText(node.querySelector(".feed-place"), placeText(row));
  setText(cell(node, "door"), row.connections > 1 ? `${doorName(row.door)} × ${row.connections}` : doorName(row.door));
  setText(cell(node, "rate"), t("room.feeds.per_s", { n: row.rate < 10 ? fixed(row.rate, row.rate < 0.995 ? 2 : 1) : number(Math.round(row.rate)) }));
  setText(cell(node, "silent"), row.silent ? t("room.feeds.silent_of", { n: number(row.silent), of: number(row.series) }) : number(row.series));
  setText(cell(node, "late"), row.late_share ? percent(Math.max(row.late_share, 0.01)) : "–");
  setText(cell(node, "refused"), row.refused ? number(row.refused) : "–");
  setText(cell(node, "clock"), clockText(row.clock_s));
  for (const [column, code] of [["silent", "silent"], ["late", "late"], ["refused", "refused"], ["clock", "clock"]]) cell(node, column).classList.toggle("is-wrong", row.faults.includes(code));
  age(node, row);
  drill(node, row);
}

function age(node, row) {
  if (!node) return;
  const text = row.heard ? t("room.feeds.ago", { time: roughly((now() - row.heard) / 1000) }) : t("room.feeds.never");
  setText(cell(node, "heard"), text);
  setAttr(cell(node, "heard"), "title", row.newest ? t("room.feeds.newest", { when: `${when(row.newest, now())}:${clock(row.newest, true).slice(-2)}` }) : null);
}

function clockText(off) {
  if (off === null) return "–";
  if (Math.abs(off) < 1) return t("room.feeds.clock_right");
  return t(off > 0 ? "room.feeds.clock_ahead" : "room.feeds.clock_behind", { time: span(Math.abs(off)) });
}

// -- what one source brings -------------------------------------------------------------------------

async function unfold(source) {
  open = open?.source === source ? null : { source, series: null, error: null };
  paint();
  if (open) {
    await loadSeries();
    paint();
  }
}

async function loadSeries() {
  const mine = open;
  const answer = await ask(`/feeds/series?source=${encodeURIComponent(mine.source)}`);
  if (answer.ok) Object.assign(mine, { series: answer.content.series, leftOut: answer.content.left_out, error: null });
  else mine.error = answer.error;
}

function drill(node, row) {
  const mine = open?.source === row.source;
  setAttr(node.querySelector(".feed-open"), "aria-expanded", String(mine));
  let place = node.querySelector(".feed-more");
  if (!mine) {
    place?.remove();
    return;
  }
  if (!place) node.append((place = h("div.feed-more", { role: "cell", "aria-colspan": String(COLUMNS.length) })));
  const told = open.error ? [h("p.fault", {}, worded(open.error))] : [...faultsOf(row), ...refusalsOf(row), seriesOf()];
  place.replaceChildren(...told.filter(Boolean));
}

function faultsOf(row) {
  const told = { time: row.heard ? span((now() - row.heard) / 1000) : "–", share: percent(row.late_share), off: clockText(row.clock_s) };
  const say = (code) => (code === "silent" ? plural("room.feeds.why.silent", row.silent, told) : t(`room.feeds.why.${code}`, told));
  return row.faults.map((code) => h("p.feed-fault", {}, say(code)));
}

function refusalsOf(row) {
  return row.refusals.map((one) => h("div.feed-refusal", {}, h("p", {}, h("code", {}, one.code), ` ${plural("room.feeds.times", one.n)}`, ` · ${when(one.at, now())}`, one.params.series ? ` · ${one.params.series}` : ""), h("p.quiet", {}, worded({ code: one.code, params: one.params }))));
}

function seriesOf() {
  if (!open.series) return h("p.quiet", {}, t("room.feeds.loading"));
  if (!open.series.length) return h("p.quiet", {}, t("room.feeds.no_series"));
  const line = (one) => h(`li.feed-one${one.silent ? ".is-silent" : ""}`, {}, h("span.feed-series", { title: one.path }, one.path),
    h("span.figure", {}, one.value === null ? "" : `${number(one.value)} ${unitText(one.unit)}`.trim()),
    h("span", {}, one.t === null ? t("room.feeds.never") : t("room.feeds.ago", { time: roughly((now() - one.t) / 1000) })),
    h("span.quiet", {}, one.silent ? t("room.feeds.silent_now", { time: span(one.period_s) }) : one.period_s ? t("room.feeds.every", { time: span(one.period_s) }) : t("room.feeds.no_period")));
  return h("ul.feed-series-list", {}, open.series.slice(0, 200).map(line), open.series.length > 200 ? h("li.quiet", {}, plural("room.series.left_out", open.series.length - 200 + open.leftOut)) : null);
}

// -- empty, and pages -------------------------------------------------------------------------------

function paintNone() {
  const none = !found.rows.length;
  parts.none.hidden = !none;
  parts.list.parentElement.hidden = none;
  if (!none) return;
  parts.none.replaceChildren(found.all ? h("p.nothing", {}, t("room.feeds.none_found")) : h("div.feeds-empty", {}, h("p.nothing", {}, t("room.feeds.empty")), h("button.button.strong", { type: "button", onclick: () => showWall("first") }, t("room.first.title"))));
}

function paintPages() {
  const [from, to] = [found.offset + 1, found.offset + found.rows.length];
  parts.pages.hidden = found.found <= PAGE;
  const turn = (word, offset, off) => h("button.button.small", { type: "button", disabled: off, onclick: () => choose({ offset }) }, t(word));
  parts.pages.replaceChildren(turn("room.feeds.before", Math.max(0, asked.offset - PAGE), !asked.offset), h("span", {}, t("room.feeds.page", { from: number(from), to: number(to), all: number(found.found) })), turn("room.feeds.after", asked.offset + PAGE, to >= found.found));
}

/** Up, down, home and end walk the rows; enter opens one, as on any button; page keys turn pages. */
function walk(event) {
  const buttons = [...parts.list.querySelectorAll(".feed-open")];
  const here = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (event.key === "PageDown" && found.offset + found.rows.length < found.found) choose({ offset: asked.offset + PAGE });
  else if (event.key === "PageUp" && asked.offset) choose({ offset: Math.max(0, asked.offset - PAGE) });
  else if (to === undefined || !buttons[to]) return;
  else buttons[to].focus();
  event.preventDefault();
  event.stopPropagation();
}
