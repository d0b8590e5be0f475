"""Reads text that is not prose, such as source code, settings and logs; each line is a place with its number.

All of it can be found, but only its sentences can be quoted: `index.text.structure` judges which lines are sentences.
"""

from __future__ import annotations

from itertools import groupby, islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.loading.content import Draft, verbatim
from index.loading.hard_wraps import Width, unwrap
from index.loading.line_places import numbered, written_lines
from index.loading.plain_text import split_stanzas
from index.records.file_kinds import format_of
from index.text.structure import is_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.content import Block, Content

DATA = "text/x-data"
"""The media type of a text whose ending is unknown and whose lines are data."""


def read(content: Content, name: str) -> Draft:
    """Return each stanza as a paragraph. Sentences of several lines are joined; other lines stay as they are."""
    return Draft(list(_blocks(content.text)), notes=(_note(content.media_type, PurePath(name).suffix.lower()),))


def _note(media_type: str, suffix: str) -> str:
    """Return the note on the receipt of a file that was read as plain text."""
    format_name = "" if media_type == DATA else format_of(media_type).name
    unknown = "it holds data, in a format without a reader of its own"
    reason = f"{suffix} ({format_name}) has no reader of its own" if format_name else unknown
    return f"Read as plain text: {reason}. All of it can be found, but only its sentences can be quoted."


def _blocks(words: str) -> Iterator[Block]:
    stanzas = split_stanzas(words)
    numbers = iter(written_lines(words))
    width = Width.of([[line for line in stanza if is_sentence(line)] or [""] for stanza in stanzas])
    for stanza in stanzas:
        lines: list[str] = []
        for is_prose, group in groupby(stanza, is_sentence):
            run = list(group)
            lines += unwrap(run, width) if is_prose else run
        if any(lines):
            filled = [line for line in stanza if line.strip()]
            yield numbered(verbatim("\n".join(lines)), list(zip(islice(numbers, len(filled)), filled, strict=False)))
