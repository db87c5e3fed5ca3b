"""The bases every table is made from.

What a table *is* follows from the classes it inherits, and everything the database needs to know
(row security, composite keys, triggers, grants, partitions) is derived from that in `schema/`:

    class Invoice(TenantScoped, Audited):
        __tablename__ = "invoices"
        number: Mapped[str] = column()
        project_id: Mapped[UUID | None] = reference("projects", on_delete="set null", default=None)

Type checkers see the classes as data classes, so `Invoice(number=…)` and `repository.create(…)`
are checked as you type.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, dataclass_transform
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, InstanceState, Mapped

from .columns import NEW_ID, NOW, THIS_TENANT, Json, Vocabulary, column, member, reference

SCHEMA = "tenantry"


@dataclass(frozen=True)
class Access:
    """What the application's roles may do with a table, and with which of its rows.

    `rows` limits what is seen, `writes` what may be changed (the same rows unless given). `True`
    stands for every column but the keys, a tuple for just those columns.
    """

    rows: str
    writes: str | None = None
    select: bool = True
    insert: bool | tuple[str, ...] = False
    update: bool | tuple[str, ...] = False
    delete: bool = False
    #: What the service role may do, on every row.
    service: tuple[str, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")


NOBODY = Access(rows="false", select=False)
OWN_TENANT = Access(
    rows="tenant_id = tenantry.current_tenant_id()", insert=True, update=True, delete=True
)

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    },
)


class _StateWhenAsked:
    """The ORM's state of a row that a repository loaded, made when the ORM first asks for it.

    Few rows ever meet a session, and making it takes as long as the rest of the instance.
    """

    def __get__(self, instance: Base | None, owner: type[Base]) -> Any:
        # A class has none; a new instance has none yet, which is why its constructor makes one.
        if instance is None or not instance.__dict__:
            raise AttributeError("_sa_instance_state")
        values = instance.__dict__
        mapper = owner.__mapper__
        values["_sa_instance_state"] = state = InstanceState(instance, mapper.class_manager)
        # Known to be stored: an ORM session it is added to will update it, not insert it.
        key = (values[mapper.get_property_by_column(c).key] for c in mapper.primary_key)
        state.key = mapper.identity_key_from_primary_key(tuple(key))
        return state


@dataclass_transform(kw_only_default=True, field_specifiers=(column, reference, member))
class Base(DeclarativeBase):
    """A table; `__access__` says who may reach it."""

    metadata = metadata
    _sa_instance_state: ClassVar[Any] = _StateWhenAsked()
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        Json: JSONB(),
        list[str]: JSONB(),
        list[Any]: JSONB(),
        list[Json]: JSONB(),
    }
    __abstract__ = True
    #: Unless it says more, only the service role reaches a table.
    __access__: ClassVar[Access] = NOBODY
    __rules__: ClassVar[tuple[Rule, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if isinstance(table, Table):
            table.info["model"] = cls
            _add_implied_rules(table)

    def __repr__(self) -> str:
        shown = ("tenant_id", "id", "slug", "name", "status")
        known = (f"{k}={self.__dict__[k]!r}" for k in shown if k in self.__dict__)
        return f"{type(self).__name__}({', '.join(known)})"


class Timestamped(Base):
    """Rows that know when they were made and last changed (kept by a trigger)."""

    __abstract__ = True
    created_at: Mapped[datetime] = column(default=NOW, sort_order=1000)
    updated_at: Mapped[datetime] = column(default=NOW, init=False, sort_order=1001)


class TenantRow(Base):
    """Rows of one tenant: PRIMARY KEY (tenant_id, id), row security, composite references."""

    __abstract__ = True
    __access__ = OWN_TENANT

    tenant_id: Mapped[UUID] = column(
        default=THIS_TENANT, init=False, sort_order=-2, primary_key=True
    )
    id: Mapped[UUID] = column(default=NEW_ID, sort_order=-1, primary_key=True)
    created_at: Mapped[datetime] = column(default=NOW, sort_order=1000)


class TenantScoped(TenantRow, Timestamped):
    """The usual table of a tenant's: rows that change, and know when they did."""

    __abstract__ = True


class Audited:
    """Every insert, update and delete leaves a line in the audit log."""


class Totalled(Audited):
    """Rows hold totals of others, and change with every one of them, which is not on record: what
    is asked of an update is asked only when it sets another column."""


class AppendOnly:
    """Rows are written once: nobody may change or remove them, whatever their rights."""


class Partitioned:
    """Partitioned by ranges of the UUIDv7 id, one partition a `__period__`."""

    __period__: ClassVar[Literal["week", "month"]] = "month"


class Appended:
    """Rows come one at a time and often: `create` outside a transaction is one round trip."""


class Walked:
    """Rows are read in the order of their ids, a page at a time, within a parent's row that knows
    its `first_message_id`, `last_message_id` and `message_count`."""

    #: Reference -> the table of those parents.
    __walks__: ClassVar[dict[str, str]]


class Counted:
    """Rows are counted in `tenant_usage.<__usage__>` and limited by `tenant_quotas.<__quota__>`."""

    __usage__: ClassVar[str]
    __quota__: ClassVar[str]


@dataclass(frozen=True)
class Rule:
    """A trigger that keeps a rule of the table; its function stands in `schema/*.sql`.

    `on` is when it fires: `"BEFORE INSERT OR UPDATE"` and the like for each row, or the events of
    one that is called once a statement with the rows it changed.
    """

    function: str
    on: str
    #: Once a statement, after it, with `old_rows` and `new_rows`.
    set_based: bool = False
    #: What a trigger that is not set-based fires for each of: ROW or STATEMENT.
    each: Literal["ROW", "STATEMENT"] = "ROW"


def unique(*columns: str, **kwargs: Any) -> UniqueConstraint:
    """A unique rule within the tenant: one across tenants would tell that a value exists."""
    return UniqueConstraint("tenant_id", *columns, **kwargs)


def model_of(table: Table) -> type[Base]:
    model: type[Base] = table.info["model"]
    return model


def is_tenant_scoped(table: Table) -> bool:
    return issubclass(model_of(table), TenantRow)


def _add_implied_rules(table: Table) -> None:
    """The checks and composite foreign keys that the columns' words imply."""
    # A record outlives what it tells of, so it refers to nothing.
    if is_tenant_scoped(table) and not issubclass(model_of(table), AppendOnly):
        table.append_constraint(
            ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenants.id"], ondelete="CASCADE")
        )
    for col in table.columns:
        check = col.info.get("check")
        if isinstance(col.type, Vocabulary):
            check = f"{col.name} IN ({', '.join(repr(word) for word in col.type.words)})"
        if check:
            table.append_constraint(CheckConstraint(check, name=col.name))
        if col.info.get("reference"):
            target, to, on_delete = col.info["reference"]
            # Only the referring column is emptied: tenant_id is part of the row's own key.
            rule = f"SET NULL ({col.name})" if on_delete == "set null" else on_delete.upper()
            table.append_constraint(
                ForeignKeyConstraint(
                    ["tenant_id", col.name],
                    [f"{SCHEMA}.{target}.{key}" for key in to],
                    ondelete=rule,
                    name=f"{table.name}_{col.name}_fkey",
                )
            )
