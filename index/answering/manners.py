"""What a model's server takes and what it refuses, learnt from its errors and kept as long as the process lives.

Each parameter has one other form, which is tried where an error names it: so a server is asked once too often in its
first question, and not in every one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.answering.replying import ReplyError

THOUGHT_TOKENS = 4096
"""Room for the thoughts of a model that has shown to need it, beside its answer."""
MOST = 64
"""Servers that are remembered."""
_NOT_THE_REQUEST = frozenset({401, 402, 403, 429})
"""HTTP statuses that say nothing of a parameter, whatever their words are."""
_MISSING = frozenset({404, 405})
_STREAM = re.compile(r"\bstream(?:ing)?\b", re.IGNORECASE)
_SYSTEM = re.compile(
    r"\bsystem\b.{0,40}\b(?:roles?|messages?|prompts?|instructions?)\b|\broles?\b.{0,60}\bsystem\b"
    r"|\bmessages?[\[.]0[\].]|roles must alternate|[\"'`]system[\"'`]",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"max_(?:completion_)?tokens")
_CONTEXT = re.compile(r"context.{0,20}(?:length|size|window)|too (?:long|many tokens)|prompt is too", re.IGNORECASE)
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server has to be asked."""

    limit: Literal["max_tokens", "max_completion_tokens", ""] = "max_tokens"
    temperature: bool = True
    system: bool = True
    """Whether there is a system role; else the user's message begins with the instructions."""
    stream: bool = True
    room: int = 0
    """Tokens for thoughts."""
    plain: bool = False
    """Whether the model was heard to the end and never closed a thought that it had not opened."""
    path: int = 0
    """Which of the addresses that its URL may mean."""

    def request(self, model: str, messages: Sequence[dict[str, str]], tokens: int) -> dict[str, Any]:
        """The body of a request; without the name of a model where there is none."""
        if not self.system:
            text = "\n\n".join(message["content"] for message in messages)
            messages = [{"role": "user", "content": text}]
        body: dict[str, Any] = {"messages": list(messages), "stream": self.stream}
        if self.limit:
            body[self.limit] = tokens + self.room
        if self.temperature:
            body["temperature"] = 0
        return {"model": model, **body} if model else body

    def after(self, error: ReplyError, paths: int) -> Manners | None:
        """Other manners that an error asks for; None where it asks for none. Each change is made once."""
        words = str(error)
        changed = self
        if error.needs_room and self.limit:
            return replace(self, room=THOUGHT_TOKENS) if not self.room else None
        if error.reason != "refused" or error.status in _NOT_THE_REQUEST or _CONTEXT.search(words):
            return None
        if error.status in _MISSING and not _MODEL.search(words) and self.path + 1 < paths:
            return replace(self, path=self.path + 1)
        if "temperature" in words:
            changed = replace(changed, temperature=False)
        if _STREAM.search(words):
            changed = replace(changed, stream=False)
        if _SYSTEM.search(words):
            changed = replace(changed, system=False)
        if _LIMIT.search(words):  # models that think are those that refuse max_tokens
            other: Literal["max_completion_tokens", ""] = "max_completion_tokens" if self.limit == "max_tokens" else ""
            changed = replace(changed, limit=other, room=THOUGHT_TOKENS)
        return None if changed == self else changed


class Known:
    """The manners of the servers that were asked, by address and model."""

    def __init__(self) -> None:
        self._manners: OrderedDict[tuple[str, str], Manners] = OrderedDict()
        self._lock = Lock()

    def get(self, url: str, model: str) -> Manners:
        """What is known of a server; the usual manners where nothing is."""
        with self._lock:
            return self._manners.get((url, model), Manners())

    def set(self, url: str, model: str, manners: Manners) -> None:
        """Remember them, and forget the server that was heard of least lately where there are too many."""
        with self._lock:
            self._manners[url, model] = manners
            self._manners.move_to_end((url, model))
            while len(self._manners) > MOST:
                self._manners.popitem(last=False)


KNOWN = Known()
