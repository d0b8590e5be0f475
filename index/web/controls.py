"""Helpers for Gradio controls."""

from __future__ import annotations

from typing import Any

import gradio as gr

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of every event: Gradio shows no progress, and does not list the event in its API."""


def html(value: str, name: str) -> gr.HTML:
    """Return an HTML control without Gradio's templates, styles and scripts."""
    return gr.HTML(value, elem_id=name, apply_default_css=False, js_on_load=None, padding=False)
