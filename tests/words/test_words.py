"""Words: every code in every language, with the same parameters; all that an alert says has words."""

from __future__ import annotations

import doctest
import re
from itertools import pairwise
from typing import get_args

import pytest

import opsroom.words
from opsroom.alert.priority import CONSEQUENCES
from opsroom.detect import state as layout
from opsroom.drill import DRILL
from opsroom.model import ChangeKind, Orientation, Outcome, Priority, Transition
from opsroom.notify.alertmanager import DETECTOR as ALERTMANAGER
from opsroom.settings import NotifyRoute
from opsroom.stated import book as stated
from opsroom.vitals import DETECTOR as OWN
from opsroom.words import catalogue, languages, number, parts, span, word

ENGLISH = catalogue("en")


def params(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)(?:[:!][^}]*)?\}", text))


def test_the_examples_in_the_docstrings_hold() -> None:
    failed, tried = doctest.testmod(opsroom.words)
    assert (failed, tried > 3) == (0, True)


def test_there_are_english_german_and_spanish() -> None:
    assert {"en", "de", "es"} <= set(languages())


def test_every_detector_has_a_name_in_words() -> None:
    shipped = {*layout.DETECTORS.values(), *stated.DETECTORS.values(), OWN, DRILL, ALERTMANAGER, "rule"}
    worded = {code.removeprefix("detector.") for code in ENGLISH if code.startswith("detector.")}
    assert worded == shipped


def test_a_notification_speaks_every_language_and_no_other() -> None:
    assert get_args(NotifyRoute.model_fields["lang"].annotation) == languages()


@pytest.mark.parametrize("lang", [lang for lang in languages() if lang != "en"])
def test_a_language_is_no_copy_of_english(lang: str) -> None:
    """Sentences never read alike; names, units and signs may."""
    alike = [code for code, text in catalogue(lang).items() if text == ENGLISH[code]]
    worded = [
        code for code in alike if len(re.findall(r"[a-z]{3}", re.sub(r"\{\w+\}", "", ENGLISH[code]))) > 3
    ]
    assert worded == []


@pytest.mark.parametrize("lang", languages())
def test_every_language_has_the_same_codes(lang: str) -> None:
    assert set(catalogue(lang)) == set(ENGLISH)


@pytest.mark.parametrize("lang", languages())
def test_every_text_uses_the_same_parameters(lang: str) -> None:
    differing = [
        code for code, text in catalogue(lang).items() if params(text) != params(ENGLISH.get(code, ""))
    ]
    assert differing == []


@pytest.mark.parametrize("lang", languages())
def test_no_code_stands_in_two_files(lang: str) -> None:
    for one, other in pairwise(parts(lang)):
        assert not set(parts(lang)[one]) & set(parts(lang)[other])
    assert sum(map(len, parts(lang).values())) == len(catalogue(lang))


@pytest.mark.parametrize("lang", languages())
def test_no_text_is_empty(lang: str) -> None:
    assert all(text.strip() for text in catalogue(lang).values())


def test_all_that_an_alert_can_be_has_a_word() -> None:
    verbs = re.findall(r"\b[a-z]+(?=[,.])", (Transition.__doc__ or "").partition("`verb` is one of")[2])
    assert "superseded" in verbs
    codes = [f"verb.{verb}" for verb in verbs]
    codes += [f"kind.{kind}" for kind in ChangeKind]
    codes += [f"outcome.{outcome}" for outcome in Outcome]
    codes += [f"priority.{priority:d}" for priority in Priority]
    codes += [f"orientation.{orientation}" for orientation in Orientation]
    codes += [f"consequence.{consequence}" for consequence in CONSEQUENCES]
    assert [code for code in codes if code not in ENGLISH] == []


def test_the_codes_of_explanations_are_documented() -> None:
    documented = set(re.findall(r"why(?:\.[a-z]+)+", opsroom.words.__doc__ or ""))
    assert documented == {code for code in ENGLISH if code.startswith("why.")}


def test_an_empty_unit_leaves_no_gap() -> None:
    said = word("en", "why.value.above", {"series": "a", "value": 1.5, "unit": "", "limit": 1})
    assert said == "a reads 1.50, above the expected 1."


def test_times_stand_in_the_readers_zone() -> None:
    said = word("de", "why.since", {"onset_at": 1_700_000_000_000_000}, "America/Santiago")
    assert said == "Die Änderung begann etwa 14.11.2023 19:13."
    said = word("es", "why.since", {"onset_at": 1_700_000_000_000_000}, "America/Santiago")
    assert said == "El cambio comenzó aproximadamente el 14-11-2023 19:13."


def test_a_missing_word_hides_nothing() -> None:
    assert word("xx", "kind.step") == "step"
    assert word("en", "kind.new") == "kind.new"
    assert word("en", "why.since") == "The change began about {onset_at}."
    assert word("en", "why.stuck", {"series": "a", "value": None, "unit": "kW"}).startswith(
        "a has stood still at –"
    )


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0, "0", "0"),
        (-4.0, "-4", "-4"),
        (3.14159, "3.14", "3,14"),
        (31.4159, "31.4", "31,4"),
        (314.159, "314", "314"),
        (0.00123, "0.001", "0,001"),
        (1234567.0, "1,234,567", "1.234.567"),
        (12345678.0, "1.23E7", "1,23E7"),
        (float("nan"), "–", "–"),
        (float("inf"), "–", "–"),
    ],
)
def test_numbers_follow_the_language(value: float, english: str, german: str) -> None:
    assert (number("en", value), number("de", value), number("es", value)) == (english, german, german)


@pytest.mark.parametrize(("seconds", "text"), [(0.5, "0.500 s"), (1800, "30 min"), (86400, "1 d")])
def test_spans_take_their_largest_unit(seconds: float, text: str) -> None:
    assert span("en", seconds) == text
