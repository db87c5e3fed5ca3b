"""Runs a guide's lines of Python as `python -m asyncio` would: one block after the other, in one
event loop, with the names of those before. A line of JSON comes in for each block, and one goes out.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import json
import os
import sys
import traceback
from contextlib import redirect_stdout
from types import FunctionType
from typing import Any


def main() -> None:
    sys.path[0] = ""  # the current folder, not this file's
    names: dict[str, Any] = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            text, place, environment = json.loads(line)
            os.environ.update(environment)
            printed, error = io.StringIO(), ""
            try:
                with redirect_stdout(printed):
                    code = compile(text, place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                    work = FunctionType(code, names)()
                    if inspect.iscoroutine(work):
                        runner.run(work)
            except Exception:
                error = traceback.format_exc()
            sys.stdout.write(json.dumps([printed.getvalue(), error]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
