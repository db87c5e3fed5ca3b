"""A database as pg_dump writes it."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote, urlsplit

from tests.fixtures.database import Place

#: A token that recent versions draw anew for every dump.
_RANDOM = re.compile(r"^\\(un)?restrict .*\n", re.MULTILINE)
#: Of a policy: in whatever order the roles lie in the cluster's catalog at that moment.
_ROLES = re.compile(r"(?<= TO )tenantry_\w+(, tenantry_\w+)+")


async def dump_schema(place: Place) -> str:
    url = urlsplit(place.url("superuser"))
    process = await asyncio.create_subprocess_exec(
        str(place.server.servers.binary("pg_dump")),
        "--schema-only",
        f"--host={place.server.socket_dir}",
        f"--port={place.server.port}",
        f"--username={unquote(url.username or '')}",
        place.name,
        env={"PGPASSWORD": unquote(url.password or ""), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    dump = _RANDOM.sub("", output.decode())
    return _ROLES.sub(lambda roles: ", ".join(sorted(roles[0].split(", "))), dump)
