"""Snapshots of the room, seats, credentials, sessions and tokens in tables."""

from __future__ import annotations

import google_crc32c
from sqlalchemy import delete, func, select

from opsroom.errors import Corrupt
from opsroom.model import Micros, Role
from opsroom.seats import PlantToken, Seat, Session
from opsroom.store import _tables as tables
from opsroom.store._database import Database


class SqlSnapshots:
    """Named states, each with its checksum."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, version: int, offset: int, blob: bytes) -> None:
        """Replace the snapshot `name`."""
        row = {
            "name": name,
            "version": version,
            "log_offset": offset,
            "crc": google_crc32c.value(blob),
            "body": blob,
        }
        with self._database.write() as connection:
            self._database.upsert(connection, tables.snapshot, [row])

    def load(self, name: str) -> tuple[int, int, bytes] | None:
        """Give (version, offset, blob), or None."""
        table = tables.snapshot.c
        query = select(table.version, table.log_offset, table.crc, table.body).where(
            table.root_id == self._database.root_id, table.name == name
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        version, offset, crc, blob = row
        if crc != google_crc32c.value(blob):
            raise Corrupt(
                f"Snapshot {name!r} does not match its checksum.",
                remedy="It is rebuilt from stored readings.",
                snapshot=name,
            )
        return version, offset, bytes(blob)


class SqlAccess:
    """Who may come in."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._root = database.root_id

    def seats(self) -> list[Seat]:
        """Give all seats by id."""
        table = tables.seat.c
        query = select(table.id, table.person, table.role, table.unit_id).where(table.root_id == self._root)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.id))
            return [Seat(number, person, Role(role), unit_id) for number, person, role, unit_id in rows]

    def put_seat(self, seat: Seat) -> Seat:
        """Store a seat."""
        table = tables.seat.c
        with self._database.write() as connection:
            highest = select(func.max(table.id)).where(table.root_id == self._root)
            number = seat.id or (connection.execute(highest).scalar() or 0) + 1
            kept = Seat(number, seat.person, seat.role, seat.unit_id)
            row = {"id": number, "person": kept.person, "role": str(kept.role), "unit_id": kept.unit_id}
            self._database.upsert(connection, tables.seat, [row])
        return kept

    def put_credential(self, seat_id: int, kind: str, secret: str, at: Micros) -> None:
        """Add a credential."""
        table = tables.credential.c
        with self._database.write() as connection:
            highest = select(func.max(table.number)).where(
                table.root_id == self._root, table.seat_id == seat_id, table.kind == kind
            )
            number = (connection.execute(highest).scalar() or 0) + 1
            row = {"seat_id": seat_id, "kind": kind, "number": number, "secret": secret, "at": at}
            self._database.insert(connection, tables.credential, [row])

    def credentials(self, seat_id: int, kind: str) -> list[str]:
        """Give the secrets of `kind`, newest first."""
        table = tables.credential.c
        query = (
            select(table.secret)
            .where(table.root_id == self._root, table.seat_id == seat_id, table.kind == kind)
            .order_by(table.number.desc())
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def put_session(self, session: Session) -> None:
        """Store or replace a session."""
        row = {
            "token_hash": session.token_hash,
            "seat_id": session.seat_id,
            "csrf": session.csrf,
            "expires": session.expires,
        }
        with self._database.write() as connection:
            self._database.upsert(connection, tables.session, [row])

    def session(self, token_hash: str) -> Session | None:
        """Give a session."""
        table = tables.session.c
        query = select(table.token_hash, table.seat_id, table.csrf, table.expires).where(
            table.root_id == self._root, table.token_hash == token_hash
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else Session(*row)

    def end_session(self, token_hash: str) -> None:
        """Remove a session."""
        table = tables.session
        with self._database.write() as connection:
            connection.execute(
                delete(table).where(table.c.root_id == self._root, table.c.token_hash == token_hash)
            )

    def put_token(self, token: PlantToken) -> None:
        """Store or replace a token."""
        row = {"token_hash": token.token_hash, "unit_id": token.unit_id, "name": token.name, "at": token.at}
        with self._database.write() as connection:
            self._database.upsert(connection, tables.token, [row])

    def tokens(self) -> list[PlantToken]:
        """Give all tokens, oldest first."""
        table = tables.token.c
        query = (
            select(table.token_hash, table.unit_id, table.name, table.at)
            .where(table.root_id == self._root)
            .order_by(table.at, table.token_hash)
        )
        with self._database.read() as connection:
            return [PlantToken(*row) for row in connection.execute(query)]

    def delete_token(self, token_hash: str) -> None:
        """Remove a token."""
        table = tables.token
        with self._database.write() as connection:
            connection.execute(
                delete(table).where(table.c.root_id == self._root, table.c.token_hash == token_hash)
            )
