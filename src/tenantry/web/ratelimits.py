"""How often a tenant and each of its callers may ask, and what they are told of it.

The header fields are those of draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy` lists the
limits there are, and `RateLimit` says how much is left of the tightest one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from ipaddress import IPv6Network
from typing import Final

from tenantry.coordination import Limit, Limits, Pace, Rate, Verdict, by
from tenantry.errors import (
    CoordinationUnavailable,
    InvalidInput,
    RateLimited,
    TenantryError,
)

from .asgi import Header
from .caller import Caller

#: Apart from the names that a platform gives to limits of its own.
_TENANT: Final = "web:tenant"
_CALLER: Final = "web:caller"
_FAILURES: Final = "web:failures"
_PUBLIC: Final = "web:public"


class RateLimits:
    """`tenant` is for all of a tenant's requests together, unless `plans` has another for the
    tenant's plan; `caller` for each key, user or token of it. `public` is for what one address asks
    of public paths, where people sign in, and `failures` how often its credentials may be refused."""

    def __init__(
        self,
        *,
        tenant: Rate | Pace | None = None,
        caller: Rate | Pace | None = None,
        plans: Mapping[str, Rate | Pace] | None = None,
        public: Rate | Pace | None = None,
        failures: Rate | Pace | None = None,
    ) -> None:
        for rate in (tenant, caller, public, failures, *(plans or {}).values()):
            if rate is not None and not isinstance(rate, (Rate, Pace)):
                raise InvalidInput("A limit is a Rate or a Pace.", field="limits")
        self._tenant = tenant
        self._caller = caller
        self._plans = dict(plans or {})
        self._public = public
        self._failures = failures

    async def admit(self, limits: Limits, caller: Caller) -> Verdict | None:
        """Count a request, by `limits` of the caller's tenant. None where nothing is limited."""
        wanted = []
        if (rate := self._of_tenant(caller)) is not None:
            wanted.append(Limit(_TENANT, rate))
        if self._caller is not None:
            wanted.append(Limit(_name(caller), self._caller))
        return await limits.hit_all(wanted) if wanted else None

    async def failed(self, limits: Limits, address: str | None) -> Verdict | None:
        """Count credentials that were refused, by `limits` of the platform. Those that are valid are
        never counted, so nobody is shut out by a neighbour behind the same address."""
        return await _by_address(limits, _FAILURES, self._failures, address)

    async def asked(self, limits: Limits, address: str | None) -> Verdict | None:
        """Count a request of a public path, by `limits` of the platform."""
        return await _by_address(limits, _PUBLIC, self._public, address)

    def headers(self, caller: Caller, verdict: Verdict | None) -> tuple[Header, ...]:
        """For an answer, whether it was allowed or refused."""
        if verdict is None:
            return ()
        policies = []
        if (rate := self._of_tenant(caller)) is not None:
            policies.append(_policy("tenant", rate))
        if self._caller is not None:
            policies.append(_policy("caller", self._caller))
        said = [(b"ratelimit-policy", ", ".join(policies).encode())]
        # While the server is away nobody knows what is left.
        if verdict.checked:
            name = "tenant" if verdict.name == _TENANT else "caller"
            # The draft: Retry-After is never earlier than the end of t. Here both are the same.
            seconds = _seconds(verdict.reset_after if verdict.allowed else verdict.retry_after)
            said.append((b"ratelimit", f'"{name}";r={verdict.remaining};t={seconds}'.encode()))
        return tuple(said)

    def _of_tenant(self, caller: Caller) -> Rate | Pace | None:
        return self._plans.get(caller.plan or "", self._tenant)


def refusal(verdict: Verdict) -> TenantryError:
    """What a verdict that does not allow is raised as. Limits that are closed while their server is
    away are no fault of the caller's."""
    if verdict.checked:
        return RateLimited(verdict.refused, limit=verdict.limit, retry_after=verdict.retry_after)
    return CoordinationUnavailable("Rate limits cannot be asked, and are closed.", store="")


async def _by_address(
    limits: Limits, name: str, rate: Rate | Pace | None, address: str | None
) -> Verdict | None:
    return None if rate is None else await limits.hit(f"{name}:{by(ip=_network(address))}", rate)


def _name(caller: Caller) -> str:
    if caller.api_key_id is not None:
        return f"{_CALLER}:{by(key=caller.api_key_id)}"
    return f"{_CALLER}:{by(user=caller.user_id)}" if caller.user_id else _CALLER


def _network(address: str | None) -> str:
    """Whom an address stands for: a host of IPv6 has all those of its /64."""
    if address is None or ":" not in address:
        return address or "none"
    return str(IPv6Network((address, 64), strict=False))


def _policy(name: str, rate: Rate | Pace) -> str:
    return f'"{name}";q={rate.limit};w={_seconds(rate.per)}'


def _seconds(seconds: float) -> int:
    """Whole ones, rounded up: nobody comes too early, and there is no window of none."""
    return max(1, math.ceil(seconds))
