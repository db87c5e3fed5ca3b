"""The ways to the database that the settings name, and what certificate answers there."""

from __future__ import annotations

import asyncio
import shlex
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from tenantry.config import DatabaseUrl, Settings
from tenantry.config.hosts import bracketed, split_port
from tenantry.config.production import database_urls

_TIMEOUT_S = 5.0
#: "Do you speak TLS?", as a client of PostgreSQL asks before anything else.
_ASK = struct.pack("!ii", 8, 80877103)


@dataclass(frozen=True, slots=True)
class Door:
    """A host and port that answers by TCP."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


def urls(settings: Settings) -> Iterator[tuple[str, DatabaseUrl]]:
    """Each way alone, with the setting that names it."""
    for setting, url in database_urls(settings):
        for one in url.each_host():
            yield setting, one


def doors(settings: Settings) -> list[Door]:
    found = []
    for _, url in urls(settings):
        host = url.hosts[0] if url.hosts else "localhost"
        if not host.startswith("/"):
            name, port = split_port(bracketed(host))
            found.append(Door(name, int(port or url.port or 5432)))
    return list(dict.fromkeys(found))


def hosts_asked(settings: Settings) -> str:
    """As `tenantry config tls` takes the names that a certificate is to be good for."""
    names = dict.fromkeys(door.host for door in doors(settings))
    return " ".join(f"--host {shlex.quote(name)}" for name in names or ("localhost",))


async def shown_at(door: Door) -> x509.Certificate | None:
    """The certificate it shows, whoever signed it; None where it speaks no TLS."""
    async with asyncio.timeout(_TIMEOUT_S):
        reader, writer = await asyncio.open_connection(door.host, door.port)
        try:
            writer.write(_ASK)
            if await reader.read(1) != b"S":
                return None
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            # Whether it is to be believed is for those who connect; here its end is read.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            await writer.start_tls(context, server_hostname=door.host)
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            return x509.load_der_x509_certificate(shown) if shown else None
        finally:
            writer.close()


def files(settings: Settings) -> dict[Path, str]:
    """Certificates that this program shows or believes, and the setting or parameter that names each."""
    found: dict[Path, str] = {}
    if settings.ssl_cert is not None:
        found[settings.ssl_cert] = "ssl_cert"
    if settings.ssl_root_cert not in (None, "system"):
        found[Path(str(settings.ssl_root_cert))] = "ssl_root_cert"
    for setting, url in urls(settings):
        for name in ("sslcert", "sslrootcert"):
            if (path := dict(url.params).get(name)) and path != "system":
                found.setdefault(Path(path), f"{name} of {setting}")
    return found
