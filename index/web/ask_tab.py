"""The Ask tab: its controls and the binding of their events; `asking` has the event handlers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import gradio as gr

from index.web import rendering
from index.web.controls import QUIET, html

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradio.components import Component

    from index.settings import Settings
    from index.web.asking import AskEvents

_BEFORE_SCRIPT = "(...values) => window.pincite ? window.pincite.asking(values) : values"
"""Lets app.js put the question into the URL; the values pass through unchanged."""

_AFTER_SCRIPT = "() => window.pincite?.answered()"
"""Tells ask.js that an answer is complete or was cancelled."""


@dataclass(frozen=True, slots=True)
class AskTab:
    """The controls of the Ask tab."""

    hero: gr.HTML
    question: gr.Textbox
    button: gr.Button
    stop: gr.Button
    cancel: gr.Button
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
                hero = html(rendering.hero(), "hero")
                with gr.Row(elem_id="askbar"):
                    question = _question(settings.max_question_characters)
                    button = gr.Button("Ask", variant="primary", elem_id="go")
                with gr.Row(elem_id="narrowing"):
                    writer = _writer(visible=bool(settings.llm_url))
                    pills = gr.CheckboxGroup(label="Search only in", visible=False, elem_id="pills")
                    listed = gr.Dropdown(label="Search only in", multiselect=True, visible=False, elem_id="listed")
                    html(rendering.helpers(), "helpers")
                html(rendering.panes(), "panes")
                results = html("", "results")
                html("<div data-own></div>", "coverage")
                beginning = html("", "beginning")
            with gr.Column(elem_id="rail"):
                html(rendering.rail_heading(), "railhead")
                with gr.Column(elem_id="where", elem_classes="p-layers"):
                    html("<div data-own></div>", "map")
                    marks = html("", "marks")
                html(rendering.map_caption(), "caption")
                strips = html("", "strips")
        stop = gr.Button("Stop", visible="hidden", elem_id="stop")
        cancel = gr.Button("Cancel", visible="hidden", elem_id="cancel")
        return cls(hero, question, button, stop, cancel, writer, pills, listed, results, marks, strips, beginning)

    @property
    def inputs(self) -> list[Component]:
        """The inputs of `AskEvents.ask`, in its order."""
        return [self.question, self.pills, self.listed, self.writer]

    @property
    def outputs(self) -> list[Component]:
        """The outputs of an answer, in the order of `AnswerOutput`."""
        return [self.results, self.marks, self.strips]

    @property
    def overview(self) -> list[Component]:
        """The outputs that show the library, in the order of `LibraryOutput`."""
        return [self.hero, self.pills, self.listed, self.strips, self.beginning]

    def wire(self, page: gr.Blocks, asking: AskEvents, refresh: gr.Button) -> None:
        """Bind the events: ask, page load, stop, cancel, and `refresh` after a change of the library.

        Their inputs are not preprocessed: Gradio would compare the selection with the choices of its session, and it
        keeps only some sessions. `CheckedBlocks` validates the values instead.
        """
        ask_event = gr.on(
            [self.button.click, self.question.submit],
            asking.ask,
            self.inputs,
            self.outputs,
            js=_BEFORE_SCRIPT,
            trigger_mode="always_last",
            preprocess=False,
            **QUIET,
        )
        load_outputs = [self.question, self.writer, self.results, self.marks, *self.overview]
        load_event = page.load(_page_load_function(asking), None, load_outputs, **QUIET)
        self.stop.click(asking.stop, None, self.outputs, cancels=[ask_event, load_event], **QUIET)
        # Runs before the next question; an output of this event could arrive after that question's output.
        self.cancel.click(None, None, None, cancels=[ask_event, load_event], **QUIET)
        for event in (ask_event, load_event):
            event.then(None, None, None, js=_AFTER_SCRIPT, **QUIET)
        refresh.click(asking.refresh, self.inputs[:-1], self.overview, preprocess=False, **QUIET)


def _page_load_function(asking: AskEvents) -> Callable[[gr.Request], Any]:
    """Return the function for page load, which sets question, results and the view of the library in one event.

    Two events at once would fail: Gradio's client (6.31) loses the second if the first ends before the second is
    accepted. Gradio passes a request only if it can resolve the annotation at run time, hence the inner function.
    """

    def load(request: gr.Request) -> Any:
        yield from asking.load(dict(request.query_params))

    return load


def _question(max_length: int) -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        placeholder="Ask in your own words",
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
