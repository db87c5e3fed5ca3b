"""The door of a web application: who calls, and for which tenant. See docs/web.md.

app.add_middleware(TenantryMiddleware, public=["/docs", "POST /sign-in"])
"""

from __future__ import annotations

from importlib.util import find_spec

if missing := [name for name in ("authlib", "httpx", "joserfc") if find_spec(name) is None]:
    raise ModuleNotFoundError(
        f"tenantry.web needs {', '.join(missing)}: pip install 'tenantry[web]'", name=missing[0]
    )

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
