"""Parses Jupyter notebooks (nbformat 3 and 4): text cells as Markdown, code and its outputs as they are.

A place is `cell 7`, counted from the top of the notebook, because the number beside a cell changes with every run.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile
from index.loading import markdown
from index.loading.draft import Block, Content, Draft, verbatim
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records.file_kinds import Head

NOTEBOOK = "application/x-ipynb+json"
_OTHER_JSON = (".json", ".geojson", ".jsonl", ".ndjson", ".ipynb")
_JSON_LIMIT = 5_000_000
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LONGEST_OUTPUT = 20_000
"""Characters. A longer output is a print-out of data, of which the beginning is enough to find it."""


def read(content: Content, name: str) -> Draft:
    """Return the cells of a notebook in order. Raises DamagedFile if it is not one."""
    try:
        notebook = json.loads(content.text.lstrip("\ufeff"))
        cells = list(_cells(notebook))
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise DamagedFile(f"{name} is a notebook that cannot be read: {error}.") from error
    blocks = [block for number, cell in enumerate(cells, 1) for block in _cell(cell, number)]
    about = _mapping(_mapping(notebook).get("metadata"))
    authors = [_text(_mapping(author).get("name")) or _text(author) for author in _sequence(about.get("authors"))]
    highest = next((block.text for block in blocks if block.level == 1), "")
    return Draft(
        blocks,
        title=one_line(_text(about.get("title")) or _text(about.get("name")) or highest),
        author=", ".join(filter(None, map(one_line, authors))),
        date=iso_date(_text(about.get("date"))),
    )


def _cells(notebook: Any) -> Iterator[dict[str, Any]]:
    if not is_notebook(notebook):
        raise ValueError("it has no cells")
    sheets = [notebook] if "cells" in notebook else _sequence(notebook["worksheets"])
    for sheet in sheets:
        yield from (_mapping(cell) for cell in _sequence(_mapping(sheet).get("cells")))


def _cell(cell: dict[str, Any], number: int) -> Iterator[Block]:
    """Yield the blocks of a cell; the first one begins the place of the cell."""
    kind, place = cell.get("cell_type"), f"cell {number}"
    if kind == "heading":
        words, level = _text(cell.get("source")), cell.get("level")
        blocks = [replace(verbatim(one_line(words)), level=min(max(level, 1), 6) if isinstance(level, int) else 1)]
    elif kind in {"markdown", "raw", "html"}:
        blocks = list(markdown.read(Content(b"", "", _text(cell.get("source"))), "").blocks)
    else:
        blocks = [verbatim(_text(cell.get("source", cell.get("input"))))]
    yield from _placed(blocks, place)
    for output in _sequence(cell.get("outputs")):
        yield from _placed(list(_output(_mapping(output))), f"{place}, output")


def _placed(blocks: list[Block], place: str) -> Iterator[Block]:
    """Yield the blocks that have words; the first one begins a place."""
    for number, block in enumerate(block for block in blocks if has_words(block.text)):
        yield replace(block, places=((0, place, 0),)) if number == 0 else block


def _output(output: dict[str, Any]) -> Iterator[Block]:
    """Yield what a cell printed, returned or failed with, in the form that is best to read."""
    if output.get("output_type") in {"error", "pyerr"}:
        yield verbatim(_shortened(f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"))
        return
    data = _mapping(output.get("data", output))
    formatted = _text(data.get("text/markdown"))
    if formatted:
        yield from markdown.read(Content(b"", "", formatted), "").blocks
        return
    yield verbatim(_shortened(_text(data.get("text/plain")) or _text(output.get("text"))))


def _shortened(text: str) -> str:
    text = _ANSI.sub("", text)
    return text if len(text) <= _LONGEST_OUTPUT else f"{text[:_LONGEST_OUTPUT]}…"


def _text(value: Any) -> str:
    """Return a text that is stored whole or line by line; "" for anything else."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def is_notebook(value: Any) -> bool:
    """Return whether JSON has the outline of a notebook."""
    return isinstance(value, dict) and "nbformat" in value and ("cells" in value or "worksheets" in value)


def _recognise(head: Head, suffix: str) -> str:
    """Recognise a notebook by its content, whatever its ending; the ending says it of files that are too long."""
    if suffix in _OTHER_JSON or len(head.text) > _JSON_LIMIT or '"nbformat"' not in head.text:
        return ""
    try:
        return NOTEBOOK if is_notebook(json.loads(head.text)) else ""
    except (ValueError, RecursionError):
        return ""


FORMAT = Format(
    name="a notebook",
    kind="Notebook",
    endings="ipynb",
    media_types=NOTEBOOK,
    looks_at="text",
    rank=20,
    recognise=_recognise,
    ending_decides="last",
    read="index.plugins.formats.notebook:read",
    prose=False,
    place="cell",
)
