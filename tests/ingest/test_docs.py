"""docs/protocol.md and docs/errors.md say what the code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingest import codes, session, wire
from opsroom.model import Refusal
from opsroom.settings import Limits
from opsroom.units import ALIASES

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
UNITS = (ROOT / "docs/units.md").read_text(encoding="utf-8")
ERRORS = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
SAID: list[type[msgspec.Struct]] = [
    wire.Hello,
    wire.Declare,
    wire.SeriesDeclared,
    wire._TextBatch,
    wire.Gap,
    wire.RecoveringTold,
    wire.PressTold,
    wire.Bye,
    wire.Casual,
]


def _answers() -> list[dict[str, Any]]:
    one = session.Session(Limits())
    one.receive('{"type":"hello","protocol":1,"source":"a","token":"t"}')
    one.identified()
    sends = [
        *one.opened(1, 0, 1, 0),
        *one.receive('{"type":"gap","from_seq":9,"to_seq":9}'),
        *one.receive("{\n{"),
    ]
    refusal = Refusal(index=0, series="a", code="time_invalid", field="t")
    sends += one.stored(1, [(1, [refusal])], 1)
    one.casual_stored(1, 0, 1, [(1, refusal)])
    sends.append(one.casual_ack())
    return [send.message for send in sends if isinstance(send, session.Send)]


@pytest.mark.parametrize("kind", SAID, ids=lambda kind: kind.__name__)
def test_every_message_and_field_that_is_read_stands_in_the_docs(kind: type[msgspec.Struct]) -> None:
    tag = kind.__struct_config__.tag
    wanted = [*kind.__struct_fields__, *([tag] if tag else [])]
    assert [name for name in wanted if f"`{name}`" not in PROTOCOL] == []


def test_every_message_and_field_that_is_written_stands_in_the_docs() -> None:
    answers = _answers()
    assert {answer["type"] for answer in answers} == {"welcome", "seq_gap", "error", "refused", "ack"}
    for answer in answers:
        names = {answer["type"], *answer, *answer.get("limits", {}), *(answer.get("refusals") or [{}])[0]} - {
            "type"
        }
        assert [name for name in names if f"`{name}`" not in PROTOCOL] == []


def test_every_code_stands_in_the_docs_with_its_remedy() -> None:
    for code, words in codes.ALL.items():
        assert f"| `{code}` | {words.says} | {words.remedy} |" in ERRORS, code
    for close in codes.CloseCode:
        assert f"| {int(close)} |" in PROTOCOL, close


def test_every_vector_stands_in_the_docs() -> None:
    vectors = {
        p.name: json.loads(p.read_text(encoding="utf-8")) for p in (ROOT / "tests/vectors").glob("*.json")
    }
    assert set(vectors) >= {"casual.json", "full.json", "bad_input.json", "binary.json"}
    for name in ("casual.json", "full.json"):
        for step in vectors[name]["steps"]:
            for line in step.get("client", "").splitlines():
                assert f"> {line}\n" in PROTOCOL
            if "server" in step:
                assert f"< {json.dumps(step['server'])}\n" in PROTOCOL
    for case in (*vectors["bad_input.json"]["cases"], *vectors["bad_input.json"]["accepted"]):
        assert case.get("frame_hex") or case["frame"].replace("\ufeff", "\\ufeff") in PROTOCOL, case["name"]
    for case in vectors["binary.json"]["cases"]:
        assert case["hex"] in PROTOCOL
        assert case["text"] in PROTOCOL


def test_every_alias_of_a_unit_stands_in_the_docs() -> None:
    assert [alias for alias, code in ALIASES.items() if f"| `{alias}` | `{code}` |" not in UNITS] == []
