// The dialog of wall screens: make a link, see who has one hung up, end one.

import { dialog, field } from "./acts.js";
import { $, h, notice } from "./dom.js";
import { kioskRows } from "./kiosk.js";
import { now, state } from "./model.js";
import { act, worded } from "./rest.js";
import { t, when } from "./words.js";

const DAYS = [1, 7, 30, 365];
const SCALES = ["1.0", "1.2", "1.5", "2.0"];
const EVERY_S = 30;

export async function openLinks() {
  const name = h("input", { type: "text", name: "name", maxLength: 100, required: true, autocomplete: "off" });
  const days = h("select", { name: "days" }, DAYS.map((n) => h("option", { value: String(n) }, `${n} ${t("room.unit.d")}`)));
  days.value = "30";
  const walls = h("fieldset.kiosk-walls", {}, h("legend", {}, t("room.kiosk.walls")), [...$("menu").querySelectorAll("[data-wall]")].map((button) =>
    h("label.check", {}, h("input", { type: "checkbox", name: "wall", value: button.dataset.wall, checked: button.dataset.wall === "room" }), button.firstElementChild.textContent)));
  const every = h("input", { type: "number", name: "every", min: 5, max: 3600, value: String(EVERY_S) });
  const scale = h("select", { name: "scale" }, SCALES.map((one) => h("option", { value: one }, `× ${one}`)));
  const made = h("output.kiosk-link");
  const list = h("ul.kiosk-list");
  const box = dialog("room.kiosk.title", [
    h("p.about", {}, t("room.kiosk.about", { unit: state.me?.unit || t("room.root") })), field("room.kiosk.name", name), field("room.kiosk.days", days), walls,
    field("room.kiosk.every", every), field("room.kiosk.scale", scale), made, list,
  ], "room.kiosk.make", async (signal) => {
    const answer = await act("/kiosks", { name: name.value.trim(), days: Number(days.value) }, { signal });
    if (!answer.ok) return answer;
    const chosen = [...walls.querySelectorAll("input:checked")].map((one) => one.value);
    const rest = new URLSearchParams({ kiosk: answer.content.code, walls: chosen.join(","), every: every.value, scale: scale.value });
    const link = `${location.origin}/room/#${rest}`;
    made.replaceChildren(h("span", {}, t("room.kiosk.link", { until: when(answer.content.code_until / 1000, now()) })), h("code", { tabIndex: 0 }, link),
      h("button.button.small", { type: "button", onclick: () => copy(link) }, t("room.kiosk.copy")));
    await paint(list);
    return { ok: false, error: { code: "", message: " " } }; // the dialog stays: the link is seen only now
  });
  box.classList.add("wide");
  await paint(list);
}

async function copy(link) {
  await navigator.clipboard?.writeText(link).catch(() => null);
  notice(t("room.kiosk.copied"));
}

async function paint(list) {
  const answer = await kioskRows();
  if (!answer.ok) {
    list.replaceChildren(h("li.fault", {}, worded(answer.error)));
    return;
  }
  const standing = answer.content.kiosks.filter((one) => !one.revoked_at && one.until / 1000 > now());
  const rows = standing.map((one) => h("li", {},
    h("span", {}, t(one.opened_at ? "room.kiosk.row" : "room.kiosk.row_unopened", { name: one.name, unit: one.unit || t("room.root"), person: one.made_by, until: when(one.until / 1000, now()) })),
    h("button.button.small", { type: "button", "aria-label": `${t("room.kiosk.revoke")}: ${one.name}`, onclick: () => revoke(one, list) }, t("room.kiosk.revoke"))));
  list.replaceChildren(...(rows.length ? rows : [h("li.nothing", {}, t("room.kiosk.none"))]));
}

async function revoke(one, list) {
  const answer = await act(`/kiosks/${one.id}`, undefined, { method: "DELETE" });
  if (!answer.ok) notice(worded(answer.error));
  await paint(list);
}
