"""Builds the page: header, tabs, dialogs.

Each tab is an object: `lay_out` creates its controls, `wire` binds their events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from index.web import calling, rendering, viewer
from index.web.ask_tab import AskTab
from index.web.batch_tab import BatchTab
from index.web.check_tab import CheckTab
from index.web.controls import html
from index.web.library_tab import LibraryTab

if TYPE_CHECKING:
    from index.settings import Settings
    from index.web.asking import AskEvents
    from index.web.keeping import LibraryEvents


def build_page(settings: Settings, asking: AskEvents, keeping: LibraryEvents, page: gr.Blocks) -> None:
    """Create the controls of the page and bind their events."""
    with page:
        calling.add_ask_endpoint(asking.library)  # first, because a later event of the same name would get another name
        html(rendering.header(), "header")
        with gr.Tabs(elem_id="sections"):
            with gr.Tab("Ask", elem_id="ask"):
                ask = AskTab.lay_out(settings)
            with gr.Tab("Check", elem_id="check"):
                CheckTab.lay_out(settings)
            with gr.Tab("Library", elem_id="library"):
                library_tab = LibraryTab.lay_out(settings, read_only=asking.library.read_only)
            with gr.Tab("Questions", elem_id="batch"):
                BatchTab.lay_out(settings)
        html(viewer.dialog(), "source")
        html(rendering.keys_dialog(), "keys")
        refresh = gr.Button("Refresh", visible="hidden", elem_id="refresh")
        ask.wire(page, asking, refresh)
        library_tab.wire(keeping)
