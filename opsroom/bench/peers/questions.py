"""The three questions of `opsroom bench query`, in the words of each peer."""

from __future__ import annotations

import http.client
import urllib.parse
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from opsroom.bench.peers import postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opsroom.bench.peers.port import Readings, Server

    Questions = tuple[Callable[[], int], Callable[[], int], Callable[[], int]]


@contextmanager
def asked(name: str, server: Server, sent: Readings, width_ms: int) -> Iterator[Questions]:
    """Give last values, readings of the first series, and means of all in spans of `width_ms`.

    Each asks over a connection that stays open, reads the whole answer and gives its number of values.
    """
    if isinstance(server, postgresql.Database):
        with server.opened() as connection:
            yield _of_tables(connection, len(sent.series), width_ms)
        return
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        make = _of_influx if name == "influxdb" else _of_metrics
        yield make(connection, name, sent, width_ms)


def _get(connection: http.client.HTTPConnection, path: str, **params: Any) -> Any:
    connection.request("GET", f"{path}?{urllib.parse.urlencode(params)}")
    return msgspec.json.decode(connection.getresponse().read())


def _of_metrics(
    connection: http.client.HTTPConnection, name: str, sent: Readings, width_ms: int
) -> Questions:
    """Ask in PromQL, which VictoriaMetrics and Prometheus answer alike."""
    metric = "bench_v" if name == "victoria-metrics" else "bench"
    begin, end = float(sent.times_ms[0]) / 1e3, float(sent.times_ms[-1]) / 1e3
    step, width = float(sent.times_ms[1] - sent.times_ms[0]) / 1e3, width_ms / 1e3

    def counted(answer: Any) -> int:
        return sum(len(row.get("values", "1")) for row in answer["data"]["result"])

    def over(query: str, every: float) -> int:
        params = {"query": query, "start": begin, "end": end, "step": every}
        return counted(_get(connection, "/api/v1/query_range", **params))

    return (
        lambda: counted(_get(connection, "/api/v1/query", query=metric, time=end)),
        lambda: over(f'{metric}{{series="{sent.series[0]}"}}', step),
        lambda: over(f"avg_over_time({metric}[{width:g}s])", width),
    )


def _of_influx(connection: http.client.HTTPConnection, _: str, sent: Readings, width_ms: int) -> Questions:
    """Ask in InfluxQL, where `series` is a word of the language."""
    since = f"time >= {int(sent.times_ms[0])}ms AND time <= {int(sent.times_ms[-1])}ms"

    def ask(query: str) -> int:
        answer = _get(connection, "/query", db="bench", q=query)
        return sum(len(row["values"]) for row in answer["results"][0]["series"])

    one = f"SELECT v FROM bench WHERE \"series\" = '{sent.series[0]}' AND {since}"  # noqa: S608 - names of ours
    means = f'SELECT mean(v) FROM bench WHERE {since} GROUP BY time({width_ms}ms), "series"'  # noqa: S608 - numbers
    return (
        lambda: ask('SELECT last(v) FROM bench GROUP BY "series"'),
        lambda: ask(one),
        lambda: ask(means),
    )


def _of_tables(connection: Any, series: int, width_ms: int) -> Questions:
    """Ask in SQL, as the key answers quickest."""
    last = (
        f"SELECT s, l.t, l.v FROM generate_series(0, {series - 1}) AS s, LATERAL "  # noqa: S608 - numbers of ours
        "(SELECT t, v FROM bench WHERE series = s ORDER BY t DESC LIMIT 1) AS l"
    )
    means = f"SELECT series, t / {width_ms}, avg(v) FROM bench GROUP BY 1, 2"  # noqa: S608 - numbers of ours

    def ask(query: str) -> int:
        return len(connection.execute(query).fetchall())

    return (
        lambda: ask(last),
        lambda: ask("SELECT t, v FROM bench WHERE series = 0 ORDER BY t"),
        lambda: ask(means),
    )
