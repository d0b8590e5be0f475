"""Renders templates. This is the only place where markup is made, and Jinja2 escapes all inserted text.

No text of a document, file name or question may become markup in another way. Above all, none may become part of a
Gradio template (`html_template`), which runs in the browser as code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from pathlib import Path


def environment(folder: Path) -> Environment:
    """Return the environment for the templates of a folder. A variable without a value is an error."""
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
    """Return `1 passage`, `1,284 passages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
