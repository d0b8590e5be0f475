"""Starts the page on a ZeroGPU Space: its `spaces` package expects PyTorch for GPUs, and a call of Gradio's `launch`.

Read in spaces 0.51 (`zero/__init__.py`, `zero/gradio.py`, `zero/torch/`): its import patches PyTorch so that a GPU
seems to be there, which fails with builds for processors. It wraps `gr.Blocks.launch` in a hook that reports the start,
if at least one function is decorated with `spaces.GPU`. A mounted page never calls `launch`, and without the report the
host stops the Space.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from index.page import _disable_gradio_analytics

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_hooks: list[Callable[[], Any]] = []
"""The hook of `spaces`, until it has been called."""


def load() -> ModuleType | None:
    """Import `spaces` on a ZeroGPU Space, once; return None on all other machines. PyTorch stays as it is.

    Call it before PyTorch is imported. Without PyTorch, `spaces` patches nothing; so PyTorch is hidden from it.
    """
    if os.environ.get("SPACES_ZERO_GPU", "").lower() not in ("1", "t", "true"):
        return None
    if "spaces" in sys.modules:
        return sys.modules["spaces"]
    blocks, hidden = _blocks(), sys.modules.get("torch")
    launch = blocks.launch
    blocks.launch = lambda *_, **__: None  # `spaces` wraps this one, so its hook starts no server
    sys.modules["torch"] = None  # type: ignore[assignment]  # Python's way to make an import fail
    try:
        spaces = import_module("spaces")
        _hooks.append(blocks.launch)
    finally:
        blocks.launch = launch
        del sys.modules["torch"]
        if hidden is not None:
            sys.modules["torch"] = hidden
    return spaces


def report_start() -> None:
    """Tell the ZeroGPU host that the program has started; elsewhere, do nothing.

    Raises the error of `spaces` if the host does not accept the report: it would stop the Space a little later.
    """
    while _hooks:
        blocks = _blocks()
        launch = blocks.launch
        try:
            _hooks.pop()()
        finally:
            blocks.launch = launch  # the hook puts back what it wrapped


def _blocks() -> Any:
    """Return Gradio's class of pages, whose `launch` is replaced for a while."""
    _disable_gradio_analytics()
    import gradio as gr

    return gr.Blocks
