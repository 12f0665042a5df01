"""What `opsroom bench nab` and `make bench-nab` do: scores and pictures written, one JSON object given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsroom.bench.nab.corpus import read_corpus
from opsroom.bench.nab.draw import draw, save
from opsroom.bench.nab.run import BANDS, write_scores
from opsroom.bench.nab.score import marks, result
from opsroom.bench.nab.tuned import TUNED, shipped
from opsroom.bench.nab.validate import THRESHOLD, cross_validate
from opsroom.bench.nab.worker import run_files, scores_under
from opsroom.detect.shipped import NAB_THRESHOLD, settings_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsroom.bench.nab.corpus import Floats

PICTURES = "pictures"


def bench(
    nab: Path, out: Path, *, processes: int = 2, pictures: bool = True, every_constant: bool = False
) -> dict[str, Any]:
    """Run the benchmark of folder `nab`; scores to `out/<group>/<file>.csv`, pictures to `out/pictures/`.

    Scores are taken with alerts off (`run`). The threshold is the declared one; the best in hindsight stands
    beside it, named so. The threshold is cross-validated always; `every_constant` cross-validates all that
    was tuned, which compiles the kernels anew for each value tried.

    Raises:
        Invalid: `nab` is not laid out like the benchmark.
    """
    corpus = read_corpus(nab)
    outcomes = run_files(nab, corpus.files, processes=processes, bands=BANDS if pictures else 0)
    scores = {name: outcome.score for name, outcome in outcomes.items()}
    write_scores(out, scores)
    if pictures:
        for file in corpus.files:
            save(out / PICTURES, file.name, draw(file, outcomes[file.name], NAB_THRESHOLD))
    marked = marks(corpus, scores)

    def score_files(constants: Mapping[str, float]) -> Mapping[str, Floats]:
        return scores_under(nab, corpus.files, constants) if constants else scores

    tuned = {name: values for name, values in TUNED.items() if every_constant or name == THRESHOLD}
    return {
        "settings_hash": settings_hash(),
        "threshold": NAB_THRESHOLD,
        "alerts": "off: scores are taken at a budget of 0, so that no open alert silences them",
        "windows": marked.windows,
        "rows": sum(len(file.t) for file in corpus.files),
        "profiles": result(marked, corpus.profiles, NAB_THRESHOLD),
        "cross_validation": cross_validate(corpus, shipped(tuned), tuned, score_files, processes),
    }
