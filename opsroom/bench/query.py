"""`opsroom bench query`: how long questions about stored readings take, beside other systems.

1,000 series with 1,000 instants each, six seconds apart, are stored first. Three questions: the last value of
each series; all readings of one; every series in 100 spans, once from readings (spans of 59 s) and once from
what is rolled up (60 s). `store_ms` asks the store in this process, on the files of the room once it has
ended; `http_ms` asks the running room, in columns, over one connection that stays open. Peers are asked over
HTTP, PostgreSQL over its own protocol.
"""

from __future__ import annotations

import contextlib
import http.client
import statistics
import tempfile
import time
import urllib.parse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opsroom.api.columns import COLUMNS_TYPE, unpacked
from opsroom.bench.ingest import send
from opsroom.bench.peers.measure import SETTLE_S, made, write
from opsroom.bench.peers.port import running
from opsroom.bench.peers.questions import asked
from opsroom.bench.rig import Rig, room, seat_for, session_cookie, token_for
from opsroom.clock import wall_now
from opsroom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opsroom.bench.peers.port import Peer, Server

SERIES: Final = 1_000
INSTANTS: Final = 1_000
STEP_MS: Final = 6_000
SPAN_MS: Final = 59_000
ROLLED_MS: Final = 60_000
LAST, ONE, SPANS, ROLLED = "last of 1,000", "one series", "1,000 series in 100 spans", "the same, rolled up"
QUESTIONS: Final = (LAST, ONE, SPANS, ROLLED)
COLUMNS: Final = ("question", "system", "store ms", "over the wire ms")
TURNS: Final = 15
ASKED_S: Final = 0.25
HELD_S: Final = 60.0
PERSON: Final = "bench"
PASSWORD: Final = "bench-only-on-loopback"  # noqa: S105 - a seat of a room that lives for one run


class Span(NamedTuple):
    """Ids of the series and the range asked for, ms."""

    series: list[int]
    begin: int
    end: int


def bench(
    *,
    repeat: int = TURNS,
    scale: float = 1.0,
    peers: Sequence[Peer] = (),
    done: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Time each question, give medians; see `timed`. `scale` shortens what is stored.

    Rows have `question`, `peer` (null: this room), `version`, `store_ms` (null for peers), `http_ms` and
    `values`, the number of values in the answer, which must be right.

    Raises:
        StoreError: an answer has not the number of values that were stored, or the room did not start.
    """
    instants = max(10, round(INSTANTS * scale))
    rows = _ours(instants, repeat)
    done("this room")
    for peer in peers:
        rows += _theirs(peer, instants, repeat)
        done(peer.name)
    return {"bench": "query", "series": SERIES, "instants": instants, "rows": rows}


def table(result: dict[str, Any]) -> list[list[str]]:
    """Give the rows as a table of COLUMNS."""
    ordered = sorted(result["rows"], key=lambda row: QUESTIONS.index(row["question"]))
    return [
        [row["question"], row["peer"] or "this room", _shown(row["store_ms"]), _shown(row["http_ms"])]
        for row in ordered
    ]


def _shown(ms: float | None) -> str:
    return "" if ms is None else f"{ms:g}"


def _ours(instants: int, repeat: int) -> list[dict[str, Any]]:
    """Store, ask the running room, end it and ask its store."""
    end = wall_now() // 1000 // ROLLED_MS * ROLLED_MS
    with room(detection=False) as rig:
        token = token_for(rig)
        seat_for(rig, PERSON, PASSWORD)
        send(rig, token, "columns-1000", SERIES * instants, end, STEP_MS)
        rig.settled()
        with _asking(rig) as ask:
            span = Span(_ids(rig), end - instants * STEP_MS, end)
            wire = {name: timed(partial(ask, path), repeat) for name, path in _paths(span).items()}
        rig.stop()
        inside = _inside(rig, span, repeat)
    rows = []
    for name in QUESTIONS:
        ms, columns = wire[name]
        values = len(next(iter(columns.values())))
        _right(name, values, instants, "this room")
        row = {"question": name, "peer": None, "version": None, "store_ms": inside.get(name)}
        rows.append({**row, "http_ms": round(ms, 3), "values": values})
    return rows


def _ids(rig: Rig) -> list[int]:
    """Give the ids of all series."""
    from opsroom.cli.files import stored

    with stored(rig.folder / "opsroom.toml") as (_, _, catalog):
        return sorted(catalog.series)


def _paths(span: Span) -> dict[str, str]:
    """Give what is asked of the room."""
    every = ",".join(map(str, span.series))
    one = f"/api/v1/series/{span.series[0]}/readings"
    whole = {"from": span.begin, "to": span.end}

    def of_all(width_ms: int) -> str:
        count = -(-(span.end - span.begin) // width_ms)
        asked_for = {
            "series": every,
            "from": span.begin,
            "to": span.begin + count * width_ms,
            "points": count,
        }
        return "/api/v1/buckets?" + urllib.parse.urlencode(asked_for, safe=",")

    return {
        LAST: f"/api/v1/values?series={every}",
        ONE: f"{one}?{urllib.parse.urlencode({**whole, 'points': INSTANTS})}",
        SPANS: of_all(SPAN_MS),
        ROLLED: of_all(ROLLED_MS),
    }


def _inside(rig: Rig, span: Span, repeat: int) -> dict[str, float]:
    """Ask the store itself."""
    from opsroom.settings import load_settings
    from opsroom.store import open_store

    settings = load_settings(rig.folder / "opsroom.toml")
    begin, end = span.begin * 1000, span.end * 1000
    with contextlib.closing(open_store(settings.store.url, settings.store)) as store:
        kept = store.readings
        questions: dict[str, Callable[[], Any]] = {
            ONE: lambda: kept.read(span.series[0], begin, end),
            SPANS: lambda: kept.buckets(span.series, begin, end, SPAN_MS * 1000),
            ROLLED: lambda: kept.buckets(span.series, begin, end, ROLLED_MS * 1000),
        }
        return {name: round(timed(question, repeat)[0], 3) for name, question in questions.items()}


def _theirs(peer: Peer, instants: int, repeat: int) -> list[dict[str, Any]]:
    """Store in a peer and ask it."""
    sent = made(SERIES * instants, STEP_MS)
    with tempfile.TemporaryDirectory(prefix="opsroom-peer-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
        folder = Path(name) / peer.name
        folder.mkdir()
        with running(peer, folder) as server:
            write(peer, server, sent, "columns-1000")
            _until_held(server, sent.values.size)
            rows = []
            with asked(peer.name, server, sent, ROLLED_MS) as questions:
                for question, ask in zip((LAST, ONE, SPANS), questions, strict=True):
                    ms, values = timed(ask, repeat)
                    _right(question, values, instants, peer.name)
                    row = {"question": question, "peer": peer.name, "version": peer.version()}
                    rows.append({**row, "store_ms": None, "http_ms": round(ms, 3), "values": values})
    return rows


def _until_held(server: Server, readings: int) -> None:
    """Wait until a peer answers with all it took: some show it seconds later."""
    end = time.monotonic() + HELD_S
    while server.held() < readings and time.monotonic() < end:
        time.sleep(SETTLE_S)


def _right(question: str, values: int, instants: int, system: str) -> None:
    """Check that an answer holds about what was stored; spans at the ends may be cut."""
    spans = instants * STEP_MS // ROLLED_MS
    least = {LAST: SERIES, ONE: instants - 1}.get(question, SERIES * (spans - 1))
    if values < least:
        raise StoreError(
            f"{system} answered {question} with {values} values of {least}.",
            remedy="Ask it by hand.",
            code="bench_wrong_answer",
        )


def timed(ask: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    """Give the median of the ms that `ask` takes, and its last answer.

    It is asked `repeat` times, and as often as fits into ASKED_S, after one for warming: an answer of half a
    millisecond is measured no better than the machine's first few of them.
    """
    answer = ask()
    spent: list[float] = []
    while len(spent) < repeat or sum(spent) < ASKED_S:
        started = time.perf_counter()
        answer = ask()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent) * 1e3, answer


@contextlib.contextmanager
def _asking(rig: Rig) -> Iterator[Callable[[str], Any]]:
    """Give a way to ask the room over one connection."""
    cookie = session_cookie(rig, PERSON, PASSWORD)
    place = urllib.parse.urlsplit(rig.url)
    connection = http.client.HTTPConnection(place.netloc)

    def ask(path: str) -> Any:
        connection.request("GET", path, headers={"Cookie": cookie, "Accept": COLUMNS_TYPE})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise StoreError(f"{path}: {body[:300]!r}", remedy="Report it.", code="bench_wrong_answer")
        return unpacked(body)[0]

    with contextlib.closing(connection):
        yield ask
