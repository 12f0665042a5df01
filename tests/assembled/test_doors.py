"""The doors of a room: TLS, the open bind that is refused, and a plant's token taken back."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import websockets

from tests.acceptance.rows import PROJECT
from tests.assembled.town import PASSWORD, Town, town, works
from tests.faults.server import Nursery, environment

CUT_S = 1.0


def test_a_revoked_token_is_cut_within_a_second(nursery: Nursery, tmp_path: Path, slack: float) -> None:
    async def story(server: Town) -> float:
        async with works(server) as dam:
            await dam.measure("output", 50.0)
            await asyncio.to_thread(server.revoke)
            begun = time.monotonic()
            ended = await dam.heard.until_closed()
            assert dam.heard.closed == 4401
        return ended - begun

    with town(tmp_path, nursery) as server:
        cut_s = asyncio.run(story(server))
    print(json.dumps({"cut_s": round(cut_s, 3)}))
    assert cut_s <= CUT_S * slack


def test_a_self_signed_room_speaks_tls_only(tmp_path: Path) -> None:
    server = Town(tmp_path)
    argv = [sys.executable, "-m", "opsroom", "serve", "--settings", str(server.settings_file), "--json"]
    process = subprocess.Popen(
        [*argv, "--tls", "self-signed"], cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        assert url.startswith("https://")
        (certificate,) = (file for file in tmp_path.rglob("*") if holds_certificate(file))
        asyncio.run(encrypted(server, url, ssl.create_default_context(cafile=str(certificate))))
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()


def holds_certificate(file: Path) -> bool:
    """Tell whether a file is a certificate."""
    return file.is_file() and b"BEGIN CERTIFICATE" in file.read_bytes()[:4096]


async def encrypted(server: Town, url: str, trust: ssl.SSLContext) -> None:
    """Sign in, follow the feed and send a reading, all encrypted; in the clear nobody answers."""
    async with httpx.AsyncClient(base_url=url, verify=trust) as client:
        answer = await client.post("/api/v1/session", json={"person": "shift", "password": PASSWORD})
        assert answer.status_code == 200
        cookie, *traits = answer.headers["set-cookie"].split("; ")
        assert {"secure", "httponly", "samesite=strict"} <= {trait.lower() for trait in traits}
        # The jar keeps the Secure cookie here: the next request needs no help.
        assert (await client.get("/api/v1/alerts")).status_code == 200
    more: dict[str, Any] = {"ssl": trust, "compression": None}
    wss = url.replace("https", "wss")
    headers = {"Cookie": cookie, "Origin": url}
    async with websockets.connect(f"{wss}/api/v1/feed", additional_headers=headers, **more) as feed:
        await feed.send('{"type":"subscribe"}')
        assert json.loads(await feed.recv())["type"] == "snapshot"
    bearer = {"Authorization": f"Bearer {server.token}"}
    async with websockets.connect(f"{wss}/api/v1/ingest", additional_headers=bearer, **more) as plant:
        await plant.send('{"series": "output", "value": 50}')
        assert json.loads(await plant.recv())["stored"] == 1
    async with httpx.AsyncClient(base_url=url.replace("https", "http")) as clear:
        try:
            answer = await clear.get("/-/healthy")
        except httpx.TransportError:
            return
        raise AssertionError(f"answered in the clear: {answer.status_code}")


def test_an_open_bind_without_tls_is_refused(tmp_path: Path) -> None:
    server = Town(tmp_path)
    argv = [sys.executable, "-m", "opsroom", "serve", "--settings", str(server.settings_file)]
    done = subprocess.run(
        [*argv, "--host", "0.0.0.0"],  # noqa: S104 - that it is refused is the point
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "--tls" in done.stderr
