"""Gradio's page, with what visitors send it checked, and the work on it shared fairly among them."""

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
    from index.web.received import Received

UNDER_WAY = 1000
"""Events that Gradio has in hand at once. Nearly all of them wait for their client's turn, in `Slots`: of Gradio's 40,
one visitor would have all."""
SESSIONS = 200
"""Sessions of which Gradio remembers what they sent last. Nothing is lost with the others: no control here keeps state,
and no event compares its values with what was remembered."""
_MOST_NAMES = 1000
_MOST_CHARACTERS = 100_000
"""Of the names in one list together; the page sends ids, of 64 characters each."""
_ARRIVALS = "pincite.arrivals"
"""Where in the scope of its request an event finds its files."""


class CheckedBlocks(gr.Blocks):
    """A page whose events take texts, lists of texts, and files that their own browser has uploaded; nothing else.

    Gradio would take whatever path or address stands in place of a file, or of a text, and read or fetch it. It sees
    no file at all here: the events find theirs with `arrivals_of`.
    """

    def __init__(
        self, received: Received, questions: Slots, changes: Slots, longest_question: int, **options: Any
    ) -> None:
        super().__init__(**options)
        self._received = received
        self._questions = questions
        self._changes = changes
        self._longest_question = longest_question
        self.max_threads = UNDER_WAY
        self.state_session_capacity = SESSIONS
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
            handles, inputs = self._checked(block_fn, inputs)
            slots = self._changes if handles else self._questions
            async with slots.slot(client):
                if handles:
                    scope[_ARRIVALS] = self._received.take(browser_of(scope), handles)
                return await super().process_api(block_fn, inputs, state, request, *arguments, **options)
        except PinciteError as error:
            raise gr.Error(" ".join(problems.public_message(error)), print_exception=False) from None
        finally:
            self._received.uploads.drop(arrivals_of(scope))  # where the event did not come to take them

    def _checked(self, block_fn: Any, inputs: Sequence[Any]) -> tuple[list[str], list[Any]]:
        """The handles of an event's files, and what Gradio may have of it.

        Raises NotUploaded for what is not allowed, TooMany or ServiceError for what no control sends. Why a file is
        not allowed is never told: the answer must not depend on what there is on this machine.
        """
        controls = self.fns[block_fn].inputs if isinstance(block_fn, int) else block_fn.inputs
        handles: list[str] = []
        checked: list[Any] = []
        for control, value in zip_longest(controls[: len(inputs)], inputs):
            if isinstance(control, gr.File):
                handles += _handles(value)
                checked.append(None)
            else:
                _demand_plain(value)
                self._demand_short(value)
                checked.append(value)
                if isinstance(control, gr.Textbox | gr.Radio):
                    _demand_fitting(value is None or isinstance(value, str))
                elif isinstance(control, gr.CheckboxGroup | gr.Dropdown):
                    _demand_fitting(value is None or (isinstance(value, list) and _are_texts(value)))
        return handles, checked

    def _demand_short(self, value: Any) -> None:
        """Raises TooMany for a text that is longer than a question, ServiceError for a list that no control holds."""
        if isinstance(value, str) and len(value) > self._longest_question:
            raise TooMany("characters", len(value), self._longest_question, "PINCITE_MAX_QUESTION_CHARACTERS")
        if isinstance(value, list):
            characters = sum(len(part) for part in value if isinstance(part, str))
            _demand_fitting(len(value) <= _MOST_NAMES and characters <= _MOST_CHARACTERS)


def scope_of(request: Any) -> Scope:
    """What is known of a request as Gradio passes it on; nothing, where the page is called within this process."""
    first = request[0] if isinstance(request, list) else request
    connection = getattr(first, "request", None)
    return connection.scope if isinstance(connection, HTTPConnection) else {"type": "http", "headers": []}


def arrivals_of(scope: Scope) -> list[Arrival]:
    """The files of an event, by the scope of its request. They are given once: whoever has them takes care of them."""
    arrivals: list[Arrival] = scope.pop(_ARRIVALS, [])
    return arrivals


def _handles(value: Any) -> list[str]:
    """The handles that a control for files sends. Raises NotUploaded where it sends anything else."""
    if value is None:
        return []
    named = [each.get("path") for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    handles = [handle for handle in named if isinstance(handle, str)]
    if not isinstance(value, list) or len(handles) != len(value):
        raise NotUploaded
    return handles


def _demand_plain(value: Any) -> None:
    """Raises NotUploaded for what is neither a text, a number, nor a list of these: it may stand for a file."""
    parts = value if isinstance(value, list) else [value]
    if not all(part is None or isinstance(part, str | int | float) for part in parts):
        raise NotUploaded


def _demand_fitting(fits: bool) -> None:
    """Raises ServiceError unless it does."""
    if not fits:
        raise ServiceError("The page has sent what none of its controls holds.", "Load the page again.")


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
