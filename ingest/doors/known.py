"""What a gate knows already of its senders' keys, as written: readers look here before they ask for a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.doors.readings import LEFT_OUT

if TYPE_CHECKING:
    from ingest.doors.table import Table

_SPECIAL: Final = frozenset(',= \\"')


class Head:
    """A measurement with its tags, and the rows of its fields that are known."""

    __slots__ = ("fields", "labels", "name")

    def __init__(self, name: str, labels: tuple[tuple[str, str], ...]) -> None:
        self.name = name
        self.labels = labels
        self.fields: dict[str, int] = {}


class Known:
    """Rows by head and field, or by labels, as written; and in a table for the kernels once they are there.

    What is refused is not kept, or many refusals would fill memory.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.heads: dict[str, Head] = {}
        self.labels: dict[bytes, int] = {}
        self.table: Table | None = None

    def clear(self) -> None:
        """Forget everything."""
        self.heads.clear()
        self.labels.clear()
        if self.table is not None:
            self.quicken()

    def quicken(self) -> None:
        """Make the table, now that the kernels are compiled."""
        from ingest.doors.table import Table

        self.table = Table()
        for text, head in self.heads.items():
            for field, row in head.fields.items():
                self._tell(text, field, row)
        for told, row in self.labels.items():
            self.table.learn(told, row)

    def learn_field(self, text: str, head: Head, field: str, row: int) -> None:
        """Keep the row of a head, as written, and one of its fields."""
        if row < LEFT_OUT:
            return
        head.fields[field] = row
        self.heads[text] = head
        self._tell(text, field, row)

    def learn_labels(self, text: bytes, row: int) -> None:
        """Keep the row of labels, as written."""
        if row < LEFT_OUT:
            return
        self.labels[text] = row
        if self.table is not None:
            self.table.learn(text, row)

    def _tell(self, text: str, field: str, row: int) -> None:
        """Tell the kernels, unless the field was escaped: they compare what is written."""
        if self.table is not None and not _SPECIAL.intersection(field):
            self.table.learn(f"{text} {field}".encode(), row)
