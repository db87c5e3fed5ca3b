"""Several permissive policies for one command."""

from __future__ import annotations

from .check import Check

CHECK = Check(
    name="policies-permissive",
    title="Several permissive policies for one command",
    severity="error",
    sql="""
-- They are OR-ed: the widest one counts.
SELECT p.table_name AS object,
       format('For %s, %s are OR-ed: %s.', p.rolname, c.command, string_agg(p.polname, ', ' ORDER BY p.polname)) AS detail
FROM (VALUES ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE')) AS c (code, command)
JOIN policy AS p ON p.polpermissive AND p.polcmd IN (c.code::"char", '*')
GROUP BY p.table_name, p.rolname, c.command HAVING count(*) > 1
""",
    remediation="Leave one permissive policy for each command, and make what narrows it RESTRICTIVE.",
)
