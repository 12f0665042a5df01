"""Which faults are found, how soon, and is their kind named: faults put into simulated and recorded series.

Every series is played twice from one snapshot, with the fault and without it. An alert that opens in both
was chance, so recall is the share found with the fault less the share that alarms without it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from opsroom.bench.faults import CASES, Case, Track, applies, horizon, inject, simulated
from opsroom.bench.recorded import recorded
from opsroom.bench.streams import JUDGED_SEEDS, columns
from opsroom.detect import Engine, SeriesSpec, State
from opsroom.detect.shipped import settings_hash
from opsroom.detect.state import CHANGE_KINDS
from opsroom.model import ChangeKind, Columns, Finding, FindingVerb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from opsroom.bench.streams import Values

BUDGET: Final = 0.1
"""False alarms per series and week at which everything is measured."""
SOON: Final = 2
"""Readings after the first of a fault, or after its alert, by which its kind must be named."""
NAMED_RIGHT: Final = 0.9
"""Least share named right within SOON readings: of alerts by the room, of all such faults by the filter."""
JUDGED: Final = (("step", "6 sd"), ("spike", "6 sd"))


class Heard(NamedTuple):
    """What was found of one track: readings are counted from that of the fault, 0.

    `opened` is where each alert opened, `names` (reading, kind), `word` the filter's kind at reading SOON.
    """

    opened: list[int]
    detectors: list[str]
    names: list[tuple[int, ChangeKind]]
    word: ChangeKind | None


class Score(NamedTuple):
    """One track under one case. `delay` is None where only chance or nothing opened an alert."""

    found: bool
    control: bool
    delay: int | None
    named_soon: bool
    named_of_alert: bool
    word: bool
    detector: str | None


class Field:
    """Tracks and the engine's state after their past; each play begins from there.

    `begun` tells which tracks have no alert open at that point; only they are counted.
    """

    def __init__(self, tracks: Sequence[Track], budget: float = BUDGET) -> None:
        """Teach every track's past."""
        self.tracks = list(tracks)
        self._engine = Engine()
        specs = [SeriesSpec(id=i + 1, unit_id=i + 1, budget_per_week=budget) for i in range(len(self.tracks))]
        state = self._engine.configure(self._engine.blank(), specs)
        past = [(one.t[: one.at], one.v[: one.at]) for one in self.tracks]
        state, _ = _step(self._engine, state, _together(past))
        busy = set(self._engine.open_series(state))
        self.begun = np.array([i + 1 not in busy for i in range(len(self.tracks))], np.bool_)
        self._blob = self._engine.snapshot(state)
        self.control = self.play([one.v[one.at :] for one in self.tracks], range(len(self.tracks)))

    def play(self, values: Sequence[Values], places: Iterable[int]) -> dict[int, Heard]:
        """Give what is found when the tracks at `places` go on with `values` (in the same order)."""
        state = self._engine.restore(self._blob)
        assert state is not None
        going = {place: (self.tracks[place].t[self.tracks[place].at :], v)
                 for place, v in zip(places, values, strict=True)}  # fmt: skip
        ids = list(going)
        first = [(t[: SOON + 1], v[: SOON + 1]) for t, v in going.values()]
        rest = [(t[SOON + 1 :], v[SOON + 1 :]) for t, v in going.values()]
        state, found = _step(self._engine, state, _together(first, ids))
        words = _words(state)
        state, more = _step(self._engine, state, _together(rest, ids))
        heard = {
            place: Heard([], [], [], _recent(words[place], int(self.tracks[place].t[self.tracks[place].at])))
            for place in ids
        }
        for one in [*found, *more]:
            place = one.series_id - 1
            if place in heard:
                _note(heard[place], one, going[place][0])
        return heard


def _note(heard: Heard, finding: Finding, t: NDArray[np.int64]) -> None:
    """Add a finding to what was heard; `t` begins with the fault."""
    reading = int(np.searchsorted(t, finding.at))
    if finding.verb is FindingVerb.OPEN:
        heard.opened.append(reading)
        heard.detectors.append(finding.detector)
    elif finding.verb is FindingVerb.NAME:
        heard.names.append((reading, finding.kind))


def _together(parts: Sequence[tuple[NDArray[np.int64], Values]], ids: Sequence[int] | None = None) -> Columns:
    """Join series in order of time; the series at place k has id k + 1."""
    places = range(len(parts)) if ids is None else ids
    if not parts:
        return Columns.empty()
    t = np.concatenate([part for part, _ in parts])
    v = np.concatenate([part for _, part in parts])
    lengths = [len(part) for part, _ in parts]
    series = np.repeat(np.array([place + 1 for place in places], np.int32), lengths)
    order = np.argsort(t, kind="stable")
    return columns(series[order], t[order], v[order])


def _step(engine: Engine, state: State, stream: Columns) -> tuple[State, list[Finding]]:
    return engine.step(state, int(stream.t[-1]), stream) if len(stream) else (state, [])


def _words(state: State) -> list[tuple[ChangeKind | None, int]]:
    """Give the filter's last confirmed kind of each series and the time of that change."""
    own = state.rows["filter"]
    return [
        (CHANGE_KINDS[int(kind)] if kind > 0 else None, int(at))
        for kind, at in zip(own["kind"], own["kind_t"], strict=True)
    ]


def _recent(word: tuple[ChangeKind | None, int], since: int) -> ChangeKind | None:
    kind, at = word
    return kind if at >= since else None


def judge(case: Case, one: Track, heard: Heard, control: Heard) -> Score:
    """Judge one track."""
    end = horizon(case, one)
    inside = [k for k in heard.opened if k < end]
    chance = any(k < end for k in control.opened)
    first = inside[0] if inside else None
    soon = [kind for reading, kind in heard.names if reading <= SOON]
    of_alert = [kind for reading, kind in heard.names if first is not None and reading <= first + SOON]
    return Score(
        found=first is not None,
        control=chance,
        delay=first if first is not None and not chance else None,
        named_soon=bool(soon) and soon[-1] is case.named,
        named_of_alert=bool(of_alert) and of_alert[-1] is case.named,
        word=case.named is not None and heard.word is case.named,
        detector=heard.detectors[0] if first is not None else None,
    )


def figures(scores: Sequence[Score], named: ChangeKind | None) -> dict[str, Any]:
    """Give the figures of some tracks under one case; rates are shares, delays are readings."""
    n = len(scores)
    delays = [score.delay for score in scores if score.delay is not None]
    found = [score for score in scores if score.found]
    if not n:
        return {"series": 0}
    row: dict[str, Any] = {
        "series": n,
        "found": round(len(found) / n, 3),
        "control": round(sum(score.control for score in scores) / n, 3),
        "recall": round((len(found) - sum(score.control for score in scores)) / n, 3),
        "delay_median": float(np.median(delays)) if delays else None,
        "delay_p90": float(np.percentile(delays, 90)) if delays else None,
    }
    if named is not None:
        row["named_of_alerts"] = (
            round(sum(s.named_of_alert for s in found) / len(found), 3) if found else None
        )
        row["named_of_all"] = round(sum(s.named_soon for s in scores) / n, 3)
        row["filter_of_all"] = round(sum(s.word for s in scores) / n, 3)
    return row


def measure(field: Field, case: Case) -> dict[str, Any]:
    """Put one case into every track of `field` that can have it."""
    places = [k for k, one in enumerate(field.tracks) if field.begun[k] and applies(case, one)]
    heard = field.play([inject(case, field.tracks[k]) for k in places], places)
    by_kind: dict[str, list[Score]] = defaultdict(list)
    detectors: dict[str, int] = defaultdict(int)
    for k in places:
        score = judge(case, field.tracks[k], heard[k], field.control[k])
        by_kind[field.tracks[k].kind].append(score)
        if score.detector:
            detectors[score.detector] += 1
    every = [score for scores in by_kind.values() for score in scores]
    return {
        **figures(every, case.named),
        "detectors": dict(sorted(detectors.items())),
        "kinds": {kind: figures(scores, case.named) for kind, scores in by_kind.items()},
    }


def bench(
    *,
    data: Path | None = None,
    each: int = 10,
    seeds: Sequence[int] = JUDGED_SEEDS,
    budget: float = BUDGET,
    cases: Sequence[Case] = CASES,
    done: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure every case on `each` simulated series a kind and seed, and on the recordings below `data`.

    `done` is called once for each case.
    """
    fields = {"simulated": Field([one for seed in seeds for one in simulated(seed, each)], budget)}
    real = recorded(data) if data is not None else []
    if real:
        fields["recorded"] = Field(real, budget)
    rows: list[dict[str, Any]] = []
    for case in cases:
        rows.append({
            "fault": case.fault,
            "size": case.size,
            "horizon": case.horizon or "a day",
            "named": case.named.value if case.named else None,
            **{name: measure(field, case) for name, field in fields.items()},
        })  # fmt: skip
        done(f"{case.fault} {case.size}")
    judged = [row for row in rows if (row["fault"], row["size"]) in JUDGED]
    return {
        "settings_hash": settings_hash(),
        "budget": budget,
        "seeds": list(seeds),
        "series": {name: len(field.tracks) for name, field in fields.items()},
        "alert_open_before": {name: int((~field.begun).sum()) for name, field in fields.items()},
        "held": all(
            (row["simulated"][share] or 0.0) >= NAMED_RIGHT
            for row in judged
            for share in ("named_of_alerts", "filter_of_all")
        ),
        "rows": rows,
    }
