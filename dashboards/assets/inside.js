// What is inside a line: how many, how bad, what climbs next; and its members, of which only those in view are in the page.

import { h, order, setAttr, setText } from "./dom.js";
import { mark, setMark } from "./icons.js";
import { rowsInView } from "./lines.js";
import { now, state, touch } from "./model.js";
import { mayPick, pickAll } from "./pick.js";
import { plural, span, t } from "./words.js";

const FEW = 4; // so many members are shown without asking
const chosenOpen = new Map(); // by the key of the line: opened or closed by a person

/** Whether the members of a line are shown. */
export const isOpen = ({ key, members }) => chosenOpen.get(key) ?? members.length <= FEW;

export function openLine(line, open = !isOpen(line)) {
  if (!line.members.length) return;
  chosenOpen.set(line.key, open);
  touch("alerts-selection");
}

/** Forget lines that are no more, so that a long night leaves nothing behind. */
export function forgetLines(lines) {
  const keys = new Set(lines.map((line) => line.key));
  for (const key of chosenOpen.keys()) if (!keys.has(key)) chosenOpen.delete(key);
}

/** Build the place for what is inside; `row(alert)` gives the card of a member. */
export function buildInside(row) {
  const head = h("button.inside-head", { type: "button" }, h("span.inside-count"), h("span.inside-worst", {}, mark(1), h("span.unseen")), h("span.inside-waiting"), h("span.inside-climb"));
  const all = h("button.button.small", { type: "button" });
  const list = h("ul.cards");
  const frame = h("div.inside-list", { tabIndex: 0, role: "group" }, list);
  const node = h("div.inside", { hidden: true }, h("div.inside-top", {}, head, all), frame);
  node.parts = { head, all, list, frame, row };
  head.addEventListener("click", () => openLine(node.line));
  all.addEventListener("click", () => pickAll([node.line.head, ...node.line.members]));
  frame.addEventListener("scroll", () => requestAnimationFrame(() => paintRows(node)), { passive: true });
  return node;
}

export function fillInside(node, line) {
  node.line = line;
  node.hidden = line.members.length === 0;
  if (node.hidden) return node.parts.list.replaceChildren();
  const { head, all, frame } = node.parts;
  const open = isOpen(line);
  setText(head.querySelector(".inside-count"), counted(line));
  paintLoudest(head, line);
  setAttr(head, "aria-expanded", open);
  const waiting = [line.head, ...line.members].filter(mayPick).length;
  all.hidden = waiting < 2;
  setText(all, t("room.line.pick", { n: waiting }));
  setAttr(frame, "aria-label", counted(line));
  frame.hidden = !open;
  tickInside(node);
  if (open) paintRows(node);
  else node.parts.list.replaceChildren();
  return undefined;
}

/** The mark of what waits inside, blinking as it would on its own card; else of what is worse than the head. */
function paintLoudest(head, { worst, waiting, loudest, head: { priority } }) {
  const place = head.querySelector(".inside-worst");
  const shown = loudest ?? worst;
  place.hidden = !waiting && worst >= priority;
  if (!place.hidden) setMark(place.firstElementChild, shown, waiting > 0);
  setText(place.lastElementChild, place.hidden ? "" : t("room.line.worst", { priority: t(`room.priority.${shown}`) }));
  setText(head.querySelector(".inside-waiting"), waiting ? plural("room.line.waiting", waiting) : "");
}

function counted({ head, members }) {
  const under = members.filter((alert) => alert.cause === head.id).length;
  const beside = members.length - under;
  return [under && plural("room.line.under", under), beside && plural("room.wall.members", beside)].filter(Boolean).join(" · ");
}

/** What of a line moves with the clock: who climbs first. The head says so of itself. */
export function tickInside(node) {
  const { climb, head } = node.line;
  const left = climb && climb !== head ? Math.max(0, (climb.deadline - now()) / 1000) : null;
  const text = left === null ? "" : t("room.line.climb", { name: climb.series_name, next: climb.next_name || t("room.root"), left: span(left) });
  setText(node.querySelector(".inside-climb"), text);
}

function paintRows(node) {
  if (!node.line || !isOpen(node.line)) return;
  const { frame, list, row } = node.parts;
  const { members } = node.line;
  const tallAt = members.findIndex((alert) => alert.id === state.selected?.alert);
  const view = rowsInView({ n: members.length, scrollPx: frame.scrollTop, viewPx: frame.clientHeight || 400, tallAt, ...heights(node, tallAt >= 0 ? members[tallAt].id : null) });
  order(list, members.slice(view.from, view.to).map(row));
  setHeight(list, "paddingTop", view.beforePx);
  setHeight(list, "paddingBottom", view.afterPx);
}

function setHeight(node, side, px) {
  const wanted = `${px}px`;
  if (node.style[side] !== wanted) node.style[side] = wanted;
}

/** How high a row is, and the chosen one, as last drawn; all others are equal, since their text does not wrap. */
function heights(node, tallId) {
  for (const one of node.parts.list.children) {
    if (one.dataset.alert === tallId) node.tallPx = one.offsetHeight;
    else if (!one.classList.contains("chosen") && one.offsetHeight) node.rowPx = one.offsetHeight;
  }
  const rowPx = node.rowPx ?? 48;
  return { rowPx, tallPx: node.tallPx ?? rowPx };
}

/** Bring a member into view, so that it has a node to stand on. */
export function reveal(node, id) {
  const at = node.line.members.findIndex((alert) => alert.id === id);
  if (at < 0) return;
  const { frame } = node.parts;
  const { rowPx } = heights(node, null);
  const top = at * rowPx;
  if (top < frame.scrollTop || top + rowPx > frame.scrollTop + frame.clientHeight) frame.scrollTop = Math.max(0, top - frame.clientHeight / 3);
  paintRows(node);
}
