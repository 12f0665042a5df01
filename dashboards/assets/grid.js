// AG Grid Community, fetched when a table is first opened: its script and sheets are files of ours, so no policy is relaxed for it.

import { h } from "./dom.js";
import { t } from "./words.js";

const HOME = "./vendor/ag-grid/";
const SHEETS = ["ag-grid.min.css", "ag-theme-quartz-no-font.min.css"];
const TEXTS = ["loadingOoo", "ariaRowSelect", "ariaRowDeselect", "ariaRowToggleSelection", "ariaSortableColumn", "ariaColumnSelectAll", "ariaChecked", "ariaUnchecked", "ariaIndeterminate", "ariaSelected", "ariaUnselected"];
let coming = null;

const url = (file) => new URL(HOME + file, import.meta.url).href;

/** Give the library, or null where the room cannot be reached. */
export function agGrid() {
  coming ??= new Promise((done) => {
    for (const sheet of SHEETS) document.head.prepend(h("link", { rel: "stylesheet", href: url(sheet) })); // before ours, which have the last word
    document.head.append(h("script", { src: url("ag-grid-community.min.noStyle.js"), onload: () => done(window.agGrid), onerror: () => done(null) }));
  });
  return coming.then((found) => {
    if (!found) coming = null;
    return found;
  });
}

/** What the grid itself says, in the reader's language. */
export const gridTexts = () => Object.fromEntries(TEXTS.map((name) => [name, t(`room.grid.${name}`)]));

const sign = (text) => `<span class="grid-sign">${text}</span>`;

/** Its icons are letters of a font that we do not bring. */
export const gridIcons = { sortAscending: sign("▲"), sortDescending: sign("▼"), sortUnSort: sign("") };
