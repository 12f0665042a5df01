"""Drive one page through walls, sizes, palettes and languages, and ask of each screen what must hold."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT

from tests.dashboards.conftest import SIZES

CHECKS: Final = (Path(__file__).parent / "screen_checks.js").read_text(encoding="utf-8")
PALETTES: Final = ("day", "night")
LANGUAGES: Final = ("en", "de", "es")
TRIES, AGAIN_MS, CALM_MS = 6, 400, 30
SETTLED_S: Final = 10.0
LETTERS_LEAST: Final = 3
WORD: Final = re.compile(r"[^\W\d_]+")
CUT: Final = re.compile(r"[^\W\d_]+…")
EMPTY: Final = frozenset(("null", "undefined", "NaN"))
PARAMETER: Final = re.compile(r"\{[^}]*\}")
NEUTRAL: Final = frozenset(
    ("opsroom", "csv", "json", "toml", "esc", "enter", "english", "deutsch", "español", "utc")
)
"""Words that are the same in every language: names of formats, of keys and of the languages themselves."""
AXE: Final = """() => axe.run(
  {include: [["html"]], exclude: [["#walls > [hidden]"]]}, {resultTypes: ["violations"], preload: false},
).then((told) => told.violations)"""
"""Asked of what is in front: the walls behind it are asked when they come there."""
WHOLE: Final = """() => {
  const whole = new CSSStyleSheet();
  whole.replaceSync("* { content-visibility: visible !important; }");
  document.adoptedStyleSheets.push(whole);
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
"""What is out of the window is drawn too, for a picture that shows it."""
FRAMES: Final = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
CALENDAR: Final = """(locale) =>
  Array.from({length: 365}, (_, n) => new Date(2026, 0, n + 1)).flatMap((day) =>
  ["short", "long"].map((kind) => day.toLocaleDateString(locale, {weekday: kind, month: kind}))).join(" ")"""
GIVEN_UP: Final = "closed before the connection is established"
SPOKEN: Final = {"en": "en-GB", "de": "de-DE", "es": "es-CL"}


class Cell(NamedTuple):
    """One screen: which wall, how large, in which palette and language."""

    wall: str
    size: str
    palette: str
    lang: str

    def __str__(self) -> str:
        """Name the picture of it."""
        return "-".join(self)


@dataclass
class Vocabulary:
    """What a page in a language may say: words of its catalogue and calendar, and what people wrote."""

    catalogues: Mapping[str, Mapping[str, str]]
    calendars: Mapping[str, str] = field(default_factory=dict)
    written: frozenset[str] = frozenset()
    words: dict[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        """Take the words of each language apart."""
        self.words = {
            lang: frozenset(words_of([*texts.values(), self.calendars.get(lang, "")]))
            for lang, texts in self.catalogues.items()
        }

    def strange(self, texts: Iterable[str], lang: str) -> list[str]:
        """Name keys that stand raw among the texts, and words that the language does not have."""
        keys = self.catalogues[lang]
        found: dict[str, None] = {}
        for text in (CUT.sub(" ", one) for one in texts):
            if text.strip() in EMPTY or "[object" in text:
                found[f'"{text.strip()}" stands where nothing is known'] = None
            raw = [part for part in text.split() if part in keys]
            for part in raw:
                found[f'key "{part}" stands raw'] = None
            spoken = words_of(part for part in text.split() if part not in raw)
            for word in sorted(spoken - self.words[lang] - self.written - NEUTRAL):
                whence = "English" if word in self.words["en"] else "in no catalogue"
                found[f'"{word}" is {whence}, in "{text[:60]}"'] = None
        return list(found)


def words_of(texts: Iterable[str]) -> set[str]:
    """Give the words of at least three letters, in small letters, without the names of parameters."""
    bare = " ".join(PARAMETER.sub(" ", text) for text in texts)
    return {word.lower() for word in WORD.findall(bare) if len(word) >= LETTERS_LEAST}


def written_in(text: str) -> set[str]:
    """Give the words of what people wrote, in small letters."""
    return {word.lower() for word in WORD.findall(text)}


class Screen:
    """A page that is signed in, what it complained about, and what it asked for.

    While it is `cut_off`, connections that the page gives up are none of its faults.
    """

    def __init__(self, page: Any, home: str) -> None:
        """Listen from the start; `home` is the one host that may be asked."""
        self.page, self.home = page, home
        self.patience_s = SETTLED_S
        self.cut_off = False
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self._waiting: set[Any] = set()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)

    def _said(self, line: Any) -> None:
        given_up = self.cut_off and GIVEN_UP in line.text
        if line.type in ("error", "warning") and not given_up:
            self.complaints.append(line.text)

    def _asked(self, request: Any) -> None:
        self._waiting.add(request)
        if not request.url.startswith((self.home, self.home.replace("http", "ws", 1), "data:", "blob:")):
            self.elsewhere.append(request.url)

    def _answered(self, request: Any) -> None:
        self._waiting.discard(request)

    def sign_in(self, person: str, password: str) -> None:
        """Sign in through the form, as a person types."""
        self.page.goto(f"{self.home}/room/")
        self.page.wait_for_selector("#person")
        self.page.keyboard.type(person)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#room:not([hidden]) .feed.is-live")
        self._waiting.clear()  # the worker that Dash's renderer asks for is never told to have come

    def walls(self) -> list[str]:
        """Name every wall of the menu, also those that it hides now."""
        names = "all => all.map((one) => one.dataset.wall)"
        return [str(one) for one in self.page.eval_on_selector_all("#menu [data-wall]", names)]

    def panels(self) -> list[str]:
        """Name every panel of the frame by its id."""
        ids = "all => all.map((one) => one.id)"
        return [str(one) for one in self.page.eval_on_selector_all("#walls > .panel", ids)]

    def settle(self) -> None:
        """Wait until nothing is asked for any more and what came is painted."""
        calm, until = 0, time.monotonic() + self.patience_s
        while calm < 2 and time.monotonic() < until:
            self.page.wait_for_timeout(CALM_MS)
            calm = 0 if self._waiting else calm + 1
        self.page.evaluate(FRAMES)

    def show(self, cell: Cell) -> None:
        """Come to the cell from wherever the page is."""
        width, height = SIZES[cell.size]
        if self.page.viewport_size != {"width": width, "height": height}:
            self.page.set_viewport_size({"width": width, "height": height})
        root = "document.documentElement"
        self.page.evaluate("(name) => { location.hash = name === 'room' ? '' : name; }", cell.wall)
        if self.page.evaluate(f"{root}.dataset.palette") != cell.palette:
            self.page.eval_on_selector("#choices .palette", "one => one.click()")
        if self.page.evaluate(f"{root}.lang") != cell.lang:
            self.page.eval_on_selector(f"#choices [data-lang={cell.lang}]", "one => one.click()")
        self.page.wait_for_selector(f'#walls[data-front="{cell.wall}"]', state="attached")
        self.settle()
        assert self.page.evaluate(f"{root}.lang + {root}.dataset.palette") == cell.lang + cell.palette

    def faults(self, cell: Cell, vocabulary: Vocabulary, *, axe: bool = True) -> list[str]:
        """Ask the page what does not hold; what is still being painted gets a second look."""
        found: list[str] = []
        for look in (self._look, self._ask_axe) if axe else (self._look,):
            seen = look(cell, vocabulary)
            for _ in range(TRIES - 1):
                if not seen:
                    break
                self.page.wait_for_timeout(AGAIN_MS)
                seen = look(cell, vocabulary)
            found += seen
        found += [f"console: {one}" for one in self.complaints]
        found += [f"asked elsewhere: {one}" for one in self.elsewhere]
        self.complaints.clear()
        self.elsewhere.clear()
        return found

    def _look(self, cell: Cell, vocabulary: Vocabulary) -> list[str]:
        told = self.page.evaluate(CHECKS, cell.size == "phone")
        kinds = ("sideways", "cut", "small", "over")
        found = [f"{kind}: {one}" for kind in kinds for one in dict.fromkeys(told[kind])]
        found += [f"words: {one}" for one in vocabulary.strange(told["texts"], cell.lang)]
        return found

    def _ask_axe(self, _cell: Cell, _vocabulary: Vocabulary) -> list[str]:
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE_SCRIPT)
        told = self.page.evaluate(AXE)
        return [f"axe: {one['id']} {node['target']}" for one in told for node in one["nodes"]]

    def keep(self, cell: Cell, folder: Path) -> None:
        """Keep a picture of the cell; what scrolls as a page is kept whole."""
        scrolls = cell.size != "wall"
        if scrolls:
            self.page.evaluate(WHOLE)
        self.page.screenshot(path=str(folder / f"{cell}.png"), full_page=scrolls)
        if scrolls:
            self.page.evaluate("() => void document.adoptedStyleSheets.pop()")


def vocabulary_of(page: Any, written: Iterable[str]) -> Vocabulary:
    """Ask the room for its catalogues and the browser for its calendar."""
    ask = "(lang) => fetch(`/api/v1/words/${lang}`).then((answer) => answer.json())"
    catalogues = {lang: page.evaluate(ask, lang) for lang in LANGUAGES}
    calendars = {lang: str(page.evaluate(CALENDAR, locale)) for lang, locale in SPOKEN.items()}
    return Vocabulary(catalogues, calendars, frozenset(written))
