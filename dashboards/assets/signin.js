// The sign-in page: person and password; what went wrong is said with what to do.

import { $, h } from "./dom.js";
import { plan } from "./icons.js";
import { ask, worded } from "./rest.js";
import { state } from "./model.js";
import { choices } from "./head.js";
import { t, wordFrame } from "./words.js";

let done = () => {};

export function startSignIn(onDone) {
  done = onDone;
}

export function showSignIn() {
  $("room").hidden = true;
  $("signin").hidden = false;
  if ($("signin").firstChild) {
    $("signin").querySelector("input").focus();
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
    h("label.field", {}, h("span", { "data-word": "room.signin.person" }), person),
    h("label.field", {}, h("span", { "data-word": "room.signin.password" }), password),
    fault, button);
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
    fault.textContent = answer.error.code === "unreachable" ? t("room.error.unreachable") : worded(answer.error);
    password.select();
    return;
  }
  password.value = "";
  Object.assign(state, { csrf: answer.content.csrf, limits: answer.content.limits ?? null, person: answer.content.person });
  $("signin").hidden = true;
  done();
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

export const currentSession = () => ask("/session");
