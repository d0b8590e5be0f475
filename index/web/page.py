"""The page, put together: header, tabs, dialogs.

Each tab is one object: `lay_out` places its controls, `wire` binds the events among them.
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
    from index.web.asking import Asking
    from index.web.keeping import Keeping


def build_page(settings: Settings, asking: Asking, keeping: Keeping, page: gr.Blocks) -> None:
    """Lay the page out and wire it."""
    with page:
        calling.offer(asking.library)  # first, for a later event of that name would be called otherwise
        html(rendering.header(), "header")
        with gr.Tabs(elem_id="sections"):
            with gr.Tab("Ask", elem_id="ask"):
                ask = AskTab.lay_out(settings)
            with gr.Tab("Check", elem_id="check"):
                CheckTab.lay_out(settings)
            with gr.Tab("Library", elem_id="library"):
                keep = LibraryTab.lay_out(settings, read_only=asking.library.read_only)
            with gr.Tab("Questions", elem_id="batch"):
                BatchTab.lay_out(settings)
        html(viewer.dialog(), "source")
        html(rendering.keys_dialog(), "keys")
        refresh = gr.Button("Refresh", visible="hidden", elem_id="refresh")
        ask.wire(page, asking, refresh)
        keep.wire(keeping)
