// What must hold on any screen, asked of the page as it stands. Gives {sideways, cut, small, over, texts}; run in the page by screens.py.
(phone) => {
  const TARGET_PX = 44;
  const SLACK_PX = 1.5;
  const TARGETS = 'button, a[href], input:not([type="hidden"]), select, textarea, summary, [role="button"], [role="tab"], [role="option"], [role="checkbox"], svg [tabindex="0"]';
  const styles = new Map();
  const style = (node) => {
    let found = styles.get(node);
    if (!found) styles.set(node, (found = getComputedStyle(node)));
    return found;
  };
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const short = (text) => text.trim().replace(/\s+/g, " ").slice(0, 60);
  const placed = (node) => {
    const panel = node.closest(".panel, .head, .foot, dialog");
    const named = node.closest("[class]");
    return `${panel?.id || panel?.className || "page"} .${String(named?.getAttribute("class")).split(" ")[0]}`;
  };
  const hides = (way) => way === "hidden" || way === "clip";
  const scrolls = (way) => way === "auto" || way === "scroll";

  const whole = new CSSStyleSheet(); // what is out of sight has only a guessed height until it is laid out
  whole.replaceSync("* { content-visibility: visible !important; }");
  document.adoptedStyleSheets.push(whole);

  const faults = { sideways: [], cut: [], small: [], over: [], texts: [] };
  const room = document.documentElement;
  if (room.scrollWidth > innerWidth) faults.sideways.push(`page ${room.scrollWidth} > ${innerWidth}`);

  /** Follow a text's box outwards: say where it is cut, and give what of it can be seen. */
  function follow(node, box, text) {
    const seen = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
    let [x, y] = [true, true]; // whether what sticks out would be lost on that axis
    for (let at = node; at && at !== document.documentElement; at = at.parentElement) {
      const own = style(at);
      const [wayX, wayY] = [own.overflowX, own.overflowY];
      const panel = at.classList.contains("panel") || at.classList.contains("head");
      if (own.textOverflow === "ellipsis" || own.webkitLineClamp !== "none") x = y = false;
      if (hides(wayX) || scrolls(wayX) || hides(wayY) || scrolls(wayY) || panel || at.tagName === "svg") {
        const edge = at.getBoundingClientRect();
        if (x && (hides(wayX) || panel) && (box.left < edge.left - SLACK_PX || box.right > edge.right + SLACK_PX)) return void faults.cut.push(`${placed(node)}: "${short(text)}" at the side`);
        if (y && (hides(wayY) || panel) && (box.top < edge.top - SLACK_PX - 2 || box.bottom > edge.bottom + SLACK_PX + 2)) return void faults.cut.push(`${placed(node)}: "${short(text)}" above or below`);
        if (scrolls(wayX)) x = false;
        if (scrolls(wayY)) y = false;
        Object.assign(seen, { left: Math.max(seen.left, edge.left), right: Math.min(seen.right, edge.right), top: Math.max(seen.top, edge.top), bottom: Math.min(seen.bottom, edge.bottom) });
      }
      if (own.position === "fixed" || own.position === "sticky" || at.tagName === "DIALOG") return null;
    }
    if (x && (box.left < -SLACK_PX || box.right > innerWidth + SLACK_PX)) faults.cut.push(`${placed(node)}: "${short(text)}" beyond the window`);
    return seen.right - seen.left > 1 && seen.bottom - seen.top > 1 ? seen : null;
  }

  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest("script, style, noscript, template, code, .uplot, .js-plotly-plot, #say, #say-feed, #say-now") || !shown(parent)) continue;
    faults.texts.push(short(node.data).length < 60 ? node.data.trim() : node.data.trim().replace(/\s+/g, " "));
    if (parent.closest(".unseen, option, select")) continue;
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      const seen = follow(parent, box, node.data);
      if (seen) boxes.push({ ...seen, node, parent });
    }
    const block = parent.closest(":not(svg *)");
    if (block === parent && style(parent).display !== "inline" && parent.clientWidth && parent.scrollWidth > parent.clientWidth + SLACK_PX && style(parent).overflowX === "visible") faults.cut.push(`${placed(parent)}: "${short(node.data)}" is wider than its place`);
  }
  for (const node of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
    if (shown(node)) for (const name of ["aria-label", "title", "placeholder", "alt"]) if (node.getAttribute(name)) faults.texts.push(node.getAttribute(name));
  }

  // Texts that stand on one another.
  boxes.sort((a, b) => a.top - b.top);
  for (let i = 0; i < boxes.length; i++) {
    const a = boxes[i];
    for (let j = i + 1; j < boxes.length && boxes[j].top < a.bottom; j++) {
      const b = boxes[j];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide < 2 || high < 0.4 * Math.min(a.bottom - a.top, b.bottom - b.top) || a.node === b.node) continue;
      faults.over.push(`${placed(a.parent)}: "${short(a.node.data)}" on "${short(b.node.data)}"`);
    }
  }

  if (phone) {
    for (const node of document.querySelectorAll(TARGETS)) {
      if (!shown(node) || node.closest("[inert], .unseen")) continue;
      if (node.tagName === "A" && style(node).display === "inline") continue; // a link within a sentence
      const box = (node.matches('[type="checkbox"], [type="radio"]') ? node.closest("label") ?? node : node).getBoundingClientRect();
      if (!box.width || !box.height) continue;
      if (box.width < TARGET_PX - 0.5 || box.height < TARGET_PX - 0.5) faults.small.push(`${placed(node)}: ${node.tagName.toLowerCase()} "${short(node.textContent || node.getAttribute("aria-label") || node.name || "")}" ${Math.round(box.width)}x${Math.round(box.height)}`);
    }
  }
  document.adoptedStyleSheets.pop();
  return faults;
}
