"""Renders the page's HTML from templates. `index.markup` escapes every text from outside."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index import remarks
from index.api import problems
from index.errors import AmbiguousDocument, DocumentNotFound
from index.markup import environment
from index.querying import SYNTAX
from index.records import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.errors import PinciteError

_log = logging.getLogger(__name__)
_HINTS: dict[type, str] = {
    AmbiguousDocument: "Choose one of them below the question.",
    DocumentNotFound: "Choose other documents below the question, or search all. The document may have been removed.",
}
"""Hints for the page where an error's own hint names a command or a route."""
READ_ONLY = "This library is read-only: you can search it, but not change it."


def head(versions: Mapping[str, str]) -> str:
    """Return the content of the page's head; `versions` of the static files by name, for permanent caching."""
    return render("head.html", versions=versions)


def body() -> str:
    """Return the beginning of the page's body."""
    return render("noscript.html")


def header() -> str:
    """Return the header: logo, name, and the live region for screen readers."""
    return render("header.html")


def hero(documents: int | None = None) -> str:
    """Return the introduction above the question; `documents` is None while their number is unknown."""
    return render("hero.html", documents=documents)


def helpers(syntax: Sequence[tuple[str, str]] = SYNTAX) -> str:
    """Return the search syntax and the history of this browser."""
    return render("helpers.html", syntax=syntax)


def panes() -> str:
    """Return the switch between answer and coverage."""
    return render("panes.html")


def rail_heading() -> str:
    """Return the headings of the map, before and after a question."""
    return render("rail_heading.html")


def map_caption() -> str:
    """Return the caption of the map."""
    return render("map_caption.html")


def keys_dialog() -> str:
    """Return the dialog with the keyboard shortcuts."""
    return render("keys.html")


def beginning(examples: Sequence[str], *, empty: bool) -> str:
    """Return the content before the first question: examples, or how to fill an empty library."""
    return render("beginning.html", examples=examples, empty=empty)


def complaint(text: str) -> str:
    """Return a line that says why there is no answer."""
    return render("complaint.html", text=text)


def searching() -> str:
    """Return the placeholder while searching."""
    return render("searching.html")


def problem(error: PinciteError | None) -> str:
    """Return an error with its hint; for an unexpected error (None), only that it was logged.

    An error about the library as a whole contains paths of the server, so its message goes only to the log.
    """
    if error is None:
        return render("problem.html", message="", hint="")
    if not problems.kind_of(error).is_public:
        _log.error("A request of the page failed: %s", error)
    message, hint = problems.public_message(error)
    return render("problem.html", message=message, hint=_HINTS.get(type(error), hint))


def _rank(rank: int | None) -> str:
    """Return a rank among the candidates in words."""
    return f"rank {rank}" if rank else f"beyond the first {CANDIDATES}"


_environment = environment(Path(__file__).parent / "templates")
_environment.filters.update(rank=_rank, parts=remarks.parts, plain=remarks.plain)


def render(template: str, **values: Any) -> str:
    """Render a template of this package."""
    return _environment.get_template(template).render(**values)
