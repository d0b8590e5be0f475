"""The families of rules that `benchmarks.rules` turns off exist, and what it counts is what changed."""

from __future__ import annotations

from contextlib import ExitStack
from unittest.mock import patch

import pytest

from benchmarks.rules import FAMILIES, Change, compared


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
