"""Without what the extra `web` brings, it is said what to install."""

from __future__ import annotations

import subprocess
import sys

_WITHOUT = """
import importlib.util as util
find = util.find_spec
util.find_spec = lambda name, *rest: None if name == "httpx" else find(name, *rest)
import tenantry.web
"""


def test_what_lacks_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.endswith("tenantry.web needs httpx: pip install 'tenantry[web]'")
