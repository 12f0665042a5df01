// The quantified flow of the system in focus: a chart where there is room, a list of links with bars everywhere; in the overview and on a wall of its own.

import { $, atMost, h, keyed, order, setAttr, setText, svg } from "./dom.js";
import { amount, drawChart, linkWords, nameOf, stateOf } from "./flow_chart.js";
import { onChange, state } from "./model.js";
import { onFonts, redraw } from "./svg.js";
import { addWall, inFront } from "./walls.js";
import { language, plural, t } from "./words.js";

const NARROW_PX = 520;
const EVERY_MS = 1000;
const places = [];
let go = () => {};

export function startFlow(onGo) {
  go = onGo;
  const parts = { chart: h("div.flow-place"), list: h("ul.flow-list", { "data-word-label": "room.flow.links" }), nothing: h("p.nothing"), more: h("p.quiet") };
  $("flow").replaceChildren(parts.chart, h("div.flow-told", {}, parts.nothing, parts.list, parts.more));
  place({ ...parts, wall: "flow", figures: true, highOf: () => roomOf($("flow"), 4, 420) });
  addWall({ name: "flow", word: "room.flow.menu", key: "O", hint: "room.key.flow", load: redrawFlow, paint: paintAll });
  const later = atMost(EVERY_MS, paintAll);
  onChange(["units", "flows", "words", "lamps"], () => (places.some(({ key }) => key) ? later() : paintAll())); // the first comes with what stands around it, which makes room for it
  onFonts(redrawFlow);
}

/** The height that a panel has for a chart, `less` so much; on a page that scrolls `usual`, since the panel then is as high as what is in it. */
export function roomOf(panel, less, usual) {
  const fixed = getComputedStyle(panel).overflowY !== "visible";
  return fixed ? Math.max(280, panel.clientHeight - less) : usual;
}

/** Keep a chart with its list somewhere else on the page: the overview's panel. */
export function place(parts) {
  const each = { ...parts, nodes: new Map(), key: "" };
  places.push(each);
  new ResizeObserver(() => paintPlace(each)).observe(parts.chart);
  return each;
}

function paintAll() {
  if (!state.unit || !state.ready) return;
  for (const each of places) paintPlace(each);
}

/** Draw what is in front anew, whether or not anything changed. */
export function redrawFlow() {
  for (const each of places) each.key = "";
  paintAll();
}

/** Whether any link joins two parts of the unit in focus, or one with what is outside. */
export const hasChart = () => state.flows.length > 0 && state.children.size > 0;

function paintPlace(each) {
  if (!state.unit || !inFront(each.wall)) return;
  const wide = each.chart.clientWidth;
  const k = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  const high = each.highOf();
  const seen = state.flows.map((link) => [link.from, link.to, link.from_name, link.to_name, link.unit, link.flow, link.usual, stateOf(link), link.starved_flows]);
  const units = [...state.children.values()].map(({ path, name, productivity, latency, performance, worst, open, silent }) => [path, name, productivity, latency, performance, worst, open, silent]);
  const waiting = [...state.alerts.values()].filter((alert) => alert.unacked).map((alert) => alert.unit);
  const key = JSON.stringify([state.unit.path, seen, units, waiting, wide, high, k, language()]);
  if (key === each.key) return;
  each.key = key;
  const chart = wide >= NARROW_PX * k && state.children.size && (each.wanted?.() ?? true) ? drawChart(state.flows, wide, high, k, go, each) : null;
  if (chart) redraw(each.chart, chart);
  else each.chart.replaceChildren();
  each.chart.classList.toggle("drawn", chart !== null);
  paintList(each);
  each.onPainted?.(chart !== null);
}

function paintList(each) {
  if (each.nothing) setText(each.nothing, state.flows.length ? "" : t("room.flow.none"));
  const sorted = [...state.flows].sort((a, b) => weight(b) - weight(a));
  order(each.list, keyed(each.nodes, sorted, (link) => `${link.from}|${link.to}|${link.unit}|${link.from_inside}`, buildLink, fillLink));
  if (each.more) setText(each.more, state.flows.length ? plural("room.flow.count", state.flows.length) : "");
}

const weight = (link) => (link.starved ? 2 : link.starved_flows ? 1 : 0);

function buildLink() {
  const parts = { name: h("span.flow-from"), figure: h("span.flow-amount"), said: h("span.flow-said"), bar: svg('<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" class="flow-share"><path class="flow-share-ground" d="M0 1h100v6H0z"/><path class="flow-share-now"/><path class="flow-share-usual"/></svg>') };
  const node = h("li.flow-row", {}, h("div.flow-row-head", {}, parts.name, parts.figure), parts.bar, parts.said);
  node.parts = parts;
  return node;
}

function fillLink(node, link) {
  const { name, figure, said, bar } = node.parts;
  setText(name, `${nameOf(link, "from")} → ${nameOf(link, "to")}`);
  name.title = linkWords(link);
  setText(figure, amount(link));
  const is = stateOf(link);
  if (node.className !== `flow-row is-${is}`) node.className = `flow-row is-${is}`;
  const some = link.starved_flows && !link.starved ? plural("room.flow.some", link.starved_flows, { all: link.flows }) : "";
  setText(said, [is === "flows" ? "" : t(`room.flow.${is}`), some].filter(Boolean).join(" · "));
  const full = link.share === null ? 0 : Math.min(1, link.share / 1.25) * 100;
  setAttr(bar.querySelector(".flow-share-now"), "d", `M0 1h${full.toFixed(1)}v6H0z`);
  setAttr(bar.querySelector(".flow-share-usual"), "d", link.share === null ? "M0 0" : "M80 0v8");
}
