// The quantified flow chart: units as boxes with their iconic bar, links as wide as what flows; a starved link turns red.

import { ratioClass } from "./icons.js";
import { now, state } from "./model.js";
import { layOut } from "./flow_layout.js";
import { button, chamfered, label, markAt, s, widthOf } from "./svg.js";
import { fixed, number, plural, ratio, t, unitText } from "./words.js";

const SIZES = [[1.5, 176, 92], [1.3, 176, 92], [1.15, 176, 92], [1, 176, 92], [1, 150, 84], [1, 150, 64], [1, 124, 70], [1, 124, 56]]; // scale, box: as large as there is room
const THICKEST = 26;
const THINNEST = 2;

const keyOf = (link, end) => {
  const [path, inside] = end === "from" ? [link.from, link.from_inside] : [link.to, link.to_inside];
  return inside ? `in ${path}` : `${end} ${path ?? ""}`;
};

/** Whether what a link measures is too old to be shown as live. */
export const isOld = (link) => link.t !== null && now() - link.t > link.grey_s * 1000;

/** What is known of a link: `starved`, `old`, `unmeasured` or `flows`. */
export function stateOf(link) {
  if (!link.measured) return "unmeasured";
  if (isOld(link)) return "old";
  return link.starved ? "starved" : "flows";
}

export const nameOf = (link, end) => link[`${end}_name`] || t(link[`${end}_inside`] ? "room.root" : "room.flow.outside");

/** How much flows, in words: "12.1 of 40 t/h". */
export function amount(link) {
  const unit = unitText(link.unit);
  if (link.flow === null) return link.usual === null ? "–" : t("room.flow.usual", { usual: number(link.usual), unit });
  return link.usual === null ? `${number(link.flow)} ${unit}`.trim() : t("room.flow.of", { flow: number(link.flow), usual: number(link.usual), unit });
}

export function linkWords(link) {
  const said = { starved: t("room.flow.starved"), old: t("room.flow.old"), unmeasured: t("room.flow.unmeasured"), flows: "" }[stateOf(link)];
  const some = link.starved_flows && !link.starved ? plural("room.flow.some", link.starved_flows, { all: link.flows }) : "";
  return [`${nameOf(link, "from")} → ${nameOf(link, "to")}${link.names.length ? ` (${link.names.join(", ")})` : ""}`, amount(link), said, some].filter(Boolean).join(" · ");
}

/** The chart that the links of the unit in focus make, with every unit it contains. */
function chartOf(links, size) {
  const boxes = [...state.children.values()].map((unit) => ({ key: `in ${unit.path}`, unit, wide: size.wide, high: size.high }));
  const known = new Set(boxes.map((box) => box.key));
  for (const link of links) {
    for (const end of ["from", "to"]) {
      const key = keyOf(link, end);
      if (known.has(key)) continue;
      known.add(key);
      boxes.push({ key, outside: nameOf(link, end), path: link[end], inside: link[`${end}_inside`], wide: size.wide, high: Math.round(size.high * 0.4) });
    }
  }
  return boxes;
}

/** How thick links are: the largest of a unit of measurement sets the measure, and what meets at a box fits its side. */
function thicknesses(links, high, k) {
  const most = new Map();
  for (const link of links) most.set(link.unit, Math.max(most.get(link.unit) ?? 0, link.usual ?? 0, link.flow ?? 0));
  const bare = links.map((link) => (most.get(link.unit) ? { usual: Math.max(link.usual ?? 0, link.flow ?? 0) / most.get(link.unit), flow: (link.flow ?? 0) / most.get(link.unit) } : { usual: 0, flow: 0 }));
  const sides = new Map();
  links.forEach((link, i) => {
    for (const end of ["from", "to"]) {
      const side = `${end}${keyOf(link, end)}`;
      sides.set(side, (sides.get(side) ?? 0) + bare[i].usual);
    }
  });
  const scale = Math.min(THICKEST * k, (0.8 * high) / Math.max(1e-9, ...sides.values()));
  return bare.map(({ usual, flow }) => ({ usual: Math.max(THINNEST * k, usual * scale), flow: flow ? Math.max(THINNEST * k, flow * scale) : 0 }));
}

/** Draw the chart of `links` in a place so wide and high; null where it does not fit (a list says the same then). */
export function drawChart(links, wide, high, rem, go, { figures }) {
  const tries = SIZES.map(([scale, w, h]) => ({ k: scale * rem, wide: w * scale * rem, high: h * scale * rem }));
  let found = null;
  for (const size of tries) {
    const tried = attempt(links, wide, high, size);
    if (!tried.plan.fits) continue;
    found = { size, ...tried };
    if (tried.plan.high <= high) break; // else a smaller one; the smallest may be higher than its place, which scrolls
  }
  if (!found) return null;
  const { size, boxes, plan, thick } = found;
  const { k } = size;
  const tall = Math.ceil(Math.max(plan.high, 40 * k));
  const ports = portsOf(links, plan, thick);
  return s("svg.flow-chart", { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: "group", "aria-label": t("room.flow.drawing", { unit: state.unit.name || t("room.root") }) },
    links.map((link, i) => linkNode(link, plan.links[i], ports[i], thick[i])),
    boxes.map((box) => boxNode(box, plan.boxes.get(box.key), k, go)),
    figureNodes(links.map((link, i) => ({ link, points: plan.links[i], port: ports[i], thick: thick[i].usual })).filter(({ link }) => figures || link.starved), size.wide, k));
}

function attempt(links, wide, high, size) {
  const { k } = size;
  const thick = thicknesses(links, size.high, k);
  const boxes = chartOf(links, size);
  const plan = layOut(boxes, links.map((link, i) => ({ from: keyOf(link, "from"), to: keyOf(link, "to"), thick: thick[i].usual })), { wide, high, gapX: 34 * k, gapY: 11 * k });
  return { boxes, plan, thick };
}

/** Where on the sides of its boxes each link begins and ends: side by side, in the order of where they lead. */
function portsOf(links, plan, thick) {
  const sides = new Map();
  links.forEach((link, i) => {
    const points = plan.links[i];
    for (const end of ["from", "to"]) {
      const side = `${end}${keyOf(link, end)}`;
      if (!sides.has(side)) sides.set(side, []);
      sides.get(side).push({ i, end, y: end === "from" ? points[1].y : points.at(-2).y });
    }
  });
  const ports = links.map(() => ({}));
  for (const meeting of sides.values()) {
    meeting.sort((a, b) => a.y - b.y || a.i - b.i);
    let at = -meeting.reduce((sum, { i }) => sum + thick[i].usual, 0) / 2;
    for (const { i, end } of meeting) {
      ports[i][end] = at + thick[i].usual / 2;
      at += thick[i].usual;
    }
  }
  return ports;
}

/** The points of a link from the right side of its source to the left side of its target; one against the stream goes the other way. */
function waypoints(points, port) {
  const back = points[0].x > points.at(-1).x;
  return points.flatMap((point, i) => {
    const [first, last] = [i === 0, i === points.length - 1];
    const y = point.y + (first ? port.from : last ? port.to : 0);
    const [left, right] = [{ x: point.x, y }, { x: point.x + point.wide, y }];
    if (first) return [back ? left : right];
    if (last) return [back ? right : left];
    return back ? [right, left] : [left, right];
  });
}

function course(points) {
  return points.slice(1).reduce((d, point, i) => {
    const before = points[i];
    const middle = ((before.x + point.x) / 2).toFixed(1);
    return `${d}C${middle} ${before.y.toFixed(1)} ${middle} ${point.y.toFixed(1)} ${point.x.toFixed(1)} ${point.y.toFixed(1)}`;
  }, `M${points[0].x.toFixed(1)} ${points[0].y.toFixed(1)}`);
}

function linkNode(link, points, port, thick) {
  const d = course(waypoints(points, port));
  return s(`g.flow-link.is-${stateOf(link)}`, {}, s("title", {}, linkWords(link)),
    s("path.flow-usual", { d, "stroke-width": thick.usual }), thick.flow && link.measured ? s("path.flow-now", { d, "stroke-width": thick.flow }) : null);
}

/** Starved links are told first; a figure that would stand on another one is left to the list. */
function figureNodes(all, boxWide, k) {
  const taken = [];
  const free = (a) => taken.every((b) => Math.abs(a.x - b.x) * 2 > a.wide + b.wide || Math.abs(a.y - b.y) > 13 * k);
  return all.sort((a, b) => (b.link.starved ?? 0) - (a.link.starved ?? 0)).map(({ link, points, port, thick }) => figureNode(link, points, port, boxWide, thick, k)).filter((one) => {
    if (!one || !free(one.at)) return false;
    taken.push(one.at);
    return true;
  }).map((one) => one.node);
}

function figureNode(link, points, port, boxWide, thick, k) {
  const way = waypoints(points, port);
  const [x, y] = [(way[0].x + way[1].x) / 2, (way[0].y + way[1].y) / 2];
  const room = Math.abs(way[1].x - way[0].x) - 8 * k;
  const font = { px: 12 * k, weight: link.starved ? 700 : 400 };
  const texts = [amount(link), link.share === null ? "" : t("room.flow.share", { share: fixed(link.share * 100, 0) })];
  const text = texts.find((one) => widthOf(one, font.px, font) <= Math.min(room, boxWide));
  if (!text) return null;
  const at = { x, y: y - thick / 2 - 4 * k, wide: widthOf(text, font.px, font) };
  return { at, node: label(`flow-figure.is-${stateOf(link)}`, at.x, at.y, text, { ...font, anchor: "middle" }) };
}

/** The iconic bar: frame = potentiality, thick line = capability, fill = actuality. */
function barNode({ productivity, latency, performance }, x, y, wide, high) {
  const known = (value) => value !== null && value !== undefined;
  const line = known(latency) ? latency : known(productivity) ? 1 / Math.max(1, productivity) : null;
  const fill = known(performance) ? performance : known(productivity) && line !== null ? productivity * line : null;
  const bounded = (value) => Math.min(1, Math.max(0, value)) * high;
  const low = ratioClass(productivity);
  return s("g.flow-bar", {}, s(`rect.flow-frame${fill === null ? ".undefined" : ""}`, { x, y, width: wide, height: high }),
    fill === null ? null : s(`rect.flow-fill${low ? `.${low}` : ""}`, { x, y: y + high - bounded(fill), width: wide, height: bounded(fill) }),
    line === null ? null : s("path.flow-capability", { d: `M${x - 3} ${y + high - bounded(line)}h${wide + 6}` }));
}

function boxNode(box, { x, y, wide, high }, k, go) {
  if (!box.unit) return outsideNode(box, x, y, wide, high, k);
  const { unit } = box;
  const small = high < 80 * k;
  const [left, low] = [x + 46 * k, ratioClass(unit.productivity)];
  const long = widthOf(t("room.ratio.productivity"), 12.5 * k) <= wide - 92 * k;
  const words = [t("room.recursion.down", { unit: unit.name }), `${t("room.ratio.productivity")} ${ratio(unit.productivity)}`, unit.worst ? t(`room.priority.${unit.worst}`) : "", plural("room.focus.open", unit.open ?? 0)].filter(Boolean).join(". ");
  return button(unit.path, words, () => go(unit.path),
    chamfered(`flow-box${unit.worst ? `.p${unit.worst}.speaks` : ""}`, x, y, wide, high),
    label("flow-name", x + 11 * k, y + 20 * k, unit.name, { px: 15 * k, weight: 600, wide: wide - (unit.worst ? 44 : 20) * k }),
    barNode(unit, x + 13 * k, y + 31 * k, 22 * k, high - 41 * k),
    label(`flow-value${low ? `.${low}` : ""}`, left, y + (small ? 46 : 48) * k, ratio(unit.productivity), { px: 15 * k, face: "figures" }),
    label("flow-word", left + 42 * k, y + (small ? 46 : 48) * k, long ? t("room.ratio.productivity") : t("room.short.productivity"), { px: 12.5 * k, wide: wide - 92 * k }),
    small && high < 66 * k ? null : label("flow-word", left, y + (small ? 62 : 67) * k, unit.silent ? plural("room.tiles.silent", unit.silent) : `${t("room.ratio.latency")} ${ratio(unit.latency)}`, { px: 12.5 * k, wide: wide - 52 * k }),
    unit.worst ? markAt(x + wide - 17 * k, y + 16 * k, 19 * k, unit.worst, waits(unit.path)) : null);
}

const waits = (path) => [...state.alerts.values()].some((alert) => alert.unacked && (alert.unit === path || alert.unit.startsWith(`${path}/`)));

/** What lies outside the unit in focus, or is the unit itself. */
function outsideNode(box, x, y, wide, high, k) {
  return s("g", {}, chamfered("flow-outside", x, y, wide, high), label("flow-word", x + wide / 2, y + high / 2 + 5 * k, box.outside, { px: 13.5 * k, wide: wide - 16 * k, anchor: "middle" }));
}
