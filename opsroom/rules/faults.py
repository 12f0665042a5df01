"""What can be wrong with a file of rules: a code and its values.

`rule.fault.CODE` words it and `rule.mend.CODE` what mends it (`opsroom/words/`): here in English, on a screen
in the reader's language. A code without a remedy of its own is mended by reading which keys there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from opsroom.words import catalogue, word

Values = Mapping[str, str | float]
Fault = tuple[str, str, dict[str, str | float]]
"""Key, code and values."""

_LANG: Final = "en"
_FAULT: Final = "rule.fault."
_MEND: Final = "rule.mend."
_KEYS: Final = "keys"
_FORMULA: Final = "formula"
_KINDS: Final = {
    "float": "no_number",
    "int": "no_whole",
    "str": "no_text",
    "bool": "no_flag",
    "object": "no_table",
    "array": "no_list",
    "datetime": "no_time",
}
_ENDS: Final = {">=": "at_least", "<=": "at_most", ">": "more_than", "<": "less_than"}


def says(why: str, values: Values) -> str:
    """Say in English what is wrong.

    >>> says("no_class", {"name": "slow"})
    "no class 'slow'"
    """
    return word(_LANG, _FAULT + why, values)


def mend(why: str, values: Values) -> str:
    """Say in English what mends it.

    >>> mend("declared_twice", {}), mend("no_number", {})
    ('Keep one of them.', 'See docs/rules.md for the tables and their keys.')
    """
    own = _FORMULA if why.startswith(_FORMULA) else why
    return word(_LANG, _MEND + (own if _MEND + own in catalogue(_LANG) else _KEYS), values)


def of_shape(error: msgspec.ValidationError) -> Fault:
    """Read what msgspec says of a table that does not fit; what is unknown here is quoted as it is.

    >>> of_shape(msgspec.ValidationError("Expected `float` >= 0.0 - at `$.on_delay_s`"))
    ('on_delay_s', 'at_least', {'limit': 0.0})
    """
    text, _, at = re.sub(r" - at (?:`key` in )?`\$(.*)`$", r"\0\1", str(error)).partition("\0")
    at = re.sub(r"\[.*?\]", "", at)
    if field := re.search(r"(unknown|required) field `([^`]*)`", text):
        why = "unknown" if field[1] == "unknown" else "missing"
        return f"{at}.{field[2]}".strip("."), why, {"name": field[2]}
    return (at.strip("."), *_of_value(text))


def _of_value(text: str) -> tuple[str, dict[str, str | float]]:
    if end := re.fullmatch(r"Expected `\w+` ([<>]=?) ([-+.\de]+)", text):
        return _ENDS[end[1]], {"limit": float(end[2])}
    if size := re.fullmatch(r"Expected `(\w+)` of length ([<>]=) (\d+)", text):
        if size[2] == ">=":
            return "empty", {}
        return ("too_long" if size[1] == "str" else "too_many"), {"limit": int(size[3])}
    if kind := re.match(r"Expected `(\w+)(?: \| null)?`, got", text):
        return _KINDS.get(kind[1], "other"), {} if kind[1] in _KINDS else {"detail": text}
    if pattern := re.match(r"Expected `str` matching regex '(.*)'", text):
        return ("no_name" if r"\w" in pattern[1] else "no_id"), {}
    if value := re.fullmatch(r"Invalid enum value '(.*)'", text):
        return "not_offered", {"value": value[1]}
    return ("no_time", {}) if "RFC3339" in text else ("other", {"detail": text})
