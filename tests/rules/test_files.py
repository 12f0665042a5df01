"""Files of rules: what they give, and every fault with its line."""

from pathlib import Path

import pytest

from opsroom.errors import SettingsError
from opsroom.rule import RuleKind, Suppression
from opsroom.rules.file import Source, read_rules, survey_rules
from opsroom.rules.plan import compare
from opsroom.rules.text import altered, as_toml

RECORD = 'consequence = "major"\nresponse_s = 600\nresponse = "Open the valve."\n'
FULL = (
    """
[[class]]
name = "safety"
latching = true
note_required = true
ack_timeout_s = 900

[[term]]
name = "net"
of = "heat - flow"

[[rule]]
id = "hot"
title = "Press too hot"
series = "mill/press/heat"
when.limit = { above = 80.0, below = 10.0, deadband = 2.0 }
on_delay_s = 30
off_delay_s = 60
chatter = { raises = 3, in_s = 600 }
class = "safety"
suppress = [{ rule = "loss", unit = "mill" }, { rule = "gone" }]
"""
    + RECORD
    + """
[[rule]]
id = "fast"
like = "presses"
when = { rate = { above = 5.0, per_s = 60, over_s = 300 } }
guidance = "Look twice."
"""
    + RECORD
    + """
[[rule]]
id = "odd"
series = "mill/*"
when.deviation = { bands = 2.5, deadband = 0.5 }
event = true

[[rule]]
id = "gone"
series = "mill/*"
when.missing = { periods = 3 }
"""
    + RECORD
    + """
[[rule]]
id = "loss"
when.expression.of = "net > 5 and avg(flow, 300) > 1"
when.expression.unit = "mill/*"
when.expression.series = { heat = "heat", flow = "flow" }
"""
    + RECORD
)


def faults(text: str) -> list[SettingsError]:
    return survey_rules([Source("rules.toml", text)])[1]


def test_everything_a_file_can_say() -> None:
    rules, wrong = survey_rules([Source("rules/all.toml", FULL)])
    assert wrong == []
    by_id = {rule.id: rule for rule in rules}
    hot = by_id["hot"]
    assert (hot.kind, hot.low, hot.high, hot.deadband) == (RuleKind.LIMIT, 10.0, 80.0, 2.0)
    assert (hot.alarm_class, hot.latching, hot.note_required, hot.ack_timeout_s) == (
        "safety",
        True,
        True,
        900,
    )
    assert hot.suppress == (Suppression(rule="loss", unit="mill"), Suppression(rule="gone"))
    assert (hot.chatter_raises, hot.chatter_in_s, hot.file) == (3, 600.0, "all.toml")
    assert [rule.kind for rule in rules] == [
        RuleKind.RATE,
        RuleKind.MISSING,
        RuleKind.LIMIT,
        RuleKind.EXPRESSION,
        RuleKind.DEVIATION,
    ]
    assert by_id["loss"].terms == (("net", "heat - flow"),)
    assert by_id["odd"].event


def test_what_is_written_out_reads_the_same() -> None:
    rules, _ = survey_rules([Source("a.toml", FULL)])
    again, wrong = survey_rules([Source("a.toml", as_toml(rules))])
    assert wrong == []
    assert again == rules


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ('[[rule]]\nid = "a"\n= 3\n', 3, "", "not TOML"),
        ('[[rules]]\nid = "a"\n', 1, "rules", "unknown table"),
        ('[[rule]]\nid = "a b"\n', 2, "rule.id", "only letters"),
        ('[[rule]]\nid = "a"\nserie = "x"\n', 3, "rule.serie", "unknown field"),
        ('[[rule]]\nid = "a"\nseries = "x"\n', 1, "rule.when", "required field `when`"),
        ('[[rule]]\nid = "a"\nseries = "x"\nwhen = {}\n' + RECORD, 4, "rule.when", "says nothing"),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen = { limit = { above = 1 }, missing = { periods = 2 } }\n'
            + RECORD,
            4,
            "rule.when",
            "limit, missing",
        ),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = {}\n' + RECORD,
            4,
            "rule.when.limit",
            "neither above",
        ),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = { above = 2, below = 1, deadband = 1 }\n'
            + RECORD,
            4,
            "rule.when.limit",
            "nothing is left",
        ),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen.missing = { periods = 2, after_s = 9 }\n' + RECORD,
            4,
            "rule.when.missing",
            "one of periods",
        ),
        (
            '[[rule]]\nid = "a"\nwhen.limit = { above = 1 }\n' + RECORD,
            1,
            "rule.series",
            "neither series nor like",
        ),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = { above = 1 }\nclass = "x"\n' + RECORD,
            5,
            "rule.class",
            "no class",
        ),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = { above = 1 }\nresponse_s = 9\nresponse = "go"\n',
            1,
            "rule.consequence",
            "no consequence",
        ),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = { above = 1 }\nconsequence = "dire"\n',
            5,
            "rule.consequence",
            "'dire' is none",
        ),
        (
            '[[rule]]\nid = "a"\nwhen.expression = { of = "b > 1", series = { c = "c" } }\n' + RECORD,
            3,
            "rule.when.expression.of",
            "'b' is neither",
        ),
        (
            '[[rule]]\nid = "a"\nwhen.expression = { of = "c >", series = { c = "c" } }\n' + RECORD,
            3,
            "rule.when.expression.of",
            "too early",
        ),
        ('[[term]]\nname = "x"\nof = "y"\n\n[[term]]\nname = "y"\nof = "x"\n', 3, "term.of", "x -> y -> x"),
        (
            '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = { above = 1 }\nsuppress = [{ rule = "b" }]\n'
            + RECORD,
            5,
            "rule.suppress",
            "no rule 'b'",
        ),
    ],
)
def test_a_fault_names_line_and_key(text: str, line: int, key: str, says: str) -> None:
    fault = faults(text)[0]
    assert (fault.params["line"], fault.params["key"]) == (line, key)
    assert says in fault.message
    assert f"rules.toml:{line}" in fault.message
    assert fault.remedy


def alarm(name: str, cause: str) -> str:
    body = f'[[rule]]\nid = "{name}"\nseries = "x"\nwhen.limit = {{ above = 1 }}\n'
    return body + f'suppress = [{{ rule = "{cause}" }}]\n{RECORD}'


def test_a_circle_of_suppressions_is_named_once() -> None:
    found = faults(alarm("a", "b") + alarm("b", "c") + alarm("c", "a"))
    assert len(found) == 1
    assert "a -> b -> c -> a" in found[0].message
    assert "d -> d" in faults(alarm("d", "d"))[0].message


def test_an_alarm_without_record_is_refused_and_as_event_taken() -> None:
    bare = '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = { above = 1 }\n'
    assert [fault.params["key"] for fault in faults(bare)] == [
        "rule.response",
        "rule.consequence",
        "rule.response_s",
    ]
    assert all("event = true" in fault.remedy for fault in faults(bare))
    rules, wrong = survey_rules([Source("a.toml", bare + "event = true\n")])
    assert (len(rules), wrong) == (1, [])


def test_all_faults_of_all_files_are_told() -> None:
    bad = '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = {}\n' + RECORD
    found = survey_rules([Source("one.toml", bad), Source("two.toml", bad)])[1]
    assert {fault.params["file"] for fault in found} == {"one.toml", "two.toml"}
    assert any("declared twice, first in one.toml" in fault.message for fault in found)


def test_differences_count_versions_and_retire(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FULL, encoding="utf-8")
    (tmp_path / "a.test.toml").write_text("[[test]]\n", encoding="utf-8")
    known = {rule.id: rule for rule in compare(read_rules(tmp_path), {}).changes}
    assert {rule.version for rule in known.values()} == {1}
    assert compare(read_rules(tmp_path), known).changes == []
    (tmp_path / "a.toml").write_text(FULL.replace("above = 80.0", "above = 90.0"), encoding="utf-8")
    (changed,) = compare(read_rules(tmp_path), known).changes
    assert (changed.id, changed.version, changed.high) == ("hot", 2, 90.0)
    assert altered(known["hot"], changed) == {"high": (80.0, 90.0)}
    retired = compare([], known).changes
    assert all(rule.retired and rule.version == 2 for rule in retired)
    assert len(retired) == 5
