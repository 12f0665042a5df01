"""Passwords as argon2id (RFC 9106), hashed in threads, at most two at once.

Each takes 64 MiB and a fifth of a second.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

AT_ONCE: Final = 2
PASSWORD_BYTES: Final = 15
PASSWORD_CHARS_MAX: Final = 128


class Passwords:
    """Hashes and checks passwords.

    `hasher` is given only by tests and drills that cannot spend the full cost.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Prepare what unknown persons are checked against, so that their answer takes as long."""
        self._hasher = hasher or PasswordHasher()
        self._nobody = _of_nobody(self._hasher)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def hashed(self, password: str) -> str:
        """Give the argon2id hash, parameters included."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, known: str | None, password: str) -> bool:
        """Tell whether `password` belongs to the hash `known`.

        None (no such person) costs the same and is False.
        """
        async with self._slots:
            matched = await asyncio.to_thread(self._matches, known or self._nobody, password)
        return matched and known is not None

    def hashed_now(self, password: str) -> str:
        """Give the hash in this thread, for the command line."""
        return self._hasher.hash(password)

    def _matches(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False


def _of_nobody(hasher: PasswordHasher) -> str:
    """Write a hash of nobody's password, random but at the cost of `hasher`: a start computes none for it."""
    salt, digest = (
        b64encode(secrets.token_bytes(size)).decode("ascii").rstrip("=")
        for size in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def new_password() -> str:
    """Make a random password of 120 bits."""
    return secrets.token_urlsafe(PASSWORD_BYTES)
