"""A process of its own for a share of the files: `python -m opsroom.bench.nab.worker`.

Takes one JSON object on standard input, {"nab", "names", "constants", "bands", "lean", "out"}, and leaves a
pickle of its outcomes in the file named by "out". Kernels take their constants at compilation, so constants
other than the shipped ones need a process, and a cache of kernels, of their own.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opsroom.bench.nab.corpus import File, read_corpus
from opsroom.bench.nab.run import Outcome, through
from opsroom.bench.nab.tuned import compiled_in, override

if TYPE_CHECKING:
    from opsroom.bench.nab.corpus import Floats


def run_files(
    nab: Path,
    files: Sequence[File],
    *,
    processes: int,
    bands: int,
    constants: Mapping[str, float] | None = None,
    lean: bool = False,
) -> dict[str, Outcome]:
    """Feed every file to the engine, in `processes` processes; `constants` other than the shipped ones.

    `lean` makes the scores alone, without the rest of the engine.

    Raises:
        RuntimeError: a process failed; its words are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="opsroom-nab-") as name:
        folder = Path(name)
        environment = dict(os.environ)
        if any(compiled_in(name) for name in constants or ()):
            environment["NUMBA_CACHE_DIR"] = str(folder / "kernels")
        started = []
        for k, names in enumerate(_shares(files, processes)):
            out = folder / f"{k}.pickle"
            order = {
                "nab": str(nab.resolve()),
                "names": names,
                "constants": dict(constants or {}),
                "bands": bands,
                "lean": lean,
                "out": str(out),
            }
            process = subprocess.Popen(
                [sys.executable, "-m", "opsroom.bench.nab.worker"],
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            )
            assert process.stdin is not None
            process.stdin.write(json.dumps(order))
            process.stdin.close()
            process.stdin = None
            started.append((process, out))
        found: dict[str, Outcome] = {}
        for process, out in started:
            _, words = process.communicate()
            if process.returncode:
                raise RuntimeError(words[-2000:])
            for outcome in pickle.loads(out.read_bytes()):  # noqa: S301 - our own process wrote it just now
                found[outcome.name] = outcome
    return {file.name: found[file.name] for file in files}


def scores_under(nab: Path, files: Sequence[File], constants: Mapping[str, float]) -> dict[str, Floats]:
    """Give the scores of all files under constants that differ from the shipped ones, made in one process."""
    outcomes = run_files(nab, files, processes=1, bands=0, constants=constants, lean=True)
    return {name: outcome.score for name, outcome in outcomes.items()}


def _shares(files: Sequence[File], processes: int) -> list[list[str]]:
    """Share the files out: the longest first, each to whoever has least."""
    shares: list[list[str]] = [[] for _ in range(max(1, processes))]
    rows = [0] * len(shares)
    for file in sorted(files, key=lambda one: (-len(one.t), one.name)):
        least = rows.index(min(rows))
        shares[least].append(file.name)
        rows[least] += len(file.t)
    return [share for share in shares if share]


def main() -> None:
    """Do one share."""
    order = json.load(sys.stdin)
    for name, value in order["constants"].items():
        override(name, value)
    files = {file.name: file for file in read_corpus(Path(order["nab"])).files}
    chosen = [files[name] for name in order["names"]]
    if order["lean"]:
        from opsroom.bench.nab.lean import lean_scores  # compiles when it is loaded with constants in place

        nothing = np.zeros(0, np.int64), np.zeros((0, 3)), ()
        outcomes = [Outcome(file.name, lean_scores(file), *nothing) for file in chosen]
    else:
        outcomes = [through(file, bands=order["bands"]) for file in chosen]
    Path(order["out"]).write_bytes(pickle.dumps(outcomes))


if __name__ == "__main__":
    main()
