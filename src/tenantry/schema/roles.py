"""The roles, and what a cluster and a database need before the first migration.

Roles belong to the whole cluster and are shared by its databases, so they are made here, once, and
never dropped by a migration. Everything is idempotent, and works for a superuser as well as for
the plain CREATEROLE administrator that managed servers offer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from importlib.resources import files
from typing import Protocol

OWNER, APP, SERVICE, READONLY = (
    "tenantry_owner",
    "tenantry_app",
    "tenantry_service",
    "tenantry_readonly",
)
#: Own the SECURITY DEFINER functions, each with the least its functions need.
AUTH, AUDIT, KEEPER = "tenantry_auth", "tenantry_audit", "tenantry_keeper"
SEARCH, VIEWS = "tenantry_search", "tenantry_views"
#: Puts a tenant in as a whole, and removes it for good.
TRANSFER = "tenantry_transfer"
#: Owns the graphs; and runs Cypher, so that no question can change one.
GRAPH, GRAPH_READER = "tenantry_graph", "tenantry_graph_reader"

LOGINS = (OWNER, APP, SERVICE, READONLY)
DEFINERS = (AUTH, AUDIT, KEEPER, SEARCH, VIEWS, GRAPH, GRAPH_READER, TRANSFER)
#: Reach only the rows their context names.
TENANT_ROLES = (APP, READONLY)

#: Trusted ones, which every server has: paths of desks, and GIN indexes that begin with the tenant.
EXTENSIONS = ("ltree", "btree_gin")

#: Everyone may name what is in the schema; what they may do with it stands with each object.
SCHEMA_USAGE = f"GRANT USAGE ON SCHEMA tenantry TO {', '.join((*LOGINS, *DEFINERS))}"

#: Settings of the sessions of the roles that applications log in as. They stand on the role, not in
#: the connection string, so that they hold through a pooler and for every client.
_SESSION = {
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "500ms",
    "search_path": "tenantry, public, pg_temp",
}
ATTRIBUTES = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"

#: Functions that show other sessions' queries.
WATCHING_FUNCTIONS = ("pg_stat_get_activity", "pg_stat_get_backend_activity", "pg_stat_statements")
#: Those, and functions that signal other sessions or keep objects that no policy covers.
FORBIDDEN_FUNCTIONS = (
    *WATCHING_FUNCTIONS,
    "pg_cancel_backend",
    "pg_terminate_backend",
    "lo_creat",
    "lo_create",
    "lo_open",
    "lo_from_bytea",
    "lo_get",
    "lo_put",
    "lo_unlink",
    "lo_truncate",
    "lo_truncate64",
    "loread",
    "lowrite",
)


def _names(functions: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in functions)


#: A view asks them as whoever reads it, and who watches the server (pg_monitor) sees what it shows: nobody else.
CLOSE_SERVER_FUNCTIONS = f"""
    DO $$ DECLARE f regprocedure; BEGIN
        FOR f IN SELECT oid FROM pg_proc WHERE proname IN ({_names(FORBIDDEN_FUNCTIONS)}) LOOP
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
        END LOOP;
        FOR f IN SELECT oid FROM pg_proc WHERE proname IN ({_names(WATCHING_FUNCTIONS)}) LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_read_all_stats', f);
        END LOOP;
    END $$"""


class Connection(Protocol):
    async def execute(self, query: str, /) -> str: ...
    async def fetchval(self, query: str, /, *args: object) -> object: ...


async def create_roles(admin: Connection, passwords: Mapping[str, str]) -> None:
    """Make the cluster's roles; `passwords` sets those of the login roles it names."""
    for role in (*LOGINS, *DEFINERS):
        if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            login = "LOGIN" if role in LOGINS else "NOLOGIN"
            await admin.execute(f"CREATE ROLE {role} {login}")
        if await is_superuser(admin):
            await admin.execute(f"ALTER ROLE {role} {ATTRIBUTES}")
    for role, password in passwords.items():
        await admin.execute(f"ALTER ROLE {role} PASSWORD '{scram_verifier(password)}'")
    for definer in DEFINERS:
        # The owner hands functions over to these; it never acts as them.
        await admin.execute(f"GRANT {definer} TO {OWNER}")
    await _let_transfer(admin)
    if not await is_superuser(admin):
        await admin.execute(f"GRANT {OWNER} TO CURRENT_USER")


async def _let_transfer(admin: Connection) -> None:
    """Have whole tenants be put in and removed without triggers. Where the administrator may not grant
    that, import and purge say so, and what would help."""
    await admin.execute(
        f"""
        DO $$ BEGIN
            GRANT SET ON PARAMETER session_replication_role TO {TRANSFER};
        EXCEPTION WHEN insufficient_privilege THEN NULL;
        END $$"""
    )


async def prepare_database(admin: Connection, database: str) -> None:
    """Close what a new database leaves open, and give the owner its schema. `admin` is in it."""
    statements = [
        *of_the_database(database),
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        *(f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public" for name in EXTENSIONS),
        f"CREATE SCHEMA IF NOT EXISTS tenantry AUTHORIZATION {OWNER}",
        # `admin` may be no superuser, and the schema is the owner's already.
        f"SET ROLE {OWNER}",
        SCHEMA_USAGE,
        "RESET ROLE",
        # A function is executable by everyone from its first moment unless this stands.
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    ]
    for statement in statements:
        await admin.execute(statement)
    if await is_superuser(admin):
        await admin.execute(CLOSE_SERVER_FUNCTIONS)
        await admin.execute(files(__package__).joinpath("guard.sql").read_text())


def of_the_database(database: str) -> list[str]:
    """Rights and settings of the database itself: what a copy of it would come without."""
    name = quote(database)
    return [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO {', '.join(LOGINS)}",
        f"GRANT CREATE ON DATABASE {name} TO {OWNER}",
        # A materialized view is refreshed beside its readers through a temporary table.
        f"GRANT TEMPORARY ON DATABASE {name} TO {VIEWS}",
        *(
            set_for(role, database, setting)
            for role in (APP, SERVICE, READONLY)
            for setting in session_settings(role)
        ),
    ]


def session_settings(role: str) -> dict[str, str]:
    """What stands on a role that applications log in as."""
    return _SESSION | ({"default_transaction_read_only": "on"} if role == READONLY else {})


def set_for(role: str, database: str, setting: str) -> str:
    """The statement that puts one of them there."""
    value = session_settings(role)[setting]
    said = value if setting == "search_path" else f"'{value}'"
    return f"ALTER ROLE {role} IN DATABASE {quote(database)} SET {setting} = {said}"


async def is_superuser(connection: Connection) -> bool:
    return bool(
        await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    )


def quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def scram_verifier(password: str, iterations: int = 4096) -> str:
    """The password as the server keeps it (RFC 5802), so that the clear one is never sent or logged."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    b64 = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{b64[0]}${b64[1]}:{b64[2]}"
