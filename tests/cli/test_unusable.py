"""What cannot be used is named with a remedy, exit 1, and leaves no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import clean_environment


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "opsroom", "serve", "--port", port],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=clean_environment(),
            timeout=100,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        f"address_unusable: The room cannot listen at 127.0.0.1, port {port}: address already in use.",
        "  remedy: End what answers there, or give another --port; 0 takes a free one.",
    ]
    assert not ran.stdout
