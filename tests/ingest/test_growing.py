"""A followed file that is renamed, replaced, cut, or has rows longer than a chunk: no row without a word."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors._growing import CHUNK_BYTES, ROW_BYTES_MAX, GrowingFile
from opsroom.errors import Invalid


@pytest.fixture
def opened() -> Iterator[Callable[..., GrowingFile]]:
    with ExitStack() as stack:
        yield lambda *told: stack.enter_context(closing(GrowingFile(*told)))


Opened = Callable[..., GrowingFile]


def look(file: GrowingFile, times: int = 1) -> list[str]:
    """Give the rows of so many looks, stripped."""
    return [line.strip() for _ in range(times) for line in file.lines(to_the_end=False)[0]]


def all_of(file: GrowingFile) -> list[str]:
    """Look until nothing more comes, of the file in its place either."""
    found, quiet = [], 0
    while quiet < 3:
        rows = look(file)
        quiet = 0 if rows else quiet + 1
        found += rows
    return found


def grow(path: Path, text: str) -> None:
    with path.open("a") as more:
        more.write(text)


def test_a_renamed_file_is_read_to_its_end_before_the_one_in_its_place(
    tmp_path: Path, opened: Opened
) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ts,a\n1,1\n")
    file = opened(path)
    assert look(file) == ["1,1"]
    grow(path, "2,2\n")
    path.rename(tmp_path / "f.csv.1")
    assert look(file) == ["2,2"]
    with pytest.raises(FileNotFoundError):
        look(file)
    path.write_text("ts,b\n4,4\n")
    assert look(file) == []
    grow(tmp_path / "f.csv.1", "3,3")
    assert look(file) == ["3,3"], "its writer had it open still"
    assert file.head == "ts,a\n"
    assert opened(path, file.mark).lines(to_the_end=False) == (["4,4\n"], True)
    assert (look(file), file.head) == (["4,4"], "ts,b\n")
    assert look(file, 3) == []
    assert not file.notes


def test_a_deleted_file_is_read_to_its_end_too(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ts,a\n1,1\n")
    file = opened(path)
    look(file)
    grow(path, "2,2\n")
    path.unlink()
    path.write_text("ts,a\n3,3\n")
    assert look(file, 4) == ["2,2", "3,3"]


def test_a_file_that_is_written_anew_as_a_whole_is_gone_on_with(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ts,a\n1,1\n2,2")
    file = opened(path)
    assert look(file) == ["1,1"]
    (tmp_path / "new").write_text("ts,a\n1,1\n2,22\n3,3\n")
    (tmp_path / "new").replace(path)
    assert look(file, 4) == ["2,22", "3,3"]


def test_a_mark_that_no_longer_fits_is_told(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ts,a\n1,1\n")
    first = opened(path)
    look(first)
    path.write_text("ts,a\n2,2\n")
    assert look(first) == ["2,2"], "cut in its place"
    later = opened(path, "9:7")
    assert look(later) == ["2,2"]
    for file in (first, later):
        assert [code for code, _ in file.notes] == ["replaced"]
        assert "to byte 9:" in file.notes[0][1]


def test_a_mark_of_an_earlier_release_is_understood(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "f.csv"
    read = b"ts,a\n" + b"".join(b"%d,1\n" % n for n in range(100))
    path.write_bytes(read + b"100,1\n")
    file = opened(path, f"{len(read)}:{zlib.crc32(read[-64:])}")
    assert (look(file), file.notes) == (["100,1"], [])


def test_a_file_that_differs_in_its_times_alone_is_another(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ts,a\n1" + ",0" * 50 + "\n")
    file = opened(path)
    look(file)
    path.write_text("ts,a\n2" + ",0" * 50 + "\n")
    assert look(opened(path, file.mark)) == ["2" + ",0" * 50]


@pytest.mark.parametrize("to_the_end", [False, True])
def test_a_row_longer_than_a_chunk_is_a_row(tmp_path: Path, opened: Opened, to_the_end: bool) -> None:
    path = tmp_path / "f.csv"
    head = ",".join(f"column{n}" for n in range(CHUNK_BYTES // 6)) + "\n"
    row = ",".join("12345" for _ in range(CHUNK_BYTES // 3)) + "\n"
    path.write_text(head + "1,1\n" + row + "2,2\n")
    file = opened(path)
    found: list[str] = []
    while lines := file.lines(to_the_end=to_the_end)[0]:
        found += lines
    assert (file.head, found) == (head, ["1,1\n", row, "2,2\n"])


def test_a_row_without_end_is_passed_over_and_told_once(tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ts,a\n1,1\n" + "x" * (ROW_BYTES_MAX + 10))
    file = opened(path)
    assert look(file, 3) == ["1,1"]
    assert [code for code, _ in file.notes] == ["row_unreadable"]
    mark = file.mark
    grow(path, "x" * CHUNK_BYTES + "\n2,2\n")
    assert look(file, 2) == ["2,2"]
    assert len(file.notes) == 1
    assert look(opened(path, mark)) == ["2,2"], "an earlier mark stands before it"
    path.write_text("x" * ROW_BYTES_MAX + "\n1,1\n")
    with pytest.raises(Invalid):
        look(opened(path))


ACTS = st.lists(
    st.one_of(st.integers(0, 40_000), st.sampled_from(["look", "rename", "delete"])), min_size=1, max_size=30
)


@given(acts=ACTS)
def test_every_row_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[object]
) -> None:
    folder = tmp_path_factory.mktemp("growing")
    path = folder / "f.csv"
    path.write_text("ts,a\n")
    with closing(GrowingFile(path)) as file:
        found, written = all_of(file), 0
        has_left = False
        for act in acts:
            if isinstance(act, int):
                written += 1
                grow(path, f"{written}," + "7" * act + "\n")
            elif act == "look":
                found += look(file)
            else:
                # One file waits to be read to its end, no second one.
                found += all_of(file) if has_left else []
                has_left = True
                if act == "rename":
                    path.rename(folder / "f.csv.1")
                else:
                    path.unlink()
                path.write_text("ts,a\n")
        found += all_of(file)
        assert [int(row.partition(",")[0]) for row in found] == list(range(1, written + 1))
        assert not file.notes
