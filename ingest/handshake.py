"""What a handshake says before the first frame: whose credential, and whether a browser's page is ours."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit


def credential(header: str | None) -> str | None:
    """Read the token of an Authorization header: Bearer, Token, or the password of Basic.

    None where there is none.

    >>> credential("Bearer abc"), credential("Basic dTphYmM="), credential("Digest x"), credential(None)
    ('abc', 'abc', '', None)
    """
    if header is None:
        return None
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() in {"bearer", "token"}:
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def same_origin(origin: str | None, host: str | None) -> bool:
    """Tell whether a browser's Origin is this host.

    A client that is no browser sends none (RFC 6454, RFC 6455 10.2).

    >>> (
    ...     same_origin("http://127.0.0.1:8040", "127.0.0.1:8040"),
    ...     same_origin("https://evil.example", "room:8040"),
    ... )
    (True, False)
    """
    if origin is None:
        return True
    parts = urlsplit(origin)
    return bool(parts.netloc) and host is not None and parts.netloc.lower() == host.strip().lower()
