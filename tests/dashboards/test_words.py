"""The words of the screen: every key used exists in every language, and says its parameters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from msgspec.structs import fields

from dashboards import layout
from dashboards.frame import DOCS
from ingest.tally import LINES
from opsroom.alarm import Hush
from opsroom.api.feeds import LEFT, WELL, Sort
from opsroom.feeds import FAULTS, POSTED
from opsroom.figures.bands import BANDS, RATES
from opsroom.figures.table import BEYOND, EDITIONS, KEYS, MANAGEABLE, WITHIN
from opsroom.history import LEFT_OUT
from opsroom.model import ChangeKind, Indicator, Orientation, Outcome, Priority, Role, Series, Unit
from opsroom.records import Entrusted, Via
from opsroom.rule import RuleKind
from opsroom.rules import tables
from opsroom.ucum import DIMENSIONS
from opsroom.words import languages

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "dashboards" / "assets"
WORDS = ROOT / "opsroom" / "words"
LANGUAGES = languages()
LITERAL = re.compile(r'"(?!room\.css)(room\.[a-z0-9_]+(?:\.[a-z0-9_]+)*)"')
TEMPLATE = re.compile(r"`(room\.[a-z0-9_.]+[._])\$\{")
PLURAL = re.compile(r'plural\("(room\.[a-z0-9_.]+)"')
SAID = "watches when delays consequence respond response guidance procedure class suppress agreed version"
FACTS = SAID.split()
PARTS = "who indices recovery alerts decisions notes audits feeds flows children"
UNIT_PARTS = PARTS.split()
CONDITIONS = (
    tables.LimitTable,
    tables.RateTable,
    tables.DeviationTable,
    tables.MissingTable,
    tables.ExpressionTable,
)
ASKED = [one.encode_name for one in fields(tables.RuleTable) if not one.encode_name.startswith("approved")]
HELD = [*(hush.value for hush in Hush), "shelved_once"]
ENDS = ("above", "below", "outside")
PARAM = re.compile(r"\{(\w+)\}")


def catalogue(lang: str) -> dict[str, str]:
    """Give the words of the screen: those of its file, and what other files word for walls of their own."""
    files = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(WORDS.glob(f"*.{lang}.json"))]
    return {code: text for words in files for code, text in words.items() if code.startswith("room.")}


def named(file: str, pattern: str) -> list[str]:
    """Give the names that a script lists or makes a word of."""
    return sorted(set(re.findall(pattern, (ASSETS / file).read_text(encoding="utf-8"))))


GRID_TEXTS = named("grid.js", r'"(aria\w+|loadingOoo)"')
GRID_COLUMNS = named("journal.js", r'column\("(\w+)"')


def sources() -> str:
    scripts = [file.read_text(encoding="utf-8") for file in sorted(ASSETS.glob("*.js"))]
    return "\n".join([*scripts, *(f.read_text(encoding="utf-8") for f in (ROOT / "dashboards").glob("*.py"))])


def used() -> set[str]:
    """Give every key that the scripts and the frame can ask for."""
    text = sources()
    plurals = set(PLURAL.findall(text))
    keys = (set(LITERAL.findall(text)) - plurals) | {
        f"{key}.{form}" for key in plurals for form in ("one", "other")
    }
    endings = {
        "room.kind.": [kind.value for kind in ChangeKind],
        "room.card.followed_": [outcome.value for outcome in Outcome],
        "room.state.": [hush.value for hush in Hush],
        "room.priority.": [str(int(priority)) for priority in Priority],
        "room.figures.row.": list(KEYS),
        "room.figures.edition.": list(EDITIONS),
        "room.figures.judgement.": [WITHIN, MANAGEABLE, BEYOND],
        "room.figures.rate.": list(RATES),
        "room.figures.band.": list(BANDS),
        "room.agreements.how.": ["declined", "withdrawn", "replaced"],
        "room.duty.caution.": ["seat_gone", "seat_watches", "overlap", "away"],
        "room.ratio.": ["productivity", "latency", "performance", "actuality", "capability", "potentiality"],
        "room.wall.": ["own", "risen", "audited"],
        "room.wall.none_": ["own", "risen"],
        "room.focus.": [f"{hush.value}.{n}" for hush in Hush for n in ("one", "other")],
        "room.card.": [f"{where}{form}" for where in ("", "below_") for form in HELD],
        "room.enterprise.": UNIT_PARTS,
        "room.analysis.view.": ["overlay", "distribution", "correlation", "forecast"],
        "room.analysis.column.": ["n", "mean", "sd", "expected", "low", "high", "lowest", "highest", "last"],
        "room.mark.rule.": ["begun", "altered", "retired"],
        "room.flow.": ["starved", "old", "unmeasured"],
        "room.recursion.system.": ["1", "2", "3", "4", "5"],
        "room.rules.state.": ["file", "screen", "ahead", "conflict"],
        "room.rules.fact.": FACTS,
        "room.rules.part.": sorted({part.encode_name for table in CONDITIONS for part in fields(table)}),
        "room.rules.field.": [*ASKED, "kind", "chatter.raises", "chatter.in_s"],
        "room.rules.when.": [f"{kind}.{ends}" for kind in ("limit", "rate") for ends in ENDS],
        "room.rules.missing.": ["id", "series", "response", "consequence", "response_s"],
        "room.rules.kind.": [kind.value for kind in RuleKind],
        "room.rules.change.": ["new", "altered"],
        "room.series.orientation.": [*(one.value for one in Orientation), "none"],
        "room.series.via.": ["terms", "unknown", *(via for via in get_args(Via) if via not in {"", "moved"})],
        "room.series.field.": sorted(
            {one.encode_name for kind in (Series, Unit, Indicator) for one in fields(kind)} - LEFT_OUT
        ),
        "room.condition.": ["starting_or_stopping", "store_failing", "storage_full", "behind_log"],
        "room.feeds.state.": ["all", "wrong", *FAULTS, WELL, LEFT],
        "room.feeds.column.": [one for one in get_args(Sort) if one != "unit"],
        "room.feeds.door.": ["websocket", LINES, "http", "connector", *sorted(POSTED)],
        "room.feeds.why.": [fault for fault in FAULTS if fault != "silent"],
        "room.settings.role.": [role.value for role in Role],
        "room.settings.did.": list(get_args(get_type_hints(Entrusted)["did"])),
        "room.grid.": GRID_TEXTS,
        "room.pane.button.": list("012345678"),
        "room.journal.state.": ["all", "open", "ended"],
        "room.journal.column.": GRID_COLUMNS,
        "room.journal.do.": [
            f"{one}.{n}" for one in ("acknowledge", "shelve", "say") for n in ("one", "other")
        ],
        "room.council.effect.": ["worked", "partly", "failed"],
        "room.council.outcome.": ["quiet", *(outcome.value for outcome in Outcome)],
        "room.about.": [name.replace("-", "_") for name in DOCS],
        "room.text.": ["1", "2", "3"],
        "room.dimension.": ["unknown", *(name.replace(" ", "_") for name in DIMENSIONS)],
    }
    for prefix in TEMPLATE.findall(text):
        keys |= {prefix + ending for ending in endings[prefix]}
    return keys


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_key_used_has_words(lang: str) -> None:
    assert used() - set(catalogue(lang)) == set()


def test_no_words_are_left_over() -> None:
    assert set(catalogue("en")) - used() == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_languages_agree_in_keys_and_parameters(lang: str) -> None:
    english, other = catalogue("en"), catalogue(lang)
    assert other.keys() == english.keys()
    differing = {key for key in english if set(PARAM.findall(english[key])) != set(PARAM.findall(other[key]))}
    assert differing == set()


def test_the_browser_speaks_every_language_of_the_room() -> None:
    """Before the first paint, in the formats of numbers and times, and at the switch."""
    boot, words, head = (
        (ASSETS / name).read_text(encoding="utf-8") for name in ("boot.js", "words.js", "head.js")
    )
    spoken = re.search(r"const spoken = (\[.*\]);", boot)
    locales = re.search(r"const LOCALES = \{(.*)\};", words)
    assert spoken is not None
    assert set(json.loads(spoken.group(1))) == set(LANGUAGES)
    assert locales is not None
    assert set(re.findall(r"(\w+):", locales.group(1))) == set(LANGUAGES)
    assert all(f'{lang}: "' in head for lang in LANGUAGES)


def test_every_panel_has_its_help_and_the_page_that_it_leads_to() -> None:
    panels = {
        node.id.removesuffix("-panel")
        for node in layout()._traverse()
        if "panel " in (getattr(node, "className", "") or "")
    }
    assert panels == set(DOCS)
    assert all((ROOT / "docs" / page).is_file() for page in DOCS.values())


def test_frame_itself_is_wordless() -> None:
    """A text written into the frame would stay in one language."""
    with_text = [node for node in layout()._traverse() if isinstance(node, str) and node.strip()]
    assert with_text == []
