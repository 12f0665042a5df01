// The pictures of the wall "analysis": from what the room answered to traces and a layout of Plotly, in the room's own words, times and inks.

import { token } from "./dom.js";
import { clock, day, locale, number, t, timeZone, unitText, when } from "./words.js";

const STEPS_S = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
const AXIS_SHARE = 0.065; // of the width, for each axis beyond the second

/** Inks and dashes tell series apart, since colour says that something is abnormal. */
const lineOf = (place) => ({ color: token(["--ink", "--fill", "--trace"][place % 3]), width: place % 3 === 1 ? 2.25 : 1.5, dash: DASHES[place % DASHES.length] });

const clear = (colour) => `${colour}00`;

/** Instants between `from` and `to` (ms) that clocks of the unit show as round, with their words. */
function ticks(from, to, most) {
  const step = 1000 * (STEPS_S.find((s) => (to - from) / 1000 / s <= most) ?? STEPS_S.at(-1));
  const there = zoneOffset((from + to) / 2);
  const found = [];
  for (let at = Math.ceil((from + there) / step) * step - there; at <= to; at += step) found.push(at);
  const word = step >= 86_400_000 ? day : (at) => (step < 60_000 ? clock(at, true) : to - from > 86_400_000 ? `${clock(at)}<br>${day(at)}` : clock(at));
  return { tickmode: "array", tickvals: found, ticktext: found.map(word) };
}

function zoneOffset(ms) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: timeZone(), timeZoneName: "longOffset" }).formatToParts(ms);
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(parts.find((part) => part.type === "timeZoneName").value) ?? [];
  return sign ? (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000 : 0;
}

function base({ width, height }) {
  const [decimal, group] = [1.5, 12_345].map((n, i) => new Intl.NumberFormat(locale()).formatToParts(n).find((part) => part.type === ["decimal", "group"][i])?.value ?? "");
  return {
    width, height, autosize: false, paper_bgcolor: clear(token("--panel")), plot_bgcolor: clear(token("--panel")), separators: decimal + group,
    font: { family: "IBM Plex Sans Condensed, Arial Narrow, sans-serif", size: 14, color: token("--ink-2") }, margin: { l: 64, r: 24, t: 12, b: 46 },
    showlegend: true, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: token("--ink") } }, hovermode: "x unified", dragmode: "zoom",
    hoverlabel: { bgcolor: token("--raised"), bordercolor: token("--line"), font: { color: token("--ink") } },
  };
}

const axis = (more = {}) => ({ gridcolor: token("--line"), linecolor: token("--line"), zeroline: false, fixedrange: true, ticks: "outside", tickcolor: token("--line"), ...more });
const label = (series) => [series.name, series.unit_name].filter(Boolean).join(" · ");
export const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;"); // Plotly reads a little markup in what it writes
const measure = (series) => unitText(series.unit) || t("room.analysis.no_unit");
const timeAxis = (from, to, width) => axis({ range: [from, to], fixedrange: false, hoverformat: "", ...ticks(from, to, Math.max(3, Math.floor(width / 110))) });

function said(times, values, unit) {
  const text = unitText(unit);
  return Array.from(times, (_, i) => `${number(values[i])} ${text}`.trim());
}

/** All series over one time axis, each unit of measure with an axis of its own; one alone is named there, without a legend. */
export function overlay(found, size, { from, to }) {
  const units = [...new Set(found.map(({ series }) => measure(series)))];
  const beyond = Math.max(0, units.length - 2);
  const right = 1 - AXIS_SHARE * beyond;
  const alone = found.length === 1;
  const layout = { ...base(size), showlegend: !alone, xaxis: { ...timeAxis(from, to, size.width * right), domain: [0, right] } };
  if (units.length > 1) layout.margin.r = 64;
  units.forEach((unit, i) => {
    const where = i === 0 ? {} : { overlaying: "y", side: "right", showgrid: false, tickmode: "auto", anchor: i === 1 ? "x" : "free", position: i === 1 ? undefined : right + AXIS_SHARE * (i - 1) };
    layout[`yaxis${i ? i + 1 : ""}`] = axis({ title: { text: plain(alone ? `${label(found[0].series)} (${unit})` : unit), standoff: 6 }, ...where });
  });
  const traces = found.map(({ series, content }, place) => {
    const on = units.indexOf(measure(series));
    return { type: "scatter", mode: "lines", name: plain(label(series)), x: Array.from(content.t), y: Array.from(content.v), yaxis: on ? `y${on + 1}` : "y", line: lineOf(place), connectgaps: false, text: said(content.t, content.v, series.unit), hovertemplate: "%{text}" };
  });
  layout.xaxis.unifiedhovertitle = { text: "" };
  return { traces, layout };
}

/** How often each value came, series of one unit of measure over one another. */
export function distribution(found, size) {
  const units = [...new Set(found.map(({ series }) => measure(series)))];
  const layout = { ...base(size), barmode: "overlay", hovermode: "closest", bargap: 0 };
  const gap = 0.14;
  const share = (1 - gap * (units.length - 1)) / units.length;
  units.forEach((unit, i) => {
    const n = i ? i + 1 : "";
    const top = 1 - i * (share + gap);
    layout[`xaxis${n}`] = axis({ title: { text: plain(unit), standoff: 4 }, anchor: `y${n}` });
    layout[`yaxis${n}`] = axis({ tickformat: ".0%", domain: [Math.max(0, top - share), top], anchor: `x${n}`, rangemode: "tozero", nticks: 4 });
  });
  const traces = found.map(({ series, content: { edges, counts, n } }, place) => {
    const on = units.indexOf(measure(series));
    const widths = counts.map((_, i) => edges[i + 1] - edges[i]);
    const { color } = lineOf(place);
    return {
      type: "bar", name: plain(label(series)), x: counts.map((_, i) => (edges[i] + edges[i + 1]) / 2), y: counts.map((count) => count / n), width: widths, xaxis: on ? `x${on + 1}` : "x", yaxis: on ? `y${on + 1}` : "y",
      marker: { color, opacity: found.length > 1 ? 0.5 : 0.85, line: { color, width: 1 } },
      text: counts.map((count, i) => `${number(edges[i])} – ${number(edges[i + 1])} ${unitText(series.unit)}: ${number(count)}`), hovertemplate: "%{text}<extra></extra>", textposition: "none",
    };
  });
  return { traces, layout };
}

/** The pairs at one lag with their line, and beside them the correlation of every lag with its bound. */
export function correlation([first, second], found, size) {
  const narrow = size.width < 640;
  const layout = { ...base(size), showlegend: false, hovermode: "closest" };
  const [left, right] = narrow ? [[0, 1], [0, 1]] : [[0, 0.54], [0.64, 1]];
  const minutes = (lag) => (lag * found.width_s) / 60;
  layout.xaxis = axis({ domain: left, anchor: "y", title: { text: plain(`${label(first)} (${measure(first)})`), standoff: 4 } });
  layout.yaxis = axis({ domain: narrow ? [0.58, 1] : [0, 1], anchor: "x", title: { text: plain(`${label(second)} (${measure(second)})`), standoff: 4 } });
  layout.xaxis2 = axis({ domain: right, anchor: "y2", title: { text: t("room.analysis.lag_axis"), standoff: 4 } });
  layout.yaxis2 = axis({ domain: narrow ? [0, 0.38] : [0, 1], anchor: "x2", range: [-1.05, 1.05], title: { text: "r", standoff: 4 }, zeroline: true, zerolinecolor: token("--ink-2") });
  const ends = found.x.length ? [Math.min(...found.x), Math.max(...found.x)] : [];
  const words = found.x.map((x, i) => `${when(found.t[i], Date.now())}<br>${number(x)} ${unitText(first.unit)} · ${number(found.y[i])} ${unitText(second.unit)}`);
  const chosen = found.lags.indexOf(found.lag);
  const lags = found.lags.map(minutes);
  const bound = (sign) => found.bounds.map((one) => (one === null ? null : sign * one));
  const edge = { type: "scatter", mode: "lines", x: lags, xaxis: "x2", yaxis: "y2", hoverinfo: "skip", line: { width: 0, color: token("--band") } };
  return {
    layout,
    traces: [
      { type: "scatter", mode: "markers", x: found.x, y: found.y, marker: { color: token("--fill"), size: 6, opacity: 0.7 }, text: words, hovertemplate: "%{text}<extra></extra>" },
      { type: "scatter", mode: "lines", x: ends, y: found.slope === null ? [] : ends.map((x) => found.slope * x + found.intercept), line: { color: token("--ink"), width: 1.5, dash: "dash" }, hoverinfo: "skip" },
      { ...edge, y: bound(-1) },
      { ...edge, y: bound(1), fill: "tonexty", fillcolor: token("--band") },
      { type: "scatter", mode: "lines", x: lags, y: found.r, xaxis: "x2", yaxis: "y2", line: { color: token("--ink"), width: 1.75 }, text: found.r.map((r, i) => `${t("room.analysis.lag_by", { lag: number(lags[i]) })}: r = ${number(r)}`), hovertemplate: "%{text}<extra></extra>" },
      { type: "scatter", mode: "markers", x: [lags[chosen]], y: [found.r[chosen]], xaxis: "x2", yaxis: "y2", marker: { color: token("--orange"), size: 11, symbol: "diamond" }, hoverinfo: "skip" },
    ],
  };
}

/** A band that opens wide leaves the past at least a third of the height. */
function within(past, { low, high }) {
  const real = Array.from(past).filter(Number.isFinite);
  if (!real.length) return {};
  const [bottom, top] = [Math.min(...real), Math.max(...real)];
  const span = top - bottom || Math.abs(top) || 1;
  const [least, most] = [Math.min(bottom, ...Array.from(low).filter(Number.isFinite)), Math.max(top, ...Array.from(high).filter(Number.isFinite))];
  return { range: [Math.max(least, bottom - span) - span * 0.05, Math.min(most, top + span) + span * 0.05] };
}

/** The past, and what the room expects with its band. */
export function forecast({ series, content, ahead }, size, { from, to }) {
  const end = ahead.t.length ? ahead.t[ahead.t.length - 1] : to;
  const layout = { ...base(size), xaxis: timeAxis(from, end, size.width), yaxis: axis({ title: { text: plain(measure(series)), standoff: 6 }, ...within(content.v, ahead) }) };
  const times = Array.from(ahead.t);
  const edge = { type: "scatter", mode: "lines", x: times, line: { width: 0, color: token("--band") } };
  layout.xaxis.unifiedhovertitle = { text: "" };
  return {
    layout,
    traces: [
      { ...edge, y: Array.from(ahead.low), hoverinfo: "skip", showlegend: false },
      { ...edge, y: Array.from(ahead.high), fill: "tonexty", fillcolor: token("--band"), name: t("room.analysis.band"), text: times.map((_, i) => `${number(ahead.low[i])} – ${number(ahead.high[i])} ${unitText(series.unit)}`), hovertemplate: "%{text}" },
      { type: "scatter", mode: "lines", name: t("room.analysis.expected"), x: times, y: Array.from(ahead.mean), line: { color: token("--ink"), width: 1.75, dash: "dash" }, text: said(ahead.t, ahead.mean, series.unit), hovertemplate: "%{text}" },
      { type: "scatter", mode: "lines", name: plain(label(series)), x: Array.from(content.t), y: Array.from(content.v), line: lineOf(0), text: said(content.t, content.v, series.unit), hovertemplate: "%{text}" },
    ],
  };
}
