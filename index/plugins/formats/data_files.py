"""Parses JSON, JSON lines and XML that holds data: records with their numbers or paths, and flat ones as tables.

A long text becomes paragraphs of its own, so that its sentences can be quoted; the short values of a record are lines
`name: value`. An array of records without nested values is a table.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.loading import plain_text
from index.loading.draft import Block, Content, Draft, paragraph, source_lines, verbatim
from index.loading.grid import Outline, grid
from index.loading.xml_parts import local, parse_text, root_name, text_of
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.draft import Block, Content
    from index.records.file_kinds import Head

_LONG = 120
"""Characters. A longer value, or one of several lines, is a text."""
_WIDEST = 60
_LEAST_FILLED = 0.5
"""The share of the cells of a table that must have a value."""
_DEEPEST = 100
_PLAIN = re.compile(r"[A-Za-z_][\w-]*")


def blocks(value: Any, path: str = "$") -> Iterator[Block]:
    """Yield the blocks of a value, each beginning at a place that is named by its path: `$.items[2].name`."""
    yield from _value(value, path, 0)


def record(value: Any, number: int) -> Iterator[Block]:
    """Yield the blocks of a record of a file, from 1: `record 3`, and `record 3, author.name` for texts in it."""
    for block in _value(value, "", 0):
        yield _named(block, number)


def as_table(records: Sequence[Any]) -> Block | None:
    """Return records as a table if they are flat, alike and short; else None."""
    if len(records) < 2 or not all(isinstance(item, dict) and item for item in records):
        return None
    columns = list(dict.fromkeys(key for item in records for key in item))
    values = [value for item in records for value in item.values()]
    filled = len(values) >= _LEAST_FILLED * len(columns) * len(records)
    if (
        not filled
        or len(columns) > _WIDEST
        or any(isinstance(value, dict | list) or _is_text(value) for value in values)
    ):
        return None
    rows = [columns, *([_shown(item.get(column)) for column in columns] for item in records)]
    return grid(rows, Outline("rows", header_rows=1, row_numbers=range(len(rows))))


def _named(block: Block, number: int) -> Block:
    """Return a block whose places are named by the number of the record."""
    places = (
        (at, f"record {number}{f', {path[1:]}' if path.startswith('.') else path}", level)
        for at, path, level in block.places
    )
    return replace(block, places=tuple(places))


def _value(value: Any, path: str, depth: int) -> Iterator[Block]:
    if isinstance(value, dict) and depth < _DEEPEST:
        yield from _record(value, path, depth)
    elif isinstance(value, list) and depth < _DEEPEST:
        yield from _array(value, path, depth)
    else:
        yield from _text(value if isinstance(value, str) else _shown(value), path)


def _record(value: dict[str, Any], path: str, depth: int) -> Iterator[Block]:
    """Yield the short values of a record as lines, then its texts and its nested values."""
    lines = [f"{one_line(key)}: {text}" for key, item in value.items() if (text := _short(item))]
    if lines:
        yield _placed(verbatim("\n".join(lines)), path)
    for key, item in value.items():
        if not _short(item):
            yield from _value(item, _joined(path, key), depth + 1)


def _array(value: list[Any], path: str, depth: int) -> Iterator[Block]:
    """Yield an array as a table, as one line of short values, or one value after the other."""
    table = as_table(value)
    if table:
        yield _placed(table, path)
    elif value and all(not isinstance(item, dict | list) and not _is_text(item) for item in value):
        yield _placed(verbatim("\n".join(filter(None, map(_shown, value)))), path)
    else:
        for number, item in enumerate(value):
            yield from _value(item, f"{path}[{number}]", depth + 1)


def _short(value: Any) -> str:
    """Return a value that fits on a line, or a list of such values; "" for anything else."""
    if isinstance(value, list):
        parts = [_shown(item) for item in value if not isinstance(item, dict | list)]
        joined = ", ".join(filter(None, parts))
        return joined if len(parts) == len(value) and len(joined) <= _LONG else ""
    return "" if isinstance(value, dict) or _is_text(value) else _shown(value)


def _text(value: str, path: str) -> Iterator[Block]:
    for number, part in enumerate(part for part in re.split(r"\n\s*\n", value) if has_words(part)):
        block = paragraph(part)
        yield _placed(block, path) if number == 0 else block


def _placed(block: Block, path: str) -> Block:
    return replace(block, places=((0, path, 0),)) if block.text else block


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and (len(value) > _LONG or "\n" in value.strip())


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else one_line(str(value))


def _joined(path: str, key: str) -> str:
    return f"{path}.{one_line(key)}" if _PLAIN.fullmatch(key) else f'{path}["{one_line(key)}"]'


JSON, LINES = "application/json", "application/x-ndjson"
_JSON_ENDINGS = (".json", ".geojson", ".jsonl", ".ndjson", ".ipynb")
_JSON_BEGINNING = re.compile(r"\s*[\[{]")
_JSON_LIMIT = 5_000_000
_BROKEN = "It is not valid JSON ({}), so it was read line by line as plain text."


def read_json(content: Content, name: str) -> Draft:
    """Return the records of a JSON file; the lines of one that is not valid, with a note."""
    text = content.text.lstrip("\ufeff")
    try:
        values = _lines(text) if content.media_type == LINES else json.loads(text, parse_int=str, parse_float=str)
        found = list(_json_blocks(values))
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "") or "it is nested too deeply"
        return Draft(plain_text.read_structured(content, name).blocks, notes=(_BROKEN.format(reason),))
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


def _json_blocks(values: Any) -> Iterator[Block]:
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


_JSON_FORMATS = tuple(
    Format(
        name=name,
        kind="Data",
        endings=endings,
        media_types=media_types,
        looks_at="text",
        rank=21,
        recognise=_recognise,
        ending_decides="last",
        read="index.plugins.formats.data_files:read_json",
        prose=False,
        place="record",
        form="record",
    )
    for name, endings, media_types in (
        ("JSON", "json geojson json5 jsonc", JSON),
        ("JSON lines", "jsonl ndjson", f"{LINES} application/jsonl"),
    )
)


def read_xml(content: Content, name: str) -> Draft:
    """Return the records of an XML file. Raises DamagedFile if it is not XML."""
    return Draft(list(_xml_blocks(parse_text(content.text, name))))


def _xml_blocks(root: Any) -> Iterator[Block]:
    children = [child for child in root if local(child)]
    if len(children) > 1 and len({child.tag for child in children}) == 1:
        values = [_element_value(child) for child in children]
        table = as_table(values)
        if table:
            yield table
            return
        for number, value in enumerate(values, 1):
            yield from record(value, number)
        return
    yield from blocks(_element_value(root), local(root))


def _element_value(element: Any) -> Any:
    """Return an element as a text, or as its attributes and children by name; alike children become a list."""
    children = [child for child in element if local(child)]
    mixed = any((part or "").strip() for part in (element.text, *(child.tail for child in children)))
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    if not children or mixed:
        return {**attributes, "text": text_of(element)} if attributes else _own_text(element)
    return {**attributes, **_grouped(children)}


def _own_text(element: Any) -> str:
    """Return the text of an element; its line breaks stay if it has nothing but text."""
    return text_of(element) if len(element) else (element.text or "").strip()


def _grouped(children: list[Any]) -> dict[str, Any]:
    values: dict[str, list[Any]] = {}
    for child in children:
        values.setdefault(local(child), []).append(_element_value(child))
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


XML_DATA = "application/xml"
_XML_FORMAT = Format(
    name="XML",
    kind="Data",
    endings="xml xsd xsl xslt wsdl plist kml gpx",
    media_types=XML_DATA,
    looks_at="text",
    rank=12,
    recognise=lambda head, suffix: XML_DATA if root_name(head.text, suffix) else None,
    ending_decides="last",
    read="index.plugins.formats.data_files:read_xml",
    prose=False,
    place="record",
    form="record",
)
FORMATS = (*_JSON_FORMATS, _XML_FORMAT)
