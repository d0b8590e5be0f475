"""Splits a BibTeX file into entries: the key and the fields of each, as plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.loading.markup.tex_words import plain
from index.text.dates import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENTRY = re.compile(r"@\s*([A-Za-z]+)\s*[{(]")
_FIELD = re.compile(r"\s*,?\s*([A-Za-z][\w:.+/-]*)\s*=\s*")
_KEY = re.compile(r"\s*([^,\s{}()=]*)\s*,")
_BARE = re.compile(r"[^\s,{}()\"#]+")
_JOIN = re.compile(r"\s*#\s*")
_OTHERS = frozenset({"comment", "preamble"})
_LONGEST = 100_000


def entries_of(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the key and the fields of each entry, the fields by their names in lower case."""
    names = {month[:3]: str(number) for month, number in MONTHS.items()}
    at = 0
    while found := _ENTRY.search(text, at):
        kind, at = found[1].lower(), found.end()
        if kind in _OTHERS:
            continue
        key = _KEY.match(text, at) if kind != "string" else None
        fields, at = _fields(text, key.end() if key else at, names)
        if kind == "string":
            names.update({name: value[:_LONGEST] for name, value in fields.items()})
        elif fields:
            yield (key[1] if key else ""), {name: plain(value) for name, value in fields.items()}


def _fields(text: str, at: int, names: dict[str, str]) -> tuple[dict[str, str], int]:
    """Return the fields that begin here, and where they end."""
    fields: dict[str, str] = {}
    while field := _FIELD.match(text, at):
        value, at = _value(text, field.end(), names)
        fields.setdefault(field[1].lower(), value)
    return fields, at


def _value(text: str, at: int, names: dict[str, str]) -> tuple[str, int]:
    """Return a value, joined of its parts, and where it ends."""
    parts: list[str] = []
    while True:
        part, at = _part(text, at, names)
        parts.append(part)
        join = _JOIN.match(text, at)
        if not join or sum(map(len, parts)) > _LONGEST:
            return "".join(parts), at
        at = join.end()


def _part(text: str, at: int, names: dict[str, str]) -> tuple[str, int]:
    opening = text[at : at + 1]
    if opening in {"{", '"'} and opening:
        end = _end(text, at, opening)
        return text[at + 1 : end], end + 1
    bare = _BARE.match(text, at)
    return (names.get(bare[0].lower(), bare[0]), bare.end()) if bare else ("", at)


def _end(text: str, at: int, opening: str) -> int:
    """Return the position of the mark that closes a value; values end after a fixed length at the latest."""
    depth = 0
    last = min(len(text), at + _LONGEST)
    for position in range(at + 1, last):
        character = text[position]
        if character == "{":
            depth += 1
        elif character == "}":
            if depth == 0 and opening == "{":
                return position
            depth -= 1
        elif character == '"' and opening == '"' and depth <= 0 and text[position - 1] != "\\":
            return position
    return last
