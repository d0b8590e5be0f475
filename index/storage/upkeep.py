"""Who keeps the word index in agreement with the catalog where no writer does: whoever asks, within reason."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from index.errors import LibraryLocked, LibraryNotWritable, PinciteError
from index.readiness import PASSAGES_A_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.readiness import Hindrance
    from index.storage.catalog import Catalog
    from index.storage.lexical import LexicalIndex
    from index.storage.locking import WriterLock

WRITER_PATIENCE = 2.0
"""Seconds that a writer waits for another one: long enough for a reader that mends a cache, no longer."""
READER_PATIENCE = 5.0
"""Seconds for which questions wait for a word index that is behind, counted from the first of them."""
MENDED_AT_ONCE = 1_000
"""Passages that a question takes into the word index itself: a quarter of a second's work."""
MENDED_A_STEP = 4_000
"""Passages between two moments at which others may write: about a second's work."""
LOOK_SECONDS = 0.05
_log = logging.getLogger(__name__)


class Upkeep:
    """Catches the word index up: a little at once, much in the background, step by step.

    A question waits for the end of it where that is a matter of seconds. Else it is answered from what there is.
    """

    def __init__(
        self, lock: WriterLock, catalog: Catalog, index: Callable[[], LexicalIndex], follow: Callable[[], object]
    ) -> None:
        """`lock` is the right to write the index; `follow` exchanges it where the library was rebuilt or restored."""
        self._lock = lock
        self._catalog = catalog
        self._index = index
        self._follow = follow
        self._closing = threading.Event()
        self._mending: threading.Thread | None = None
        self._behind_since: float | None = None
        self.hindrance: Hindrance = ""
        """Why it is not being caught up, where it is behind."""

    def close(self) -> None:
        """Stop at the end of the step that is under way."""
        self._closing.set()
        if self._mending is not None:
            self._mending.join()

    @property
    def is_at_work(self) -> bool:
        """Whether the index is being caught up in the background."""
        return self._mending is not None and self._mending.is_alive()

    def refresh(self, *, waiting: bool = True) -> None:
        """Open the index as it is on disk, and catch it up where it is behind and nobody else is about to."""
        while not self._is_current():
            since = self._behind_since = self._behind_since or time.monotonic()
            left = since + READER_PATIENCE - time.monotonic()
            mended = self._mend()
            if left <= 0 or not (mended or (waiting and self._is_worth_waiting(left))):
                self._is_current()
                return
            if not mended:
                time.sleep(LOOK_SECONDS)

    def lacking(self, due: int) -> int:
        """How many of the passages of generation `due` cannot be found by their words."""
        return passages_since(self._catalog, self._index().generation, due)

    def _is_current(self) -> bool:
        """Whether the index on disk, which now is open, agrees with the catalog."""
        if not self._index().reload(self._catalog.generation()):
            return False
        self._behind_since, self.hindrance = None, ""
        return True

    def _is_worth_waiting(self, seconds: float) -> bool:
        """Whether it is likely to be complete so soon; a writer is waited for where nothing can be searched yet."""
        lacking = self.lacking(self._catalog.generation())
        if not lacking or seconds <= 0 or self.hindrance == "not writable":
            return False
        if self.hindrance == "busy":
            return self._index().generation is None
        return lacking / PASSAGES_A_SECOND < seconds

    def _mend(self) -> bool:
        """Catch the index up where that is quickly done; whether it was. Else see to it that it is done."""
        if self.is_at_work:
            return False
        try:
            with self._lock.held(patience=0):
                self._follow()
                index = self._index()
                if index.behind(self._catalog) <= MENDED_AT_ONCE:
                    index.catch_up(self._catalog)
                    index.rest()
                    return True
                if not self._closing.is_set() and not self.is_at_work:
                    self._mending = threading.Thread(target=self._mend_on, name="lexical-mending", daemon=True)
                    self._mending.start()
                self.hindrance = ""
        except LibraryLocked:
            self.hindrance = "" if self.is_at_work else "busy"
        except LibraryNotWritable:
            self.hindrance = "not writable"
        return False

    def _mend_on(self) -> None:
        """Catch the index up step by step; between two steps, others may write."""
        try:
            done = False
            while not done and not self._closing.wait(LOOK_SECONDS):
                with self._lock.held(patience=WRITER_PATIENCE):
                    index = self._index()
                    done = index.catch_up(self._catalog, most=MENDED_A_STEP)
                    index.rest()
        except LibraryLocked:
            self.hindrance = "busy"
        except PinciteError as error:
            self.hindrance = "not writable"
            _log.warning("The word index cannot be completed: %s", error)


def passages_since(catalog: Catalog, generation: int | None, due: int) -> int:
    """How many passages came from one generation to another and are still there; from None on, all of them."""
    if generation is not None and generation >= due:
        return 0
    return sum(each.passages for each in catalog.added_since(-1 if generation is None else generation, until=due))
