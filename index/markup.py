"""Templates to markup: the one escape point. Jinja2 escapes whatever a template inserts, wherever markup is made.

No text of a document, a file name or a question may become markup by another way; above all none may become part of a
Gradio template (`html_template`), which runs in the browser as code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from pathlib import Path


def environment(folder: Path) -> Environment:
    """The templates of a folder. A name that a template knows and nobody gave is an error."""
    templates = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["count"] = count
    return templates


def count(number: int, noun: str) -> str:
    """`1 passage`, `1,284 passages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
