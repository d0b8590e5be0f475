"""The records of what a reader keeps: what is accepted, and how two collections become one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.citations import kept
from index.citations.kept import KeptItem, KeptSentence, file_json, in_order, items_json, merge, parse_file, parse_items
from index.errors import BadKept
from tests.cases import cases
from tests.citations.factories import hostile
from tests.citations.kept_items import document, item, quote_of

QUOTE = quote_of(document("Before it. The pump was the cause. After it."), "The pump was the cause.")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def fields(**changes: Any) -> dict[str, Any]:
    """Return an item as JSON values."""
    return {**asdict(item(QUOTE)), **changes}


def with_quote(**changes: Any) -> dict[str, Any]:
    """Return an item whose quote has these fields."""
    return fields(quotes=[{**asdict(QUOTE), **changes}])


def test_items_survive_the_way_through_json() -> None:
    """A browser's list and an exported file give the same items again, but no password of an address."""
    items = (item(QUOTE, note="A note."), item(QUOTE, id="an-answer-0", sentences=(KeptSentence("So.", (0,)),)))
    assert parse_items(items_json(items)) == items
    assert parse_file(file_json(items, NOW)) == items
    [parsed] = parse_items(json.dumps([with_quote(source="https://me:secret@example.org/a")]))
    assert parsed.quotes[0].source == "https://example.org/a"


@given(hostile, hostile)
def test_hostile_words_survive_and_cannot_end_the_json(words: str, note: str) -> None:
    """The JSON of a file contains no markup, so that no document that carries it can be broken out of."""
    words = words.encode("utf-8", "replace").decode() or "x"
    note = note.encode("utf-8", "replace").decode()
    quote = replace(QUOTE, quote=words, end=QUOTE.start + len(words), title=note)
    text = file_json([item(quote, note=note)], NOW)
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert parse_file(text)[0].quotes[0].quote == words


@cases(
    "bad",
    [
        fields(id="../../etc"), fields(id="short"), fields(revision=0), fields(revision="1"), fields(position="first"),
        fields(position=1e300), fields(note=7), fields(note="n" * 10_001), fields(question="q" * 2_001),
        fields(quotes=[]), fields(quotes=[asdict(QUOTE)] * 61), fields(removed="no"),
        fields(sentences=[{"text": "So.", "quotes": [1]}]),
        with_quote(document="x"), with_quote(end=QUOTE.end + 1), with_quote(start=-1, end=-1 + len(QUOTE.quote)),
        with_quote(quote=""), with_quote(quote="q" * 20_001), with_quote(before="b" * 161), with_quote(title=None),
        with_quote(paragraph=2**40), {}, [], "x", None,
    ],
)  # fmt: skip
def test_what_is_not_an_item_is_refused(bad: Any) -> None:
    """A browser's storage, a file and a request can hold anything."""
    with pytest.raises(BadKept):
        parse_items(json.dumps([bad]))


@pytest.mark.parametrize(
    "text", ["", "[", "nothing", "{}", "[" * 100_000, '"' + "x" * kept.MAX_BYTES + '"', json.dumps([fields()] * 2)]
)
def test_what_is_no_list_is_refused(text: str) -> None:
    """Neither broken, nor deep, nor long JSON is a list of items; ids tell items apart."""
    with pytest.raises(BadKept):
        parse_items(text)


def test_newer_file_asks_for_an_upgrade() -> None:
    """An older program does not misread it."""
    text = file_json([item(QUOTE)], NOW)
    with pytest.raises(BadKept, match="newer"):
        parse_file(text.replace('"version": 1', '"version": 2'))
    with pytest.raises(BadKept, match="format"):
        parse_file(text.replace("pincite-kept", "pincite-else"))


def test_two_tabs_lose_nothing_and_show_the_same_order() -> None:
    """Each item has the newer of its revisions, also if it was removed; of equal positions, the id decides."""
    one, two, three = (item(QUOTE, id=f"item-number-{n}", position=float(n)) for n in range(3))
    here = [replace(one, note="mine", revision=2), two]
    there = [one, replace(two, removed=True, revision=2, quotes=()), three]
    merged = merge(here, there)
    assert [(entry.id, entry.note) for entry in in_order(merged)] == [("item-number-0", "mine"), ("item-number-2", "")]
    assert {entry.id for entry in merged if entry.removed} == {"item-number-1"}
    assert set(merge(there, here)) == set(merged)
    items = [item(QUOTE, id=f"item-number-{n}", position=float(-n % 3)) for n in range(4)]
    assert [entry.id[-1] for entry in in_order(items)] == ["0", "3", "2", "1"]


@st.composite
def collections(draw: st.DrawFn) -> list[KeptItem]:
    """Return items with few ids and revisions, so that they collide."""
    return [
        item(QUOTE, id=f"item-number-{n}", revision=draw(st.integers(1, 3)), note=draw(st.sampled_from("abc")))
        for n in draw(st.sets(st.integers(0, 4)))
    ]


@given(collections(), collections(), collections())
def test_merging_is_the_same_in_any_order(one: list[KeptItem], two: list[KeptItem], three: list[KeptItem]) -> None:
    """So tabs and machines agree in the end, whoever sends first and however often."""
    assert set(merge(one, two)) == set(merge(two, one))
    assert set(merge(merge(one, two), three)) == set(merge(one, merge(two, three)))
    assert set(merge(one, one)) == set(one)


def test_room_is_limited() -> None:
    """The reader is told, and nothing is dropped silently."""
    kept.require_room([item(QUOTE, id=f"item-number-{n}") for n in range(kept.MAX_ITEMS)])
    with pytest.raises(BadKept, match="room for 200"):
        kept.require_room([item(QUOTE, id=f"item-number-{n}") for n in range(kept.MAX_ITEMS + 1)])
    with pytest.raises(BadKept, match="2 MB"):
        kept.require_room([item(QUOTE, id=f"item-number-{n}", note="n" * 10_000) for n in range(kept.MAX_ITEMS)])
    with pytest.raises(BadKept, match="may have 1,000 quotes together, and they have 1,020"):
        kept.require_room([item(*[QUOTE] * 60, id=f"item-number-{n}") for n in range(17)])
