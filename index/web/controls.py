"""What all parts of the page make their Gradio controls with."""

from __future__ import annotations

from typing import Any

import gradio as gr

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""For every event: Gradio shows no progress of its own, and offers the event to nobody else."""


def html(value: str, name: str) -> gr.HTML:
    """Markup of our own: no template of Gradio's, no style of Gradio's, no script."""
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=None, padding=False)
