"""Answers and citations as fragments of HTML. Jinja2 escapes whatever the template inserts; nothing else makes markup.

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
    """A block quote with its reference, which is the link."""
    return _environment.get_template("citation.html").render(entry=entry)


def answer(outline: Outline) -> str:
    """An article: the question, the statements, the sources they link to."""
    keys = {entry.marker: entry.key for entry in outline.entries}
    return _environment.get_template("answer.html").render(outline=outline, keys=keys)
