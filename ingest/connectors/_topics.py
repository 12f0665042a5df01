"""Plain MQTT topics: which series a topic is, and what its payload says. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import msgspec

from ingest.connectors._rows import Instant, Times, time_zone
from ingest.connectors._source import Asked, pattern, tidy
from opsroom.errors import Invalid
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

WORDS: Final = {"true": 1.0, "on": 1.0, "yes": 1.0, "false": 0.0, "off": 0.0, "no": 0.0}


class Topic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[mqtt.topic]]`.

    `filter` with MQTT's wildcards; `series` may hold `{topic}`, `{1}`, `{2}` ... for what `+` and `#` stood
    for. A payload is a bare number or JSON: then `value` is the path of the value in it, or `values` are
    several paths with their units (`series/path` is their name), and `time` the path of the time.
    """

    filter: str
    series: str = "{topic}"
    unit: str = ""
    period_s: float | None = None
    qos: Literal[0, 1, 2] = 0
    payload: Literal["auto", "number", "json"] = "auto"
    value: str = "value"
    values: dict[str, str] = {}
    time: str = ""
    tz: str = "UTC"
    retained: bool = False


class Unread(NamedTuple):
    """A payload that is no reading, and why."""

    code: str
    text: str


class Rule:
    """A topic table ready to read messages."""

    def __init__(self, topic: Topic, number: int) -> None:
        """Check the table, the `number`th.

        Raises:
            Invalid: the filter, the series or the zone cannot be used; the field is named.
        """
        self.topic = topic
        field = f"topic[{number}]"
        plain = topic.filter.split("/", 2)[2] if topic.filter.startswith("$share/") else topic.filter
        self._levels = plain.split("/")
        self._wild = [level for level in self._levels if level in {"+", "#"}]
        if (
            not plain
            or "#" in self._levels[:-1]
            or any(set(x) & {"+", "#"} and len(x) > 1 for x in self._levels)
        ):
            raise Invalid(
                f"{topic.filter!r} is no topic filter.",
                remedy="Use plant/+/usage or plant/#.",
                field=f"{field}.filter",
            )
        names = ["topic", *(str(n) for n in range(1, len(self._wild) + 1))]
        # A format string counts bare numbers as places; a letter makes names of them.
        self._series = topic.series
        pattern(self._named(topic.series), [f"n{name}" for name in names], f"{field}.series")
        try:
            self._times = Times(time_zone(topic.tz))
        except Invalid as error:
            raise Invalid(error.message, remedy=error.remedy, field=f"{field}.tz") from error

    @staticmethod
    def _named(template: str) -> str:
        return template.replace("{", "{n")

    def asked(self) -> Asked:
        """Give what is subscribed to, and the series it makes."""
        topic = self.topic
        series = topic.filter if topic.series == "{topic}" else topic.series
        if topic.values:
            series += "/{" + ",".join(topic.values) + "}"
        return Asked(topic.filter, series, topic.unit, topic.period_s)

    def match(self, topic: str) -> str | None:
        """Give the name of the series of a topic, None where the filter does not fit (MQTT 5, 4.7).

        >>> Rule(Topic(filter="plant/+/usage", series="{1}/used"), 0).match("plant/mill/usage")
        'mill/used'
        """
        levels = topic.split("/")
        found: list[str] = []
        for at, wanted in enumerate(self._levels):
            if wanted == "#":
                found.append("/".join(levels[at:]))
                break
            if at >= len(levels) or wanted not in {"+", levels[at]}:
                return None
            if wanted == "+":
                found.append(levels[at])
        else:
            if len(levels) != len(self._levels):
                return None
        if topic.startswith("$") and self._levels[0] in {"+", "#"}:
            return None
        places = {"ntopic": topic, **{f"n{n}": text for n, text in enumerate(found, 1)}}
        return tidy(self._named(self._series).format(**places))

    def read(self, series: str, payload: bytes, now: int) -> Iterator[Instant | Unread]:
        """Give the readings of a payload; one without a time of its own happened `now` (int us UTC)."""
        text = payload.decode("utf-8", "replace").strip().removeprefix("\ufeff")
        if self.topic.payload != "json":
            value = _number(text)
            if value is not None:
                yield self._instant(now, [(series, value, self.topic.unit)])
                return
            if self.topic.payload == "number":
                yield Unread("payload_not_number", f"{series}: {text[:40]}")
                return
        try:
            body = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            yield Unread("payload_not_readable", f"{series}: {text[:40]}")
            return
        for one in body if isinstance(body, list) else [body]:
            yield self._of_json(series, one, now)

    def _of_json(self, series: str, body: Any, now: int) -> Instant | Unread:
        topic = self.topic
        t = now
        if topic.time:
            try:
                t = self._times.read(str(_at(body, topic.time)))
            except (ValueError, OverflowError, KeyError, RecursionError):
                return Unread("time_invalid", f"{series}: no time at {topic.time!r}")
        wanted = {path: (f"{series}/{path}".replace(".", "/"), unit) for path, unit in topic.values.items()}
        readings: list[tuple[str, float | None, str]] = []
        for path, (name, unit) in (wanted or {topic.value: (series, topic.unit)}).items():
            try:
                told = _at(body, path)
            except KeyError:
                continue
            value = None if told is None else _number(told)
            if told is None or value is not None:
                readings.append((tidy(name), value, unit))
        if not readings:
            return Unread(
                "payload_without_value", f"{series}: nothing at {', '.join(wanted) or topic.value!r}"
            )
        return self._instant(t, readings)

    def _instant(self, t: int, readings: list[tuple[str, float | None, str]]) -> Instant:
        names, values, units = (list(column) for column in zip(*readings, strict=True))
        quality = [QUALITY_BAD if value is None else QUALITY_GOOD for value in values]
        return Instant(t, names, values, units, [self.topic.period_s] * len(names), quality)


def _at(body: Any, path: str) -> Any:
    """Give what stands at `a.b.0` in JSON.

    Raises:
        KeyError: nothing does.
    """
    if isinstance(body, dict) and path in body:
        return body[path]
    for part in path.split("."):
        if isinstance(body, dict) and part in body:
            body = body[part]
        elif isinstance(body, list) and part.isdecimal() and int(part) < len(body):
            body = body[int(part)]
        else:
            raise KeyError(path)
    return body


def _number(told: Any) -> float | None:
    """Give a finite number, also of text and of yes and no; None where it is none.

    >>> _number(" 3.5 "), _number(True), _number("on"), _number("nan"), _number({})
    (3.5, 1.0, 1.0, None, None)
    """
    if isinstance(told, str):
        told = WORDS.get(told.strip().lower(), told)
    if not isinstance(told, (str, int, float)):
        return None
    try:
        value = float(told)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
