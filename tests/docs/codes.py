"""Every error code of the product, read from its source: classes, `code="..."`, tables and words."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from ingest import codes as ingest_codes

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("opsroom", "ingest", "dashboards")
WORDS = ROOT / "opsroom" / "words" / "errors.en.json"


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Parse every module of the product."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file, ast.parse(file.read_text(encoding="utf-8"))


def error_classes(modules: list[ast.Module]) -> set[str]:
    """Give the names of `OpsroomError` and of all that descends from it."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    }
    known = {"OpsroomError"}
    while more := {name for name, above in bases.items() if above & known} - known:
        known |= more
    return known


def texts(node: ast.expr | None) -> Iterator[str]:
    """Give the text literals an expression may come to."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def raised() -> set[str]:
    """Give the codes that stand in a class of error or are given to one by name."""
    modules = [module for _, module in trees()]
    kinds = error_classes(modules)
    found: set[str] = set()
    for module in modules:
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef) and node.name in kinds:
                found |= {text for line in node.body for text in _class_code(line)}
            elif isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg == "code":
                        found |= set(texts(keyword.value))
    return found


def _class_code(line: ast.stmt) -> Iterator[str]:
    """Give what a line of a class sets its `code` to."""
    if not isinstance(line, ast.Assign | ast.AnnAssign):
        return
    targets = line.targets if isinstance(line, ast.Assign) else [line.target]
    if any(isinstance(target, ast.Name) and target.id == "code" for target in targets):
        yield from texts(line.value)


def worded() -> set[str]:
    """Give the codes that the catalogue of words knows."""
    words = json.loads(WORDS.read_text(encoding="utf-8"))
    return {key.split(".")[1] for key in words if key.startswith("error.")}


def everything() -> set[str]:
    """Give every code a person or program may be told."""
    return raised() | worded() | set(ingest_codes.ALL)
