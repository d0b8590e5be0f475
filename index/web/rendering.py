"""Records to the page's HTML. `index.markup` escapes every word from outside."""

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
    DocumentNotFound: "Choose among the documents below the question, or ask them all. It may have been removed.",
}
"""Where an error's own hint names a command or a route."""
READ_ONLY = "This library is read-only here: it can be asked, and not changed."


def head(versions: Mapping[str, str]) -> str:
    """Into the page's head; `versions` of the static files, by name, so that browsers may keep them for good."""
    return render("head.html", versions=versions)


def body() -> str:
    """To the beginning of the page's body."""
    return render("noscript.html")


def header() -> str:
    """Mark and name, and the region through which screen readers hear what has happened."""
    return render("header.html")


def hero(documents: int | None = None) -> str:
    """What this is, above the question; None while it is not known how many documents there are."""
    return render("hero.html", documents=documents)


def helpers(syntax: Sequence[tuple[str, str]] = SYNTAX) -> str:
    """Beside the filter: what a question may hold beside words, and the questions that were asked in this browser."""
    return render("helpers.html", syntax=syntax)


def panes() -> str:
    """Above an answer: the switch between it and the coverage."""
    return render("panes.html")


def rail_heading() -> str:
    """Above the map: what is to be seen there, before a question and after."""
    return render("rail_heading.html")


def map_caption() -> str:
    """Below the map, where there is one."""
    return render("map_caption.html")


def keys_dialog() -> str:
    """What the keyboard can do."""
    return render("keys.html")


def beginning(examples: Sequence[str], *, empty: bool) -> str:
    """Nothing has been asked yet: questions to begin with, or how to fill an empty library."""
    return render("beginning.html", examples=examples, empty=empty)


def complaint(text: str) -> str:
    """Why there is no answer now, in a line."""
    return render("complaint.html", text=text)


def searching() -> str:
    """The moment between question and answer."""
    return render("searching.html")


def problem(error: PinciteError | None) -> str:
    """What went wrong and what to do next; of an error that was not foreseen, only that it was logged.

    An error about the library as a whole names folders of the server, and is for its log alone, too.
    """
    if error is None:
        return render("problem.html", message="", hint="")
    if not problems.kind_of(error).is_public:
        _log.error("What a reader asked for could not be done: %s", error)
    message, hint = problems.public_message(error)
    return render("problem.html", message=message, hint=_HINTS.get(type(error), hint))


def _rank(rank: int | None) -> str:
    """A place among the candidates, or that it has none."""
    return f"rank {rank}" if rank else f"beyond the first {CANDIDATES}"


_environment = environment(Path(__file__).parent / "templates")
_environment.filters.update(rank=_rank, parts=remarks.parts, plain=remarks.plain)


def render(template: str, **values: Any) -> str:
    """A template of this package, filled in."""
    return _environment.get_template(template).render(**values)
