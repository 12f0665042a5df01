// Modal dialogs. While somebody signs in they stand aside with all that was typed: an open one would leave the sign-in page without a hand.

import { $, tellIn } from "./dom.js";

const aside = []; // {box, focus}, in the order in which they were opened

/** What is told is told in the dialog on top: all else does nothing while it is open. */
const tellOnTop = () => tellIn([...$("dialogs").querySelectorAll(":scope > dialog[open]")].at(-1) ?? $("frame"));

/** Show a dialog, or have it wait until there is a room again to show it over. */
export function openModal(box) {
  box.addEventListener("close", () => {
    tellOnTop();
    box.remove();
  });
  if ($("room").hidden) {
    aside.push({ box, focus: null });
    return;
  }
  $("dialogs").append(box);
  box.showModal();
  tellOnTop();
}

/** What a dialog posts is called off with this when it is closed. */
export function closing(box) {
  const off = new AbortController();
  box.addEventListener("close", () => off.abort());
  return off.signal;
}

/** Close a dialog whose act is done. One that stands aside hears of no closing by itself, and would come back as if nothing had been sent. */
export function finish(box) {
  const at = aside.findIndex((one) => one.box === box);
  if (at < 0) box.close();
  else {
    aside.splice(at, 1);
    box.dispatchEvent(new Event("close"));
  }
}

/** Taken out of the page a dialog keeps its nodes and what stands in them, and hears of no closing. */
export function setAside() {
  tellIn($("frame"));
  for (const box of [...$("dialogs").querySelectorAll(":scope > dialog[open]")]) {
    aside.push({ box, focus: box.contains(document.activeElement) ? document.activeElement : null });
    box.remove();
    box.removeAttribute("open");
  }
}

export function bringBack() {
  for (const { box, focus } of aside.splice(0)) {
    $("dialogs").append(box);
    box.showModal();
    focus?.focus();
  }
  tellOnTop();
}
