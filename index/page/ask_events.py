"""The events of the Ask tab, the cache of its answers, and its endpoint for `gradio_client`.

New programs should use the REST API, `/v1/ask`, which can do more.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import gradio as gr
from gradio.events import api

from index.errors import PinciteError
from index.page import answer_view, fragments
from index.page.batch_forms import BatchEvents
from index.page.intake import PendingUploads, Transfers
from index.page.library_view import LibraryEvents
from index.page.map_svg import map_overlay
from index.records import Answer
from index.server.http import problems
from index.server.limits import SERVICE_KEY
from index.server.permissions import READER, Limited, Permission
from index.wire import Answer as AnswerModel
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from starlette.types import Scope

    from index.library.library import Library
    from index.records import DocumentInfo, Writer
    from index.server.http.service import Service
    from index.settings import Settings


# The questions that the page suggests before the first one. They take seconds, so a thread makes them meanwhile.

_log = logging.getLogger(__name__)


class FirstQuestions:
    """The suggested questions of a library, made once for each of its states. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[int, Sequence[str]] | None = None
        self._thread: threading.Thread | None = None

    def known(self, library: Library) -> Sequence[str] | None:
        """Return the questions for the present state of the library; None while they are being made."""
        generation = library.generation()
        with self._lock:
            if self._made and self._made[0] == generation:
                return self._made[1]
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._make, args=(library, generation), name="pincite-suggesting", daemon=True
                )
                self._thread.start()
        return None

    def _make(self, library: Library, generation: int) -> None:
        """Make the questions. The first question that a reader asks will report an error."""
        made: Sequence[str] = ()
        try:
            made = library.suggestions()
        except PinciteError as error:
            _log.warning("No questions could be suggested: %s", error)
        except Exception:
            _log.exception("No questions could be suggested.")
        with self._lock:
            self._made = generation, made


MAX_ANSWERS = 200
"""Maximum number of cached answers, which take some megabytes."""
PILLS = 8
"""With more documents than this, the reader chooses from a list instead of pills."""
LISTED = 1000
"""With more documents than this, there is no list, because every visitor would have to load it."""
MOST_TURNS = 6
"""Maximum number of earlier questions of a thread."""
LONGEST_THREAD = 100_000
"""Maximum number of characters of a thread as the browser sends it."""
FRAME_SECONDS = 0.1
"""Minimum seconds between two updates of the page while a model writes."""
_LONGEST_LABEL = 60
Update = dict[str, Any]
T = TypeVar("T")


class AnswerCache:
    """A cache of answers by an unguessable key; the oldest are dropped first. Safe to use from several threads."""

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


class AnswerOutput(NamedTuple):
    """The outputs of a question."""

    results: Any
    marks: Any
    """Marks on the map."""
    strips: Any


class LibraryOutput(NamedTuple):
    """The outputs that show the library."""

    hero: Any
    pills: Any
    listed: Any
    strips: Any
    beginning: Any
    """The content before the first question."""


_UNCHANGED = LibraryOutput(*[gr.skip()] * 5)


@dataclass(frozen=True, slots=True)
class AskEvents:
    """The event handlers of the Ask tab; each returns HTML, or Gradio updates of controls."""

    library: Library
    settings: Settings
    examples: Sequence[str]
    answers: AnswerCache = field(default_factory=AnswerCache)
    admit: Callable[[Limited], None] = lambda _: None
    """Counts a question of the visitor of a demo. Raises RateLimited."""
    published: AskEvents | None = None
    """In a demo, the handlers of the published library; a visitor without documents gets its suggestions."""
    _first: FirstQuestions = field(default_factory=FirstQuestions)
    """Suggested questions, if no examples were given."""
    _listed: dict[int, list[DocumentInfo]] = field(default_factory=dict)
    """Documents by the library's generation."""

    @property
    def has_writer(self) -> bool:
        """Whether a language model can write answers."""
        return bool(self.settings.llm_url)

    def ask(
        self, question: str, pills: list[str], listed: list[str], writer: str, after: str = ""
    ) -> Iterator[AnswerOutput]:
        """Yield results, map marks and strips for a question; the first output shows that the search runs.

        `after` has the earlier questions of its thread as JSON.
        """
        question = (question or "").strip()
        if not question:
            yield AnswerOutput(fragments.complaint("Write a question first, in your own words."), gr.skip(), gr.skip())
            return
        yield AnswerOutput(fragments.searching(), gr.skip(), gr.skip())
        chosen = [*(pills or ()), *(listed or ())]
        yield from self._answer(question, chosen, writes=writer == "write", after=earlier_questions(after))

    def stop(self) -> AnswerOutput:
        """Handle Stop while a model writes: its unchecked text is discarded."""
        return AnswerOutput(fragments.complaint("Stopped before the answer was finished."), "", self.overview().strips)

    def load(self, parameters: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        """Handle page load: show the library, and answer the question in the URL, if there is one.

        Yields question, writer, results, map marks, and a `LibraryOutput`. The reader's input since the load is kept,
        unless the URL has a question.
        """
        yield from self._load(parameters)
        # Gradio sends the last output again when the event ends. It would undo what the reader has chosen meanwhile.
        yield *[gr.skip()] * 4, *_UNCHANGED

    def _load(self, parameters: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
        question = parameters.get("q", "").strip()
        writes = self.has_writer and parameters.get("write") == "1"
        head = (question, "write" if writes else "quote") if question else (gr.skip(), gr.skip())
        names = [name for name in parameters.get("in", "").split(",") if name]
        overview = _UNCHANGED
        try:
            overview = self.overview()
            chosen = [self.library.find(name).id for name in names]
        except PinciteError as error:
            yield *head, fragments.problem(error), "", *overview
            return
        if chosen:
            overview = self.overview(chosen)
        yield *head, fragments.searching() if question else gr.skip(), gr.skip(), *overview
        unchanged = (gr.skip(), gr.skip())
        if question:
            for output in self._answer(question, chosen, writes=writes):
                yield *unchanged, output.results, output.marks, *_UNCHANGED._replace(strips=output.strips)

    def refresh(self, question: str, pills: list[str], listed: list[str]) -> LibraryOutput:
        """Handle a change of the library; results of the current question are kept."""
        overview = self.overview([*(pills or ()), *(listed or ())])
        overview = overview._replace(pills=_changed(overview.pills, pills), listed=_changed(overview.listed, listed))
        return overview._replace(strips=gr.skip()) if (question or "").strip() else overview

    def overview(self, chosen: Sequence[str] = ()) -> LibraryOutput:
        """Return the current view of the library."""
        documents = self._documents()
        return LibraryOutput(
            fragments.hero(len(documents)),
            *_choices(documents, chosen),
            answer_view.strips(documents),
            fragments.beginning(self.beginning() if documents else (), empty=not documents),
        )

    def beginning(self) -> Sequence[str] | None:
        """Return the questions that the page suggests; None while they are being made."""
        if self.published and self.published.library.generation() == self.library.generation():
            return self.published.beginning()
        return self.examples or self._first.known(self.library)

    def _documents(self) -> list[DocumentInfo]:
        """Return all documents, cached until the library changes: there may be thousands."""
        return _cached(self.library.generation(), self._listed, self.library.documents)

    def _answer(
        self, question: str, chosen: list[str], *, writes: bool, after: Sequence[str] = ()
    ) -> Iterator[AnswerOutput]:
        """Yield the answer while it arrives. Errors are shown on the page; unexpected ones are also logged."""
        began = time.perf_counter()
        drawn = 0.0
        written = ""
        documents: list[DocumentInfo] = []
        try:
            self.admit("question")
            documents = self._documents()
            if not documents:
                yield AnswerOutput("", "", answer_view.strips(()))
                return
            writer: Writer = "model" if writes else "quote"
            for piece in self.library.ask_stream(question, documents=chosen or None, writer=writer, after=after):
                if isinstance(piece, Answer):
                    milliseconds = 1000 * (time.perf_counter() - began)
                    yield self._output(redacted(piece), documents, milliseconds, narrowed=bool(chosen))
                    return
                written += piece
                if not piece or time.perf_counter() > drawn + FRAME_SECONDS:
                    yield AnswerOutput(answer_view.writing(written), gr.skip(), gr.skip())
                    drawn = time.perf_counter()
        except PinciteError as error:
            yield AnswerOutput(fragments.problem(error), "", answer_view.strips(documents))
        except Exception:
            _log.exception("A question could not be answered.")
            yield AnswerOutput(fragments.problem(None), "", answer_view.strips(documents))

    def _output(
        self, answer: Answer, documents: Sequence[DocumentInfo], milliseconds: float, *, narrowed: bool
    ) -> AnswerOutput:
        key = self.answers.keep(answer) if answer.status != "abstained" else ""
        evidence = answer_view.cards(answer)
        results = answer_view.answer(answer, evidence, milliseconds, key, narrowed=narrowed)
        hits = [replace(card.hit, pin=card.span) for card in evidence]
        cited = {card.number for card in evidence if card.cited}
        marks = map_overlay(self.library.placed(answer.question, hits), hits, cited)
        return AnswerOutput(results, marks, answer_view.strips(documents, evidence))


def earlier_questions(value: object) -> list[str]:
    """Return the earlier questions of a thread from what the browser sent; none if it is not what our script sends."""
    try:
        questions = json.loads(value) if isinstance(value, str) and len(value) <= LONGEST_THREAD else []
    except (ValueError, RecursionError):
        return []
    if not isinstance(questions, list) or not all(isinstance(question, str) for question in questions):
        return []
    return [question for question in questions if question.strip()][-MOST_TURNS:]


def _cached(generation: int, cache: dict[int, list[T]], make: Callable[[], list[T]]) -> list[T]:
    """Return the value of a generation of the library, made once; older values are discarded."""
    value = cache.get(generation)
    if value is None:
        value = make()
        cache.clear()
        cache[generation] = value
    return value


def _choices(documents: Sequence[DocumentInfo], chosen: Sequence[str]) -> tuple[Update, Update]:
    """Return updates of the pills (few documents) and the list (many); both are hidden if there is no choice.

    If there are too many for a list, it holds only those that the URL selects; others can be named with `in:`.
    """
    chosen = [info.id for info in documents if info.id in chosen]
    choices = [(_label(info), info.id) for info in documents if len(documents) <= LISTED or info.id in chosen]
    pills = 1 < len(documents) <= PILLS
    listed = len(documents) > PILLS and bool(choices)
    return (
        gr.update(choices=choices if pills else [], value=chosen if pills else [], visible=pills),
        gr.update(choices=choices if listed else [], value=chosen if listed else [], visible=listed),
    )


def _changed(update: Update, sent: Sequence[str] | None) -> Update:
    """Return the update without a value that the page has sent itself: it would undo what the reader chose since."""
    same = set(update["value"]) == set(sent or ())
    return {name: value for name, value in update.items() if name != "value"} if same else update


def _label(info: DocumentInfo) -> str:
    return info.name if len(info.name) <= _LONGEST_LABEL else info.name[: _LONGEST_LABEL - 1].rstrip() + "…"


def add_ask_endpoint(events_of: Callable[[gr.Request | None], AskEvents]) -> None:
    """Add the endpoint to the current page; `events_of` returns the handlers of a request."""

    @Permission(READER, counts_as="request")  # and as a question, once that is valid
    def ask(question: str, documents: list[str] | None = None, request: gr.Request | None = None) -> dict[str, Any]:
        """Answer a question with quotations, or report that there is none; `documents` by id, file name or title."""
        if not isinstance(question, str) or not all(isinstance(name, str) for name in documents or ()):
            raise gr.Error("`question` must be a string, and `documents` a list of strings.", print_exception=False)
        events = events_of(request)
        try:
            events.admit("question")
            return AnswerModel.model_validate(
                redacted(events.library.ask(question, documents=documents or None))
            ).model_dump()
        except PinciteError as error:
            raise gr.Error(" ".join(problems.public_message(error)), print_exception=False) from error

    api(ask, api_name="ask")


# The event handlers of the page for one library, and which ones a request uses.

_NAME = "page"


@dataclass(frozen=True, slots=True)
class PageEvents:
    """The handlers, and what they keep between two requests."""

    ask: AskEvents
    library: LibraryEvents
    batches: BatchEvents
    received: PendingUploads
    transfers: Transfers


class PageEventsByService:
    """Finds the handlers of a request: those of the visitor's own service in a demo, otherwise the only ones."""

    def __init__(self, service: Service, examples: Sequence[str]) -> None:
        self.shared = service
        self._examples = examples

    def of(self, scope: Scope) -> PageEvents:
        """Return the handlers of a request, made at its first use."""
        service: Service = scope.get(SERVICE_KEY) or self.shared
        known: PageEvents | None = service.attachments.get(_NAME)
        # Two requests may make them at once; both then use those that were stored first.
        return known or service.attachments.setdefault(_NAME, self._make(service))

    def _make(self, service: Service) -> PageEvents:
        library, settings, jobs = service.library, service.settings, service.jobs
        published = None if service is self.shared else self.of({}).ask
        return PageEvents(
            AskEvents(library, settings, self._examples, admit=service.admit, published=published),
            LibraryEvents(library, settings, jobs),
            BatchEvents(library, jobs, settings),
            PendingUploads(jobs.uploads, settings),
            Transfers(),
        )
