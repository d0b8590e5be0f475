"""Parses JSON and JSON lines: records with their numbers or paths, and arrays of flat records as tables."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from index.loading import structured_text
from index.loading.content import Content, Draft
from index.loading.data.records_text import as_table, blocks, record
from index.loading.line_places import source_lines
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.content import Block
    from index.records.file_kinds import Head

JSON, LINES = "application/json", "application/x-ndjson"
_JSON_ENDINGS = (".json", ".geojson", ".jsonl", ".ndjson", ".ipynb")
_JSON_BEGINNING = re.compile(r"\s*[\[{]")
_JSON_LIMIT = 5_000_000
_BROKEN = "It is not valid JSON ({}), so it was read line by line as plain text."


def read(content: Content, name: str) -> Draft:
    """Return the records of a JSON file; the lines of one that is not valid, with a note."""
    text = content.text.lstrip("\ufeff")
    try:
        values = _lines(text) if content.media_type == LINES else json.loads(text, parse_int=str, parse_float=str)
        found = list(_blocks(values))
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "") or "it is nested too deeply"
        return Draft(structured_text.read(content, name).blocks, notes=(_BROKEN.format(reason),))
    about = values if isinstance(values, dict) else {}
    return Draft(found, _stated(about, "title"), _stated(about, "author"), iso_date(_stated(about, "date")))


def _lines(text: str) -> list[Any]:
    """Return the value of each line. A last line that was cut off does not spoil the others."""
    lines = [line for line in source_lines(text) if line.strip()]
    values = [json.loads(line, parse_int=str, parse_float=str) for line in lines[:-1]]
    try:
        return [*values, *(json.loads(line, parse_int=str, parse_float=str) for line in lines[-1:])]
    except ValueError:
        if not values:
            raise
        return values


def _blocks(values: Any) -> Iterator[Block]:
    if not isinstance(values, list):
        yield from blocks(values)
    elif table := as_table(values):
        yield table
    else:
        for number, value in enumerate(values, 1):
            yield from record(value, number)


def _stated(about: dict[str, Any], key: str) -> str:
    value = about.get(key)
    return one_line(value) if isinstance(value, str) and len(value) < 300 else ""


def _recognise(head: Head, suffix: str) -> str:
    """Recognise JSON by its content, whatever its ending; the ending says it of files that are too long."""
    text = head.text
    if suffix in _JSON_ENDINGS or not _JSON_BEGINNING.match(text) or len(text) > _JSON_LIMIT:
        return ""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return JSON


FORMATS = tuple(
    Format(
        name=name,
        kind="Data",
        endings=endings,
        media_types=media_types,
        looks_at="text",
        rank=21,
        recognise=_recognise,
        ending_decides="last",
        read="index.loading.data.json_data:read",
        prose=False,
        place="record",
        form="record",
    )
    for name, endings, media_types in (
        ("JSON", "json geojson json5 jsonc", JSON),
        ("JSON lines", "jsonl ndjson", f"{LINES} application/jsonl"),
    )
)
