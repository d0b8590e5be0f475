"""Gradio's page, with what visitors send it checked, and the work on it shared fairly among them."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.requests import HTTPConnection

from index.api import problems
from index.errors import NotUploaded, PinciteError, TooBusy
from index.serving.slots import client_of
from index.web.received import browser_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.types import Scope

    from index.serving.slots import Slots
    from index.web.received import Received

AT_ONCE = 20
"""Events of one client under way at once: Gradio works on 40 of all clients."""


class CheckedBlocks(gr.Blocks):
    """A page whose events take texts, lists of texts, and files that their own browser has uploaded; nothing else.

    Gradio would take whatever path or address stands in place of a file, or of a text, and read or fetch it.
    """

    def __init__(self, received: Received, questions: Slots, receivers: Slots, **options: Any) -> None:
        super().__init__(**options)
        self._received = received
        self._questions = questions
        self._receivers = receivers
        self._under_way: Counter[str] = Counter()
        # Gradio checks paths only where this is set, which only `launch` does, and a page that is mounted never is.
        self.has_launched = True

    async def process_api(
        self,
        block_fn: Any,
        inputs: list[Any],
        state: Any = None,
        request: Any = None,
        *arguments: Any,
        **options: Any,
    ) -> dict[str, Any]:
        """Work on one event, or on the next step of one, when it is its client's turn."""
        scope = scope_of(request)
        client = client_of(scope)
        try:
            files, inputs = self._checked(block_fn, inputs)
            slots = self._receivers if files else self._questions
            with self._counted(client):
                async with slots.slot(client):
                    if files and not self._received.take(browser_of(scope), files):
                        raise NotUploaded
                    return await super().process_api(block_fn, inputs, state, request, *arguments, **options)
        except PinciteError as error:
            raise gr.Error(" ".join(problems.shown(error)), print_exception=False) from None

    def _checked(self, block_fn: Any, inputs: Sequence[Any]) -> tuple[list[str], list[Any]]:
        """The files of an event, and what Gradio may have of it. Raises NotUploaded for what is not allowed.

        Why it is not is never told: the answer must not depend on what there is on this machine.
        """
        controls = self.fns[block_fn].inputs if isinstance(block_fn, int) else block_fn.inputs
        files: list[str] = []
        checked: list[Any] = []
        for control, value in zip_longest(controls[: len(inputs)], inputs):
            if isinstance(control, gr.File):
                paths = _paths(value)
                files += paths
                checked.append([{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths] or None)
            else:
                checked.append(value)
                _demand_text(value)
        return files, checked

    @contextmanager
    def _counted(self, client: str) -> Iterator[None]:
        """Raises TooBusy where this client has too many events under way."""
        if client and self._under_way[client] >= AT_ONCE:
            raise TooBusy(AT_ONCE)
        self._under_way[client] += 1
        try:
            yield
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]


def scope_of(request: Any) -> Scope:
    """What is known of a request as Gradio passes it on; nothing, where the page is called within this process."""
    first = request[0] if isinstance(request, list) else request
    connection = getattr(first, "request", None)
    return connection.scope if isinstance(connection, HTTPConnection) else {"type": "http", "headers": []}


def _paths(value: Any) -> list[str]:
    """The paths that a control for files sends. Raises NotUploaded where it sends anything else."""
    if value is None:
        return []
    named = [each.get("path") for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    paths = [path for path in named if isinstance(path, str)]
    if not isinstance(value, list) or len(paths) != len(value):
        raise NotUploaded
    return paths


def _demand_text(value: Any) -> None:
    """Raises NotUploaded for what is neither a text, a number, nor a list of these: it may stand for a file."""
    parts = value if isinstance(value, list) else [value]
    if not all(part is None or isinstance(part, str | int | float) for part in parts):
        raise NotUploaded
