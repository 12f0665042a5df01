"""A refused rule is refused in the reader's language: every fault that a draft or a file can have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsroom.errors import OpsroomError, SettingsError
from opsroom.rules.draft import read_draft, read_text, refusal
from opsroom.rules.faults import says
from opsroom.words import word
from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import Served
from tests.dashboards.test_lines import ASK
from tests.rules.drafts import REFUSED, TEXTS

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
OWN_WORDS = {"missing", "empty", "nobody_watched", "no_response", "no_consequence", "no_response_s"}


def told(error: OpsroomError) -> dict[str, Any]:
    """Give an error as the room sends it."""
    return {"code": error.code, "message": error.message, "remedy": error.remedy, "params": error.params}


def refused(text: str) -> dict[str, Any]:
    """Give what the room says of a file."""
    with pytest.raises(SettingsError) as caught:
        read_text(text, [])
    return told(caught.value)


@pytest.mark.parametrize("lang", ["de", "es"])
def test_every_refusal_of_a_rule_is_in_the_readers_language(served: Served, visit: Visits, lang: str) -> None:
    seen = visit("wall", "day", lang)
    page = seen.sign_in(served.url).page
    for error in [*(told(refusal(read_draft(one, [])[1])) for one in REFUSED), *map(refused, TEXTS)]:
        why, values = error["params"]["why"], error["params"]["values"]
        shown = page.evaluate(ASK, ["rest", "worded", [error]])
        assert says(why, values) not in shown
        assert error["remedy"] not in shown
        assert "{" not in shown.replace("series = {", "")
        if why not in OWN_WORDS:
            assert word(lang, f"rule.fault.{why}", values) in shown
    assert seen.complaints == []


def test_the_form_says_in_spanish_what_is_wrong_and_where(served: Served, visit: Visits) -> None:
    page = visit("wall", "day", "es").sign_in(served.url).page
    error = told(refusal(read_draft({**REFUSED[1], "id": "a", "on_delay_s": -1}, [])[1]))
    page.route("**/rules/preview", lambda route: route.fulfill(status=422, json={"error": error}))
    page.evaluate(ASK, ["rules_form", "editRule", [None, {"owners": [], "matrix": []}]])
    page.click(".rule-dialog button[type=submit]")
    page.wait_for_selector(".rule-dialog .fault:not(:empty)")
    said = page.inner_text(".rule-dialog .fault")
    assert said.startswith("Se activa tras (s): como mínimo 0."), said
    assert page.evaluate("document.activeElement.name") == "on_delay_s"


def test_a_file_that_is_refused_names_line_rule_and_key_in_german(served: Served, visit: Visits) -> None:
    page = visit("wall", "day", "de").sign_in(served.url).page
    text = '[[rule]]\nid = "hot"\nseries = "x"\nwhen.limit = {}\nevent = true\n'
    page.route("**/rules/import", lambda route: route.fulfill(status=400, json={"error": refused(text)}))
    page.evaluate(ASK, ["rules_form", "importRules", []])
    file = {"name": "rules.toml", "mimeType": "application/toml", "buffer": text.encode()}
    page.set_input_files(".rule-dialog input[type=file]", file)
    page.wait_for_selector(".rule-dialog .fault:not(:empty)")
    said = page.inner_text(".rule-dialog .fault")
    assert said.startswith("Zeile 4 · hot · Grenze: weder eine obere (above)"), said
    listed = {"rules": [], "days": 30, "matrix": [], "owners": [], "faults": []}
    of_file = {**refused(text)["params"], "file": "rules/mill.toml", "message": "", "remedy": ""}
    page.route("**/v1/rules", lambda route: route.fulfill(json={**listed, "faults": [of_file]}))
    page.route("**/v1/events", lambda route: route.fulfill(json={"events": [], "more": False}))
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.wait_for_selector(".rules-faults p")
    assert "rules/mill.toml · Zeile 4 · hot · Grenze: weder" in page.inner_text(".rules-faults")
