"""One command starts the example on the embedded servers, and what it says to try works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

from tenantry.local.ports import candidates
from tenantry.local.processes import wait_until
from tests.fixtures.servers import session_servers

from .conftest import EXAMPLE


def test_what_it_says_to_try_works(tmp_path: Path) -> None:
    port = next(candidates("one command", tmp_path, last=None))
    # Beside the session's servers, which are stopped when it ends.
    environment = {**os.environ, "TENANTRY_HOME": str(session_servers("example").home)}
    log = tmp_path / "log"
    with log.open("wb") as file:
        command = [str(EXAMPLE / "run"), "--port", str(port)]
        server = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    try:
        assert wait_until(lambda: "Uvicorn running" in log.read_text(), timeout_s=180)
        tries = re.findall(r"^  (?:curl|id=).*?[^\\]\n", log.read_text(), re.MULTILINE | re.DOTALL)
        assert len(tries) == 5
        script = "set -e\n" + "echo\n".join(tries)
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert "You said: Hello there" in done.stdout
        assert '"spent_usd":"0.000060"' in done.stdout
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
