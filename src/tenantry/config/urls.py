"""PostgreSQL URLs: parsed once, checked, and written again in one canonical form.

Whoever connects gets the form written here, so what a check saw is what a driver dials.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlencode

from tenantry.config.hosts import bracketed, check_port, is_here, split_port

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SCHEME = re.compile(r"postgres(?:ql)?(?:\+[a-z0-9_]+)?", re.IGNORECASE)
# `ssl=` is how node-postgres and SQLAlchemy's asyncpg dialect ask. "On" means verified here.
_SSL_WORDS = {"true": "verify-full", "1": "verify-full", "false": "disable", "0": "disable"}
_PARTS = {
    "host": "host",
    "port": "port",
    "user": "user",
    "password": "password",
    "dbname": "database",
    "database": "database",
}


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """The parts of a PostgreSQL URL, decoded."""

    hosts: tuple[str, ...] = ()  # each "name", "name:port", "[v6]:port" or a socket's folder
    port: str = ""  # of the sockets; every other host carries its own
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL. The `ValueError` of a malformed one never quotes it."""
        scheme, separator, rest = text.strip().partition("://")
        if not separator or not _SCHEME.fullmatch(scheme):
            raise ValueError("must be a URL such as postgresql://user:password@host:5432/name")
        if re.search(r"[\s#\0]|%00", rest):
            raise ValueError("holds a space or '#': percent-encode such characters")
        authority, _, query = rest.partition("?")
        authority, _, database = authority.partition("/")
        login, _, place = authority.rpartition("@")
        if "@" in login:
            raise ValueError("holds more than one '@': write %40 for one in the password")
        user, _, password = login.partition(":")
        said = [("host", place), ("user", user), ("password", password), ("database", database)]
        said = [(part, unquote(value)) for part, value in said if value]
        parts: dict[str, str] = {}
        params: dict[str, str] = {}
        for key, value in said + parse_qsl(query, keep_blank_values=True):
            name = "sslmode" if key == "ssl" else _PARTS.get(key, key)
            # Said twice, a check might read the one and a driver the other.
            if name in parts or name in params:
                raise ValueError(f"says {name} twice")
            words = _SSL_WORDS if key == "ssl" else {}
            (parts if key in _PARTS else params)[name] = words.get(value.lower(), value)
        hosts, port = _hosts(parts.get("host", ""), parts.get("port", ""))
        if params.get("sslmode", "prefer") not in SSL_MODES:
            raise ValueError(f"has an unknown sslmode: use one of {', '.join(SSL_MODES)}")
        return cls(
            hosts=hosts,
            port=port,
            user=parts.get("user"),
            password=parts.get("password"),
            database=parts.get("database"),
            params=tuple(params.items()),
        )

    @classmethod
    def compose(
        cls, *, host: str, port: str, user: str, password: str | None, database: str
    ) -> Self:
        """A URL from its parts, none of them encoded yet."""
        hosts, left = _hosts(bracketed(host), port)
        return cls(hosts=hosts, port=left, user=user, password=password, database=database)

    @property
    def sslmode(self) -> str | None:
        return dict(self.params).get("sslmode")

    @property
    def is_local(self) -> bool:
        """Whether every host is a unix socket or this machine's loopback."""
        named = dict(self.params)
        hosts = (*self.hosts, *filter(None, [named.get("hostaddr")]))
        # Without a host a driver asks PGHOST or a service file, which may name any machine.
        return bool(hosts) and "service" not in named and all(map(is_here, hosts))

    def with_params(self, **defaults: str) -> Self:
        """The same URL, with these parameters where it does not say them itself."""
        return replace(self, params=tuple({**defaults, **dict(self.params)}.items()))

    @property
    def place(self) -> str:
        """The hosts, with the ports that are said: a name for people."""
        port = f":{self.port}" if self.port else ""
        return (",".join(self.hosts) or "localhost") + port

    def each_host(self) -> list[Self]:
        """The same URL for each of its hosts alone, in their order."""
        ports = self.port.split(",")
        if len(ports) != len(self.hosts):
            ports = [self.port] * len(self.hosts)
        pairs = zip(self.hosts, ports, strict=True)
        return [replace(self, hosts=(host,), port=port) for host, port in pairs] or [self]

    def __str__(self) -> str:
        return self._text(self.password, self.params)

    def redacted(self) -> str:
        """The URL without its password, for people to read."""
        shown = tuple(p for p in self.params if p[0] == "sslmode")
        return self._text("***" if self.password else None, shown)

    def _text(self, password: str | None, params: tuple[tuple[str, str], ...]) -> str:
        login = quote(self.user or "", safe="")
        if password is not None:
            login += ":" + quote(password, safe="*")
        place = "" if any(h.startswith("/") for h in self.hosts) else ",".join(self.hosts)
        # Socket folders go into the query, where every driver reads them.
        in_query = [("host", "" if place else ",".join(self.hosts)), ("port", self.port), *params]
        query = urlencode([p for p in in_query if p[1]], quote_via=quote, safe="/,*")
        database = f"/{quote(self.database, safe='')}" if self.database else ""
        url = f"postgresql://{login}{'@' if login else ''}{place}{database}"
        return f"{url}?{query}" if query else url


def normalise(text: str, **defaults: str) -> str:
    """A PostgreSQL URL in canonical form, with the parameters it leaves open filled in."""
    url = DatabaseUrl.parse(text).with_params(**defaults)
    if ("sslrootcert", "system") in url.params:
        # Only libpq 16 and later knows the word; every driver understands a path.
        params = {**dict(url.params), "sslrootcert": _system_root_cert()}
        url = replace(url, params=tuple(params.items()))
    return str(url)


def split_urls(text: str) -> list[str]:
    """Comma-separated URLs. A comma with no scheme after it separates hosts of one URL."""
    urls = re.split(r",\s*(?=[a-z0-9_+]+://)", text.strip(" ,"), flags=re.IGNORECASE)
    return [u.strip() for u in urls if u.strip()]


def _hosts(text: str, port: str) -> tuple[tuple[str, ...], str]:
    """The hosts, each with its port, and the port that is left for sockets."""
    hosts = [h for h in text.split(",") if h]
    ports = port.split(",")
    for one in ports:
        check_port(one)
    sockets = [h.startswith("/") for h in hosts]
    if not any(sockets):
        if len(ports) == 1:
            ports *= len(hosts)
        if len(ports) != len(hosts):
            raise ValueError("has another number of ports than of hosts")
        joined = [_with_port(h, p) for h, p in zip(hosts, ports, strict=True)]
        return tuple(joined), "" if hosts else port
    if not all(sockets):
        raise ValueError("mixes unix sockets with other hosts")
    return tuple(hosts), port


def _with_port(host: str, port: str) -> str:
    named = split_port(host)[1]
    return f"{host}:{port}" if port and not named else host


def _system_root_cert() -> str:
    paths = ssl.get_default_verify_paths()
    found = paths.cafile or paths.openssl_cafile
    if not found:
        raise ValueError("asks for the system's certificate authorities, and there is no such file")
    return found
