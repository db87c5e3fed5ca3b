"""What is stored is shown, and does nothing else to a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from tenantry.cli.answer import View, facts, table

if TYPE_CHECKING:
    import pytest

_CODES = "\x1b]0;owned\x07\x9b2J\r\u202eline\nKäse 日本"


def _shown(view: View, capsys: pytest.CaptureFixture[str]) -> str:
    assert callable(view)
    Console(width=200).print(view())
    return capsys.readouterr().out


def test_codes_of_a_terminal_are_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    for view in (
        table(("A",), [(_CODES,)]),
        table(("A",), [([_CODES],)]),
        table(("A",), [({_CODES: _CODES},)]),
        facts({"A": _CODES}),
    ):
        shown = _shown(view, capsys)
        assert r"\x1b]0;owned\x07\x9b2J\r\u202eline" in shown
        assert "Käse 日本" in shown
        assert all(c.isprintable() or c == "\n" for c in shown)
