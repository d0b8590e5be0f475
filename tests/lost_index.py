"""A library without its word index, and the making of a new one held back until a test lets it go on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from index.storage import upkeep
from index.storage.lexical.lexical_index import LexicalIndex
from tests.faults.arena import clear

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def without_words(folder: Path) -> Iterator[threading.Event]:
    """Delete the word index of a library that nobody has open. Until the event is set, no new one is made.

    No question waits for it meanwhile, so that nothing depends on how quick the machine is.
    """
    clear(folder / "lexical")
    going_on = threading.Event()
    catch_up = LexicalIndex.catch_up

    def later(*arguments: Any, **options: Any) -> bool:
        assert going_on.wait(60)
        return catch_up(*arguments, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(LexicalIndex, "catch_up", later)
        patched.setattr(upkeep, "UPDATED_AT_ONCE", -1)
        patched.setattr(upkeep, "READER_PATIENCE", 0.0)
        try:
            yield going_on
        finally:
            going_on.set()
