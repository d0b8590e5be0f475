"""Responses of the routes below `/page/`: HTML fragments, started jobs, and errors as fragments."""

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


def require_page_header(x_pincite: Annotated[str, Header()] = "") -> None:
    """Refuse requests without our header: other sites can send forms with cookies, but not this header."""
    if x_pincite != "page":
        raise HTTPException(403, "Only the page may send this request.")


def fragment(make: Make) -> HTMLResponse:
    """Return the fragment, or the error as a fragment with status 200, so that the page shows it.

    Raises Abandoned if the reader has left.
    """
    try:
        return HTMLResponse(make(), headers={"Cache-Control": "no-store"})
    except Abandoned:
        raise
    except Exception as error:
        return _problem(error)


def job_started(start: Make) -> HTMLResponse:
    """Start a job and return its id in a header, or the error as a fragment."""
    try:
        return HTMLResponse("", headers={"X-Job": start()})
    except Exception as error:
        return _problem(error)


def _problem(error: Exception) -> HTMLResponse:
    """Return an error as a fragment; an unexpected one is logged and shown without details."""
    if isinstance(error, PinciteError):
        return HTMLResponse(rendering.problem(error))
    _log.error("A request of the page failed.", exc_info=error)
    return HTMLResponse(rendering.problem(None), 500)
