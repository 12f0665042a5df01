// What the wall "analysis" shows, as files: the picture as PNG, its figures as CSV (RFC 4180, times as RFC 3339).

import { h, token } from "./dom.js";

const SCALE = 2;
const KEEP_MS = 60_000;
const FONT = "./vendor/ibm-plex-sans-condensed/ibm-plex-sans-condensed-latin-400-normal.woff2";

/** Save the picture on the panel's ground; false where the browser cannot. */
export async function downloadPng(library, chart, name) {
  const { width, height } = chart.getBoundingClientRect();
  const image = new Image();
  try {
    const drawn = await library.toImage(chart, { format: "svg", width, height });
    image.src = await withFont(drawn); // as text in the address: the policy lets images be of that kind alone
    await image.decode();
  } catch {
    return false;
  }
  const canvas = h("canvas", { width: Math.round(width * SCALE), height: Math.round(height * SCALE) });
  const pen = canvas.getContext("2d");
  pen.fillStyle = token("--panel");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (blob) save(blob, name);
  return blob !== null;
}

/** A picture loads nothing, so it brings the letters that it was laid out with. */
async function withFont(drawn) {
  const at = drawn.indexOf(",");
  const text = decodeURIComponent(drawn.slice(at + 1));
  const found = await fetch(new URL(FONT, import.meta.url)).then((answer) => (answer.ok ? answer.blob() : null)).catch(() => null);
  if (!found) return drawn; // the browser's own letters then
  const font = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(found);
  });
  const face = `<style>@font-face { font-family: "IBM Plex Sans Condensed"; src: url(${font}) format("woff2"); }</style>`;
  const inside = text.indexOf(">") + 1;
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text.slice(0, inside) + face + text.slice(inside))}`;
}

export function downloadCsv(shown, name) {
  const rows = rowsOf[shown.view](shown);
  save(new Blob([rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")], { type: "text/csv;charset=utf-8" }), name);
}

const stamp = (ms) => new Date(ms).toISOString();
const path = (series) => series.path ?? series.name;

const rowsOf = {
  overlay: ({ series, results }) => [["t", "series", "unit", "value"], ...series.flatMap((one, i) => Array.from(results[i].t, (at, k) => [stamp(at), path(one), one.unit, results[i].v[k]]))],
  distribution: ({ series, results }) => [["series", "unit", "from", "to", "count"], ...series.flatMap((one, i) => results[i].counts.map((n, k) => [path(one), one.unit, results[i].edges[k], results[i].edges[k + 1], n]))],
  correlation: ({ series: [x, y], results: [found] }) => [["t", path(x), path(y), "lag_s"], ...found.t.map((at, k) => [stamp(at), found.x[k], found.y[k], found.lag * found.width_s])],
  forecast: ({ series: [one], results: [past, ahead] }) => [
    ["t", "series", "unit", "value", "expected", "low", "high"],
    ...Array.from(past.t, (at, k) => [stamp(at), path(one), one.unit, past.v[k], "", "", ""]),
    ...Array.from(ahead.t, (at, k) => [stamp(at), path(one), one.unit, "", ahead.mean[k], ahead.low[k], ahead.high[k]]),
  ],
};

function cell(value) {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value; // a name is no formula of whoever opens the file
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

function save(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}
