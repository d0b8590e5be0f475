"""Exports answers and citations as fragments of HTML. Only the templates make markup; Jinja2 escapes all inserted text.

Every link begins with `http:`, `https:` or `pincite:`, as `linking` makes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.markup import environment

if TYPE_CHECKING:
    from index.exporting.describing import Entry
    from index.exporting.outlining import Outline

_environment = environment(Path(__file__).parent / "templates")


def citation(entry: Entry) -> str:
    """Return a block quote with its reference as the link."""
    return _environment.get_template("citation.html").render(entry=entry)


def answer(outline: Outline) -> str:
    """Return an article: the question, the statements, and the sources they link to."""
    keys = {entry.marker: entry.key for entry in outline.entries}
    return _environment.get_template("answer.html").render(outline=outline, keys=keys)
