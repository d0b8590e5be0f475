"""How benchmarks rate: families of rules that are turned off, and the quotation of a follow-up question."""

from __future__ import annotations

from contextlib import ExitStack
from unittest.mock import patch

import pytest

from benchmarks.follow_ups import Dialogue, cause, is_right
from benchmarks.rules import FAMILIES, Change, compared
from index.records import Answer, Citation, DocumentInfo, Location
from tests.cases import cases


@pytest.mark.parametrize("family", FAMILIES)
def test_family_turns_off_what_exists(family: str) -> None:
    """A name that is gone raises AttributeError."""
    with ExitStack() as stack:
        for target, value in FAMILIES[family].items():
            stack.enter_context(patch(target, value))


def test_gains_and_losses_are_counted_by_case() -> None:
    """A measure that holds as often as before may have changed in many cases."""
    before = {"a": {"right": True}, "b": {"right": False}, "c": {"right": True}, "d": {"right": True}}
    after = {"a": {"right": False}, "b": {"right": True}, "c": {"right": True}, "d": {"right": True}}
    (row,) = compared(before, after)
    assert (row["held"], row["gained"], row["lost"], row["chance"]) == (3, 1, 1, 1.0)
    (row,) = compared(before, before)
    assert (row["measure"], row["chance"]) == ("any", 1.0)


def test_uneven_split_is_no_chance() -> None:
    """McNemar's exact test: ten changes in one direction are chance once in 512 times."""
    assert Change(20, 0, 10).chance == 2 / 1024
    assert Change(20, 0, 0).chance == 1.0


WANTED = "the king's treaty of the harbour was signed in 1814"


def info(source: str) -> DocumentInfo:
    """Return a document with this file name."""
    return DocumentInfo(source, source, "", "", source, "text/plain", 100, 0, 1)


@cases(
    ("quote", "wanted", "source", "strict", "fair"),
    [
        (f"In May {WANTED}.", WANTED, "a.txt", True, True),
        ("treaty of the harbour was", WANTED, "a.txt", True, True),
        ("the harbour was signed late", WANTED, "a.txt", False, False),
        (f"In May {WANTED}.", WANTED, "copy.txt", False, True),
        ("the king’s treaty of the har\u00adbour[3] was signed", WANTED, "a.txt", False, True),
        ("| treaty | of the | harbour | was |", WANTED, "a.txt", False, True),
        ("Total 3,000 shares", "3,000 shares", "a.txt", True, True),
        ("Total 3,000 shares", "3,000 shares", "other.txt", False, False),
        ("Total | 3,000 | shares", "3,000 shares", "a.txt", False, True),
        ("Bread was cheap.", WANTED, "a.txt", False, False),
    ],
)
def test_right_quotation(quote: str, wanted: str, source: str, strict: bool, fair: bool) -> None:
    """A copy counts, and so does another typesetting, but not fewer words or a chance match elsewhere."""
    dialogue = Dialogue("follow-up", "why?", document="a.txt", quote=wanted)
    assert is_right(quote, info(source), dialogue, strict=True) is strict
    assert is_right(quote, info(source), dialogue) is fair


@cases(
    ("quotes", "names", "found"),
    [
        ((), (), "not in the library"),
        ((), ("a.txt",), "other document"),
        ((WANTED,), ("a.txt",), "quoted, but not first"),
    ],
)
def test_cause_of_a_wrong_pin(quotes: tuple[str, ...], names: tuple[str, ...], found: str) -> None:
    """An answer without hits has no right pin."""
    citations = tuple(Citation(n, info("a.txt"), Location(), 0, 9, quote) for n, quote in enumerate(quotes, 1))
    answer = Answer("?", "answered", 0.9, 0.6, (), citations, (), (1, 1), "quote", {})
    assert cause(answer, Dialogue("follow-up", "why?", document="a.txt", quote=WANTED), names) == found
