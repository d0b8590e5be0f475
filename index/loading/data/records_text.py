"""Turns a tree of data, as JSON and XML hold it, into blocks: records with their paths, and tables of flat records.

A long text becomes paragraphs of its own, so that its sentences can be quoted; the short values of a record are lines
`name: value`. An array of records without nested values is a table.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.loading.content import Block, paragraph, verbatim
from index.loading.grid import Outline, grid
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
