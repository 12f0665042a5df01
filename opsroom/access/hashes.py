"""How a random secret is stored: by its hash."""

from __future__ import annotations

import hashlib
from typing import Final

TOKEN_BYTES: Final = 32


def hash_of(secret: str) -> str:
    """Give the sha256 (hex) under which a random secret is stored; it has 256 bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
