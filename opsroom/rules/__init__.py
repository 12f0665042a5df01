"""Alarm rules: read from files, bound to series, evaluated beside the detectors (docs/rules.md)."""

from opsroom.rules.binding import concerned
from opsroom.rules.book import RuleBook, instants, ruling_of
from opsroom.rules.joint import join
from opsroom.rules.memory import State, dump, load

__all__ = ["RuleBook", "State", "concerned", "dump", "instants", "join", "load", "ruling_of"]
