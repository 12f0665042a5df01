"""The folder of rule files beside a running room: read again when it changes, never overwriting the screen.

A file that cannot be used keeps the rules that are in force, and says so. One that says something else by now
of a rule that was edited in the screen is a conflict: it is named until somebody settles it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from msgspec.structs import replace

from opsroom.catalog import Catalog
from opsroom.errors import NotFound, SettingsError, StoreError
from opsroom.model import Micros
from opsroom.records import AnyConfig, RuleSet
from opsroom.rule import Rule
from opsroom.rules.binding import Watch, watches
from opsroom.rules.file import TESTS_END, sources_of, survey_rules
from opsroom.rules.plan import Conflict, Plan, based, compare, taken

Change = Callable[[list[AnyConfig]], Awaitable[None]]
Stamp = tuple[tuple[str, int, int], ...]

_logger: Final = structlog.get_logger("opsroom.rules")


class RuleFolder:
    """What the files say, and the one place where rules are put in force while the room runs.

    `faults` says why the files as they are now cannot be used; `declared` are the rules of the last ones
    that could be, None where there is no folder. `lock` is held by who puts rules in force, `trying` by who
    plays history.
    """

    def __init__(self, folder: str | Path | None, catalog: Catalog) -> None:
        """Take the folder, which need not be there, and the tree with the rules in force."""
        self._folder = None if folder is None else Path(folder)
        self._catalog = catalog
        self._stamp: Stamp | None = None
        self._change: Change = _nowhere
        self._watched: Callable[[], Sequence[Watch]] = lambda: list(
            watches(catalog, (rule for rule in catalog.rules.values() if not rule.retired))
        )
        self.declared: dict[str, Rule] | None = None
        self.faults: list[SettingsError] = []
        self.lock = asyncio.Lock()
        self.trying = asyncio.Lock()

    def join(self, change: Change, watched: Callable[[], Sequence[Watch]] | None = None) -> None:
        """Say how a change is made durable and applied, and who knows what each rule watches."""
        self._change = change
        self._watched = watched or self._watched

    def start(self) -> list[AnyConfig]:
        """Read the folder before the room runs; gives what must change in the catalog.

        Raises:
            SettingsError: a file cannot be used, and no rules are known that could stay in force.
        """
        self.read()
        if self.faults and not self._catalog.rules:
            raise self.faults[0]
        return [RuleSet(rule) for rule in self.plan().changes] if not self.faults else []

    def read(self) -> bool:
        """Read the files if they are others than last time; blocking. Says whether they are."""
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        if stamp is None:
            self.declared, self.faults = None, []
            return True
        assert self._folder is not None
        root = self._catalog.root()
        try:
            rules, faults = survey_rules(sources_of(self._folder), root.id if root else 1)
        except SettingsError as error:
            rules, faults = [], [error]
        self.faults = faults
        for fault in faults:
            _logger.error("rules_kept", message=fault.message, remedy=fault.remedy)
        if not faults:
            self.declared = {rule.id: rule for rule in rules}
        return True

    def plan(self) -> Plan:
        """Hold what the files said last against what is in force."""
        if self.declared is None:
            return Plan([], [], [rule for rule in self._catalog.rules.values() if rule.edited])
        return compare(self.declared.values(), self._catalog.rules)

    def watched(self) -> dict[str, list[int]]:
        """Give the series that each rule watches, by the rule's id."""
        found: dict[str, list[int]] = {}
        for one in self._watched():
            found.setdefault(one.rule, []).append(one.series)
        return found

    async def run(self, every_s: float) -> None:
        """Look at the folder again and again until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.renew()
            except StoreError as error:
                self._stamp = None  # the log takes nothing now: the files are read again next time
                _logger.error("rules_wait", code=error.code, message=error.message)  # noqa: TRY400 - no fault of ours

    async def renew(self) -> None:
        """Read the folder if it changed, put in force what is new in it, and name every conflict."""
        async with self.lock:
            if not await asyncio.to_thread(self.read) or self.faults:
                return
            plan = self.plan()
            for one in plan.conflicts:
                file = "" if one.file is None else one.file.file
                _logger.warning("rule_conflict", rule=one.room.id, file=file or one.room.file)
            await self._change([RuleSet(rule) for rule in plan.changes])

    # -- what the screen does; each under `lock` ---------------------------------------------------

    async def put(self, rules: Sequence[Rule], person: str, at: Micros) -> list[Rule]:
        """Put rules in force as agreed in the screen by a person; gives them as they stand then."""
        made = []
        for rule in rules:
            before, declared = self._catalog.rules.get(rule.id), (self.declared or {}).get(rule.id)
            version = 1 if before is None else before.version + 1
            approved = replace(rule, version=version, approved_by=person, approved=at)
            made.append(based(approved, declared))
        await self._change([RuleSet(rule) for rule in made])
        return made

    async def settle(self, rule_id: str, *, take_file: bool) -> Rule:
        """End a conflict: what the file says is put in force, or what the screen says stands.

        Raises:
            NotFound: the rule is in no conflict.
        """
        found = self.conflict(rule_id)
        if found is None:
            raise NotFound(
                f"{rule_id} is in no conflict.",
                remedy="Read the rules again.",
                code="rule_at_peace",
                rule=rule_id,
            )
        rule = taken(found.room, found.file) if take_file else based(found.room, found.file)
        await self._change([RuleSet(rule)])
        return rule

    def conflict(self, rule_id: str) -> Conflict | None:
        """Give the conflict that a rule is in."""
        return next((one for one in self.plan().conflicts if one.room.id == rule_id), None)

    def _look(self) -> Stamp | None:
        """Give name, size and time of each file; None where there is no folder."""
        if self._folder is None or not self._folder.is_dir():
            return None
        files = (file for file in sorted(self._folder.glob("*.toml")) if not file.name.endswith(TESTS_END))
        found = []
        for file in files:
            try:
                at = file.stat()
            except OSError:
                continue  # it went meanwhile, or cannot be read, which `read` will say
            found.append((file.name, at.st_size, at.st_mtime_ns))
        return tuple(found)


async def _nowhere(changes: list[AnyConfig]) -> None:
    """Stand in until the room is joined."""
    assert not changes
