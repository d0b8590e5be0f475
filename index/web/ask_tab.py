"""The Ask tab: its controls, laid out, and the events between them. What happens in an event is in `asking`."""

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
    from index.web.asking import Asking

_TELL_SCRIPT = "(...values) => window.pincite ? window.pincite.asking(values) : values"
"""Lets app.js put the question into the address; the values pass through unchanged."""

_TELL_END = "() => window.pincite?.answered()"
"""An answer is complete, or was cancelled."""


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
        """Place the controls in the tab that is being built."""
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
    def asked(self) -> list[Component]:
        """What an answer depends on, in the order of `Asking.ask`."""
        return [self.question, self.pills, self.listed, self.writer]

    @property
    def shown(self) -> list[Component]:
        """What an answer changes, in the order of `Shown`."""
        return [self.results, self.marks, self.strips]

    @property
    def overview(self) -> list[Component]:
        """What shows the library, in the order of `Overview`."""
        return [self.hero, self.pills, self.listed, self.strips, self.beginning]

    def wire(self, page: gr.Blocks, asking: Asking, refresh: gr.Button) -> None:
        """Bind the events: a question asked, a page opened, a model stopped, the library changed (`refresh`).

        None of them is preprocessed. Gradio would compare what was chosen with the choices of its session, and of
        these it remembers only some: `CheckedBlocks` sees that the values fit their controls.
        """
        asked = gr.on(
            [self.button.click, self.question.submit],
            asking.ask,
            self.asked,
            self.shown,
            js=_TELL_SCRIPT,
            trigger_mode="always_last",
            preprocess=False,
            **QUIET,
        )
        arriving = [self.question, self.writer, self.results, self.marks, *self.overview]
        arrived = page.load(_arriving(asking), None, arriving, **QUIET)
        self.stop.click(asking.stop, None, self.shown, cancels=[asked, arrived], **QUIET)
        # Before the next question is asked; an answer to the click could overtake that question's.
        self.cancel.click(None, None, None, cancels=[asked, arrived], **QUIET)
        for event in (asked, arrived):
            event.then(None, None, None, js=_TELL_END, **QUIET)
        refresh.click(asking.refresh, self.asked[:-1], self.overview, preprocess=False, **QUIET)


def _arriving(asking: Asking) -> Callable[[gr.Request], Any]:
    """A page has been opened: question, results, and everything that shows the library, all in one event.

    Of two that begin together, Gradio's client loses the second where the first ends before the second has been
    accepted (6.31). A request it passes where it can resolve the annotation when it runs, hence the function in here.
    """

    def arrive(request: gr.Request) -> Any:
        yield from asking.arrive(dict(request.query_params))

    return arrive


def _question(longest: int) -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        placeholder="Ask in your own words",
        lines=1,
        max_lines=4,
        max_length=longest,
        container=False,
        show_label=False,
        autofocus=True,
        elem_id="question",
    )


def _writer(*, visible: bool) -> gr.Radio:
    """Who writes the answer; there is a choice only where there is a model."""
    choices = [("Quote", "quote"), ("Write", "write")]
    return gr.Radio(choices, value="quote", label="Answer", visible=visible, elem_id="writer")
