"""Draw the pictures of docs/pictures that show detection on recorded series; `opsroom bench nab` draws all.

Run `.venv/bin/python -m tests.docs.nab_pictures`; the recordings are in ../shared/data (another folder:
OPSROOM_TEST_DATA).
"""

from __future__ import annotations

from opsroom.bench.nab.corpus import read_corpus
from opsroom.bench.nab.draw import WIDTH, draw
from opsroom.bench.nab.run import through
from opsroom.detect.shipped import NAB_THRESHOLD
from tests.acceptance.economy import DATA
from tests.docs.pictures import FOLDER

SHOWN = {
    "machine-temperature": "realKnownCause/machine_temperature_system_failure.csv",
    "taxi": "realKnownCause/nyc_taxi.csv",
    "tweets": "realTweets/Twitter_volume_IBM.csv",
    "missed-key-hold": "realKnownCause/rogue_agent_key_hold.csv",
}
"""Two that go well, one with false reports, one that is hard."""


def main() -> None:
    """Write each picture and say how large it is."""
    files = {file.name: file for file in read_corpus(DATA / "nab").files}
    for short, name in SHOWN.items():
        picture = FOLDER / f"nab-{short}-{WIDTH}.svg"
        picture.write_text(draw(files[name], through(files[name]), NAB_THRESHOLD), encoding="utf-8")
        print(picture.name, picture.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
