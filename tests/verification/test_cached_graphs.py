"""Graphs of sentences are parsed together and cached, up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.verification import dependencies
from index.verification.dependencies import parse_graph, parse_graphs
from index.verification.grammar import Token, parse_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


def test_each_sentence_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """New sentences are parsed together and cached; the oldest are dropped when the cache is full."""
    parsed: list[list[str]] = []

    def counting_parse(texts: Sequence[str]) -> list[tuple[Token, ...]]:
        parsed.append(list(texts))
        return parse_all(texts)

    monkeypatch.setattr(dependencies, "parse_all", counting_parse)
    monkeypatch.setattr(dependencies, "_cache", {})
    monkeypatch.setattr(dependencies, "_CACHED_GRAPHS", 2)
    rain, snow, clear = "It rained", "It snowed", "It cleared"
    first, second, again = parse_graphs([rain, snow, rain])
    assert first is again
    assert (first.text, second.text) == (rain, snow)
    assert parse_graph(snow) is second
    parse_graph(clear)
    assert parse_graph(rain) is not first
    assert parsed == [[rain, snow], [clear], [rain]]
