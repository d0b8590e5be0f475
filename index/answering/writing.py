"""The writer that asks a language model behind any OpenAI-compatible endpoint; optional.

One deadline over all attempts, and one error for whatever goes wrong. The request runs in a thread of its own, for some
waits heed no time-out, such as that for a name to be looked up; the reader's has to end all the same.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from index.answering.manners import KNOWN, THOUGHT_TOKENS
from index.answering.prompting import prompt
from index.answering.replying import Reply, ReplyError, texts
from index.answering.thoughts import MixedThoughtsError, Thoughts, without_thoughts
from index.errors import WriterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.answering.connection import Line
    from index.answering.manners import Manners
    from index.answering.prompting import Source
    from index.answering.replying import Reason

CHARACTERS_PER_TOKEN = 16
"""More than a text has: what exceeds it comes from a server that does not heed the limit."""
BYTES_PER_TOKEN = 4096
"""More than a server sends for one token, with all the fields around it."""
WAITS = (0.5, 1.5)
"""Seconds before an attempt is repeated, once and twice, where the server does not say how long to wait."""
HINTS: dict[Reason, str] = {
    "unreachable": "Check that the server runs, and that PINCITE_LLM_URL is its address.",
    "timeout": "Try again, take a smaller model, or raise PINCITE_LLM_TIMEOUT.",
    "refused": "Check PINCITE_LLM_MODEL and PINCITE_LLM_KEY.",
    "redirected": "If that is the model's address, set PINCITE_LLM_URL to it.",
    "empty": "Try another model.",
    "malformed": "PINCITE_LLM_URL takes an OpenAI-compatible endpoint, such as http://localhost:11434/v1.",
    "cut short": "Try again, or raise PINCITE_LLM_TOKENS.",
}
STATUS_HINTS = {
    401: "Check PINCITE_LLM_KEY.",
    403: "Check PINCITE_LLM_KEY, and that it may use the model of PINCITE_LLM_MODEL.",
    404: "Check PINCITE_LLM_MODEL, and that PINCITE_LLM_URL is the address of an OpenAI-compatible endpoint.",
    413: "Lower PINCITE_LLM_BUDGET.",
    429: "Try again later: the server has too many requests, or the key no credit.",
}
"""What to do about a refusal."""
_CONTEXT = re.compile(r"context.{0,20}(?:length|size|window)|too long", re.IGNORECASE)
_VERSION = re.compile(r"/v\d\w*(?:/|\Z)")
_COMPLETIONS = "/chat/completions"

_Inbox = SimpleQueue["str | WriterError | None"]


@dataclass(slots=True)
class _Turn:
    """One answer that is being asked for."""

    line: Line
    messages: list[dict[str, str]]
    inbox: _Inbox
    deadline: float
    spoken: bool = False
    """Whether words were passed on: then nothing can be asked again."""


class ModelWriter:
    """A model behind an OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, LM Studio, OpenAI, a gateway …

    `url` may end anywhere up to `/chat/completions`, and `/v1` may be missing. `model` may be empty where the server
    has only one, and `key` where it asks for none: nothing is taken from anywhere else. Raises WriterError for an
    address or a key that cannot be one.
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
        self._model = model.strip()
        self._key = key.strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise _failure("refused", "The writer's key has characters that no request can carry.")
        self._timeout_seconds = timeout_seconds
        self._budget_tokens = budget_tokens
        self._max_answer_tokens = max_answer_tokens
        place = urlsplit(self._url)
        self.model = self._model or "the model"
        self.name = f"{self.model} at {place.netloc.rpartition('@')[2]}{place.path}"
        """The model and where it is, without what might be secret in the address."""

    def stream(self, question: str, sources: Sequence[Source], *, beat_seconds: float | None = None) -> Iterator[str]:
        """The model's answer, piece by piece, less what it thinks aloud.

        The first answer of a model comes as one piece: only when it is whole it is sure that it does not begin with a
        thought. With `beat_seconds`, an empty piece comes whenever there was none for so long: whoever has been left
        alone meanwhile can stop listening. Raises WriterError, be it after some pieces. Closing the iterator closes the
        connection.
        """
        messages = prompt(question, sources, budget_tokens=self._budget_tokens)
        yield from self.reply(messages, beat_seconds=beat_seconds)

    def reply(self, messages: list[dict[str, str]], *, beat_seconds: float | None = None) -> Iterator[str]:
        """What the model says to any messages; else the same as `stream`."""
        from index.answering.connection import Line

        inbox: _Inbox = SimpleQueue()
        turn = _Turn(Line(), messages, inbox, time.monotonic() + self._timeout_seconds)
        threading.Thread(target=self._run, args=(turn,), name="pincite-writer", daemon=True).start()
        try:
            while (piece := _next(inbox, turn.deadline, beat_seconds)) is not None:
                if isinstance(piece, WriterError):
                    raise piece
                yield piece
        except Empty:
            late = ReplyError("timeout", f"did not finish within {self._timeout_seconds:g} seconds")
            raise self._error(late) from None
        finally:
            turn.line.hang_up()

    def _run(self, turn: _Turn) -> None:
        """Put the pieces into the inbox, then what went wrong, or None.

        Of an error only the diagnosis leaves this thread: the error itself may hold the key.
        """
        outcome = None
        try:
            self._ask(turn)
        except ReplyError as error:
            outcome = self._error(error)
        except Exception as error:
            outcome = self._error(ReplyError("malformed", f"could not be asked: {type(error).__name__}"))
        turn.inbox.put(outcome)

    def _ask(self, turn: _Turn) -> None:
        """Ask until there is an answer: otherwise where the server wants it, or again after a pause."""
        waits = list(WAITS)
        manners = KNOWN.get(self._url, self._model)
        while True:
            try:
                return self._attempt(turn, manners)
            except ReplyError as error:
                other = None if turn.spoken else manners.after(error, len(_endpoints(self._url)))
                if other is not None:
                    manners = other
                elif error.retry_after is None or turn.spoken or not waits:
                    raise
                else:
                    self._pause(turn, error, waits.pop(0))

    def _pause(self, turn: _Turn, error: ReplyError, wait_seconds: float) -> None:
        """Wait as long as the server asks. Raises ReplyError where that is longer than the reader does."""
        assert error.retry_after is not None
        seconds = error.retry_after if error.retry_after >= 0 else wait_seconds
        if time.monotonic() + seconds >= turn.deadline:
            if error.retry_after < 0:
                raise error
            what = f"{str(error).rstrip('.')}; it asks to wait {seconds:.0f} seconds"
            raise ReplyError(error.reason, what, status=error.status)
        turn.line.ended.wait(seconds)
        turn.line.check()

    def _attempt(self, turn: _Turn, manners: Manners) -> None:
        """One request. Raises ReplyError."""
        from index.answering.connection import blocks

        tokens = self._max_answer_tokens + manners.room
        reply = Reply(BYTES_PER_TOKEN * (tokens + CHARACTERS_PER_TOKEN))
        thoughts = Thoughts(known=manners.plain)
        received = blocks(
            _endpoints(self._url)[manners.path],
            self._key,
            manners.request(self._model, turn.messages, self._max_answer_tokens),
            timeout_seconds=self._timeout_seconds,
            line=turn.line,
        )
        words, room = False, CHARACTERS_PER_TOKEN * self._max_answer_tokens
        try:
            for piece in filter(None, without_thoughts(_checked_length(texts(received, reply), tokens), thoughts)):
                room -= len(piece)
                if room < 0:
                    raise ReplyError("cut short", "writes far more than it was asked for")
                words = words or not piece.isspace()
                turn.spoken = turn.spoken or words
                turn.inbox.put(piece)
        except MixedThoughtsError:
            self._remember(manners, plain=False)
            raise ReplyError("malformed", "mixed its thoughts with its answer", hint="Ask again.") from None
        finally:
            received.close()
        reply.thought |= thoughts.seen
        reply.check_end(words=words)
        self._remember(manners, plain=not thoughts.unopened)

    def _remember(self, manners: Manners, *, plain: bool) -> None:
        KNOWN.set(self._url, self._model, replace(manners, plain=plain))

    def _error(self, error: ReplyError) -> WriterError:
        said = str(error).replace(self._key, "[key]") if self._key else str(error)
        hint = error.hint or STATUS_HINTS.get(error.status) or HINTS[error.reason]
        if error.reason == "refused" and _CONTEXT.search(said):
            hint = "Lower PINCITE_LLM_BUDGET, or take a model with a larger context."
        return WriterError(error.reason, f"The writer, {self.name}, {said.rstrip('.')}.", hint)


def _failure(reason: Reason, message: str) -> WriterError:
    return WriterError(reason, message, HINTS[reason])


def _next(inbox: _Inbox, deadline: float, beat_seconds: float | None) -> str | WriterError | None:
    """What comes next; what is there is taken after the deadline, too, for then it was the reader who was slow."""
    left = deadline - time.monotonic()
    if left <= 0:
        return inbox.get_nowait()
    if beat_seconds is None or left <= beat_seconds:
        return inbox.get(timeout=left)
    try:
        return inbox.get(timeout=beat_seconds)
    except Empty:
        return ""


def _checked_length(texts: Iterator[str], tokens: int) -> Iterator[str]:
    """The same texts, thoughts and all. Raises ReplyError where they are longer than the server was asked for."""
    room = CHARACTERS_PER_TOKEN * max(tokens, THOUGHT_TOKENS)
    for text in texts:
        room -= len(text)
        if room < 0:
            raise ReplyError("cut short", "writes far more than it was asked for")
        yield text


def _endpoints(url: str) -> list[str]:
    """The addresses that a URL may mean, the likeliest first."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if path.endswith(_COMPLETIONS):
        return [url]
    paths = [path] if _VERSION.search(path) else [f"{path}/v1", path]
    return [urlunsplit(parts._replace(path=each + _COMPLETIONS)) for each in paths]


def _checked_url(url: str) -> str:
    """The address with its scheme in small letters, without a fragment."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _failure("unreachable", f"The writer's address, {url.rpartition('@')[2]!r}, is not one of http(s).")
    return urlunsplit(parts._replace(fragment=""))
