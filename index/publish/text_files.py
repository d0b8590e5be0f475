"""Renders the text files of a publication from the templates beside this module."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~^-])")


def write_text(folder: Path, name: str, /, **values: Any) -> None:
    """Write a file into a folder from the template of its name."""
    (folder / name).write_text(_environment().get_template(f"{name}.jinja").render(values), "utf-8")


def markdown(text: str) -> str:
    """Return words of a document as one line of Markdown that shows just them: no markup, no HTML, no border."""
    return _SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _environment() -> Environment:
    """Return the environment. The files are no HTML, so each template escapes what it inserts: `tojson`, `markdown`."""
    templates = Environment(  # noqa: S701
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["markdown"] = markdown
    templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False}  # YAML knows no surrogate pairs
    return templates
