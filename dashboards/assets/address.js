// The address of the page: what is looked at stands in it, so that a link shows the same.

export const param = (name) => new URLSearchParams(location.search).get(name);

/** Set parameters, null takes one away; the others and the wall stay. `push` makes a step that the browser can go back. */
export function setParams(changes, push = false) {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined) params.delete(name);
    else params.set(name, value);
  }
  const search = params.toString().replace(/%3A/g, ":").replace(/%2F/g, "/");
  const next = `${location.pathname}${search ? `?${search}` : ""}${location.hash}`;
  if (next !== `${location.pathname}${location.search}${location.hash}`) history[push ? "pushState" : "replaceState"](null, "", next);
}
