"""Drafts and files that are refused, each for another reason."""

from __future__ import annotations

from typing import Any, Final

GOOD: Final[dict[str, Any]] = {
    "id": "hot",
    "series": "mill/heat",
    "when": {"limit": {"above": 80.0}},
    "response": "Open the valve.",
    "consequence": "major",
    "response_s": 600,
}


def _with(**keys: Any) -> dict[str, Any]:
    return {key: one for key, one in {**GOOD, **keys}.items() if one is not None}


def _expression(of: str, **more: Any) -> dict[str, Any]:
    return _with(series=None, when={"expression": {"of": of, "series": {"a": "heat"}, **more}})


REFUSED: Final = [
    {},
    _with(id="a b"),
    _with(title="x" * 3_000, id=3),
    _with(series=None),
    _with(like="presses"),
    _with(response=None),
    _with(consequence=None),
    _with(response_s=None),
    _with(response_s=0),
    _with(response="x" * 3_000),
    _with(consequence="dire"),
    _with(on_delay_s=-1),
    _with(on_delay_s=1e12),
    _with(chatter={"raises": 1.5, "in_s": 1}),
    _with(chatter={"raises": 99, "in_s": 1}),
    _with(chatter={"raises": 3}),
    _with(suppress=[{"rule": "hot"}]),
    _with(suppress=[{"rule": "gone"}]),
    _with(suppress=[{"rule": "a b"}]),
    _with(suppress="gone"),
    _with(event=1),
    _with(colour="red"),
    _with(**{"class": "slow"}),
    _with(when={}),
    _with(when=3),
    _with(when={"limit": {"above": 1}, "missing": {"periods": 2}}),
    _with(when={"limit": {}}),
    _with(when={"limit": {"above": "hot"}}),
    _with(when={"limit": {"above": 2, "below": 1, "deadband": 1}}),
    _with(when={"limit": {"above": 2, "deadband": -1}}),
    _with(when={"deviation": {}}),
    _with(when={"deviation": {"bands": 0}}),
    _with(when={"deviation": {"bands": 1, "deadband": 2}}),
    _with(when={"missing": {}}),
    _with(when={"expression": {"of": "a > 1", "series": {"a": "heat"}}}),
    _expression(""),
    _expression("a > 1", series={}),
    _expression("a > 1", series={f"a{n}": "heat" for n in range(40)}),
    _expression("a > 1", series={"max": "heat"}),
    _expression("b > 1"),
    _expression("a >"),
    _expression("a > 1 > 2"),
    _expression("a 2"),
    _expression("(a"),
    _expression("a[0]"),
    _expression("max(1, 2)"),
    _expression("max(a, 0)"),
    _expression("(" * 70 + "a" + ")" * 70),
]
TEXTS: Final = [
    "= 3",
    '[[rules]]\nid = "a"\n',
    '[[rule]]\nid = "a"\napproved = "soon"\n',
    '[[term]]\nname = "x"\nof = "y"\n\n[[term]]\nname = "y"\nof = "x"\n',
    '[[term]]\nname = "max"\nof = "1"\n',
    '[[rule]]\nid = "a"\nseries = "x"\nwhen.limit = { above = 1 }\nevent = true\n' * 2,
]
