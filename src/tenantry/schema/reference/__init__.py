"""The schema, told to people: read from the models and the SQL beside them, never written by hand."""

from .facts import Schema, describe
from .markdown import markdown
from .mermaid import mermaid

__all__ = ["Schema", "describe", "markdown", "mermaid"]
