// Plotly, fetched when something is first analysed: a file of ours like all scripts, so no policy is relaxed for it.

import { h } from "./dom.js";

const FILE = "./vendor/plotly/plotly-basic.min.js";
let coming = null;

/** Give the library, or null where the room cannot be reached. */
export function plotly() {
  coming ??= new Promise((done) => {
    document.head.append(h("script", { src: new URL(FILE, import.meta.url).href, onload: () => done(window.Plotly), onerror: () => done(null) }));
  });
  return coming.then((found) => {
    if (!found) coming = null;
    return found;
  });
}
