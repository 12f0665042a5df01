"""Receivers as real servers on this machine: HTTP that can be made to fail, and SMTP."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

REASONS = {200: "OK", 302: "Found", 410: "Gone", 429: "Too Many", 500: "Broken"}


@dataclass
class Post:
    """One request that arrived whole."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


@dataclass
class Receiver:
    """Answers every POST with `status`, or not at all while it hangs."""

    url: str = ""
    status: int = 200
    hangs: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [post.event["id"] for post in self.posts]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                headers: dict[str, str] = {}
                while (raw := (await reader.readline()).decode().strip()) != "":
                    name, _, value = raw.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.posts.append(Post(path, headers, body))
                if self.hangs:
                    await asyncio.sleep(60)
                more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                reason = REASONS[self.status]
                writer.write(f"HTTP/1.1 {self.status} {reason}\r\n{more}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def http() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        server.close()


@dataclass
class MailServer:
    """A mail server that speaks enough of RFC 5321 and 3207; `mails` are whole messages as sent."""

    port: int = 0
    context: ssl.SSLContext | None = None
    answer_rcpt: str = "250 ok"
    answer_data: str = "250 queued"
    hangs: bool = False
    mails: list[str] = field(default_factory=list)
    secured: int = 0
    signed_in: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.hangs:
                await asyncio.sleep(60)
            writer.write(b"220 here\r\n")
            while line := (await reader.readline()).decode().strip():
                await self.obey(line.split()[0].upper(), line, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def obey(
        self, verb: str, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(self.reply(verb, line).encode() + b"\r\n")
        await writer.drain()
        if verb == "STARTTLS" and self.context is not None:
            await writer.start_tls(self.context)
            self.secured += 1
        elif verb == "DATA":
            body = (await reader.readuntil(b"\r\n.\r\n")).decode()
            if self.answer_data.startswith("2"):
                self.mails.append(body.removesuffix(".\r\n"))
            writer.write(self.answer_data.encode() + b"\r\n")

    def reply(self, verb: str, line: str) -> str:
        if verb == "AUTH":
            self.signed_in.append(line)
        offer = "250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS" if self.context else "250 here"
        known = {
            "EHLO": offer,
            "STARTTLS": "220 go",
            "AUTH": "235 welcome",
            "RCPT": self.answer_rcpt,
            "DATA": "354 go on",
            "QUIT": "221 bye",
        }
        return known.get(verb, "250 ok")


@asynccontextmanager
async def smtp(context: ssl.SSLContext | None = None) -> AsyncIterator[MailServer]:
    """Run a mail server on a free port."""
    mail = MailServer(context=context)
    server = await asyncio.start_server(mail.talk, "127.0.0.1", 0)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        server.close()
