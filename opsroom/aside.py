"""What becomes of series that nobody wants any more."""

from __future__ import annotations

from enum import StrEnum


class Aside(StrEnum):
    """Whether a series is judged and shown: dismissed by hand, or retired with its unit, it is neither."""

    NO = ""
    DISMISSED = "dismissed"
    RETIRED = "retired"
