"""Redis and Valkey URLs: one server, one behind Sentinels, or a Cluster.

redis://:password@host:6379/0            rediss:// speaks TLS
unix:///run/valkey.sock?db=0
redis+sentinel://:password@host-1:26379,host-2:26379/name-of-the-master/0
redis+cluster://:password@host-1:6379,host-2:6379
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tenantry.config.hosts import bracketed, is_here, split_port

Topology = Literal["server", "sentinel", "cluster"]

_SCHEMES = {
    "redis": ("server", False),
    "rediss": ("server", True),
    "unix": ("server", False),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
_DEFAULT_PORT: Mapping[Topology, int] = {"server": 6379, "sentinel": 26379, "cluster": 6379}
_OPTIONS = {
    "db",
    "username",
    "password",
    "sentinel_username",
    "sentinel_password",
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_cert_reqs",
    "ssl_check_hostname",
}
_TRUE = ("true", "1", "yes", "on")


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A URL's parts, decoded."""

    scheme: str
    topology: Topology
    tls: bool
    #: Where to knock: the servers, or the Sentinels that know where the master is.
    hosts: tuple[tuple[str, int], ...]
    path: str  # of a unix socket
    master: str  # the name that Sentinels know it by
    db: int
    user: str
    password: str = field(repr=False)
    sentinel_user: str
    sentinel_password: str = field(repr=False)
    ca_certs: str
    certfile: str
    keyfile: str
    #: The server's certificate is checked, and that it is for this host.
    checks_certificate: bool
    checks_name: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL. The `ValueError` of a malformed one never quotes it."""
        text = text.strip()
        scheme, separator, _ = text.partition("://")
        if not separator or scheme not in _SCHEMES:
            raise ValueError("must be a URL such as redis://:password@host:6379/0")
        topology, tls = _SCHEMES[scheme]
        faulty = None
        try:
            return cls._read(text, scheme, topology, tls)  # type: ignore[arg-type]
        except _Fault as fault:
            faulty = str(fault)
        except ValueError:
            faulty = "has no usable host and port: percent-encode the password"
        # Raised outside the except block: the original error may quote the URL.
        raise ValueError(faulty)

    @classmethod
    def _read(cls, text: str, scheme: str, topology: Topology, tls: bool) -> Self:
        parts = urlsplit(text)
        login, _, places = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        query = dict(parse_qsl(parts.query))
        if unknown := sorted(set(query) - _OPTIONS):
            raise _Fault(f"has an option that is not known here: {', '.join(unknown)[:60]}")
        hosts: tuple[tuple[str, int], ...] = ()
        if scheme != "unix":
            default = _DEFAULT_PORT[topology]
            found = [split_port(place) for place in places.split(",")]
            hosts = tuple((name, int(port or default)) for name, port in found)
        elif not parts.path:
            raise _Fault("names no socket: unix:///path/of/the.sock")
        if topology == "server" and len(hosts) > 1:
            raise _Fault("has several hosts: say redis+sentinel:// or redis+cluster://")
        path = [unquote(part) for part in parts.path.split("/") if part]
        master = path.pop(0) if topology == "sentinel" and path else ""
        if topology == "sentinel" and not master:
            raise _Fault("names no master: redis+sentinel://host:26379/name-of-the-master")
        numbers = query.get("db") or ("0" if scheme == "unix" or not path else path[0])
        if not numbers.isdecimal() or (scheme != "unix" and len(path) > 1):
            raise _Fault("has a database that is no number")
        if topology == "cluster" and int(numbers):
            raise _Fault("has a database, and a Cluster knows only 0")
        verification = query.get("ssl_cert_reqs", "required")
        return cls(
            scheme=scheme,
            topology=topology,
            tls=tls,
            hosts=hosts,
            path=unquote(parts.path) if scheme == "unix" else "",
            master=master,
            db=int(numbers),
            user=unquote(user) or query.get("username", ""),
            password=unquote(password) or query.get("password", ""),
            sentinel_user=query.get("sentinel_username", ""),
            sentinel_password=query.get("sentinel_password", ""),
            ca_certs=query.get("ssl_ca_certs", ""),
            certfile=query.get("ssl_certfile", ""),
            keyfile=query.get("ssl_keyfile", ""),
            checks_certificate=verification in ("required", "2"),
            checks_name=query.get("ssl_check_hostname", "true").lower() in _TRUE,
        )

    @property
    def verified(self) -> bool:
        """The server's certificate and name are checked."""
        return self.tls and self.checks_certificate and self.checks_name

    @property
    def is_local(self) -> bool:
        return self.scheme == "unix" or all(is_here(host) for host, _ in self.hosts)

    def redacted(self) -> str:
        """The server without its password, for people to read."""
        if self.scheme == "unix":
            return "unix://…"
        login = quote(self.user, safe="") + (":***" if self.password else "")
        hosts = ",".join(bracketed(host) for host, _ in self.hosts)
        return f"{self.scheme}://{login}{'@' if login else ''}{hosts}"


class _Fault(ValueError):
    """A fault in words that quote nothing secret."""
