"""What happens on the Ask tab: arriving, asking, and which documents can be chosen."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.errors import PinciteError
from index.web import rendering

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.library import Library
    from index.records import DocumentInfo, Found

HITS = 8
PILLS = 8
"""More documents than this are chosen from a list."""
_LONGEST_LABEL = 60
_log = logging.getLogger(__name__)
Update = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """The events of the Ask tab; each returns HTML, or what Gradio is to change in a control."""

    library: Library
    examples: Sequence[str]

    def ask(self, question: str, pills: list[str], listed: list[str]) -> Iterator[tuple[str, Any]]:
        """Question to results and rail; the first pair shows that something is being done."""
        question = (question or "").strip()
        if not question:
            yield self._nothing_asked("Write a question first, in your own words."), gr.skip()
            return
        yield rendering.searching(), gr.skip()
        yield self._answer(question, [*(pills or ()), *(listed or ())])

    def arrive(self, parameters: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        """A page has been opened: show the library, and answer the question in its address, if there is one.

        All in one event: of two that begin together, Gradio's client loses the second where the first ends before the
        second has been accepted (6.31).

        Gives question, results, and what `overview` gives.
        """
        question = parameters.get("q", "").strip()
        names = [name for name in parameters.get("in", "").split(",") if name]
        try:
            chosen = [self.library.find(name).id for name in names]
            overview = self.overview(chosen)
            idle = self._nothing_asked()
        except PinciteError as error:
            yield question, rendering.problem(error), *[gr.skip()] * 5
            return
        if not question:
            yield question, idle, *overview
            return
        yield question, rendering.searching(), *overview
        results, rail = self._answer(question, chosen)
        yield question, results, *overview[:-1], rail

    def refresh(self, question: str) -> tuple[Any, ...]:
        """The library has changed: results, where no question stands above them, and what `overview` gives."""
        return gr.skip() if (question or "").strip() else self._nothing_asked(), *self.overview()

    def overview(self, chosen: Sequence[str] = ()) -> tuple[str, Update, Update, str, str]:
        """What is said of the library: hero, pills, list, table, rail."""
        documents = self.library.documents()
        hero = rendering.hero(len(documents), sum(info.passages for info in documents))
        return hero, *_choices(documents, chosen), rendering.library(documents), rendering.rail(documents)

    def _nothing_asked(self, complaint: str = "") -> str:
        return rendering.idle(self.examples, empty=not self.library.documents(), complaint=complaint)

    def _answer(self, question: str, chosen: list[str]) -> tuple[str, str]:
        """Results and rail. Whatever goes wrong becomes a state of the page; what was not foreseen goes to the log."""
        began = time.perf_counter()
        found: Found | None = None
        try:
            documents = self.library.documents()
            if not documents:
                return self._nothing_asked(), rendering.rail(())
            found = self.library.search(question, limit=HITS, documents=chosen or None)
            milliseconds = 1000 * (time.perf_counter() - began)
            return rendering.results(found, milliseconds), rendering.rail(documents, found)
        except PinciteError as error:
            return rendering.problem(error), rendering.rail(())
        except Exception:
            _log.exception("A question could not be answered.")
            return rendering.problem(None), rendering.rail(())


def _choices(documents: Sequence[DocumentInfo], chosen: Sequence[str]) -> tuple[Update, Update]:
    """Pills for a few documents, a list for many, neither where there is nothing to choose."""
    choices = [(_label(info), info.id) for info in documents]
    pills = 1 < len(documents) <= PILLS
    listed = len(documents) > PILLS
    return (
        gr.update(choices=choices if pills else [], value=list(chosen) if pills else [], visible=pills),
        gr.update(choices=choices if listed else [], value=list(chosen) if listed else [], visible=listed),
    )


def _label(info: DocumentInfo) -> str:
    return info.name if len(info.name) <= _LONGEST_LABEL else info.name[: _LONGEST_LABEL - 1].rstrip() + "…"
