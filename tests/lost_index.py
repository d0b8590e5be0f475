"""A library without its word index, whose rebuilding waits until the test allows it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from index.storage import store
from index.storage.lexical.lexical_index import LexicalIndex
from tests.faults.arena import clear

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def without_words(folder: Path) -> Iterator[threading.Event]:
    """Delete the word index of a closed library. Until the event is set, no new one is built.

    No question waits for the new index meanwhile, so that the tests do not depend on the speed of the machine.
    """
    clear(folder / "lexical")
    may_continue = threading.Event()
    catch_up = LexicalIndex.catch_up

    def catch_up_later(*arguments: Any, **options: Any) -> bool:
        assert may_continue.wait(60)
        return catch_up(*arguments, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(LexicalIndex, "catch_up", catch_up_later)
        patched.setattr(store, "UPDATED_AT_ONCE", -1)
        patched.setattr(store, "READER_PATIENCE", 0.0)
        try:
            yield may_continue
        finally:
            may_continue.set()
