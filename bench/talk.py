"""A million messages of one year, in 52 weekly partitions: filled on the server."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Literal
from uuid import UUID

from bench.world import TENANTS, Key, World
from tenantry.ops import partitions

MESSAGES = 1_000_000
PER_CONVERSATION = 500
YEAR = timedelta(weeks=52)
_EACH = MESSAGES // PER_CONVERSATION // TENANTS

#: An id of a moment, as the server makes them: its milliseconds, then what is random.
_ID = """
    CREATE FUNCTION pg_temp.id_of(moment timestamptz) RETURNS uuid LANGUAGE sql VOLATILE RETURN (
        lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
        || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
"""
#: As a backup is restored: with totals and without triggers. Every second conversation is over
#: within a day of the year, the others go on all through it.
_FILL = f"""
    SET session_replication_role = replica;
    CREATE TEMPORARY TABLE talk AS
        SELECT t.id AS tenant_id, tenantry.uuidv7() AS id, n % 2 = 0 AS brief, begins,
               CASE WHEN n % 2 = 0 THEN interval '1 day' ELSE ends - begins END AS lasts
        FROM tenantry.tenants AS t, generate_series(1, {_EACH}) AS n,
             (SELECT now() AS ends, now() - interval '{YEAR.days} days' AS starts) AS year,
             LATERAL (SELECT CASE WHEN n % 2 = 0 THEN starts + random() * interval '{YEAR.days - 1} days'
                                  ELSE starts END AS begins) AS b;
    INSERT INTO tenantry.conversations (tenant_id, id, title)
        SELECT tenant_id, id, CASE WHEN brief THEN 'brief' ELSE 'long' END FROM talk;
    INSERT INTO tenantry.messages (tenant_id, id, conversation_id, role, content, model, input_tokens)
        SELECT tenant_id, pg_temp.id_of(begins + lasts * (n - random()) / {PER_CONVERSATION}), id,
               CASE n % 2 WHEN 0 THEN 'assistant' ELSE 'user' END,
               'What was said, as message ' || n || ', is about as long as this.', 'a-model', 20
        FROM generate_series(1, {PER_CONVERSATION}) AS n, talk ORDER BY n, id;
    UPDATE tenantry.conversations AS c
    SET message_count = m.many, first_message_id = m.oldest, last_message_id = m.newest
    FROM (SELECT conversation_id, count(*) AS many, min(id::text)::uuid AS oldest,
                 max(id::text)::uuid AS newest
          FROM tenantry.messages GROUP BY 1) AS m WHERE m.conversation_id = c.id;
"""


async def conversations(world: World, lasting: Literal["brief", "long"] = "long") -> Iterator[Key]:
    """Endless random conversations of 500 messages, said within a day or all through the year."""
    async with world.admin() as admin:
        if not await admin.fetchval("SELECT EXISTS (SELECT FROM tenantry.messages)"):
            now = datetime.now(UTC)
            await partitions.ensure(world.url("owner"), now - YEAR, now, tables=["messages"])
            await admin.execute(_ID)
            await admin.execute(_FILL)
            await admin.execute("VACUUM ANALYZE tenantry.conversations, tenantry.messages")
        keys = await admin.fetch(
            "SELECT tenant_id, id FROM tenantry.conversations WHERE title = $1 ORDER BY id", lasting
        )
    chosen = [(UUID(str(tenant)), UUID(str(talk))) for tenant, talk in keys]
    random.Random(7).shuffle(chosen)  # noqa: S311 - no secret
    return cycle(chosen)
