"""A notice in words and as an event: subject, body, CloudEvent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from opsroom.model import MICROS_PER_S, Micros
from opsroom.notices import Member, Notice, NoticeKind
from opsroom.notify.channel import Message
from opsroom.words import word

LISTED: Final = 20
SUBJECT_CHARS_MAX: Final = 200
TYPE: Final = "io.opsroom.notice."
SPEC_VERSION: Final = "1.0"


def message_of(notice: Notice, lang: str, source: str) -> Message:
    """Word a notice for its receiver."""
    return Message(
        id=notice.id,
        made=notice.made,
        kind=notice.kind,
        priority=notice.priority,
        exercise=notice.exercise,
        subject=subject_of(notice, lang),
        text="\n".join(_lines(notice, lang)) + "\n",
        event=event_of(notice, source),
    )


def subject_of(notice: Notice, lang: str) -> str:
    """Give the subject: one line, the most urgent alert first, an exercise marked at its very start."""
    mark = f"[{word(lang, 'notify.exercise')}]" if notice.exercise else ""
    if not notice.members:
        return _line(word(lang, "notify.subject.test", {"mark": mark}))
    first, more = _first(notice), notice.count - 1
    params = {
        "mark": mark,
        "news": word(lang, f"notify.news.{notice.kind}"),
        "series": first.series,
        "kind": word(lang, f"kind.{first.kind}"),
        "more": more,
    }
    shape = "one" if more <= 0 else "group" if _is_cause(notice, first) else "more"
    return _line(word(lang, f"notify.subject.{shape}", params))


def event_of(notice: Notice, source: str) -> dict[str, Any]:
    """Give the notice as a CloudEvent 1.0 in JSON; `exercise` is an extension attribute."""
    first = _first(notice) if notice.members else None
    event: dict[str, Any] = {
        "specversion": SPEC_VERSION,
        "id": notice.id,
        "source": source,
        "type": f"{TYPE}{notice.kind}",
        "time": rfc3339(notice.made),
        "datacontenttype": "application/json",
        "exercise": notice.exercise,
        "data": {
            "kind": str(notice.kind),
            "priority": notice.priority,
            "exercise": notice.exercise,
            "further": notice.further,
            "person": notice.person,
            "count": notice.count,
            "alerts": [_alert(member) for member in notice.members],
        },
    }
    if first is not None:
        event["subject"] = first.series
    return event


def rfc3339(at: Micros) -> str:
    """Give an instant as CloudEvents write it."""
    return datetime.fromtimestamp(at / MICROS_PER_S, UTC).isoformat(timespec="milliseconds")


def _alert(member: Member) -> dict[str, Any]:
    return {
        "id": member.alert_id,
        "event": member.verb,
        "at": rfc3339(member.at),
        "series": member.series,
        "unit": member.unit,
        "standing": member.standing,
        "level": member.level,
        "kind": member.kind,
        "priority": member.priority,
        "raised": rfc3339(member.raised),
        "deadline": None if member.deadline is None else rfc3339(member.deadline),
        "cause": member.cause,
        "person": member.actor,
        "text": member.text,
        "why": [word("en", sentence.code, sentence.params) for sentence in member.why],
    }


def _lines(notice: Notice, lang: str) -> Iterator[str]:
    if notice.exercise:
        yield word(lang, "notify.exercise.body")
        yield ""
    if notice.kind is NoticeKind.TEST:
        yield word(lang, "notify.body.test")
    if notice.person:
        yield word(lang, "notify.body.called", {"person": notice.person})
    if notice.further:
        yield word(lang, "notify.body.further")
    if notice.count > 1:
        yield word(lang, "notify.body.counted", {"count": notice.count})
    listed = _ordered(notice)[:LISTED]
    for number, member in enumerate(listed):
        yield from _paragraph(notice, member, lang, full=number == 0 or len(listed) <= 3)  # noqa: PLR2004 - few
    if notice.count > len(listed):
        yield word(lang, "notify.body.rest", {"rest": notice.count - len(listed)})
    yield ""
    yield word(lang, "notify.body.id", {"id": notice.id})


def _paragraph(notice: Notice, member: Member, lang: str, *, full: bool) -> Iterator[str]:
    zone = notice.time_zone
    params = {
        "when_at": member.at,
        "series": member.series,
        "kind": word(lang, f"kind.{member.kind}"),
        "urgency": word(lang, f"priority.{member.priority}"),
    }
    yield word(lang, "notify.line", params, zone)
    if not full:
        return
    standing = member.standing or word(lang, "notify.root")
    yield "    " + word(lang, "notify.line.standing", {"standing": standing})
    if member.deadline is not None and notice.kind in {
        NoticeKind.RAISED,
        NoticeKind.CALLED,
        NoticeKind.CLIMBED,
    }:
        yield "    " + word(lang, "notify.line.deadline", {"deadline_at": member.deadline}, zone)
    if member.text:
        said = {"person": member.actor, "text": member.text}
        yield "    " + word(lang, "notify.line.decision", said)
    for sentence in member.why:
        yield "    " + word(lang, sentence.code, sentence.params, zone)


def _first(notice: Notice) -> Member:
    return _ordered(notice)[0]


def _ordered(notice: Notice) -> list[Member]:
    """Order the alerts: the cause of others first, then by urgency, then as they came."""
    causes = {member.cause for member in notice.members}
    return sorted(notice.members, key=lambda one: (one.alert_id not in causes, one.priority))


def _is_cause(notice: Notice, member: Member) -> bool:
    return any(one.cause == member.alert_id for one in notice.members)


def _line(text: str) -> str:
    """Keep to one printable line: names come from plants, and a header must not be broken open."""
    plain = "".join(char if char.isprintable() else " " for char in text).strip()
    return plain if len(plain) <= SUBJECT_CHARS_MAX else plain[: SUBJECT_CHARS_MAX - 1] + "…"
