"""The questions that the page suggests before the first one. They take seconds, so a thread makes them meanwhile."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from index.errors import PinciteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.library.library import Library

_log = logging.getLogger(__name__)


class FirstQuestions:
    """The suggested questions of a library, made once for each of its states. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[int, Sequence[str]] | None = None
        self._thread: threading.Thread | None = None

    def known(self, library: Library) -> Sequence[str] | None:
        """Return the questions for the present state of the library; None while they are being made."""
        generation = library.generation()
        with self._lock:
            if self._made and self._made[0] == generation:
                return self._made[1]
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._make, args=(library, generation), name="pincite-suggesting", daemon=True
                )
                self._thread.start()
        return None

    def _make(self, library: Library, generation: int) -> None:
        """Make the questions. The first question that a reader asks will report an error."""
        made: Sequence[str] = ()
        try:
            made = library.suggestions()
        except PinciteError as error:
            _log.warning("No questions could be suggested: %s", error)
        except Exception:
            _log.exception("No questions could be suggested.")
        with self._lock:
            self._made = generation, made
