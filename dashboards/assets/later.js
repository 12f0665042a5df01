// Walls whose script comes when they are first opened: the overview waits for none of them.

import { h } from "./dom.js";
import { addWall } from "./walls.js";

/** Add a wall out of `module()`, an import of a script with `load`, `paint` and `tick`; styles that are its own come with it. */
export function addLater(wall, module, style = null) {
  let loaded = null;
  let asked = null;
  const get = () =>
    (asked ??= module().then((found) => {
      if (style) document.head.append(h("link", { rel: "stylesheet", href: new URL(style, import.meta.url).href }));
      return (loaded = found);
    }).catch(() => (asked = null))); // the room could not be reached: the next time asks again
  addWall({ ...wall, load: async () => (await get())?.load(), paint: () => loaded?.paint(), tick: () => (loaded ? loaded.tick?.() : get().then((found) => found?.load())) });
}
