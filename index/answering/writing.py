"""The writer that asks a language model behind any OpenAI-compatible endpoint, through huggingface_hub; optional.

One attempt, one deadline over all of it, and one error for whatever goes wrong. The request runs in a thread of its
own, for some waits heed no time-out, such as that for a name to be looked up; the reader's has to end all the same.
"""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from index.answering.prompting import prompt
from index.answering.replying import Reply, ReplyError, diagnosis, pieces, without_thoughts
from index.errors import WriterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from huggingface_hub import InferenceClient

    from index.answering.prompting import Source
    from index.answering.replying import Reason

CHARACTERS_PER_TOKEN = 16
"""More than a text has: what exceeds it comes from a server that does not heed the limit."""
BYTES_PER_TOKEN = 4096
"""More than a server sends for one token, with all the fields around it."""
HINTS: dict[Reason, str] = {
    "unreachable": "Check that the server runs, and that PINCITE_LLM_URL is its address.",
    "timeout": "Try again, take a smaller model, or raise PINCITE_LLM_TIMEOUT.",
    "refused": "Check PINCITE_LLM_MODEL and PINCITE_LLM_KEY.",
    "redirected": "If that is the model's address, set PINCITE_LLM_URL to it.",
    "empty": "Try another model.",
    "malformed": "PINCITE_LLM_URL takes an OpenAI-compatible endpoint, such as http://localhost:11434/v1.",
    "cut short": "Try again, or raise PINCITE_LLM_TOKENS.",
}

_Inbox = SimpleQueue["str | WriterError | None"]


class ModelWriter:
    """A model behind an OpenAI-compatible endpoint: Ollama, vLLM, llama.cpp, LM Studio, Hugging Face, OpenAI …

    `url` may end anywhere up to `/chat/completions`: `/v1/chat/completions` is added where it is missing. `model` may
    be empty where the server has only one, and `key` where it asks for none: no other credentials are looked for.
    Raises WriterError for an address or a key that cannot be one.
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
        self._model = model
        self._key = key.strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise _failure("refused", "The writer's key has characters that no request can carry.")
        self._timeout_seconds = timeout_seconds
        self._budget_tokens = budget_tokens
        self._max_answer_tokens = max_answer_tokens
        place = urlsplit(self._url)
        self.name = f"{model or 'the model'} at {place.netloc.rpartition('@')[2]}{place.path}"
        """The model and where it is, without what might be secret in the address."""

    def stream(self, question: str, sources: Sequence[Source], *, beat_seconds: float | None = None) -> Iterator[str]:
        """The model's answer, piece by piece, less what it thinks aloud before.

        With `beat_seconds`, an empty piece comes whenever the model has said nothing for so long: whoever has been left
        alone meanwhile can stop listening. Raises WriterError, be it after some pieces. Closing the iterator closes the
        connection.
        """
        client = self._client()
        client.exit_stack = reply = Reply(BYTES_PER_TOKEN * (self._max_answer_tokens + CHARACTERS_PER_TOKEN))
        messages = prompt(question, sources, budget_tokens=self._budget_tokens)
        inbox: _Inbox = SimpleQueue()
        deadline = time.monotonic() + self._timeout_seconds
        work = (client, reply, messages, inbox)
        threading.Thread(target=self._run, args=work, name="pincite-writer", daemon=True).start()
        try:
            while (piece := _next(inbox, deadline, beat_seconds)) is not None:
                if isinstance(piece, WriterError):
                    raise piece
                yield piece
        except Empty:
            late = ReplyError("timeout", f"did not finish within {self._timeout_seconds:g} seconds")
            raise self._error(late) from None
        finally:
            reply.hang_up()

    def _client(self) -> InferenceClient:
        from huggingface_hub import InferenceClient

        headers: dict[str, Any] = {"user-agent": "pincite", "accept-encoding": "identity"}
        if not self._key:  # else the client would send the user's Hugging Face token to whatever server this is
            headers["authorization"] = None
        key = self._key or "none"
        return InferenceClient(base_url=self._url, api_key=key, timeout=self._timeout_seconds, headers=headers)

    def _run(self, client: InferenceClient, reply: Reply, messages: list[dict[str, str]], inbox: _Inbox) -> None:
        """Put the pieces into the inbox, then what went wrong, or None.

        Of an error only the diagnosis leaves this thread: the error itself may hold the key.
        """
        outcome = None
        try:
            with client:
                chunks = client.chat_completion(
                    messages, model=self._model, max_tokens=self._max_answer_tokens, temperature=0, stream=True
                )
                words, room = False, CHARACTERS_PER_TOKEN * self._max_answer_tokens
                for piece in filter(None, without_thoughts(pieces(chunks, reply))):
                    room -= len(piece)
                    if room < 0:
                        raise ReplyError("cut short", "writes far more than it was asked for")
                    words = words or not piece.isspace()
                    inbox.put(piece)
            reply.check_end(words=words)
        except Exception as error:
            outcome = self._error(diagnosis(error, answered=reply.answered))
        inbox.put(outcome)

    def _error(self, error: ReplyError) -> WriterError:
        said = str(error).replace(self._key, "[key]") if self._key else str(error)
        return _failure(error.reason, f"The writer, {self.name}, {said.rstrip('.')}.")


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


def _checked_url(url: str) -> str:
    """The address with its scheme in small letters: anything else, the client would take for a model on the hub."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _failure("unreachable", f"The writer's address, {url.rpartition('@')[2]!r}, is not one of http(s).")
    return urlunsplit(parts)
