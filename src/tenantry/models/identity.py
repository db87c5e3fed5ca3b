"""Who: tenants, their quotas and usage, users, memberships, API keys."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped

from .base import Access, Audited, Base, Counted, Rule, TenantScoped, Timestamped, unique
from .columns import NEW_ID, NOW, Json, column, member, reference, words

Plan = Literal["free", "starter", "professional", "enterprise"]
TenantStatus = Literal["pending", "active", "suspended", "deleted"]
UserKind = Literal["human", "service"]
PlatformRole = Literal["admin", "manager", "user", "service"]
MembershipRole = Literal["owner", "admin", "manager", "member", "viewer"]

_ONE_TENANT = "tenant_id = tenantry.current_tenant_id()"
_FELLOW_MEMBERS = (
    "id = ANY (ARRAY(SELECT m.user_id FROM tenantry.memberships m"
    " WHERE m.tenant_id = tenantry.current_tenant_id()))"
)


class Tenant(Timestamped, Audited):
    """A customer organisation: the unit of isolation."""

    __tablename__ = "tenants"
    __rules__: ClassVar[tuple[Rule, ...]] = (
        Rule("date_tenant_status", "BEFORE INSERT OR UPDATE"),
        Rule("open_tenant", "AFTER INSERT"),
    )
    __access__ = Access(
        rows="id = tenantry.current_tenant_id()",
        # Never its plan, status, billing or owner: those are the platform's to change.
        update=("name", "settings"),
    )
    __table_args__ = (
        UniqueConstraint("slug"),
        Index("tenants_status_idx", "status"),  # the operator's lists, by status
        Index("tenants_owner_user_id_idx", "owner_user_id"),  # its foreign key
    )

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 255")
    slug: Mapped[str] = column(check="slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 100")
    plan: Mapped[Plan] = column(words(Plan), default="free")
    status: Mapped[TenantStatus] = column(words(TenantStatus), default="pending")
    owner_user_id: Mapped[UUID | None] = column(
        None, ForeignKey("tenantry.users.id", ondelete="SET NULL"), default=None
    )
    owner_email: Mapped[str | None] = column(default=None)
    owner_name: Mapped[str | None] = column(default=None)
    settings: Mapped[Json] = column(
        default={},
        doc="default_model, allowed_models, compliance_frameworks, data_residency (us, eu, ap)",
        check="settings ->> 'data_residency' IN ('us', 'eu', 'ap') OR NOT settings ? 'data_residency'",
    )
    stripe_customer_id: Mapped[str | None] = column(default=None)
    subscription_id: Mapped[str | None] = column(default=None)
    suspended_at: Mapped[datetime | None] = column(default=None, init=False)
    deleted_at: Mapped[datetime | None] = column(default=None, init=False)


class TenantQuota(Timestamped, Audited):
    """What a tenant may use; an empty limit is no limit. Enforced where the rows are counted."""

    __tablename__ = "tenant_quotas"
    __access__ = Access(rows=_ONE_TENANT)

    tenant_id: Mapped[UUID] = column(
        None, ForeignKey("tenantry.tenants.id", ondelete="CASCADE"), primary_key=True
    )
    max_users: Mapped[int | None] = column(default=None, check="max_users >= 0")
    max_projects: Mapped[int | None] = column(default=None, check="max_projects >= 0")
    max_desks: Mapped[int | None] = column(default=None, check="max_desks >= 0")
    max_tasks: Mapped[int | None] = column(default=None, check="max_tasks >= 0")
    max_concurrent_agents: Mapped[int | None] = column(
        default=None, check="max_concurrent_agents >= 0"
    )
    max_tokens_per_month: Mapped[int | None] = column(
        BigInteger, default=None, check="max_tokens_per_month >= 0"
    )
    max_storage_bytes: Mapped[int | None] = column(
        BigInteger, default=None, check="max_storage_bytes >= 0"
    )
    max_cost_per_month: Mapped[Decimal | None] = column(
        Numeric(14, 6), default=None, check="max_cost_per_month >= 0", doc="in US dollars"
    )


class TenantHold(Timestamped, Audited):
    """Why nothing of a tenant may be purged: a legal hold. The tenant is not told of it."""

    __tablename__ = "tenant_holds"
    __table_args__ = (Index("tenant_holds_tenant_id_idx", "tenant_id"),)

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    # RESTRICT: not by a plain DELETE of the tenant's row either.
    tenant_id: Mapped[UUID] = column(None, ForeignKey("tenantry.tenants.id", ondelete="RESTRICT"))
    reason: Mapped[str] = column(check="length(reason) BETWEEN 1 AND 1000")


class TenantUsage(Timestamped):
    """Live counters, written by triggers alone; apart from `tenants` so they never lock its row."""

    __tablename__ = "tenant_usage"
    __access__ = Access(rows=_ONE_TENANT, service=("SELECT",))

    tenant_id: Mapped[UUID] = column(
        None, ForeignKey("tenantry.tenants.id", ondelete="CASCADE"), primary_key=True
    )
    current_users: Mapped[int] = column(default=0)
    current_projects: Mapped[int] = column(default=0)
    current_desks: Mapped[int] = column(default=0)
    current_tasks: Mapped[int] = column(default=0)
    storage_used_bytes: Mapped[int] = column(BigInteger, default=0)
    usage_month: Mapped[date] = column(Date, default=text("date_trunc('month', now())"))
    tokens_this_month: Mapped[int] = column(BigInteger, default=0)
    cost_this_month: Mapped[Decimal] = column(Numeric(14, 6), default=0)


class User(Timestamped, Audited):
    """A person or a service account; one identity, member of any number of tenants."""

    __tablename__ = "users"
    __access__ = Access(
        rows=_FELLOW_MEMBERS,
        writes="id = tenantry.current_user_id()",
        update=("username", "name", "preferences"),
    )
    __table_args__ = (
        Index("users_email_key", text("lower(email)"), unique=True),  # sign-in, in any case
        Index("users_username_key", text("lower(username)"), unique=True),
        Index("users_is_active_idx", "is_active"),
        Index("users_created_at_idx", "created_at"),
    )

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    email: Mapped[str] = column(check="email ~ '^[^@\\s]+@[^@\\s]+$' AND length(email) <= 255")
    username: Mapped[str | None] = column(default=None)
    name: Mapped[str | None] = column(default=None)
    password_hash: Mapped[str | None] = column(default=None, secret=True, doc="argon2id")
    kind: Mapped[UserKind] = column(words(UserKind), default="human")
    role: Mapped[PlatformRole] = column(
        words(PlatformRole), default="user", doc="on the platform; see memberships for tenants"
    )
    is_active: Mapped[bool] = column(default=True)
    metadata_: Mapped[Json] = column(name="metadata", default={})
    preferences: Mapped[Json] = column(default={})
    last_login_at: Mapped[datetime | None] = column(default=None, init=False, info={"quiet": True})


class UserIdentity(Timestamped):
    """An account at an outside identity provider (GitHub, an OAuth server)."""

    __tablename__ = "user_identities"
    __table_args__ = (
        UniqueConstraint("provider", "subject"),
        Index("user_identities_user_id_idx", "user_id"),
        Index("user_identities_username_idx", "provider", "username"),  # by GitHub login
    )

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    user_id: Mapped[UUID] = column(None, ForeignKey("tenantry.users.id", ondelete="CASCADE"))
    provider: Mapped[str] = column()
    subject: Mapped[str] = column(doc="the provider's own id of the account")
    username: Mapped[str | None] = column(default=None)
    email: Mapped[str | None] = column(default=None)
    profile: Mapped[Json] = column(default={})


class Membership(TenantScoped, Audited, Counted):
    """A user's place in a tenant: through it, and only through it, a tenant sees the user."""

    __tablename__ = "memberships"
    __usage__: ClassVar[str] = "current_users"
    __quota__: ClassVar[str] = "max_users"
    # Joining a tenant or rising in it is the platform's to decide: were the application role to
    # write here, injected SQL could attach, and so read, any user whose id it guessed.
    __access__ = Access(rows=_ONE_TENANT)
    __table_args__ = (
        unique("user_id"),
        Index("memberships_user_id_idx", "user_id"),  # the tenants of a user
    )

    user_id: Mapped[UUID] = column(None, ForeignKey("tenantry.users.id", ondelete="CASCADE"))
    role: Mapped[MembershipRole] = column(words(MembershipRole), default="member")


class ApiKey(TenantScoped, Audited):
    """A key for programs. Only a hash is kept: the key itself is shown once, when it is made."""

    __tablename__ = "api_keys"
    __table_args__ = (
        unique("key_hash"),
        Index("api_keys_key_hash_idx", "key_hash"),  # the look-up before the tenant is known
        Index("api_keys_user_id_idx", "tenant_id", "user_id"),
        Index("api_keys_successor_id_idx", "tenant_id", "successor_id"),  # its foreign key
    )

    name: Mapped[str] = column(check="length(name) BETWEEN 1 AND 255")
    prefix: Mapped[str] = column(doc="the key's first characters, to tell keys apart")
    key_hash: Mapped[bytes] = column(LargeBinary, secret=True, doc="SHA-256 of a 256-bit key")
    scopes: Mapped[list[str]] = column(default=[])
    user_id: Mapped[UUID | None] = member(
        default=None, on_delete="cascade", doc="acts for this member"
    )
    expires_at: Mapped[datetime | None] = column(default=None)
    revoked_at: Mapped[datetime | None] = column(default=None)
    successor_id: Mapped[UUID | None] = reference(
        "api_keys",
        on_delete="set null",
        default=None,
        doc="the key that takes its place; until it expires both are good",
    )
    last_used_at: Mapped[datetime | None] = column(default=None, init=False, info={"quiet": True})
    use_count: Mapped[int] = column(BigInteger, default=0, init=False, info={"quiet": True})


class Invitation(TenantScoped, Audited):
    """An offer to join a tenant: whoever shows its token becomes a member, once."""

    __tablename__ = "invitations"
    # Its acceptance makes a membership, so that is the platform's to write.
    __access__ = Access(
        rows=_ONE_TENANT,
        insert=("tenant_id", "id", "email", "role", "token_hash", "invited_by", "expires_at"),
        update=("revoked_at",),
    )
    __table_args__ = (
        unique("token_hash"),
        Index("invitations_token_hash_idx", "token_hash"),  # the look-up before the tenant is known
        Index("invitations_email_idx", "tenant_id", text("lower(email)")),
        Index("invitations_invited_by_idx", "tenant_id", "invited_by"),
        Index("invitations_accepted_by_idx", "tenant_id", "accepted_by"),
    )

    email: Mapped[str] = column(check="email ~ '^[^@\\s]+@[^@\\s]+$' AND length(email) <= 255")
    role: Mapped[MembershipRole] = column(words(MembershipRole), default="member")
    token_hash: Mapped[bytes] = column(LargeBinary, secret=True, doc="SHA-256 of a 256-bit token")
    invited_by: Mapped[UUID | None] = member(default=None)
    expires_at: Mapped[datetime] = column()
    accepted_at: Mapped[datetime | None] = column(default=None, init=False)
    accepted_by: Mapped[UUID | None] = member(default=None)
    revoked_at: Mapped[datetime | None] = column(default=None, init=False)


class SignInAttempt(Base):
    """How often signing in under a name has failed of late, whether there is such a user or not."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        UniqueConstraint("name_hash"),
        Index("sign_in_attempts_failed_at_idx", "failed_at"),  # to forget old ones
    )

    id: Mapped[UUID] = column(default=NEW_ID, primary_key=True, sort_order=-1)
    name_hash: Mapped[bytes] = column(LargeBinary, doc="SHA-256 of the name in lower case")
    failures: Mapped[int] = column(default=0, check="failures >= 0")
    failed_at: Mapped[datetime] = column(default=NOW)
    locked_until: Mapped[datetime | None] = column(default=None)
