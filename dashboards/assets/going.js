// The way to another unit: whoever draws one leads there, and the page decides how.

let way = () => {};

/** Put the unit at `path` in focus; the wall in front stays. */
export const goTo = (path) => way(path);

export function onGoing(go) {
  way = go;
}
