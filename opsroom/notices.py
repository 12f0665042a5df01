"""What is told outside the room: one notice a receiver, with the alerts it speaks of; rows of the outbox.

In the model layer because the store keeps them and `opsroom.notify` makes them, and siblings do not import
one another.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from opsroom.model import Micros, Sentence, Transition

Cursor = tuple[int, int]
"""Where the reader of the journal stands: (log offset of the commit, number of the edge within it)."""


class NoticeKind(StrEnum):
    """Why a notice goes out."""

    RAISED = "raised"
    CALLED = "called"
    CLIMBED = "climbed"
    RECOVERED = "recovered"
    DECIDED = "decided"
    PRESSED = "pressed"
    TEST = "test"


class Member(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One alert of a notice, as it was at `at` (int microseconds UTC, room time).

    `series`, `unit` and `standing` are paths; `text` is a decision's or a press's own words.
    """

    alert_id: str
    verb: str
    at: Micros
    series: str
    unit: str
    standing: str
    kind: str
    priority: int
    level: int
    raised: Micros
    deadline: Micros | None = None
    cause: str = ""
    actor: str = ""
    text: str = ""
    why: tuple[Sentence, ...] = ()
    exercise: bool = False


class Notice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One notification to one receiver.

    `id` is constant over every repeat, so that a receiver may drop what it has. `count` is of all alerts
    meant, `members` those listed. `further` says that an earlier notice of the same group went before it.
    """

    id: str
    receiver: str
    kind: NoticeKind
    made: Micros
    subject: str
    priority: int
    members: tuple[Member, ...] = ()
    count: int = 0
    further: bool = False
    exercise: bool = False
    person: str = ""
    time_zone: str = "UTC"


class Delivery(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A notice on its way: next try at `due`, tried `attempts` times, why the last try failed.

    `since` is when somebody had it tried anew, 0 if nobody has: from there its age counts.
    """

    notice: Notice
    due: Micros
    attempts: int = 0
    state: Literal["waiting", "dead"] = "waiting"
    reason: str = ""
    changed: Micros = 0
    since: Micros = 0


class News(msgspec.Struct, frozen=True, gc=False):
    """One committed edge and where it stands in the journal."""

    cursor: Cursor
    edge: Transition
