"""The door of a web application: who calls, and for which tenant. See docs/web.md.

app.add_middleware(TenantryMiddleware, public=["/docs", "POST /sign-in"])
"""

from __future__ import annotations

from .caller import Caller
from .cookie import SessionCookie
from .forwarded import Proxies
from .middleware import TenantryMiddleware
from .oauth import OAuth
from .permissions import Roles
from .probes import Probes
from .ratelimits import RateLimits
from .tokens import Tokens
from .visit import Visit, current_caller, current_tenant, current_visit, visit_of

__all__ = [
    "Caller",
    "OAuth",
    "Probes",
    "Proxies",
    "RateLimits",
    "Roles",
    "SessionCookie",
    "TenantryMiddleware",
    "Tokens",
    "Visit",
    "current_caller",
    "current_tenant",
    "current_visit",
    "visit_of",
]
