"""A server with a known hole in row security."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="server-version",
    title="A server with a known hole in row security",
    severity="warning",
    sql="""
SELECT format('PostgreSQL %s', current_setting('server_version')) AS object,
       format('%s, mended in %s.', string_agg(c.cve || ' (' || c.what || ')', '; '), string_agg(DISTINCT c.major || '.' || c.mended, ', ')) AS detail
FROM (SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version_num')::int % 10000 AS minor) AS v
JOIN (VALUES
    ('CVE-2019-10130', 'statistics show hidden values', 11, 3), ('CVE-2019-10130', 'statistics show hidden values', 10, 8),
    ('CVE-2023-2455', 'policies of another user after inlining', 15, 3), ('CVE-2023-2455', 'policies of another user after inlining', 14, 8),
    ('CVE-2023-2455', 'policies of another user after inlining', 13, 11), ('CVE-2023-2455', 'policies of another user after inlining', 12, 15),
    ('CVE-2023-39418', 'MERGE passes policies', 15, 4),
    ('CVE-2024-4317', 'extended statistics of others', 16, 3), ('CVE-2024-4317', 'extended statistics of others', 15, 7),
    ('CVE-2024-4317', 'extended statistics of others', 14, 12),
    ('CVE-2024-10976', 'policies of another user in subqueries', 17, 1), ('CVE-2024-10976', 'policies of another user in subqueries', 16, 5),
    ('CVE-2024-10976', 'policies of another user in subqueries', 15, 9), ('CVE-2024-10976', 'policies of another user in subqueries', 14, 14),
    ('CVE-2024-10976', 'policies of another user in subqueries', 13, 17),
    ('CVE-2025-8713', 'statistics show hidden values', 17, 6), ('CVE-2025-8713', 'statistics show hidden values', 16, 10),
    ('CVE-2025-8713', 'statistics show hidden values', 15, 14), ('CVE-2025-8713', 'statistics show hidden values', 14, 19),
    ('CVE-2025-8713', 'statistics show hidden values', 13, 22)
) AS c (cve, what, major, mended) ON c.major = v.major AND v.minor < c.mended
HAVING count(*) > 0
UNION ALL
SELECT format('PostgreSQL %s', current_setting('server_version')), 'No longer maintained: holes stay open.'
WHERE current_setting('server_version_num')::int < 140000
UNION ALL
SELECT format('pgvector %s', e.extversion), 'Parallel index builds leak memory of other relations; mended in 0.8.2.'
FROM pg_extension AS e WHERE e.extname = 'vector' AND string_to_array(e.extversion, '.')::int[] < ARRAY[0, 8, 2]
""",
    remediation="Update the server or the extension.",
)
