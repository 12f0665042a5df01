"""Snapshots of the room, seats, credentials, sessions and tokens in tables."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

import google_crc32c
import msgspec
import zstandard
from sqlalchemy import ColumnElement, Connection, delete, func, select

from opsroom.errors import Corrupt
from opsroom.model import Micros, Role
from opsroom.parts import Part, pieces
from opsroom.seats import Kiosk, PlantToken, Seat, Session
from opsroom.store import _tables as tables
from opsroom.store._database import Database

WHOLE_BYTES: Final = 1 << 16
"""Up to here a snapshot stands in its own row as it is."""
PIECE_BYTES: Final = 8 << 20
PIECES_MOVED: Final = 4
LEVEL: Final = 1
"""Of zstd: detectors' rows become a fifth at some 800 MB/s."""
PIECES: Final = b"zstd-pieces:"
"""How a body begins that only tells of its pieces: their writing, how many, the checksum of all together."""


class SqlSnapshots:
    """Named states, each with its checksum.

    A large one is written in compressed pieces, a transaction each, so that an alert's commit waits for one
    piece at most; the row of its name, which comes last, makes them count.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, version: int, offset: int, *parts: Part) -> None:
        """Replace the snapshot `name`; it is on the disk then."""
        # Each writing has pieces of its own: one that breaks off leaves those of the snapshot that stands.
        writing = f"{name}/{offset}.{secrets.token_hex(4)}"
        if sum(map(len, parts)) <= WHOLE_BYTES:
            body = b"".join(parts)
        else:
            body = self._put_pieces(writing, version, offset, parts)
        with self._database.write_aside() as connection:
            self._database.upsert(connection, tables.snapshot, [_snapshot_row(name, version, offset, body)])
        self._forget(name, writing)

    def _put_pieces(self, writing: str, version: int, offset: int, parts: Sequence[Part]) -> bytes:
        """Write a large one; gives the body that tells of its pieces."""
        count = crc = 0
        zstd = zstandard.ZstdCompressor(level=LEVEL)
        for piece in pieces(parts, PIECE_BYTES):
            crc = google_crc32c.extend(crc, piece)
            row = _snapshot_row(_piece(writing, count), version, offset, zstd.compress(piece))
            with self._database.write_again() as connection:
                self._database.upsert(connection, tables.snapshot, [row])
            self._give_way(count)
            count += 1
        return PIECES + f"{writing}:{count}:{crc}".encode()

    def _forget(self, name: str, writing: str) -> None:
        """Drop the pieces of other writings of the snapshot `name`, one by one for the same reason."""
        table = tables.snapshot.c
        mine = table.root_id == self._database.root_id
        query = select(table.name).where(
            mine,
            table.name.startswith(f"{name}/", autoescape=True),
            ~table.name.startswith(f"{writing}.", autoescape=True),
        )
        with self._database.read() as connection:
            earlier = list(connection.execute(query).scalars())
        for number, piece in enumerate(earlier):
            with self._database.write_again() as connection:
                connection.execute(delete(tables.snapshot).where(mine, table.name == piece))
            self._give_way(number)

    def _give_way(self, number: int) -> None:
        """Let alerts commit after a piece, and the write-ahead log never grow until one of them moves it."""
        self._database.give_way()
        if number % PIECES_MOVED == PIECES_MOVED - 1:
            self._database.move_wal()

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
        if crc == google_crc32c.value(blob) and bytes(blob[: len(PIECES)]) == PIECES:
            writing, count, crc = _told(bytes(blob[len(PIECES) :]))
            blob = self._joined(name, writing, count)
        if crc != google_crc32c.value(blob):
            raise _damaged(name)
        return version, offset, bytes(blob)

    def _joined(self, name: str, writing: str, count: int) -> bytes:
        """Put the pieces of a large one together."""
        table = tables.snapshot.c
        names = [_piece(writing, number) for number in range(count)]
        query = select(table.name, table.body).where(
            table.root_id == self._database.root_id, table.name.in_(names)
        )
        with self._database.read() as connection:
            found = {key: bytes(body) for key, body in connection.execute(query)}
        zstd = zstandard.ZstdDecompressor()
        try:
            return b"".join(zstd.decompress(found[piece]) for piece in names)
        except (KeyError, zstandard.ZstdError) as error:
            raise _damaged(name) from error


def _piece(writing: str, number: int) -> str:
    return f"{writing}.{number}"


def _told(body: bytes) -> tuple[str, int, int]:
    """Read of a large one: its writing, how many pieces, their checksum."""
    writing, count, crc = body.decode().rsplit(":", 2)
    return writing, int(count), int(crc)


def _damaged(name: str) -> Corrupt:
    return Corrupt(
        f"Snapshot {name!r} does not match its checksum.",
        remedy="Run opsroom doctor; restore a backup.",
        snapshot=name,
    )


def _snapshot_row(name: str, version: int, offset: int, body: bytes) -> dict[str, object]:
    return {
        "name": name,
        "version": version,
        "log_offset": offset,
        "crc": google_crc32c.value(body),
        "body": body,
    }


SEATS: Final = "seats"
"""Under this name the table of positions keeps the highest id that a seat ever had."""
_kiosks = msgspec.msgpack.Decoder(Kiosk)


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
        with self._database.write() as connection:
            highest = self._highest(connection)
            number = seat.id or highest + 1
            kept = Seat(number, seat.person, seat.role, seat.unit_id)
            row = {"id": number, "person": kept.person, "role": str(kept.role), "unit_id": kept.unit_id}
            self._database.upsert(connection, tables.seat, [row])
            self._keep_highest(connection, max(number, highest))
        return kept

    def _keep_highest(self, connection: Connection, number: int) -> None:
        self._database.upsert(connection, tables.position, [{"name": SEATS, "log_offset": number}])

    def _highest(self, connection: Connection) -> int:
        """Give the highest id that a seat ever had: acts of the past and open sessions go by it."""
        seat, place = tables.seat.c, tables.position.c
        standing = select(func.max(seat.id)).where(seat.root_id == self._root)
        given = select(place.log_offset).where(place.root_id == self._root, place.name == SEATS)
        return max(connection.execute(one).scalar() or 0 for one in (standing, given))

    def delete_seat(self, seat_id: int) -> None:
        """Remove a seat with its credentials and sessions."""
        with self._database.write() as connection:
            self._keep_highest(connection, self._highest(connection))
            for table, column in (
                (tables.session, tables.session.c.seat_id),
                (tables.credential, tables.credential.c.seat_id),
                (tables.seat, tables.seat.c.id),
            ):
                connection.execute(delete(table).where(table.c.root_id == self._root, column == seat_id))

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

    def sessions(self) -> list[str]:
        """Give the hashes of all sessions."""
        table = tables.session.c
        with self._database.read() as connection:
            query = select(table.token_hash).where(table.root_id == self._root)
            return list(connection.execute(query).scalars())

    def end_session(self, token_hash: str) -> None:
        """Remove a session."""
        self._end(tables.session.c.token_hash == token_hash)

    def end_sessions(self, seat_id: int) -> None:
        """Remove all sessions of a seat."""
        self._end(tables.session.c.seat_id == seat_id)

    def end_expired(self, now: Micros) -> None:
        """Remove the sessions that expired."""
        self._end(tables.session.c.expires <= now)

    def _end(self, which: ColumnElement[bool]) -> None:
        table = tables.session
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.root_id == self._root, which))

    def put_token(self, token: PlantToken) -> None:
        """Store or replace a token."""
        row = msgspec.structs.asdict(token)
        with self._database.write() as connection:
            self._database.upsert(connection, tables.token, [row])

    def tokens(self) -> list[PlantToken]:
        """Give all tokens, oldest first."""
        table = tables.token.c
        query = (
            select(table.token_hash, table.unit_id, table.name, table.at, table.expires)
            .where(table.root_id == self._root)
            .order_by(table.at, table.token_hash)
        )
        with self._database.read() as connection:
            return [PlantToken(*row) for row in connection.execute(query)]

    def kiosks(self) -> list[Kiosk]:
        """Give all wall screens by id."""
        table = tables.kiosk.c
        query = select(table.body).where(table.root_id == self._root).order_by(table.id)
        with self._database.read() as connection:
            return [_kiosks.decode(body) for body in connection.execute(query).scalars()]

    def put_kiosk(self, kiosk: Kiosk) -> Kiosk:
        """Store a wall screen."""
        table = tables.kiosk.c
        with self._database.write() as connection:
            highest = select(func.max(table.id)).where(table.root_id == self._root)
            number = kiosk.id or (connection.execute(highest).scalar() or 0) + 1
            kept = msgspec.structs.replace(kiosk, id=number)
            row = {"id": number, "body": msgspec.msgpack.encode(kept)}
            self._database.upsert(connection, tables.kiosk, [row])
        return kept

    def delete_token(self, token_hash: str) -> None:
        """Remove a token."""
        table = tables.token
        with self._database.write() as connection:
            connection.execute(
                delete(table).where(table.c.root_id == self._root, table.c.token_hash == token_hash)
            )
