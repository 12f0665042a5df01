// The sign-in page: person and password; why somebody is here again, and what went wrong, is said with what to do.

import { $, h, say, setText, show } from "./dom.js";
import { plan } from "./icons.js";
import { worded } from "./rest.js";
import { onChange } from "./model.js";
import { choices } from "./head.js";
import { t, wordFrame } from "./words.js";

let done = () => {};
let drop = () => {};
let because = null;

export function startSignIn({ onDone, onDrop }) {
  done = onDone;
  drop = onDrop;
  onChange(["words"], paintWhy);
}

/** Say why the person who sat here has to sign in again: {person, other: who has signed in elsewhere, waits: an act is kept}; null says nothing. */
export function explain(why) {
  because = why;
  paintWhy();
  const text = $("signin-why")?.textContent;
  if (text && !$("signin").hidden) say(text);
}

function paintWhy() {
  const place = $("signin-why");
  if (!place) return;
  const first = because && t(because.other ? "room.signin.other" : "room.signin.again", because);
  setText(place, [first, because?.waits && t("room.signin.waits", because)].filter(Boolean).join(" "));
  show($("signin-drop"), Boolean(because?.waits));
}

export function showSignIn() {
  const shown = !$("signin").hidden; // somebody may be typing in it by now: it is left alone
  $("room").hidden = true;
  $("signin").hidden = false;
  if ($("signin").firstChild) {
    if (!shown) $("signin").querySelector("input").focus();
    return;
  }
  const person = h("input", { id: "person", type: "text", name: "person", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: false });
  const password = h("input", { id: "password", type: "password", name: "password", autocomplete: "current-password", required: true });
  const fault = h("p.fault", { id: "signin-fault", role: "alert" });
  const button = h("button.button.strong", { type: "submit", "data-word": "room.signin.enter" });
  const form = h("form.signin-form", {},
    h("div.signin-mark", {}, plan()),
    h("h1", { "data-word": "room.signin.title" }),
    h("p.quiet", { "data-word": "room.signin.about" }),
    h("p.fault", { id: "signin-why" }),
    h("label.field", {}, h("span", { "data-word": "room.signin.person" }), person),
    h("label.field", {}, h("span", { "data-word": "room.signin.password" }), password),
    fault, button, h("button.button", { id: "signin-drop", type: "button", hidden: true, "data-word": "room.signin.drop", onclick: () => drop() }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter({ person, password, fault, button });
  });
  const box = h("div.choices");
  $("signin").append(h("main.signin-page", {}, form, box));
  choices(box);
  wordFrame($("signin"));
  person.focus();
}

async function enter({ person, password, fault, button }) {
  button.disabled = true;
  fault.textContent = "";
  const answer = await signIn(person.value.trim(), password.value);
  button.disabled = false;
  if (!answer.ok) {
    fault.textContent = worded(answer.error);
    password.select();
    return;
  }
  password.value = "";
  done(answer.content);
}

async function signIn(person, password) {
  try {
    const answer = await fetch("/api/v1/session", {
      method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ person, password }),
    });
    const content = await answer.json().catch(() => null);
    if (answer.ok) return { ok: true, content };
    if (answer.status === 401) return { ok: false, error: { code: "wrong_password", message: t("room.signin.wrong"), remedy: t("room.signin.wrong_remedy") } };
    return { ok: false, error: content?.error ?? { code: `http_${answer.status}` } };
  } catch {
    return { ok: false, error: { code: "unreachable" } };
  }
}
