"""What a user carries: whose platform he is in, and a secret.

    AZmdBn2Xc1….3Vn0aW…    the tenant's 16 bytes, and 32 random ones

The server only ever sees the token's hash, in the session's key: whoever reads the server's memory
can sign in as nobody, and how long a lookup takes tells nothing about a token. The hash is of all
of it, so a token is good in exactly the form it was given out.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

#: 22 characters hold 128 bits and 43 hold 256.
_FORM: Final = re.compile(r"([A-Za-z0-9_-]{22})\.[A-Za-z0-9_-]{43}", re.ASCII)


def new_token(tenant_id: UUID) -> str:
    tenant = urlsafe_b64encode(tenant_id.bytes).decode().rstrip("=")
    return f"{tenant}.{secrets.token_urlsafe(32)}"


def tenant_of(token: object) -> UUID | None:
    """None for what cannot be a token."""
    found = _FORM.fullmatch(token) if isinstance(token, str) else None
    return UUID(bytes=urlsafe_b64decode(found[1] + "==")) if found else None


def id_of(token: str) -> str:
    """A session's id: from a token it is found by it, and back leads nothing."""
    return hashlib.sha256(token.encode()).hexdigest()
