"""Builds the page: header, dialogs, and the tabs Ask, Questions and Library.

Each tab is an object: `lay_out` creates its controls, `wire` binds their events.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import gradio as gr

from index.errors import PinciteError
from index.page import ask_events, batch_forms, fragments, library_view
from index.page.forms import CheckTab
from index.page.fragments import QUIET, SECTIONS, html
from index.page.intake import arrivals_of, browser_of, scope_of
from index.records import texts
from index.server.limits import client_of
from index.server.permissions import CURATOR, READER, Permission
from index.server.principals import record_added

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradio.components import Component
    from starlette.types import Scope

    from index.page.ask_events import PageEventsByService
    from index.page.library_view import LibraryEvents
    from index.records.document import Arrival
    from index.settings import Settings

_BEFORE_SCRIPT = "(...values) => window.pincite ? window.pincite.beforeAsk(values) : values"
"""Lets app.js put the question into the URL; the values pass through unchanged."""

_AFTER_SCRIPT = "() => window.pincite?.afterAnswer()"
"""Tells ask.js that an answer is complete or was cancelled."""
_LOAD_MARK = "load"
"""The mark of the outputs for the question of a link, which waiting.js awaits."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AskTab:
    """The controls of the Ask tab."""

    hero: gr.HTML
    question: gr.Textbox
    button: gr.Button
    stop: gr.Button
    cancel: gr.Button
    after: gr.Textbox
    """The earlier questions of the thread as JSON, which the script fills in."""
    mark: gr.Textbox
    """The mark that the page gives a question, so that it recognises the outputs for it."""
    writer: gr.Radio
    pills: gr.CheckboxGroup
    listed: gr.Dropdown
    results: gr.HTML
    marks: gr.HTML
    strips: gr.HTML
    beginning: gr.HTML

    @classmethod
    def lay_out(cls, settings: Settings) -> Self:
        """Create the controls in the current tab."""
        with gr.Row(elem_id="stage"):
            with gr.Column(elem_id="main"):
                hero = html(fragments.hero(), "hero")
                with gr.Row(elem_id="askbar"):
                    question = _question(settings.max_question_characters)
                    button = gr.Button("Ask", variant="primary", elem_id="go")
                with gr.Row(elem_id="narrowing"):
                    writer = _writer(visible=bool(settings.llm_url))
                    pills = gr.CheckboxGroup(label=texts.SEARCH_ONLY_IN, visible=False, elem_id="pills")
                    listed = gr.Dropdown(label=texts.SEARCH_ONLY_IN, multiselect=True, visible=False, elem_id="listed")
                    html(fragments.helpers(), "helpers")
                html(fragments.panes(), "panes")
                html("<div data-own></div>", "thread")
                html(fragments.waiting(), "waiting")
                results = html("", "results")
                html("<div data-own></div>", "coverage")
                beginning = html("", "beginning")
            with gr.Column(elem_id="rail"):
                html(fragments.rail_heading(), "railhead")
                with gr.Column(elem_id="where", elem_classes="p-layers"):
                    html("<div data-own></div>", "map")
                    marks = html("", "marks")
                html(fragments.map_caption(), "caption")
                strips = html("", "strips")
        stop = gr.Button("Stop", visible="hidden", elem_id="stop")
        cancel = gr.Button("Cancel", visible="hidden", elem_id="cancel")
        after = gr.Textbox(visible=False, elem_id="after")
        mark = gr.Textbox(visible=False, elem_id="mark")
        return cls(
            hero, question, button, stop, cancel, after, mark, writer, pills, listed, results, marks, strips, beginning
        )

    @property
    def inputs(self) -> list[Component]:
        """The inputs of `AskEvents.ask`, in its order, and the mark at the end."""
        return [self.question, self.pills, self.listed, self.writer, self.after, self.mark]

    @property
    def outputs(self) -> list[Component]:
        """The outputs of an answer, in the order of `AnswerOutput`."""
        return [self.results, self.marks, self.strips]

    @property
    def overview(self) -> list[Component]:
        """The outputs that show the library, in the order of `LibraryOutput`."""
        return [self.hero, self.pills, self.listed, self.strips, self.beginning]

    def wire(self, page: gr.Blocks, events: PageEventsByService, refresh: gr.Button) -> None:
        """Bind the events: ask, page load, stop, cancel, and `refresh` after a change of the library.

        Their inputs are not preprocessed: Gradio would compare the selection with the choices of its session, and it
        keeps only some sessions. `CheckedBlocks` validates the values instead.
        """
        ask_event = gr.on(
            [self.button.click, self.question.submit],
            _ask_function(events),
            self.inputs,
            self.outputs,
            js=_BEFORE_SCRIPT,
            trigger_mode="always_last",
            preprocess=False,
            api_name="question",
            **QUIET,
        )
        load_outputs = [self.question, self.writer, self.results, self.marks, *self.overview]
        load_event = page.load(_page_load_function(events), None, load_outputs, **QUIET)
        self.stop.click(_stop_function(events), None, self.outputs, **QUIET)
        # Runs before Stop and before the next question, whose output an output of this event could overwrite.
        self.cancel.click(None, None, None, cancels=[ask_event, load_event], **QUIET)
        for event in (ask_event, load_event):
            event.then(None, None, None, js=_AFTER_SCRIPT, **QUIET)
        refresh_function = _refresh_function(events)
        refresh.click(refresh_function, self.inputs[:3], self.overview, preprocess=False, **QUIET)


# Each event says who may send it, like a route. Sending one counts as a request; a question counts itself.
# Gradio passes a request only if it can resolve the annotation at run time, hence the inner functions.


def _page_load_function(events: PageEventsByService) -> Callable[[gr.Request], Any]:
    """Return the function for page load, which sets question, results and the view of the library in one event.

    Two events at once would fail: Gradio's client (6.31) loses the second if the first ends before the second is
    accepted.
    """

    @Permission(READER, counts_as="request")
    def load(request: gr.Request) -> Any:
        for question, writer, results, *rest in events.of(scope_of(request)).ask.load(dict(request.query_params)):
            yield question, writer, fragments.marked(results, _LOAD_MARK), *rest

    return load


def _ask_function(events: PageEventsByService) -> Callable[..., Any]:
    @Permission(READER, counts_as="request")
    def ask(
        question: str, pills: list[str], listed: list[str], writer: str, after: str, mark: str, request: gr.Request
    ) -> Any:
        for output in events.of(scope_of(request)).ask.ask(question, pills, listed, writer, after):
            yield output._replace(results=fragments.marked(output.results, mark or ""))

    return ask


def _stop_function(events: PageEventsByService) -> Callable[..., Any]:
    @Permission(READER, counts_as="request")
    def stop(request: gr.Request) -> Any:
        return events.of(scope_of(request)).ask.stop()

    return stop


def _refresh_function(events: PageEventsByService) -> Callable[..., Any]:
    @Permission(READER, counts_as="request")
    def refresh(question: str, pills: list[str], listed: list[str], request: gr.Request) -> Any:
        return events.of(scope_of(request)).ask.refresh(question, pills, listed)

    return refresh


def _question(max_length: int) -> gr.Textbox:
    return gr.Textbox(
        label=texts.YOUR_QUESTION,
        placeholder=texts.ASK_HERE,
        lines=1,
        max_lines=4,
        max_length=max_length,
        container=False,
        show_label=False,
        autofocus=True,
        elem_id="question",
    )


def _writer(*, visible: bool) -> gr.Radio:
    """Return the choice of the writer, which is visible only if there is a language model."""
    choices = [("Quote", "quote"), ("Write", "write")]
    return gr.Radio(choices, value="quote", label="Answer", visible=visible, elem_id="writer")


class BatchTab:
    """The Questions tab. It needs no Gradio events: a plain form starts a job on the server."""

    @staticmethod
    def lay_out(settings: Settings) -> None:
        """Create the form in the current tab."""
        html(batch_forms.batch_form(settings), "batch-form")


@dataclass(frozen=True, slots=True)
class LibraryTab:
    """The controls of the Library tab."""

    files: gr.File
    outcome: gr.HTML

    @classmethod
    def lay_out(cls, settings: Settings, *, read_only: bool) -> Self:
        """Create the controls in the current tab; a read-only library gets none for adding."""
        html(library_view.adding(settings, read_only=read_only), "adding")
        files = gr.File(
            label=texts.ADD_DOCUMENTS, file_count="multiple", elem_id="files", height=100, visible=not read_only
        )
        outcome = html("", "outcome")
        html(library_view.keeping(settings, read_only=read_only), "keeping")
        html(library_view.removal_dialog(), "dialogs")
        return cls(files, outcome)

    def wire(self, events: PageEventsByService) -> None:
        """Bind the events of the controls."""

        @Permission(CURATOR, counts_as="request", action="add")
        def upload(_: None, request: gr.Request) -> tuple[None, str]:
            scope = scope_of(request)
            keeping = events.of(scope).library
            return None, _start_job(keeping, arrivals_of(scope), scope)

        self.files.upload(upload, self.files, [self.files, self.outcome], **QUIET)


def _start_job(keeping: LibraryEvents, files: list[Arrival], scope: Scope) -> str:
    """Start the job that adds the files; return its mark, which library.js follows, or the problem."""
    try:
        job = keeping.upload(files, client_of(scope), browser_of(scope))
        record_added(scope, [file.name for file in files], job)
        return library_view.job_mark(job)
    except PinciteError as error:
        return fragments.problem(error)
    except Exception:
        _log.exception("Uploaded files could not be added.")
        return fragments.problem(None)


def build_page(settings: Settings, events: PageEventsByService, page: gr.Blocks) -> None:
    """Create the controls of the page and bind their events."""
    read_only = events.shared.library.read_only and not settings.demo
    with page:
        # First, because a later event of the same name would get another name.
        ask_events.add_ask_endpoint(lambda request: events.of(scope_of(request)).ask)
        with gr.Tabs(elem_id="sections"):
            with gr.Tab(SECTIONS["ask"], elem_id="ask"):
                ask = AskTab.lay_out(settings)
            with gr.Tab(SECTIONS["check"], elem_id="check"):
                CheckTab.lay_out(settings)
            with gr.Tab(SECTIONS["library"], elem_id="library"):
                library_tab = LibraryTab.lay_out(settings, read_only=read_only)
            with gr.Tab(SECTIONS["batch"], elem_id="batch"):
                BatchTab.lay_out(settings)
        for name, notice in fragments.notices(settings).items():
            html(notice, name)
        html(fragments.dialog(), "source")
        html(fragments.tray(), "tray-place")
        html(fragments.keys_dialog(), "keys")
        html(fragments.drop_hint(read_only=read_only), "drop")
        refresh = gr.Button("Refresh", visible="hidden", elem_id="refresh")
        ask.wire(page, events, refresh)
        library_tab.wire(events)
