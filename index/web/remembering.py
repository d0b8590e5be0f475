"""Caches recent answers, so that an export is identical to the answer on the page."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.records import Answer

MAX_ANSWERS = 200
"""Maximum number of cached answers, which take some megabytes."""


class AnswerCache:
    """Answers by an unguessable key; the oldest are dropped first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def keep(self, answer: Answer) -> str:
        """Store an answer and return its key."""
        key = secrets.token_urlsafe(12)
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > MAX_ANSWERS:
                del self._answers[next(iter(self._answers))]
        return key

    def find(self, key: str) -> Answer | None:
        """Return the answer with that key, or None if it was dropped or never stored."""
        with self._lock:
            return self._answers.get(key)
