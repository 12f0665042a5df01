"""What a run did, as a hash: two runs of one seed are the same run if their hashes are equal."""

from __future__ import annotations

import hashlib
from collections import Counter


class Broken(Exception):  # noqa: N818 - an invariant is broken; nothing went wrong in the simulator
    """An invariant does not hold; `name` is one of `INVARIANTS`."""

    def __init__(self, name: str, said: str) -> None:
        """Name it and say what was seen."""
        assert name in INVARIANTS, name
        super().__init__(name, said)  # as given: it comes back from another process
        self.name = name
        self.said = said

    def __str__(self) -> str:
        """Give the name and what was seen."""
        return f"{self.name}: {self.said}"


INVARIANTS = {
    "acknowledged before durable": "what is acknowledged stands in the log when the answer is written",
    "reading lost": "every reading that was acknowledged, or kept in an outbox, is stored with its value",
    "reading doubled": "a reading given once stands once in the log and is counted once",
    "alert lost": "the journal holds every edge that a pure replay of the log gives",
    "alert doubled": "the journal holds no edge that a pure replay of the log does not give",
    "climb off its deadline": "an alert climbs at its deadline, not earlier, not later, and not twice",
    "act lost": "an act whose answer was given is in the journal, over every crash",
    "act doubled": "an act repeated with its key happens once",
    "state unlike its replay": "state kept, snapshotted and restored is equal to state replayed from the log",
    "revision went back": "revisions of the read model only grow within one run of the room",
    "screen unlike the room": "a screen that follows changes shows what a fresh snapshot shows",
    "did not settle": "healed, everything is stored, level and connected within two minutes",
    "unforeseen error": "no error that nobody foresaw reaches the top of a process",
}


class Trace:
    """Collects what happened: into the hash, into counts, and where asked into lines."""

    def __init__(self, *, told: bool = False) -> None:
        """Start empty; `told` prints each line."""
        self.counts: Counter[str] = Counter()
        self._told = told
        self._hash = hashlib.sha256()

    def note(self, at_s: float, what: str, detail: str | bytes = "") -> None:
        """Take one thing that happened, `at_s` of the loop's time."""
        self.counts[what] += 1
        raw = detail if isinstance(detail, bytes) else detail.encode()
        self._hash.update(b"%.9f %s %d " % (at_s, what.encode(), len(raw)))
        self._hash.update(raw)
        if self._told:
            print(f"{at_s:12.6f}  {what:<18} {detail if isinstance(detail, str) else len(raw)}")

    @property
    def digest(self) -> str:
        """Give the hash so far."""
        return self._hash.hexdigest()[:16]
