// Forms in place on walls other than the overview: one at a time below `place`, closed by Escape, with its fault in words.

import { tellLate } from "./acts.js";
import { h, handIn, notice } from "./dom.js";
import { worded } from "./rest.js";
import { t } from "./words.js";

export function field(label, input, hint = null) {
  return h("label.field", {}, h("span", {}, label), input, hint ? h("span.hint", {}, hint) : null);
}

/** Open a form in `place`; `submit(signal)` gives an answer of the room, or `{ ok: false, words }` for what is wrong in the form itself; what it posts is called off when the form is closed. */
export function openForm(place, fields, buttonKey, submit, { opener = document.activeElement, done = () => {} } = {}) {
  place.querySelector("form")?.remove();
  const fault = h("p.fault", { role: "alert" });
  const button = h("button.button.strong", { type: "submit" }, t(buttonKey));
  const off = new AbortController();
  const of = place.closest("article")?.querySelector("h3, h4")?.firstChild?.textContent;
  const name = [of, t(buttonKey)].filter(Boolean).join(" · ");
  const close = () => {
    const here = handIn(form); // else the hand is in another form by now, and what it types would be keys of the room
    off.abort();
    form.remove();
    if (here && opener?.isConnected) opener.focus();
  };
  const cancel = h("button.button", { type: "button", onclick: () => (close(), done(false)) }, t("room.cancel"));
  const form = h("form.in-place", {}, fields, fault, h("div.form-acts", {}, button, cancel));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes this one, and nothing that is open elsewhere
    cancel.click();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const answer = await submit(off.signal);
    button.disabled = false;
    if (answer.ok) {
      close();
      done(true);
    } else if (form.isConnected) fault.textContent = answer.words ?? worded(answer.error);
    else if (answer.words) notice(`${name}: ${answer.words}`);
    else tellLate(name, answer.error, off.signal);
  });
  place.append(form);
  form.querySelector("input, select, textarea, button")?.focus();
  form.scrollIntoView({ block: "nearest" });
}
