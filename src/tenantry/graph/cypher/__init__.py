"""Cypher that is safe to run: parsed against a grammar that can only read, and written anew.

What comes out holds no quotes, comments or casts, whatever went in: string constants are lifted out
as parameters, names and functions are of known lists (`tenantry.schema.cypher`), every compound
operand stands in brackets, so that no rule of precedence is left to disagree about.
"""

from .query import CypherQuery, parse

__all__ = ["CypherQuery", "parse"]
