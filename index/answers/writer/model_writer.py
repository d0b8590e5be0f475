"""The writer that asks a language model behind an OpenAI-compatible endpoint. It is optional.

One deadline covers all attempts, and every failure is one WriterError. The request runs in a thread of its own, because
some waits have no timeout, such as the look-up of a host name. The deadline ends the reader's wait even then.
"""

from __future__ import annotations

import math
import re
import threading
import time
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit, urlunsplit

from index.answers.writer.endpoint import CHARACTERS_PER_TOKEN, DIALECTS, Connection, Reply, ReplyError, addresses, post
from index.answers.writer.prompts import MixedThoughtsError, ThoughtFilter, prompt, without_thoughts
from index.errors import WriterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.answers.writer.endpoint import Dialect, Reason
    from index.answers.writer.prompts import Source
    from index.settings import Settings


PAUSES = (0.5, 1.5)
"""Seconds before the first and the second retry if the server does not say how long to wait."""
HINTS: dict[Reason, str] = {
    "unreachable": "Check that the server runs, and that PINCITE_LLM_URL is its address.",
    "timeout": "Try again, use a smaller model, or raise PINCITE_LLM_TIMEOUT.",
    "refused": "Check PINCITE_LLM_MODEL and PINCITE_LLM_KEY.",
    "redirected": "If that is the model's address, set PINCITE_LLM_URL to it.",
    "empty": "Try another model.",
    "malformed": "PINCITE_LLM_URL takes an OpenAI-compatible endpoint, such as http://localhost:11434/v1.",
    "cut short": "Try again, or raise PINCITE_LLM_TOKENS.",
}
STATUS_HINTS = {
    401: "Check PINCITE_LLM_KEY.",
    403: "Check that PINCITE_LLM_KEY is right and may use the model of PINCITE_LLM_MODEL.",
    404: "Check PINCITE_LLM_MODEL, and that PINCITE_LLM_URL is the address of an OpenAI-compatible endpoint.",
    413: "Lower PINCITE_LLM_BUDGET.",
    429: "Try again later: the server has too many requests, or the key has no credit.",
}
"""The hint for an HTTP status, in place of the reason's."""
_GRACE_SECONDS = 1.0
"""A connection times out this many seconds after the reader's deadline, whose message is clearer and comes first."""
_CONTEXT = re.compile(r"context.{0,20}(?:length|size|window)|too long", re.IGNORECASE)

_Inbox = SimpleQueue["str | WriterError | None"]


@dataclass(slots=True)
class _Request:
    """One answer that the model is asked for, in as many attempts as it takes."""

    connection: Connection
    messages: list[dict[str, str]]
    inbox: _Inbox
    deadline: float
    has_words: bool = False
    """Whether words were passed on: then there can be no further attempt."""


class ModelWriter:
    """A model behind an OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, LM Studio, OpenAI, a gateway …

    `url` may end anywhere up to `/chat/completions`, and `/v1` may be missing. `model` may be empty if the server has
    only one, and `key` if the server needs none: nothing is read from the environment. Raises WriterError for an
    invalid address or key.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        *,
        timeout_seconds: float,
        budget_tokens: int,
        max_answer_tokens: int,
    ) -> None:
        self._url = _checked_url(url)
        self._addresses = addresses(self._url)
        self._model = model.strip()
        self._key = key.strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise _failure("refused", "The writer's key has characters that a request cannot carry.")
        self._timeout_seconds = timeout_seconds
        self._budget_tokens = budget_tokens
        self._max_answer_tokens = max_answer_tokens
        place = urlsplit(self._url)
        self.model = self._model or "the model"
        self.name = f"{self.model} at {place.netloc.rpartition('@')[2]}{place.path}"
        """The model and its address, without the parts of the address that may be secret."""

    @classmethod
    def of(cls, settings: Settings, max_answer_tokens: int, *, max_seconds: float = math.inf) -> Self:
        """Return the writer of the settings. Raises WriterError for an invalid address or key."""
        return cls(
            settings.llm_url,
            settings.llm_model,
            settings.llm_key.get_secret_value(),
            timeout_seconds=min(max_seconds, settings.llm_timeout),
            budget_tokens=settings.llm_budget,
            max_answer_tokens=max_answer_tokens,
        )

    def stream(self, question: str, sources: Sequence[Source], *, beat_seconds: float | None = None) -> Iterator[str]:
        """Yield the model's answer piece by piece, without its thoughts.

        A model's first answer comes as one piece: only its end shows that it did not begin with a thought. With
        `beat_seconds`, an empty piece is yielded after each silence of that length, so that the caller can stop
        listening. Raises WriterError, perhaps after some pieces. Closing the iterator closes the connection.
        """
        messages = prompt(question, sources, budget_tokens=self._budget_tokens)
        yield from self.reply(messages, beat_seconds=beat_seconds)

    def reply(self, messages: list[dict[str, str]], *, beat_seconds: float | None = None) -> Iterator[str]:
        """Yield the model's reply to any messages, as `stream` does."""
        inbox: _Inbox = SimpleQueue()
        request = _Request(Connection(), messages, inbox, time.monotonic() + self._timeout_seconds)
        threading.Thread(target=self._run, args=(request,), name="pincite-writer", daemon=True).start()
        try:
            while (piece := _next(inbox, request.deadline, beat_seconds)) is not None:
                if isinstance(piece, WriterError):
                    raise piece
                yield piece
        except Empty:
            late = ReplyError("timeout", f"did not finish within {self._timeout_seconds:g} seconds")
            raise self._error(late) from None
        finally:
            request.connection.abort()

    def _run(self, request: _Request) -> None:
        """Put the pieces into the inbox, then the error or None.

        Only the diagnosis of an error leaves this thread: the error itself may hold the key.
        """
        outcome = None
        try:
            self._ask(request)
        except ReplyError as error:
            outcome = self._error(error)
        except Exception as error:
            outcome = self._error(ReplyError("malformed", f"could not be asked: {type(error).__name__}"))
        request.inbox.put(outcome)

    def _ask(self, request: _Request) -> None:
        """Ask until there is an answer: in another dialect if the server wants one, or again after a pause."""
        pauses = list(PAUSES)
        dialect = DIALECTS.get(self._url, self._model)
        while True:
            try:
                return self._attempt(request, dialect)
            except ReplyError as error:
                other = None if request.has_words else dialect.adapted_to(error, len(self._addresses))
                if other is not None:
                    dialect = other
                elif error.retry_after is None or request.has_words or not pauses:
                    raise
                else:
                    _pause(request, error, pauses.pop(0))

    def _attempt(self, request: _Request, dialect: Dialect) -> None:
        """Send one request and pass on its answer. Raises ReplyError."""
        reply = Reply(self._max_answer_tokens + dialect.thought_tokens)
        thoughts = ThoughtFilter(marks_thoughts=dialect.marks_thoughts)
        blocks = post(
            self._addresses[dialect.path],
            self._key,
            dialect.request(self._model, request.messages, self._max_answer_tokens),
            timeout_seconds=self._timeout_seconds + _GRACE_SECONDS,
            connection=request.connection,
        )
        has_words, room = False, CHARACTERS_PER_TOKEN * self._max_answer_tokens
        try:
            for piece in without_thoughts(reply.texts(blocks), thoughts):
                room -= len(piece)
                if room < 0:
                    raise ReplyError("cut short", "writes far more than it was asked for")
                has_words = has_words or not piece.isspace()
                request.has_words = request.has_words or has_words
                request.inbox.put(piece)
        except MixedThoughtsError:
            self._remember(dialect, marks_thoughts=False)
            raise ReplyError("malformed", "mixed its thoughts with its answer", hint="Ask again.") from None
        finally:
            blocks.close()
        reply.thought |= thoughts.seen
        reply.check_end(has_words=has_words)
        self._remember(dialect, marks_thoughts=not thoughts.unopened)

    def _remember(self, dialect: Dialect, *, marks_thoughts: bool) -> None:
        DIALECTS.set(self._url, self._model, replace(dialect, marks_thoughts=marks_thoughts))

    def _error(self, error: ReplyError) -> WriterError:
        message = str(error).replace(self._key, "[key]") if self._key else str(error)
        hint = error.hint or STATUS_HINTS.get(error.status) or HINTS[error.reason]
        if error.reason == "refused" and _CONTEXT.search(message):
            hint = "Lower PINCITE_LLM_BUDGET, or use a model with a larger context."
        return WriterError(error.reason, f"The writer, {self.name}, {message.rstrip('.')}.", hint)


def _failure(reason: Reason, message: str) -> WriterError:
    return WriterError(reason, message, HINTS[reason])


def _pause(request: _Request, error: ReplyError, default_seconds: float) -> None:
    """Wait as long as the server asks. Raises ReplyError if the deadline comes first."""
    assert error.retry_after is not None
    seconds = error.retry_after if error.retry_after >= 0 else default_seconds
    if time.monotonic() + seconds >= request.deadline:
        if error.retry_after < 0:
            raise error
        message = f"{str(error).rstrip('.')}; it asks to wait {seconds:.0f} seconds"
        raise ReplyError(error.reason, message, status=error.status)
    request.connection.aborted.wait(seconds)
    request.connection.check()


def _next(inbox: _Inbox, deadline: float, beat_seconds: float | None) -> str | WriterError | None:
    """Return the next piece. Pieces that have arrived count even after the deadline: only the reader was late."""
    left = deadline - time.monotonic()
    if left <= 0:
        return inbox.get_nowait()
    if beat_seconds is None or left <= beat_seconds:
        return inbox.get(timeout=left)
    try:
        return inbox.get(timeout=beat_seconds)
    except Empty:
        return ""


def _checked_url(url: str) -> str:
    """Return the address with its scheme in lower case, without a fragment. Raises WriterError."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _failure(
            "unreachable", f"The writer's address, {url.rpartition('@')[2]!r}, is not an http or https address."
        )
    return urlunsplit(parts._replace(fragment=""))
