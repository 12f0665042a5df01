// Small tools for nodes that our scripts own: build, set only what changed, keep keyed lists in order.

export const $ = (id) => document.getElementById(id);

/** Build an element: `h("p.note", {title: "x"}, "text", child)`. Keys starting with "on" are listeners. */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && key !== "form") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Build SVG from our own fixed text (never from anything received). */
export function svg(text) {
  const holder = document.createElement("template");
  holder.innerHTML = text.trim();
  return holder.content.firstElementChild;
}

/** Set text only if it differs, so that an idle screen writes nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show or hide a node, written only if that changes it. */
export function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

export function setAttr(node, name, value) {
  if (value === null || value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/**
 * Put `nodes` into `parent` in this order, moving only those out of place (a moved node would lose focus). `held`, a child where
 * somebody types, is never moved nor taken away: the others go around it.
 */
export function order(parent, nodes, held = null) {
  const all = held && !nodes.includes(held) ? [...nodes, held] : nodes;
  const wanted = new Set(all);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let at = parent.firstChild;
  for (const node of all) {
    while (node === held && at !== held) {
      const next = at.nextSibling;
      parent.append(at); // its place comes later
      at = next;
    }
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

/** Keep one node for each key: `make(item)` once, `update(node, item)` on each call. Gives nodes in the order of `items`. */
export function keyed(cache, items, keyOf, make, update) {
  const seen = new Set();
  const nodes = items.map((item) => {
    const key = keyOf(item);
    seen.add(key);
    let node = cache.get(key);
    if (!node) {
      node = make(item);
      cache.set(key, node);
    }
    update(node, item);
    return node;
  });
  for (const key of cache.keys()) if (!seen.has(key)) cache.delete(key);
  return nodes;
}

const FIRST = 24; // more than a screen shows of any list
const PART_MS = 8;
const filling = new WeakMap();

/**
 * Let `parent` hold what each of `makers` makes: what may be in sight at once, the rest frame by frame. What stood in a
 * place stands there until its turn comes, so nothing jumps; and for good where somebody has opened a form.
 */
export function fill(parent, makers) {
  const mine = Symbol("fill");
  filling.set(parent, mine);
  let at = 0;
  const put = () => {
    const stood = parent.children[at];
    if (!stood) parent.append(makers[at]());
    else if (!stood.querySelector("form, .secret")) stood.replaceWith(makers[at]());
    at++;
  };
  while (at < makers.length && at < FIRST) put();
  while (parent.childElementCount > makers.length) parent.lastElementChild.remove();
  const part = () => {
    if (filling.get(parent) !== mine) return;
    const until = performance.now() + PART_MS;
    while (at < makers.length && performance.now() < until) put();
    if (at < makers.length) requestAnimationFrame(part);
  };
  if (at < makers.length) requestAnimationFrame(part);
}

/** Read a colour token as the browser resolved it (canvases cannot use variables). */
const colours = new Map();
export function token(name) {
  let value = colours.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    colours.set(name, value);
  }
  return value;
}
export function forgetTokens() {
  colours.clear();
}

/** Whether `node` was last drawn from something else than `said`: what is drawn anew takes focus and unfolding with it, so it is done for a change only. */
export function isNew(node, said) {
  const key = JSON.stringify(said);
  if (node.drawnOf === key) return false;
  node.drawnOf = key;
  return true;
}

/** Whether the hand is in `node` or nowhere: only then may what is done with it move the focus. */
export const handIn = (node) => node.contains(document.activeElement) || document.activeElement === document.body;

/** Remember a choice in this browser; a browser that keeps nothing is fine. */
export function remember(key, value) {
  try {
    window.localStorage.setItem(`opsroom.${key}`, value);
  } catch {
    // Private windows may refuse: the choice then lasts as long as the page.
  }
}

export function remembered(key) {
  try {
    return window.localStorage.getItem(`opsroom.${key}`);
  } catch {
    return null;
  }
}

const NOTICE_MS = 9000;
let fading = 0;

/** Show a sentence for a while, for what has no card of its own (any more); it is read aloud too. */
export function notice(text) {
  const place = $("notice");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (place.hidden = true), NOTICE_MS);
}

const SPOKEN_MS = 1500;
let saidAt = -Infinity;

/** Have all be told inside `place`: outside a dialog that is open nothing is read aloud, and a notice would lie under its backdrop. */
export function tellIn(place) {
  const spoken = performance.now() - saidAt > SPOKEN_MS; // what moves with its words would be read once more
  for (const id of ["notice", "say", "say-feed", "say-now"]) {
    const node = $(id);
    if (!node || node.parentElement === place) continue;
    if (spoken && id !== "notice") node.textContent = "";
    place.append(node);
  }
}

/** Speak to those who listen instead of look. */
export function say(text, { now = false } = {}) {
  const place = $(now ? "say-now" : "say"); // at once only for what asks to act now: it breaks into what is being read
  saidAt = performance.now();
  if (place) place.textContent = text;
}

/**
 * Give what calls `paint` at once after a rest, else once in `everyMs`: what changes with every reading is read no faster. Each
 * goes in a task of its own, so that a key comes between them; `inFrame`, after a rest, in the frame of who asks, which saves one.
 */
export function atMost(everyMs, paint, { inFrame = false } = {}) {
  let due = 0;
  let last = -Infinity;
  const go = () => {
    due = 0;
    last = performance.now();
    paint();
  };
  return () => {
    if (due) return;
    const wait = Math.max(0, last + everyMs - performance.now());
    if (inFrame && !wait) go();
    else due = setTimeout(go, wait);
  };
}
