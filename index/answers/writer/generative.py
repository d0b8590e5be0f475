"""An answer in a language model's words, checked; if the model fails, the documents are quoted instead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from index.answers.checked_text import check_answer, declined_answer, second_opinion
from index.answers.writer.model_writer import ModelWriter
from index.answers.writer.prompts import Source, declines
from index.errors import WriterError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from index.answers.checked_text import Closeness, Locate
    from index.records import Answer
    from index.settings import Settings
    from index.verification.judgement import Verifier


BEAT_SECONDS = 0.25
"""Longest time between two pieces."""


def generate(
    answer: Answer,
    settings: Settings,
    *,
    closeness: Closeness,
    locate: Locate,
    strict: bool,
    verifier: Verifier | None = None,
) -> Generator[str | Answer, None, None]:
    """Yield the model's words as they come, then the checked answer. If the model fails, a note in the answer says why.

    While the model is silent, an empty piece is yielded every BEAT_SECONDS, so that the caller can notice a reader who
    has gone.
    """
    text = ""
    sources = [
        Source(n, hit.document.name, hit.location.label, "\n".join(filter(None, (hit.above, hit.passage.text))))
        for n, hit in enumerate(answer.hits, 1)
    ]
    try:
        writer = ModelWriter.of(settings, settings.llm_tokens)
        for piece in writer.stream(answer.question, sources, beat_seconds=BEAT_SECONDS):
            text += piece
            yield piece
    except WriterError as error:
        yield _quoted_instead(answer, f"{error.message} {error.hint}")
        return
    if declines(text):
        yield declined_answer(answer)
        return
    opinion = second_opinion(settings)
    check = partial(
        check_answer,
        answer,
        text,
        closeness=closeness,
        locate=locate,
        strict=strict,
        verifier=verifier,
        opinion=opinion,
    )
    if opinion is None:
        yield check()
    else:
        yield from _with_beats(check, opinion.stop)


def _with_beats(work: Callable[[], Answer], stop: Callable[[], None]) -> Generator[str | Answer, None, None]:
    """Run `work` in a thread. Yield an empty piece every BEAT_SECONDS while it runs, then its result.

    Closing the generator calls `stop` and does not wait for the thread.
    """
    threads = ThreadPoolExecutor(1, "pincite-opinion")
    future = threads.submit(work)
    try:
        while not wait([future], BEAT_SECONDS).done:
            yield ""
        yield future.result()
    finally:
        stop()
        threads.shutdown(wait=False)


def _quoted_instead(answer: Answer, reason: str) -> Answer:
    return replace(answer, notes=(*answer.notes, f"{reason} The documents are quoted instead."))
