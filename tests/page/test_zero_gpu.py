"""The report of a start to ZeroGPU: sent once, without a server of Gradio's, and with PyTorch left alone.

The package `spaces` is stood in for by a module that does what version 0.51 does when it is imported and launched.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest
import torch

from index.page import zero_gpu

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = """
import gradio as gr
try:
    import torch
    patched = True
except ImportError:
    patched = False
reports, decorated = [], []
wrapped = gr.Blocks.launch
def launch(*args, **options):
    if decorated:
        reports.append(len(decorated))
    gr.Blocks.launch = wrapped
    return gr.Blocks.launch(*args, **options)
gr.Blocks.launch = launch
def GPU(duration):
    return lambda function: decorated.append(function) or function
"""


@pytest.fixture
def zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of a ZeroGPU Space."""
    (tmp_path / "spaces.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.delitem(sys.modules, "spaces", raising=False)
    yield
    sys.modules.pop("spaces", None)
    zero_gpu._hooks.clear()


def launch_function() -> Any:
    """Return Gradio's present `launch`."""
    return gr.Blocks.launch


@pytest.mark.usefixtures("zero")
def test_start_is_reported_once_and_nothing_is_launched() -> None:
    """The hook runs, the function that it wraps starts no server, and Gradio is as before.

    The package is loaded once, and does not see PyTorch, which it patches, and fails where that is for processors.
    """
    before = launch_function()
    spaces: Any = zero_gpu.load()
    again: Any = zero_gpu.load()
    assert spaces is again
    assert len(zero_gpu._hooks) == 1
    assert launch_function() is before
    spaces.GPU(duration=1)(lambda: None)
    assert spaces.reports == []
    zero_gpu.report_start()
    zero_gpu.report_start()
    assert spaces.reports == [1]
    assert launch_function() is before
    assert spaces.patched is False
    assert sys.modules["torch"] is torch


@pytest.mark.usefixtures("zero")
def test_failed_import_leaves_gradio_and_torch_as_they_were(tmp_path: Path) -> None:
    """The error is the package's own."""
    (tmp_path / "spaces.py").write_text("raise RuntimeError('no device')")
    before = launch_function()
    with pytest.raises(RuntimeError, match="no device"):
        zero_gpu.load()
    assert launch_function() is before
    assert sys.modules["torch"] is torch


@pytest.mark.usefixtures("zero")
def test_refused_report_is_an_error(tmp_path: Path) -> None:
    """The host would stop the Space later, without a word."""
    (tmp_path / "spaces.py").write_text(MODULE.replace("reports.append(len(decorated))", "raise RuntimeError('404')"))
    spaces: Any = zero_gpu.load()
    spaces.GPU(duration=1)(lambda: None)
    with pytest.raises(RuntimeError, match="404"):
        zero_gpu.report_start()


@pytest.mark.parametrize("value", [None, "", "0", "false"])
def test_nothing_happens_on_other_machines(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """A Space with processors has the package `spaces`, too, and needs nothing of it."""
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    if value is not None:
        monkeypatch.setenv("SPACES_ZERO_GPU", value)
    monkeypatch.setitem(sys.modules, "spaces", ModuleType("spaces"))
    assert zero_gpu.load() is None
    zero_gpu.report_start()
