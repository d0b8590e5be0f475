"""An answer in a language model's words, checked; or, whatever goes wrong with the model, in the documents' own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from index.answering.citing import cited, declined
from index.answering.markers import declines
from index.answering.prompting import Source
from index.answering.second_opinion import second_opinion
from index.answering.writer import ModelWriter
from index.errors import WriterError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from index.answering.citing import Closeness, Locate
    from index.checking import Verifier
    from index.records import Answer
    from index.settings import Settings

BEAT_SECONDS = 0.25


def written(
    answer: Answer,
    settings: Settings,
    *,
    closeness: Closeness,
    locate: Locate,
    strict: bool,
    verifier: Verifier | None = None,
) -> Generator[str | Answer, None, None]:
    """The model's words as they come, then the answer that is made of them; a note tells why where it is not.

    While the model says nothing, an empty piece comes every BEAT_SECONDS: a moment at which a reader who has gone is
    noticed.
    """
    text = ""
    sources = [
        Source(n, hit.document.name, hit.location.label, hit.passage.text) for n, hit in enumerate(answer.hits, 1)
    ]
    try:
        for piece in _writer(settings).stream(answer.question, sources, beat_seconds=BEAT_SECONDS):
            text += piece
            yield piece
    except WriterError as error:
        yield _quoted_instead(answer, f"{error.message} {error.hint}")
        return
    if declines(text):
        yield declined(answer)
        return
    opinion = second_opinion(settings)
    work = partial(
        cited, answer, text, closeness=closeness, locate=locate, strict=strict, verifier=verifier, opinion=opinion
    )
    if opinion is None:
        yield work()
    else:
        yield from _with_beats(work, opinion.end)


def _with_beats(work: Callable[[], Answer], end: Callable[[], None]) -> Generator[str | Answer, None, None]:
    """What is made in a thread, and an empty piece every BEAT_SECONDS until then: a model may be slow.

    Closing it calls `end`, and waits for nothing.
    """
    threads = ThreadPoolExecutor(1, "pincite-opinion")
    made = threads.submit(work)
    try:
        while not wait([made], BEAT_SECONDS).done:
            yield ""
        yield made.result()
    finally:
        end()
        threads.shutdown(wait=False)


def _quoted_instead(answer: Answer, why: str) -> Answer:
    return replace(answer, notes=(*answer.notes, f"{why} The documents are quoted instead."))


def _writer(settings: Settings) -> ModelWriter:
    return ModelWriter(
        settings.llm_url,
        settings.llm_model,
        settings.llm_key.get_secret_value(),
        timeout_seconds=settings.llm_timeout,
        budget_tokens=settings.llm_budget,
        max_answer_tokens=settings.llm_tokens,
    )
