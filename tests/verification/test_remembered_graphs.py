"""Graphs of sentences are parsed together and remembered, but not without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.verification import dependencies
from index.verification.dependencies import parse_graph, parse_graphs
from index.verification.grammar import Token, parse_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


def test_sentences_are_parsed_once_and_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new one once, whatever order and however often it is asked for; the oldest go where there is no room."""
    parsed: list[list[str]] = []

    def counted(texts: Sequence[str]) -> list[tuple[Token, ...]]:
        parsed.append(list(texts))
        return parse_all(texts)

    monkeypatch.setattr(dependencies, "parse_all", counted)
    monkeypatch.setattr(dependencies, "_cache", {})
    monkeypatch.setattr(dependencies, "_CACHED_GRAPHS", 2)
    one, two, three = "It rained", "It snowed", "It cleared"
    first, second, again = parse_graphs([one, two, one])
    assert first is again
    assert (first.text, second.text) == (one, two)
    assert parse_graph(two) is second
    parse_graph(three)
    assert parse_graph(one) is not first
    assert parsed == [[one, two], [three], [one]]
