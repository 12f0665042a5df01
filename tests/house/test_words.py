"""The tree speaks of the project alone: no machine's paths, no package hosts, no ticket numbers."""

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, tracked

# Written with a bracket in each, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.$}>-])/(?:[w]ork|[r]oot|[o]pt/(?:pypi|wheels))/"),
    "a package host": re.compile(r"[p]ypi\.org|[p]ythonhosted\.org|registry\.[n]pmjs|deb\.[d]ebian\.org"),
    "a ticket number": re.compile(r"\b[Ii]ssue #?\d|\B#\d{1,4}\b(?![\w;-])"),
    "a merge left undone": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
    "a shared password": re.compile(r"-----[B]EGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
}
# Colours look like ticket numbers in these.
COLOURED = {".css", ".svg", ".js", ".py", ".html", ".lock", ".json"}
BINARY = {".woff2", ".png", ".ico", ".gz", ".zst", ".bin"}


def complaints(name: str, text: str) -> list[str]:
    found = []
    for meaning, pattern in FORBIDDEN.items():
        if meaning == "a ticket number" and Path(name).suffix in COLOURED:
            continue
        found += [f"{name}: {meaning}: {match.group()!r}" for match in pattern.finditer(text)]
    return found


def test_tracked_files_speak_of_the_project_alone() -> None:
    if not tracked():
        pytest.skip("no git checkout here, so nothing says which files are tracked")
    found = []
    for path in tracked():
        if path.suffix not in BINARY and "vendor" not in path.parts:
            found += complaints(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "see /" + "work/main",
        "in /" + "root/.config",
        "https://" + "pypi" + ".org/simple",
        "fixes issue" + " 12",
        "as in " + "#" + "12",
        "<" * 7 + " HEAD",
        "-----BEGIN" + " RSA PRIVATE KEY-----",
    ],
)
def test_forbidden_words_are_found(text: str) -> None:
    assert complaints("README.md", text)


@pytest.mark.parametrize("text", ["pip install from PyPI", "/var/lib/opsroom", "docs/work/", "# 12 plants"])
def test_plain_words_are_not(text: str) -> None:
    assert not complaints("README.md", text)
