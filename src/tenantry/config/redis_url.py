"""Redis (or Valkey) URLs, as far as the settings need to understand them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tenantry.config.hosts import bracketed, check_port, is_here

_SCHEMES = ("redis", "rediss", "unix")


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """The parts that the checks ask for, decoded."""

    scheme: str
    host: str
    user: str
    password: str = field(repr=False)
    verified: bool  # the server's certificate and name are checked

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL. The `ValueError` of a malformed one never quotes it."""
        text = text.strip()
        scheme, separator, _ = text.partition("://")
        if not separator or scheme not in _SCHEMES:
            raise ValueError("must be a URL such as redis://:password@host:6379/0")
        parts = None
        try:
            parts = urlsplit(text)
            check_port(str(parts.port or ""))
        except ValueError:
            parts = None
        # Raised outside the except block: the original error quotes the URL.
        if parts is None or (scheme != "unix" and not parts.hostname):
            raise ValueError("has no usable host and port: percent-encode the password")
        query = dict(parse_qsl(parts.query))
        certificate = query.get("ssl_cert_reqs", "required") in ("required", "2")
        name = query.get("ssl_check_hostname", "true").lower() in ("true", "1", "yes")
        return cls(
            scheme=scheme,
            host=parts.hostname or "",
            user=unquote(parts.username or query.get("username", "")),
            password=unquote(parts.password or "") or query.get("password", ""),
            verified=scheme == "rediss" and certificate and name,
        )

    @property
    def is_local(self) -> bool:
        return self.scheme == "unix" or is_here(self.host)

    def redacted(self) -> str:
        """The server without its password, for people to read."""
        if self.scheme == "unix":
            return "unix://…"
        login = quote(self.user, safe="") + (":***" if self.password else "")
        return f"{self.scheme}://{login}{'@' if login else ''}{bracketed(self.host)}"
