// The wall "journal": all alerts, open and ended, and what happened to them, page by page from the room; a table where there is room for one, cards on a phone.

import { $, h, notice, order, say, setAttr, setText } from "./dom.js";
import { NOTE_CHARS, closeForms, hours } from "./acts.js";
import { showCard, verbWord } from "./alertcard.js";
import { buildCard, fillCard, tickCard } from "./card.js";
import { agGrid, gridIcons, gridTexts } from "./grid.js";
import { mark } from "./icons.js";
import { now, onChange, select, state } from "./model.js";
import { act, ask, worded } from "./rest.js";
import * as sentence from "./sentences.js";
import { inFront } from "./walls.js";
import { clock, day, language, number, plural, t } from "./words.js";

const BLOCK = 100;
const BLOCKS_KEPT = 20;
const CARDS = 20;
const TYPED_MS = 250;
const AGAIN_MS = 1500;
const AT_ONCE = 1000;
const SHELVES_S = [900, 3600, 4 * 3600, 8 * 3600];
const SPANS_H = { "room.journal.span.all": 0, "room.figures.span.shift": 8, "room.figures.span.day": 24, "room.figures.span.week": 168, "room.figures.span.month": 720 };
const STATES = ["all", "open", "ended"];
const REFUSED_NAMED = 20;
const MARKED = "api"; // selected by us and not by a hand
const narrow = window.matchMedia("(width < 44rem)");

const asked = { what: "alerts", state: "all", priorities: new Set([1, 2, 3]), hours: 0, text: "" };
let parts = null;
let grid = null;
let made = "";
let counted = null;
let again = 0;
let typing = 0;
let cards = { rows: [], total: 0, turn: 0 };
const cardNodes = new Map();
const picks = new Map(); // by id: the row when it was picked, which the table may not hold

export function start() {
  const text = h("input", { type: "search", name: "text", maxLength: 200, autocomplete: "off", oninput: () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ text: text.value.trim() }), TYPED_MS);
  } });
  const choice = (word, how, key) => h("button.range", { type: "button", "data-word": word, "data-choice": key, onclick: () => change(how) });
  parts = {
    text, what: [choice("room.journal.alerts", { what: "alerts" }, "what-alerts"), choice("room.journal.edges", { what: "edges" }, "what-edges")],
    states: STATES.map((one) => choice(`room.journal.state.${one}`, { state: one }, `state-${one}`)), spans: Object.entries(SPANS_H).map(([word, n]) => choice(word, { hours: n }, `span-${n}`)),
    priorities: [1, 2, 3].map((priority) => h("button.range.journal-priority", { type: "button", onclick: () => togglePriority(priority) }, mark(priority))),
    csv: h("a.button", { download: "" }, "CSV"), table: h("div.journal-grid.ag-theme-quartz"), list: h("ul.cards"), more: h("button.button", { type: "button", onclick: moreCards }), none: h("p.nothing"), fault: h("p.fault", { role: "alert" }),
    count: h("p.picks-count"), note: h("input", { type: "text", name: "note", maxLength: NOTE_CHARS, autocomplete: "off" }), noteWord: h("span"), span: h("select", { name: "duration" }), refused: h("ul.refused"),
    acknowledge: h("button.button.strong", { type: "submit" }), shelve: h("button.button", { type: "button", onclick: () => withReason("shelve") }), say: h("button.button", { type: "button", onclick: () => withReason("recovering") }),
    drop: h("button.button.small", { type: "button", "data-word": "room.pick.none", onclick: dropPicks }), all: h("button.button.small", { type: "button", "data-word": "room.journal.pick_all", onclick: pickAll }),
  };
  const bar = (cls, ...body) => h(`div.${cls}`, {}, body);
  parts.searchWord = h("span");
  parts.picks = h("form.journal-picks", { hidden: true, onsubmit: acknowledge }, bar("picks-which", parts.count, parts.drop), h("label.field", {}, parts.noteWord, parts.note), bar("journal-acts", parts.acknowledge, h("label.unseen", { htmlFor: "journal-span", "data-word": "room.journal.shelve_for" }), parts.span, parts.shelve, parts.say), parts.refused);
  parts.span.id = "journal-span";
  $("journal-tools").replaceChildren(bar("ranges", ...parts.what), parts.csv);
  $("journal").replaceChildren(bar("journal-filter", h("label.field.journal-search", {}, parts.searchWord, parts.text), bar("ranges", ...parts.states), bar("ranges", ...parts.priorities), bar("ranges", ...parts.spans), parts.all), parts.fault, parts.picks, parts.table, h("h3.unseen", { "data-word": "room.journal.title" }), parts.list, parts.none, parts.more);
  parts.table.addEventListener("keydown", keyInTable);
  narrow.addEventListener("change", () => inFront("journal") && load());
  onChange(["alerts"], heard);
}

// -- what is asked for -------------------------------------------------------------------------------

function change(how) {
  Object.assign(asked, how);
  load();
}

function togglePriority(priority) {
  const { priorities } = asked;
  if (priorities.has(priority) && priorities.size > 1) priorities.delete(priority);
  else priorities.add(priority);
  load();
}

function query(more = {}) {
  const fields = { state: asked.state, priority: [...asked.priorities].sort().join(), text: asked.text, lang: language(), ...more };
  if (asked.hours) fields.from = String(Math.max(0, Math.floor(now() - asked.hours * 3600_000)));
  return `/journal/${asked.what}?${new URLSearchParams(fields)}`;
}

/** A page of the table or of the cards; a refusal is said in its place. */
async function page(offset, limit, order_ = null) {
  const sorted = order_ ? { rising: String(order_.sort === "asc"), ...(asked.what === "alerts" ? { order: order_.colId } : {}) } : {};
  const answer = await ask(query({ offset: String(offset), limit: String(limit), ...sorted }));
  setText(parts.fault, answer.ok ? "" : worded(answer.error));
  if (!answer.ok) return null;
  const { total } = answer.content;
  counted = total;
  paintCount();
  parts.none.hidden = total > 0;
  if (!total) setText(parts.none, t(asked.text || asked.state !== "all" || asked.hours || asked.priorities.size < 3 ? "room.journal.none_such" : "room.journal.none"));
  return { rows: asked.what === "alerts" ? answer.content.alerts.map((alert) => state.alerts.get(alert.id) ?? alert) : answer.content.edges.map((edge, i) => ({ ...edge, id: `${offset + i}` })), total };
}

function paintCount() {
  if (counted !== null) setText($("journal-count"), asked.what === "alerts" ? plural("room.journal.count", counted) : plural("room.journal.edge_count", counted));
}

export function load() {
  paint();
  if (narrow.matches) {
    destroy();
    firstCards();
  } else if (!grid || made !== `${asked.what} ${language()}`) build();
  else {
    dropPicks();
    grid.setGridOption("datasource", datasource());
  }
}

export function paint() {
  const chosen = { [`what-${asked.what}`]: true, [`state-${asked.state}`]: true, [`span-${asked.hours}`]: true };
  for (const button of [...parts.what, ...parts.states, ...parts.spans]) setAttr(button, "aria-pressed", Boolean(chosen[button.dataset.choice]));
  parts.priorities.forEach((button, i) => {
    setAttr(button, "aria-pressed", asked.priorities.has(i + 1));
    setAttr(button, "aria-label", sentence.priorityWord(i + 1));
  });
  setText(parts.searchWord, t("room.journal.search"));
  setAttr(parts.csv, "href", `/api/v1${query({ format: "csv" })}`);
  setAttr(parts.csv, "aria-label", t("room.journal.export"));
  parts.table.hidden = narrow.matches;
  parts.list.hidden = !narrow.matches;
  parts.more.hidden = !narrow.matches || cards.rows.length >= cards.total;
  parts.all.hidden = narrow.matches || asked.what !== "alerts";
  if (parts.span.dataset.lang !== language()) {
    parts.span.dataset.lang = language();
    parts.span.replaceChildren(...SHELVES_S.map((s) => h("option", { value: String(s) }, hours(s))));
  }
  paintCount();
  paintPicks();
  if (grid && made !== `${asked.what} ${language()}` && !narrow.matches) build();
}

export function tick() {
  for (const [id, node] of cardNodes) if (node.isConnected && state.alerts.has(id)) tickCard(node, state.alerts.get(id));
}

/** Rows that stand follow the feed at once; what came or went is asked for a little later. */
function heard() {
  if (!inFront("journal")) return;
  if (narrow.matches) paintCards();
  else grid?.forEachNode((node) => {
    const fresh = node.id !== undefined && state.alerts.get(node.id);
    if (fresh && fresh !== node.data) node.setData(fresh);
  });
  paintPicks();
  if (!again) again = setTimeout(() => {
    again = 0;
    if (inFront("journal") && !narrow.matches) grid?.refreshInfiniteCache();
    else if (inFront("journal")) firstCards(Math.max(CARDS, cards.rows.length));
  }, AGAIN_MS);
}

// -- the table -----------------------------------------------------------------------------------------

const stamp = (at) => (at === null || at === undefined ? "" : `${day(at)} ${clock(at, true)}`);
const priorityCell = ({ data }) => {
  if (!data) return "";
  return h("span.journal-mark", { role: "img", "aria-label": sentence.priorityWord(data.priority) }, mark(data.priority, { unacked: data.unacked ?? false, dim: data.active === false }));
};

const column = (colId, width, value, more = {}) => ({ colId, headerName: t(`room.journal.column.${colId}`), flex: width, minWidth: 90, sortable: false, valueGetter: ({ data }) => (data ? value(data) : ""), ...more });

const ALERTS = () => [
  column("priority", 0.5, (one) => one.priority, { sortable: true, minWidth: 84, cellRenderer: priorityCell }),
  column("series", 1.6, (one) => one.series_name, { sortable: true }),
  column("unit", 1.3, (one) => one.unit_name, { sortable: true }),
  column("kind", 1.3, (one) => sentence.kindWord(one), { sortable: true }),
  column("raised", 1.3, (one) => stamp(one.raised), { sortable: true, initialSort: "desc", cellClass: "journal-figure" }),
  column("ended", 1.3, (one) => stamp(one.recovered), { sortable: true, cellClass: "journal-figure" }),
  column("state", 1.2, (one) => t(one.active === false && !one.unacked && !one.latched && !one.silenced?.here ? "room.journal.over" : "room.journal.is", { state: sentence.stateWord(one) })),
  column("standing", 1.1, (one) => one.standing_name || t("room.root")),
  column("seen_by", 1.2, (one) => one.acknowledgements?.[one.acknowledgements.length - 1]?.person ?? ""),
];

const EDGES = () => [
  column("at", 1.2, (one) => stamp(one.at), { sortable: true, initialSort: "desc", cellClass: "journal-figure" }),
  column("verb", 1.2, (one) => verbWord(one.verb)),
  column("series", 1.6, (one) => one.series),
  column("unit", 1.3, (one) => one.unit_name || one.unit || t("room.root")),
  column("actor", 1.2, (one) => one.actor),
  column("kind", 1.2, (one) => sentence.kindWord(one)),
  column("level", 0.6, (one) => number(one.level)),
  column("priority", 0.5, (one) => one.priority, { minWidth: 84, cellRenderer: priorityCell }),
];

const datasource = () => ({
  getRows: async ({ startRow, endRow, sortModel, successCallback, failCallback }) => {
    const found = await page(startRow, endRow - startRow, sortModel[0] ?? null);
    if (!found) return failCallback();
    successCallback(found.rows, found.total);
    return markPicks();
  },
});

async function build() {
  const library = await agGrid();
  if (!library) return setText(parts.fault, t("room.error.unreachable"));
  destroy();
  if (narrow.matches) return undefined;
  made = `${asked.what} ${language()}`;
  grid = library.createGrid(parts.table, {
    theme: "legacy", rowModelType: "infinite", cacheBlockSize: BLOCK, maxBlocksInCache: BLOCKS_KEPT, infiniteInitialRowCount: 1, rowHeight: 36, headerHeight: 38, suppressDragLeaveHidesColumns: true, suppressCellFocus: false,
    columnDefs: asked.what === "alerts" ? ALERTS() : EDGES(), defaultColDef: { resizable: true, sortingOrder: ["desc", "asc"], suppressHeaderMenuButton: true, suppressMovable: true }, localeText: gridTexts(), icons: gridIcons,
    rowSelection: asked.what === "alerts" ? { mode: "multiRow", checkboxes: true, headerCheckbox: false, enableClickSelection: false } : undefined, selectionColumnDef: { headerName: t("room.pick.select"), headerClass: "journal-pick-head", width: 48, minWidth: 48, maxWidth: 48 },
    getRowId: ({ data }) => data.id, datasource: datasource(), onRowSelected: byHand, onSelectionChanged: paintPicks, suppressMultiSort: true, suppressNoRowsOverlay: true,
    onRowDoubleClicked: ({ data }) => data && open(data), onCellKeyDown: ({ data, event }) => event.key === "Enter" && data && open(data),
  });
  return undefined;
}

function destroy() {
  grid?.destroy();
  grid = null;
  picks.clear();
}

const open = (row) => showCard(row.alert ?? row.id, () => grid?.refreshInfiniteCache());

/** Keys that the table knows stay there: the arrows walk its cells, A goes to the note of those picked. */
function keyInTable(event) {
  const known = /^(Arrow|Page|Home$|End$|Enter$|Tab$| $)/.test(event.key);
  if (known) event.stopPropagation();
  else if (event.key.toLowerCase() === "a" && !parts.picks.hidden && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    event.stopPropagation();
    parts.note.focus();
  }
}

// -- cards on a phone ------------------------------------------------------------------------------------

async function firstCards(n = CARDS) {
  const turn = ++cards.turn;
  const found = await page(0, Math.min(n, 500));
  if (!found || turn !== cards.turn) return;
  cards = { ...found, turn };
  paintCards();
}

async function moreCards() {
  const found = await page(cards.rows.length, CARDS);
  if (!found) return;
  cards = { rows: [...cards.rows, ...found.rows], total: found.total, turn: cards.turn };
  paintCards();
}

function paintCards() {
  if (asked.what === "edges") {
    order(parts.list, cards.rows.map((edge) => h("li.journal-edge", {}, h("time", {}, stamp(edge.at)), h("strong", {}, `${verbWord(edge.verb)}: ${edge.series}`), h("span", {}, [edge.unit_name || t("room.root"), edge.actor].filter(Boolean).join(" · ")))));
  } else {
    if (parts.list.querySelector("form")) return; // somebody types
    order(parts.list, cards.rows.map((row) => {
      const alert = state.alerts.get(row.id) ?? row;
      if (!cardNodes.has(alert.id)) cardNodes.set(alert.id, buildCard(alert, (id) => select({ alert: id })));
      const node = cardNodes.get(alert.id);
      fillCard(node, alert);
      return node;
    }));
  }
  const left = cards.total - cards.rows.length;
  parts.more.hidden = left <= 0;
  if (left > 0) setText(parts.more, plural("room.journal.more", left));
}

// -- acts on what was picked --------------------------------------------------------------------------------

const picked = () => [...picks.values()].map((row) => state.alerts.get(row.id) ?? row);

/** All that the filter finds and that stands on the wall, whether or not its row is loaded. */
async function pickAll() {
  const answer = await ask(query({ format: "picks" }));
  setText(parts.fault, answer.ok ? "" : worded(answer.error));
  if (!answer.ok || !grid) return;
  for (const row of answer.content.alerts) picks.set(row.id, row);
  markPicks();
  paintPicks();
}

/** Show in the rows that are loaded which of them are picked. */
function markPicks() {
  grid?.forEachNode((node) => node.data && picks.has(node.id) && !node.isSelected() && node.setSelected(true, false, MARKED));
}

function byHand({ node, source }) {
  if (source === MARKED || !node.data) return;
  if (node.isSelected()) picks.set(node.id, node.data);
  else picks.delete(node.id);
}

function dropPicks() {
  picks.clear();
  grid?.deselectAll("all", MARKED);
  paintPicks();
}

function paintPicks() {
  const rows = picked();
  parts.picks.hidden = rows.length === 0;
  if (!rows.length) return;
  setText(parts.count, plural("room.pick.count", rows.length));
  setText(parts.noteWord, t("room.journal.note"));
  const able = { acknowledge: rows.filter((one) => one.unacked && one.may_acknowledge), shelve: rows.filter((one) => one.may_shelve), say: rows.filter((one) => one.may_note) };
  for (const [name, which] of Object.entries(able)) {
    parts[name].disabled = which.length === 0;
    setText(parts[name], plural(`room.journal.do.${name}`, which.length));
  }
  setText(parts.drop, t("room.pick.none"));
}

function refuse(list) {
  const rows = list.slice(0, REFUSED_NAMED).map(({ name, error }) => h("li", {}, h("strong", {}, `${name}: `), worded(error)));
  if (list.length > REFUSED_NAMED) rows.push(h("li", {}, plural("room.pick.refused_more", list.length - REFUSED_NAMED)));
  order(parts.refused, rows);
}

function acknowledge(event) {
  event.preventDefault();
  const rows = picked().filter((one) => one.unacked && one.may_acknowledge);
  return together(rows, "acknowledge", { note: parts.note.value.trim() }, { counts: "acknowledged", told: (n) => plural("room.pick.done", n) });
}

/** Shelve, or note on, all that were picked: both need a reason. */
function withReason(verb) {
  const shelving = verb === "shelve";
  const rows = picked().filter((one) => (shelving ? one.may_shelve : one.may_note));
  const note = parts.note.value.trim();
  if (!note) {
    notice(t("room.journal.say_why"));
    parts.note.focus();
    return undefined;
  }
  if (shelving) return together(rows, verb, { reason: note, duration_s: Number(parts.span.value) }, { counts: "shelved", told: (n) => plural("room.journal.shelved", n) });
  return together(rows, verb, { note }, { counts: "noted", told: (n) => plural("room.journal.noted", n) });
}

/** One act on many alerts, as many at once as the room takes; `counts` is where its answer says to how many it was done, `told` words that. */
async function together(rows, verb, body, { counts, told }) {
  const names = new Map(rows.map((one) => [one.id, `${one.series_name}, ${one.unit_name}`]));
  const ids = rows.map((one) => one.id);
  const button = parts[verb === "recovering" ? "say" : verb];
  const refused = [];
  let done = 0;
  button.disabled = true;
  const most = state.limits?.acknowledge ?? AT_ONCE;
  for (let at = 0; at < ids.length; at += most) {
    const answer = await act(`/alerts/${verb}`, { ids: ids.slice(at, at + most), ...body });
    if (!answer.ok) {
      refused.push({ name: button.textContent, error: answer.error });
      break;
    }
    done += answer.content[counts];
    refused.push(...answer.content.alerts.filter((one) => !one.ok).map(({ id, error }) => ({ name: names.get(id), error })));
  }
  ended(done, refused, told(done));
}

function ended(done, refused, said) {
  refuse(refused);
  if (done) {
    say(said);
    notice(said);
    parts.note.value = "";
  }
  if (!refused.length) dropPicks();
  closeForms();
  grid?.refreshInfiniteCache();
}
