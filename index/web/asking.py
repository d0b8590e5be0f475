"""What happens on the Ask tab: arriving, asking, and which documents can be chosen."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import gradio as gr

from index.errors import PinciteError
from index.records import Answer
from index.schema.redaction import redacted
from index.web import rendering, showing_answers
from index.web.mapping import map_overlay
from index.web.remembering import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from index.library import Library
    from index.records import DocumentInfo, Writer
    from index.settings import Settings

PILLS = 8
"""More documents than this are chosen from a list."""
LISTED = 1000
"""And more than this cannot be listed: each visitor would wait for them."""
FRAME_SECONDS = 0.1
"""While a model writes, the page is drawn anew at most this often."""
_LONGEST_LABEL = 60
_log = logging.getLogger(__name__)
Update = dict[str, Any]
T = TypeVar("T")


class Shown(NamedTuple):
    """What a question changes on the page."""

    results: Any
    marks: Any
    """On the map."""
    strips: Any


class Overview(NamedTuple):
    """What is said of the library."""

    hero: Any
    pills: Any
    listed: Any
    strips: Any
    beginning: Any
    """Where nothing has been asked yet."""


_UNCHANGED = Overview(*[gr.skip()] * 5)


@dataclass(frozen=True, slots=True)
class Asking:
    """The events of the Ask tab; each returns HTML, or what Gradio is to change in a control."""

    library: Library
    settings: Settings
    examples: Sequence[str]
    answers: Remembered = field(default_factory=Remembered)
    _suggested: dict[int, list[str]] = field(default_factory=dict)
    """By the library's generation: what to begin with, where no examples were given."""
    _read: dict[int, list[DocumentInfo]] = field(default_factory=dict)
    """By the library's generation: its documents."""

    @property
    def writes(self) -> bool:
        """Whether there is a model that can write answers."""
        return bool(self.settings.llm_url)

    def ask(self, question: str, pills: list[str], listed: list[str], writer: str) -> Iterator[Shown]:
        """Question to results, map and strips; the first says that something is being done."""
        question = (question or "").strip()
        if not question:
            yield Shown(rendering.complaint("Write a question first, in your own words."), gr.skip(), gr.skip())
            return
        yield Shown(rendering.searching(), gr.skip(), gr.skip())
        yield from self._answer(question, [*(pills or ()), *(listed or ())], writes=writer == "write")

    def stop(self) -> Shown:
        """A model was stopped while it wrote: what it wrote is not checked, and goes."""
        return Shown(rendering.complaint("Stopped before the answer was finished."), "", self.overview().strips)

    def arrive(self, parameters: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        """A page has been opened: show the library, and answer the question in its address, if there is one.

        Gives question, writer, results, marks on the map, and an `Overview`. What the reader may have typed or asked
        meanwhile stays, unless the address asks something.
        """
        question = parameters.get("q", "").strip()
        writes = self.writes and parameters.get("write") == "1"
        head = (question, "write" if writes else "quote") if question else (gr.skip(), gr.skip())
        names = [name for name in parameters.get("in", "").split(",") if name]
        overview = _UNCHANGED
        try:
            overview = self.overview(suggest=False)
            chosen = [self.library.find(name).id for name in names]
        except PinciteError as error:
            yield *head, rendering.problem(error), "", *overview
            return
        if chosen:
            overview = self.overview(chosen, suggest=False)
        yield *head, rendering.searching() if question else gr.skip(), gr.skip(), *overview
        same = (gr.skip(), gr.skip())
        if question:
            for shown in self._answer(question, chosen, writes=writes):
                yield *same, shown.results, shown.marks, *_UNCHANGED._replace(strips=shown.strips)
        if not self.examples:
            beginning = self._beginning(self._documents())
            yield *same, gr.skip(), gr.skip(), *_UNCHANGED._replace(beginning=beginning)

    def refresh(self, question: str, pills: list[str], listed: list[str]) -> Overview:
        """The library has changed; what was found for a question that still stands there stays."""
        overview = self.overview([*(pills or ()), *(listed or ())])
        return overview._replace(strips=gr.skip()) if (question or "").strip() else overview

    def overview(self, chosen: Sequence[str] = (), *, suggest: bool = True) -> Overview:
        """The library as it is; without `suggest` only what can be had at once."""
        documents = self._documents()
        return Overview(
            rendering.hero(len(documents)),
            *_choices(documents, chosen),
            showing_answers.strips(documents),
            self._beginning(documents, suggest=suggest),
        )

    def _beginning(self, documents: Sequence[DocumentInfo], *, suggest: bool = True) -> str:
        examples = self.examples or (self._suggestions() if suggest and documents else ())
        return rendering.beginning(examples, empty=not documents)

    def _documents(self) -> list[DocumentInfo]:
        """All documents, read again when something has changed: they may be thousands."""
        return _of(self.library.generation(), self._read, self.library.documents)

    def _suggestions(self) -> Sequence[str]:
        """Made once for each state of the library. Where that fails, the first question will fail, and say why."""
        try:
            return _of(self.library.generation(), self._suggested, self.library.suggestions)
        except PinciteError as error:
            _log.warning("No questions could be suggested: %s", error)
            return ()

    def _answer(self, question: str, chosen: list[str], *, writes: bool) -> Iterator[Shown]:
        """The answer, as it comes. What goes wrong becomes a state of the page; what nobody foresaw goes to the log."""
        began = time.perf_counter()
        drawn = 0.0
        written = ""
        documents: list[DocumentInfo] = []
        try:
            documents = self._documents()
            if not documents:
                yield Shown("", "", showing_answers.strips(()))
                return
            writer: Writer = "model" if writes else "quote"
            for piece in self.library.ask_stream(question, documents=chosen or None, writer=writer):
                if isinstance(piece, Answer):
                    milliseconds = 1000 * (time.perf_counter() - began)
                    yield self._shown(redacted(piece), documents, milliseconds, narrowed=bool(chosen))
                    return
                written += piece
                if not piece or time.perf_counter() > drawn + FRAME_SECONDS:
                    yield Shown(showing_answers.writing(written), gr.skip(), gr.skip())
                    drawn = time.perf_counter()
        except PinciteError as error:
            yield Shown(rendering.problem(error), "", showing_answers.strips(documents))
        except Exception:
            _log.exception("A question could not be answered.")
            yield Shown(rendering.problem(None), "", showing_answers.strips(documents))

    def _shown(
        self, answer: Answer, documents: Sequence[DocumentInfo], milliseconds: float, *, narrowed: bool
    ) -> Shown:
        key = self.answers.keep(answer) if answer.status != "abstained" else ""
        made = showing_answers.cards(answer)
        results = showing_answers.answer(answer, made, milliseconds, key, narrowed=narrowed)
        hits = [replace(card.hit, pin=card.span) for card in made]
        cited = {card.number for card in made if card.cited}
        marks = map_overlay(self.library.placed(answer.question, hits), hits, cited)
        return Shown(results, marks, showing_answers.strips(documents, made))


def _of(generation: int, known: dict[int, list[T]], make: Callable[[], list[T]]) -> list[T]:
    """What belongs to a generation of the library; only the newest is kept."""
    made = known.get(generation)
    if made is None:
        made = make()
        known.clear()
        known[generation] = made
    return made


def _choices(documents: Sequence[DocumentInfo], chosen: Sequence[str]) -> tuple[Update, Update]:
    """Pills for a few documents, a list for many, neither where there is nothing to choose.

    Of too many for a list, it holds those that an address has chosen; the others are named in the question, by `in:`.
    """
    chosen = [info.id for info in documents if info.id in chosen]
    choices = [(_label(info), info.id) for info in documents if len(documents) <= LISTED or info.id in chosen]
    pills = 1 < len(documents) <= PILLS
    listed = len(documents) > PILLS and bool(choices)
    return (
        gr.update(choices=choices if pills else [], value=chosen if pills else [], visible=pills),
        gr.update(choices=choices if listed else [], value=chosen if listed else [], visible=listed),
    )


def _label(info: DocumentInfo) -> str:
    return info.name if len(info.name) <= _LONGEST_LABEL else info.name[: _LONGEST_LABEL - 1].rstrip() + "…"
