"""`tenantry` without its start-up, which is most of a short command's time: a process that has imported what
commands need forks for each. What runs is what the installed command runs, with the arguments, folder,
variables and output that the shell gave it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import traceback

#: A program of its own, so that it begins at once: hands everything over and ends as the command does.
SHIM = """#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as door:
    door.connect({path!r})
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(door, [len(told).to_bytes(4, "big")], [1, 2])
    door.sendall(told)
    sys.exit(int(door.recv(16) or b"70"))
"""
_NEEDED = (
    "tenantry.cli.app",
    "tenantry.database",
    "tenantry.isolation.attacks",
    "tenantry.isolation.proof",
    "tenantry.isolation.report",
    "tenantry.migrations.generate",
    "tenantry.migrations.runner",
    "tenantry.ops.setup",
)


def main(path: str) -> None:
    for name in _NEEDED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        while True:
            caller, _ = door.accept()
            with caller:
                if os.fork() == 0:
                    door.close()
                    _serve(caller)


def _serve(caller: socket.socket) -> None:
    code = 70
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        size, (output, errors), _, _ = socket.recv_fds(caller, 4, 2)
        with caller.makefile("rb") as told:
            arguments, folder, environment = json.loads(told.read(int.from_bytes(size, "big")))
        os.dup2(output, 1)
        os.dup2(errors, 2)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["tenantry", *arguments]
        from tenantry.cli import main as command

        code = command()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.sendall(str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
