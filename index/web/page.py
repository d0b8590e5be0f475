"""The page: Gradio's controls, laid out, and the events between them. What they show is made in `rendering`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from index.web import rendering
from index.web.asking import Asking
from index.web.keeping import Keeping
from index.web.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.library import Library
    from index.settings import Settings

_HOUR = 3600
_TELL_SCRIPT = "(...values) => window.pincite ? window.pincite.asking(values) : values"
"""Lets app.js put the question into the address; the values pass through unchanged."""
_TAKE_REMOVAL = "() => [window.pincite.removing()]"
"""The id of the document whose removal has been confirmed; a component would have to be kept in step with it."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """The controls of the Ask tab."""

    hero: gr.HTML
    question: gr.Textbox
    button: gr.Button
    pills: gr.CheckboxGroup
    listed: gr.Dropdown
    results: gr.HTML
    rail: gr.HTML


@dataclass(frozen=True, slots=True)
class _Keep:
    """The controls of the Library tab."""

    table: gr.HTML
    files: gr.File
    outcome: gr.HTML
    identity: gr.Textbox
    remove: gr.Button


def build_page(library: Library, settings: Settings, examples: Sequence[str]) -> gr.Blocks:
    """Lay the page out and wire it."""
    page: gr.Blocks
    with gr.Blocks(title="Pincite", fill_width=True, delete_cache=(_HOUR, _HOUR), analytics_enabled=False) as page:
        _html(rendering.header(), "header")
        with gr.Tabs(elem_id="sections"):
            with gr.Tab("Ask", elem_id="ask"):
                ask = _lay_out_asking(settings.max_question_characters)
            with gr.Tab("Library", elem_id="library"):
                keep = _lay_out_keeping()
        _html(rendering.removal_dialog(), "dialogs")
        _wire(page, ask, keep, Asking(library, examples), Keeping(library, Uploads(library.folder / "uploads")))
    return page


def _lay_out_asking(longest: int) -> _Ask:
    with gr.Row(elem_id="stage"):
        with gr.Column(elem_id="main"):
            hero = _html("", "hero")
            with gr.Row(elem_id="askbar"):
                question = gr.Textbox(
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
                button = gr.Button("Ask", variant="primary", elem_id="go")
            _html(rendering.operators(), "operators")
            pills = gr.CheckboxGroup(label="Search only in", visible=False, elem_id="pills")
            listed = gr.Dropdown(label="Search only in", multiselect=True, visible=False, elem_id="listed")
            results = _html("", "results")
        with gr.Column(elem_id="rail"):
            rail = _html("", "documents")
    return _Ask(hero, question, button, pills, listed, results, rail)


def _lay_out_keeping() -> _Keep:
    _html(rendering.adding(), "adding")
    files = gr.File(label="Add documents", file_count="multiple", elem_id="files", height=100)
    outcome = _html("", "outcome")
    table = _html("", "table")
    identity = gr.Textbox(visible="hidden", elem_id="identity", label="Document to remove")
    remove = gr.Button("Remove", visible="hidden", elem_id="remove")
    return _Keep(table, files, outcome, identity, remove)


def _wire(page: gr.Blocks, ask: _Ask, keep: _Keep, asking: Asking, keeping: Keeping) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    change: dict[str, Any] = {**quiet, "concurrency_limit": 1, "concurrency_id": "changes"}
    gr.on(
        [ask.button.click, ask.question.submit],
        asking.ask,
        [ask.question, ask.pills, ask.listed],
        [ask.results, ask.rail],
        js=_TELL_SCRIPT,
        trigger_mode="always_last",
        **quiet,
    )
    overview = [ask.hero, ask.pills, ask.listed, keep.table, ask.rail]
    page.load(_arriving(asking), None, [ask.question, ask.results, *overview], **quiet)
    added = keep.files.upload(keeping.add, keep.files, [keep.files, keep.outcome], **change)
    removed = keep.remove.click(keeping.remove, keep.identity, keep.outcome, js=_TAKE_REMOVAL, **change)
    for changed in (added, removed):
        changed.then(asking.refresh, ask.question, [ask.results, *overview], **quiet)


def _arriving(asking: Asking) -> Callable[[gr.Request], Any]:
    """Gradio passes a request where it can resolve the annotation when it runs; `Asking` has others that it cannot."""

    def arrive(request: gr.Request) -> Any:
        yield from asking.arrive(dict(request.query_params))

    return arrive


def _html(value: str, name: str) -> gr.HTML:
    """Markup of our own: no template of Gradio's, no style of Gradio's, no script."""
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=None, padding=False)
