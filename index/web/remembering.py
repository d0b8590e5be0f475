"""The answers given last, so that what is exported is what was shown, word for word, whoever wrote it."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.records import Answer

MOST = 200
"""How many are remembered: a passage is short, so this is some megabytes."""


class Remembered:
    """Answers by a key that cannot be guessed, the oldest forgotten first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def keep(self, answer: Answer) -> str:
        """Remember an answer; gives its key."""
        key = secrets.token_urlsafe(12)
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > MOST:
                del self._answers[next(iter(self._answers))]
        return key

    def find(self, key: str) -> Answer | None:
        """The answer of that key; None where it has been forgotten, or never was."""
        with self._lock:
            return self._answers.get(key)
