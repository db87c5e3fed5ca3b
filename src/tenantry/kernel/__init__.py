"""The kernel: pool, context, transaction, retries. Knows SQL and asyncpg, no domain."""

from .commit import Outcome
from .connect import ConnectOptions, Connector
from .connection import Record
from .context import Actor, Context, Isolation, parse_uuid
from .health import Health, check
from .observing import Observer, Site, Watch, Work
from .oneshot import OneShot
from .pool import Pool, PoolOptions, PoolStats
from .retry import run
from .transaction import Transaction
from .translate import CONSTRAINT_MESSAGES, set_partition_resolver, translate, translate_connect

__all__ = [
    "CONSTRAINT_MESSAGES",
    "Actor",
    "ConnectOptions",
    "Connector",
    "Context",
    "Health",
    "Isolation",
    "Observer",
    "OneShot",
    "Outcome",
    "Pool",
    "PoolOptions",
    "PoolStats",
    "Record",
    "Site",
    "Transaction",
    "Watch",
    "Work",
    "check",
    "parse_uuid",
    "run",
    "set_partition_resolver",
    "translate",
    "translate_connect",
]
