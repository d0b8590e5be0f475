"""What the routes below `/page/` answer: fragments, jobs that have begun, and what went wrong, as a fragment, too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated

from fastapi import Header, HTTPException
from fastapi.responses import HTMLResponse

from index.errors import PinciteError
from index.serving.abandonment import Abandoned
from index.web import rendering

Make = Callable[[], str]
_log = logging.getLogger(__name__)


def only_from_the_page(x_pincite: Annotated[str, Header()] = "") -> None:
    """A form on another site can be sent here with the visitor's cookies, but not with a header of its own choice."""
    if x_pincite != "page":
        raise HTTPException(403, "This is asked by the page itself.")


def fragment(make: Make) -> HTMLResponse:
    """The fragment; where it cannot be had, one that says why. That is shown as well, hence no status of an error.

    Raises Abandoned where the reader has left.
    """
    try:
        return HTMLResponse(make(), headers={"Cache-Control": "no-store"})
    except Abandoned:
        raise
    except Exception as error:
        return _problem(error)


def begun(begin: Make) -> HTMLResponse:
    """Nothing to show, and the id of the job that has begun; where none has, a fragment that says why."""
    try:
        return HTMLResponse("", headers={"X-Job": begin()})
    except Exception as error:
        return _problem(error)


def _problem(error: Exception) -> HTMLResponse:
    """What was foreseen, in its own words; the rest goes to the log."""
    if isinstance(error, PinciteError):
        return HTMLResponse(rendering.problem(error))
    _log.error("The page could not be answered.", exc_info=error)
    return HTMLResponse(rendering.problem(None), 500)
