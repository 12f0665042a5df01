// Under a trend: what is marked on it (annotations, what was changed, decided, rehearsed), as a line for what is pointed at and as a list; and writing.

import { h, notice, say, setAttr, setText } from "./dom.js";
import { dialog, field, NOTE_CHARS } from "./acts.js";
import { instantOf, localText } from "./localtime.js";
import { now, onChange, state } from "./model.js";
import { noteSign } from "./notes.js";
import { act, ask, worded } from "./rest.js";
import { hold } from "./timerange.js";
import { clock, known, language, plural, t, when } from "./words.js";

const AGAIN_MS = 60_000;
const AROUND = 0.5; // of its own length, on either side of a span that is looked at
const LEAST_MS = 120_000;

/** What a mark says, in one sentence. */
export function markSentence(mark) {
  const { kind, person, text, title, what = [] } = mark;
  if (kind === "annotation") return t("room.mark.annotation", { person, text });
  if (kind === "decision") return t("room.mark.decision", { person, text });
  if (kind === "exercise") return t("room.mark.exercise");
  const who = person || t("room.mark.nobody");
  if (kind === "rule") return t(`room.mark.rule.${["begun", "retired"].includes(what[0]) ? what[0] : "altered"}`, { title, person: who });
  const fields = what.map((name) => (known(`room.series.field.${name}`) ? t(`room.series.field.${name}`) : name)).join(", ");
  return t("room.mark.agreed", { title: title || t("room.root"), what: fields, person: who });
}

/** When it was, in the words of the reader. */
export const timeOf = (mark) => (mark.from === mark.to ? when(mark.from, now()) : `${when(mark.from, now())} – ${when(mark.to, now())}`);

export class Marks {
  /** `place` stands under the trend. Without `writing` (a pane among others) it only tells what is pointed at. */
  constructor(place, { writing = true } = {}) {
    Object.assign(this, { place, trend: null, of: null, shown: null, marks: [], loaded: "", reloadAt: 0, asking: 0, pin: null, opened: false });
    this.said = h("p.mark-said", { hidden: true });
    this.toggle = h("button.button.small.marks-toggle", { type: "button", "aria-expanded": "false", onclick: () => this.open(!this.opened) });
    this.write = h("button.button.small.marks-write", { type: "button", hidden: true, onclick: () => this.annotate() });
    this.list = h("ul.marks-list", { hidden: true, "data-word-label": "room.mark.list" });
    place.replaceChildren(writing ? h("div.marks-bar", {}, this.toggle, this.said, this.write) : this.said, this.list);
    this.writing = writing;
    onChange(["marks"], () => this.again());
    onChange(["words", "units"], () => this.paint());
  }

  /** What the trend tells: which note is pointed at, which instant was clicked. */
  get listeners() {
    return { pointedNote: (note) => this.tell(note), pinned: (ms) => this.pinAt(ms) };
  }

  /** Mark the trend of `of` ({series} or {unit: path}) over `shown`, the range of all trends. */
  show(of, shown) {
    const key = `${of.series ?? ""} ${of.unit ?? ""} ${shown.key ?? ""} ${state.boot}`;
    Object.assign(this, { of, shown });
    if (key === this.loaded && now() < this.reloadAt) return;
    if (key !== this.loaded) this.take([]);
    this.loaded = key;
    this.load();
  }

  again() {
    if (this.of) this.load();
  }

  async load() {
    this.reloadAt = now() + AGAIN_MS;
    const mine = ++this.asking;
    const { series, unit } = this.of;
    const place = series ? `series=${series}` : `unit=${encodeURIComponent(unit)}`;
    const to = Math.round(this.shown.live ? now() + this.shown.spanS * 1000 : this.shown.to); // what is written ahead of time comes into view
    const answer = await ask(`/marks?${place}&from=${Math.round(this.shown.from)}&to=${Math.max(to, Math.round(this.shown.from) + 1)}`);
    if (mine !== this.asking) return;
    if (answer.ok) this.take(answer.content.marks);
  }

  take(marks) {
    this.marks = marks;
    this.trend.setNotes(marks.map(({ id, kind, from, to }) => ({ id, kind, from, to })));
    this.paint();
  }

  /** Say what is pointed at or focused, null nothing. */
  tell(note) {
    const mark = note && this.marks.find((one) => one.id === note.id);
    this.trend.light(mark ? mark.id : null);
    this.said.hidden = !mark;
    setText(this.said, mark ? `${timeOf(mark)} · ${markSentence(mark)}` : "");
  }

  open(open) {
    this.opened = open;
    this.paint();
  }

  paint() {
    if (!this.writing || !state.ready) return;
    const { marks } = this;
    this.toggle.hidden = marks.length === 0;
    setText(this.toggle, plural("room.mark.count", marks.length));
    this.write.hidden = state.replayAt !== null || state.me?.role === "observer" || state.me?.kiosk === true;
    setText(this.write, this.pin === null ? t("room.mark.write") : t("room.mark.write_at", { at: clock(this.pin) }));
    setAttr(this.list, "aria-label", t("room.mark.list"));
    this.list.hidden = !this.opened || !marks.length;
    setAttr(this.toggle, "aria-expanded", !this.list.hidden);
    if (this.list.hidden) {
      this.list.replaceChildren();
      this.drawn = "";
      return;
    }
    const key = `${language()} ${JSON.stringify(marks)}`;
    if (key === this.drawn) return;
    this.drawn = key;
    this.list.replaceChildren(...[...marks].reverse().map((mark) => this.row(mark)));
  }

  row(mark) {
    const sentence = markSentence(mark);
    const told = { onfocus: () => this.tell(mark), onblur: () => this.tell(null), onpointerenter: () => this.tell(mark), onpointerleave: () => this.tell(null) };
    const show = h("button.mark-row", { type: "button", title: t("room.mark.show"), onclick: () => this.lookAt(mark), ...told }, noteSign(mark.kind), h("span.mark-time", {}, timeOf(mark)), h("span.mark-text", {}, sentence));
    const away = mark.may_remove ? h("button.button.small.mark-away", { type: "button", "aria-label": t("room.mark.remove_this", { text: mark.text }), onclick: () => this.remove(mark) }, t("room.mark.remove")) : null;
    return h("li", { "data-mark": mark.id }, show, away);
  }

  lookAt(mark) {
    const around = Math.max(LEAST_MS, (mark.to - mark.from) * AROUND, mark.from === mark.to ? (this.shown.spanS * 1000) / 8 : 0);
    hold(mark.from - around, Math.min(Math.max(now(), mark.to), mark.to + around));
  }

  async remove(mark) {
    const answer = await act(`/annotations/${encodeURIComponent(mark.id)}`, undefined, { method: "DELETE" });
    notice(answer.ok ? t("room.mark.removed") : worded(answer.error));
    this.load();
  }

  pinAt(ms) {
    this.pin = ms;
    this.paint();
  }

  /** Write at the instant that was clicked, at the span that is held, or now. */
  annotate() {
    const { series, unit, name, unitName } = this.of;
    const held = this.pin === null && !this.shown.live;
    const [since, until] = held ? [this.shown.from, this.shown.to] : [this.pin ?? now(), null];
    const text = h("textarea", { name: "text", rows: 3, maxLength: NOTE_CHARS, required: true });
    const from = h("input", { type: "datetime-local", name: "from", required: true, value: localText(since) });
    const to = h("input", { type: "datetime-local", name: "to", value: until === null ? "" : localText(until) });
    const where = h("select", { name: "where" }, series ? h("option", { value: "series" }, name) : null, h("option", { value: "unit" }, unitName || t("room.root")));
    const untouched = [from.value, to.value];
    const exact = (input, place, ms) => (input.value === untouched[place] ? Math.round(ms) : instantOf(input.value)); // the field knows minutes, the trend more
    dialog("room.mark.title", [field("room.mark.text", text), field("room.mark.where", where), field("room.mark.from", from), field("room.mark.to", to)], "room.mark.write_now", async (signal) => {
      const place = where.value === "series" ? { series_id: series } : { unit };
      const answer = await act("/annotations", { text: text.value.trim(), from: exact(from, 0, since), to: to.value ? exact(to, 1, until) : null, ...place }, { signal });
      if (answer.ok) {
        this.pinAt(null);
        say(t("room.mark.written"));
        this.load();
      }
      return answer;
    });
    text.focus();
  }
}
