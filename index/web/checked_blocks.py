"""Gradio's Blocks with validated input and fair sharing of work between clients."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.requests import HTTPConnection

from index.api import problems
from index.errors import NotUploaded, PinciteError, ServiceError, TooMany
from index.serving.slots import client_of
from index.web.cookies import browser_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from index.serving import Arrival
    from index.serving.slots import Slots
    from index.web.received import PendingUploads

MAX_EVENTS = 1000
"""Events that Gradio runs at once. Nearly all of them wait for their client's turn in `Slots`; with Gradio's default of
40, one visitor could occupy all."""
SESSIONS = 200
"""Sessions whose last values Gradio keeps. Nothing is lost with older ones: no control here has state, and no event
compares its values with kept ones."""
_MAX_NAMES = 1000
_MAX_CHARACTERS = 100_000
"""Total length of the names in one list; the page sends ids of 64 characters."""
_ARRIVALS = "pincite.arrivals"
"""Key of an event's files in the scope of its request."""


class CheckedBlocks(gr.Blocks):
    """A page whose events accept only texts, lists of texts, and files that the same browser has uploaded.

    Gradio would read any path and fetch any URL that is sent in place of a file or a text. Here it never sees a file:
    events get theirs from `arrivals_of`.
    """

    def __init__(
        self, received: PendingUploads, questions: Slots, changes: Slots, longest_question: int, **options: Any
    ) -> None:
        super().__init__(**options)
        self._received = received
        self._questions = questions
        self._changes = changes
        self._longest_question = longest_question
        self.max_threads = MAX_EVENTS
        self.state_session_capacity = SESSIONS
        # Gradio checks paths only if this is set; `launch` sets it, but a mounted page is never launched.
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
        """Run an event, or its next step, when it is its client's turn."""
        scope = scope_of(request)
        client = client_of(scope)
        try:
            handles, inputs = self._checked(block_fn, inputs)
            slots = self._changes if handles else self._questions
            async with slots.slot(client):
                if handles:
                    scope[_ARRIVALS] = self._received.take(browser_of(scope), handles)
                return await super().process_api(block_fn, inputs, state, request, *arguments, **options)
        except PinciteError as error:
            raise gr.Error(" ".join(problems.public_message(error)), print_exception=False) from None
        finally:
            self._received.uploads.drop(arrivals_of(scope))  # if the event has not taken them

    def _checked(self, block_fn: Any, inputs: Sequence[Any]) -> tuple[list[str], list[Any]]:
        """Return the handles of an event's files, and the values that Gradio may see.

        Raises NotUploaded for a forbidden value, TooMany or ServiceError for a value that no control sends. The error
        gives no reason, because it must not depend on the files of this machine.
        """
        controls = self.fns[block_fn].inputs if isinstance(block_fn, int) else block_fn.inputs
        handles: list[str] = []
        checked: list[Any] = []
        for control, value in zip_longest(controls[: len(inputs)], inputs):
            if isinstance(control, gr.File):
                handles += _handles(value)
                checked.append(None)
            else:
                _require_plain(value)
                self._require_short(value)
                checked.append(value)
                if isinstance(control, gr.Textbox | gr.Radio):
                    _require_valid(value is None or isinstance(value, str))
                elif isinstance(control, gr.CheckboxGroup | gr.Dropdown):
                    _require_valid(value is None or (isinstance(value, list) and _are_texts(value)))
        return handles, checked

    def _require_short(self, value: Any) -> None:
        """Raise TooMany for a text longer than a question, ServiceError for a list that no control sends."""
        if isinstance(value, str) and len(value) > self._longest_question:
            raise TooMany("characters", len(value), self._longest_question, "PINCITE_MAX_QUESTION_CHARACTERS")
        if isinstance(value, list):
            characters = sum(len(part) for part in value if isinstance(part, str))
            _require_valid(len(value) <= _MAX_NAMES and characters <= _MAX_CHARACTERS)


def scope_of(request: Any) -> Scope:
    """Return the ASGI scope of a request from Gradio, or an empty one if the page is called within this process."""
    first = request[0] if isinstance(request, list) else request
    connection = getattr(first, "request", None)
    return connection.scope if isinstance(connection, HTTPConnection) else {"type": "http", "headers": []}


def arrivals_of(scope: Scope) -> list[Arrival]:
    """Take the files of an event from the scope of its request, once; the caller must release them."""
    arrivals: list[Arrival] = scope.pop(_ARRIVALS, [])
    return arrivals


def _handles(value: Any) -> list[str]:
    """Return the handles from a file control. Raises NotUploaded for any other value."""
    if value is None:
        return []
    named = [file.get("path") for file in value if isinstance(file, dict)] if isinstance(value, list) else []
    handles = [handle for handle in named if isinstance(handle, str)]
    if not isinstance(value, list) or len(handles) != len(value):
        raise NotUploaded
    return handles


def _require_plain(value: Any) -> None:
    """Raise NotUploaded unless the value is a text, a number, or a list of these: others may stand for a file."""
    parts = value if isinstance(value, list) else [value]
    if not all(part is None or isinstance(part, str | int | float) for part in parts):
        raise NotUploaded


def _require_valid(fits: bool) -> None:
    """Raise ServiceError unless a value fits its control."""
    if not fits:
        raise ServiceError("The page has sent an invalid value.", "Reload the page.")


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
