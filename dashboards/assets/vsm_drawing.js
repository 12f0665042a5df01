// Beer's drawing: circles are operations in their environment, squares management; 2 coordinates, 3* audits, and the algedonic channel leads past all to 5.

import { ratioClass } from "./icons.js";
import { button, label, markAt, s } from "./svg.js";
import { plural, ratio, t } from "./words.js";

const NARROW_PX = 620;
const LEAST_ROW = 64;
const MOST_ROW = 104;
const TRIANGLE = 15;

/** What a channel's line looks like: grey, or in the colour of the worst that runs on it. */
const hue = (worst, base) => `${base}${worst ? `.p${worst}.speaks` : ""}`;

/** System 2 speaks of alerts between units, and of flows between them that are starved. */
const beside = ({ worst, starved }, base) => (worst || !starved ? hue(worst, base) : `${base}.starved.speaks`);

/** A rounded outline that is no circle: the environment has no edge that anybody drew. */
function outline(cx, cy, rx, ry, turn = 0) {
  const points = Array.from({ length: 8 }, (_, i) => {
    const [angle, far] = [(i / 8) * 2 * Math.PI, 1 + 0.07 * Math.sin(i * 2.4 + turn)];
    return [cx + rx * far * Math.cos(angle), cy + ry * far * Math.sin(angle)];
  });
  const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2].map((n) => n.toFixed(1)).join(" ");
  const curve = points.map((point, i) => `Q${point.map((n) => n.toFixed(1)).join(" ")} ${middle(point, points[(i + 1) % 8])}`);
  return `M${middle(points[7], points[0])}${curve.join("")}z`;
}

const line = (cls, d) => s(`path.${cls}`, { d });
const blob = (cls, ...at) => line(cls, outline(...at));
const twice = (x1, x2, y, apart) => `M${x1.toFixed(1)} ${y - apart}H${x2.toFixed(1)}M${x1.toFixed(1)} ${y + apart}H${x2.toFixed(1)}`;
const both = (...at) => line("vsm-link", twice(...at));

function triangle(cls, x, y, size, number, k, down = false) {
  const [high, turn] = [size * 0.9, down ? -1 : 1];
  const shape = s(`path.${cls}`, { d: `M${x - size} ${y + turn * high * 0.8}h${2 * size}L${x} ${y - turn * high}z` });
  return !number ? shape : s("g", {}, shape, label("vsm-number", x, y + (down ? 1 : 8) * k, number, { px: 12 * k, weight: 700, face: "figures", anchor: "middle" }));
}

/** What a reader hears of an operation, and sees when pointing at it. */
export function operationWords(unit) {
  return [t("room.recursion.down", { unit: unit.name }), unit.productivity === null ? "" : `${t("room.ratio.productivity")} ${ratio(unit.productivity)}`,
    plural("room.focus.open", unit.open ?? 0), unit.climbed.n ? plural("room.recursion.risen", unit.climbed.n) : "",
    unit.worst ? t(`room.priority.${unit.worst}`) : "", unit.silent ? plural("room.tiles.silent", unit.silent) : ""].filter(Boolean).join(". ");
}

/** What stands in the squares of the metasystem. */
export function systemWords({ policy, outlook, control, top }) {
  const policyWords = [plural("room.recursion.decisions", policy.decided), policy.due && plural("room.recursion.due", policy.due), top && policy.asked && plural("room.recursion.asked", policy.asked)];
  return {
    5: policyWords.filter(Boolean).join(" · "),
    4: `${t("room.ratio.latency")} ${ratio(outlook.latency)}`,
    3: [plural("room.recursion.standing", control.n), control.waiting && plural("room.recursion.unseen", control.waiting)].filter(Boolean).join(" · "),
  };
}

function circle(unit, x, y, r, k, named) {
  const cls = ratioClass(unit.productivity);
  const inside = named
    ? [label("vsm-name", x, y - 1 * k, unit.name, { px: 12 * k, weight: 500, wide: 2 * r - 9 * k, anchor: "middle" }), label(`vsm-ratio${cls ? `.${cls}` : ""}`, x, y + 15 * k, ratio(unit.productivity), { px: 13 * k, face: "figures", anchor: "middle" })]
    : [label(`vsm-ratio${cls ? `.${cls}` : ""}`, x, y + 5 * k, ratio(unit.productivity), { px: 14 * k, face: "figures", anchor: "middle" })];
  const loud = unit.worst ? markAt(x + r * 0.75, y - r * 0.75, 19 * k, unit.worst, unit.known.waiting > 0) : null;
  return [s(hue(unit.worst, "circle.vsm-operation"), { cx: x, cy: y, r }), ...inside, loud];
}

function square(number, x, y, wide, high, k, words) {
  const name = t(`room.recursion.system.${number}`);
  const narrow = words === null;
  const middle = y + high / 2;
  return s("g", {}, s("rect.vsm-square", { x, y, width: wide, height: high }),
    label("vsm-number", x + 11 * k, narrow ? middle + 5 * k : y + 21 * k, String(number), { px: 15 * k, weight: 700, face: "figures" }),
    label("vsm-name", x + 27 * k, narrow ? middle + 5 * k : y + 21 * k, name, { px: (narrow ? 14 : 15) * k, weight: 500, wide: wide - 32 * k }),
    narrow ? null : label("vsm-reading", x + 27 * k, y + 41 * k, words, { px: 14 * k, wide: wide - 34 * k }));
}

/** The squares lead up, where the seat may look up. */
function metasystem(found, go, ...squares) {
  if (!found.up) return s("g", {}, squares);
  return button("up", t("room.recursion.up", { unit: found.up.name || t("room.root") }), () => go(found.up.path), squares);
}

/** The whole wall: environment to the left, operations, their management, 2 and the algedonic channel to the right; 3, 4, 5 above. */
export function drawWall(found, wide, high, k, go) {
  const slim = wide < NARROW_PX;
  const [xe, re, xo, bx, bw] = (slim ? [0.1, 0.085, 0.28, 0.4, 0.38] : [0.17, 0.11, 0.35, 0.46, 0.3]).map((share) => share * wide);
  const [x2, xa, x3] = [bx + bw + (slim ? 0.07 : 0.08) * wide, bx + bw + (slim ? 0.16 : 0.18) * wide, (xo + bx) / 2 + (slim ? 4 : 0)];
  const [sh, gap, y5] = [52 * k, 13 * k, 16 * k];
  const [y4, y3] = [y5 + sh + gap, y5 + 2 * (sh + gap)];
  const first = y3 + sh + 34 * k;
  const count = Math.max(1, found.units.length);
  const row = Math.min(MOST_ROW * k, Math.max(LEAST_ROW * k, (high - first - 8 * k) / count));
  const place = { xe, re, xo, bx, bw, x2, xa, x3, row, slim, k, r: Math.min(row * 0.42, (slim ? 25 : 36) * k) };
  const rows = found.units.map((unit, i) => ({ unit, y: first + row * (i + 0.5) }));
  const last = first + row * (count - 0.5);
  const tall = Math.ceil(first + row * count + 8 * k);
  const words = systemWords(found);
  const middle = bx + bw / 2;
  const loud = found.algedonic;
  return s("svg.vsm", { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: "group", "aria-label": t("room.recursion.drawing", { unit: found.focus.name || t("room.root") }) },
    blob("vsm-world", xe, tall / 2, re * 1.12, tall / 2 - 6 * k), blob("vsm-future", xe, y4 + sh / 2, re * 0.55, sh * 0.62, 2),
    both(xe + re * 0.6, bx, y4 + sh / 2, 4 * k),
    line("vsm-link", `M${middle} ${y5 + sh}V${y4}M${middle} ${y4 + sh}V${y3}`),
    line(`vsm-bargain${found.bargain.waiting ? ".busy" : ""}`, `M${middle} ${y3 + sh}V${rows.length ? last : y3 + sh}`),
    line(beside(found.coordination, "vsm-coordination"), `M${bx + bw} ${y3 + sh / 2}H${x2}V${rows.length ? last : y3 + sh / 2}`),
    line(`vsm-audit${found.audits.below ? ".busy" : ""}`, `M${bx} ${y3 + sh / 2}H${x3}V${rows.length ? last - place.r * 0.6 : y3 + sh / 2}`),
    line("vsm-algedonic", `M${xa} ${rows.length ? last + row * 0.2 : y3}V${y5 + sh / 2}H${bx + bw + 9 * k}`),
    loud.n ? line(hue(loud.worst, "vsm-algedonic"), `M${xa} ${(rows.findLast((each) => each.unit.climbed.n)?.y ?? y3) + row * 0.2}V${y5 + sh / 2}H${bx + bw + 9 * k}`) : null,
    s(hue(loud.worst, "path.vsm-arrow"), { d: `M${bx + bw} ${y5 + sh / 2}l${11 * k} ${-6 * k}v${12 * k}z` }),
    loud.n ? s("g", {}, markAt(xa, (y5 + y3) / 2 + sh / 2, 20 * k, loud.worst, loud.waiting > 0), label("vsm-count", xa - 14 * k, (y5 + y3) / 2 + sh / 2 + 5 * k, String(loud.n), { px: 14 * k, weight: 700, face: "figures", anchor: "end" })) : null,
    surroundings(rows, place),
    rows.map((each) => operationRow(each, place, go)),
    metasystem(found, go, square(5, bx, y5, bw, sh, k, words[5]), square(4, bx, y4, bw, sh, k, words[4]), square(3, bx, y3, bw, sh, k, words[3])),
    triangle("vsm-triangle", x2, y3 + sh / 2, TRIANGLE * k, "2", k, true), triangle("vsm-triangle", x3, y3 + sh / 2, TRIANGLE * k, "3*", k));
}

/** What surrounds the operations of all rows, as three shapes: many of them are drawn as fast as one. */
function surroundings(rows, { xe, re, xo, bx, bw, x2, row, r, k }) {
  const half = (row - 12 * k) / 2;
  const quiet = rows.filter(({ unit }) => !unit.lateral.worst && !unit.lateral.starved);
  return [
    line("vsm-environment", rows.map(({ y }) => outline(xe + re * 0.45, y, re * 0.8, half, y)).join("")),
    line("vsm-link", rows.map(({ y }) => twice(xe + re * 1.2, xo - r, y, 4 * k) + twice(xo + r, bx, y, 4 * k)).join("")),
    line("vsm-coordination", quiet.map(({ y }) => `M${(bx + bw).toFixed(1)} ${y - 6 * k}H${x2.toFixed(1)}`).join("")),
  ];
}

function operationRow({ unit, y }, { xo, bx, bw, x2, xa, x3, row, r, slim, k }, go) {
  const [high, edge] = [row - 12 * k, bx + bw];
  const said = [plural("room.focus.open", unit.open ?? 0), unit.climbed.n && plural("room.recursion.risen", unit.climbed.n), unit.silent && plural("room.tiles.silent", unit.silent)].filter(Boolean).join(" · ");
  return s("g", {},
    unit.audited ? line("vsm-audit.busy", `M${x3} ${y - r * 0.6}H${xo + r * 0.8}`) : null,
    unit.lateral.worst || unit.lateral.starved ? line(beside(unit.lateral, "vsm-coordination"), `M${edge} ${y - 6 * k}H${x2}`) : null, triangle(beside(unit.lateral, "vsm-triangle"), x2, y - 6 * k, 6 * k, "", k, true),
    unit.climbed.n ? line(hue(unit.climbed.worst, "vsm-algedonic"), `M${edge} ${y + row * 0.2}H${xa}`) : null,
    unit.climbed.n ? label("vsm-count", xa + 8 * k, y + row * 0.2 + 5 * k, String(unit.climbed.n), { px: 13 * k, weight: 700, face: "figures" }) : null,
    button(unit.path, operationWords(unit), () => go(unit.path),
      s("rect.vsm-square", { x: bx, y: y - high / 2, width: bw, height: high }),
      label("vsm-name", bx + 11 * k, y - 2 * k, unit.name, { px: 15 * k, weight: 600, wide: bw - 20 * k }),
      label("vsm-reading", bx + 11 * k, y + 17 * k, slim ? plural("room.focus.open", unit.open ?? 0) : said, { px: 13.5 * k, wide: bw - 20 * k }),
      circle(unit, xo, y, r, k, false)));
}

/** The panel: the metasystem to the left, the operations in rows beside it, the channels between. */
export function drawPanel(found, wide, high, k, go) {
  const [bx, bw, bh, pad] = [2 * k, 104 * k, 36 * k, 15 * k];
  const [x0, x1] = [bx + bw + 46 * k, wide - 22 * k];
  const count = Math.max(1, found.units.length);
  const grid = best(count, x1 - x0, high - pad - 8 * k, k);
  const tall = Math.max(Math.ceil(pad + grid.rows * grid.cellH + 4 * k), 3 * bh + 110 * k);
  const step = (tall - pad - 46 * k - bh) / 2;
  const [y5, y4, y3] = [pad, pad + step, pad + 2 * step];
  const middle = bx + bw / 2;
  const at = found.units.map((unit, i) => ({ unit, x: x0 + grid.cellW * ((i % grid.cols) + 0.5), y: pad + grid.cellH * (Math.floor(i / grid.cols) + 0.5) - 4 * k }));
  const ys = [...new Set(at.map((each) => each.y))];
  const [bus, right, loud] = [x0 - 14 * k, wide - 9 * k, found.algedonic];
  const [two, star] = [{ x: middle + 26 * k, y: y3 + bh + 22 * k }, { x: middle - 26 * k, y: y3 + bh + 22 * k }];
  const lanes = ys.map((y) => panelLane(y, at.filter((each) => each.y === y), { bus, right, r: grid.r, k, found, go }));
  return s("svg.vsm", { width: wide, height: tall, viewBox: `0 0 ${wide} ${tall}`, role: "group", "aria-label": t("room.recursion.drawing", { unit: found.focus.name || t("room.root") }) },
    at.length ? blob("vsm-world", (x0 + x1) / 2 + 4 * k, tall / 2, (x1 - x0) / 2 + 10 * k, tall / 2 - 6 * k) : null,
    line("vsm-link", `M${middle} ${y5 + bh}V${y4}M${middle} ${y4 + bh}V${y3}`),
    at.length ? line(`vsm-bargain${found.bargain.waiting ? ".busy" : ""}`, `M${bx + bw} ${y3 + bh / 2}H${bus}M${bus} ${Math.min(y3 + bh / 2, ys[0])}V${Math.max(y3 + bh / 2, ys.at(-1))}`) : null,
    at.length ? line(beside(found.coordination, "vsm-coordination"), `M${two.x} ${two.y}H${bus + 6 * k}M${bus + 6 * k} ${Math.min(two.y, ys[0] + grid.r + 5 * k)}V${Math.max(two.y, ys.at(-1) + grid.r + 5 * k)}`) : null,
    line("vsm-link", `M${two.x} ${y3 + bh}V${two.y}M${star.x} ${y3 + bh}V${star.y}`),
    at.length ? line(`vsm-audit${found.audits.below ? ".busy" : ""}`, `M${star.x} ${star.y + 10 * k}V${tall - 2}H${bus - 6 * k}V${ys[0] - grid.r - 5 * k}`) : null,
    line(hue(loud.worst, "vsm-algedonic"), `M${right} ${at.length ? ys.at(-1) + grid.r + 11 * k : y3}V${4 * k}H${middle}V${y5 - 3 * k}`),
    s(hue(loud.worst, "path.vsm-arrow"), { d: `M${middle} ${y5}l${-5 * k} ${-9 * k}h${10 * k}z` }),
    lanes,
    metasystem(found, go, square(5, bx, y5, bw, bh, k, null), square(4, bx, y4, bw, bh, k, null), square(3, bx, y3, bw, bh, k, null)),
    triangle("vsm-triangle", two.x, two.y, 13 * k, "2", k, true), triangle("vsm-triangle", star.x, star.y, 13 * k, "3*", k),
    loud.n ? panelCount(loud, right, k) : null);
}

/** How many columns give the largest circles; when none fits, the drawing grows and its panel scrolls. */
function best(count, wide, high, k) {
  let found = null;
  for (let cols = 1; cols <= count; cols++) {
    const rows = Math.ceil(count / cols);
    const [cellW, cellH] = [wide / cols, Math.min(104 * k, Math.max(74 * k, high / rows))];
    const r = Math.min(36 * k, cellW / 2 - 6 * k, cellH / 2 - 14 * k);
    const over = rows * cellH > high + 1 ? 100 * k : 0;
    if (cellW >= 58 * k && (!found || r - over > found.score)) found = { cols, rows, cellW, cellH, r: Math.max(22 * k, r), score: r - over };
  }
  return found ?? { cols: 1, rows: count, cellW: wide, cellH: 74 * k, r: 22 * k };
}

function panelLane(y, units, { bus, right, r, k, found, go }) {
  const last = units.at(-1).x;
  const lateral = { worst: Math.min(...units.map((each) => each.unit.lateral.worst ?? 9)) % 9 || null, starved: units.some((each) => each.unit.lateral.starved) };
  const climbing = units.filter((each) => each.unit.climbed.n);
  const worst = climbing.length ? Math.min(...climbing.map((each) => each.unit.climbed.worst)) : null;
  return s("g", {},
    units.map((each) => blob("vsm-environment", each.x + r * 0.3, y + r * 0.2, r * 1.25, r * 1.15, each.x)),
    line(`vsm-bargain${found.bargain.waiting ? ".busy" : ""}`, `M${bus} ${y}H${last}`),
    line(beside(lateral, "vsm-coordination"), `M${bus + 6 * k} ${y + r + 5 * k}H${last}${units.map((each) => `M${each.x} ${y + r}v${5 * k}`).join("")}`),
    units.map((each) => (each.unit.audited ? line("vsm-audit.busy", `M${bus - 6 * k} ${y - r - 5 * k}H${each.x}v${5 * k}`) : null)),
    climbing.length ? line(hue(worst, "vsm-algedonic"), `${climbing.map((each) => `M${each.x + r * 0.4} ${y + r * 0.9}V${y + r + 11 * k}`).join("")}M${climbing[0].x + r * 0.4} ${y + r + 11 * k}H${right}`) : null,
    units.map(({ unit, x }) => button(unit.path, operationWords(unit), () => go(unit.path), circle(unit, x, y, r, k, true))));
}

function panelCount(loud, right, k) {
  return s("g", {}, s("rect.vsm-plate", { x: right - 60 * k, y: 0, width: 40 * k, height: 17 * k }), markAt(right - 30 * k, 8 * k, 15 * k, loud.worst, loud.waiting > 0),
    label("vsm-count", right - 42 * k, 13 * k, String(loud.n), { px: 12.5 * k, weight: 700, face: "figures", anchor: "end" }));
}
