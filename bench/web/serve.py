"""`python -m bench.web.serve ours FD`: one of the programs, by uvicorn, on a socket that is open."""

from __future__ import annotations

import importlib
import socket
import sys

import uvicorn


def main() -> None:
    app = importlib.import_module(f"bench.web.{sys.argv[1]}").app
    config = uvicorn.Config(
        app,
        factory=True,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=600,  # the others have their turns meanwhile
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])


if __name__ == "__main__":
    main()
