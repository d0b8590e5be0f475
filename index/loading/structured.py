"""Captions, markup, settings, logs, tables and source code, read as plain text; prose in them is prose again."""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.loading import text
from index.loading.composing import Draft, verbatim
from index.loading.unwrapping import Width, unwrap
from index.structure import WITH_HEADINGS, is_sentence, note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.composing import Block, Content


def read(content: Content, name: str) -> Draft:
    """Each stanza is a paragraph; sentences that run over several lines are joined, other lines stay as they are."""
    notes = (note(content.media_type, PurePath(name).suffix.lower()),)
    if content.media_type in WITH_HEADINGS:
        plain = text.read(content, name)
        return Draft(plain.blocks, plain.title, plain.author, plain.date, notes)
    return Draft(list(_blocks(content.text)), notes=notes)


def _blocks(words: str) -> Iterator[Block]:
    stanzas = text.stanzas(words)
    width = Width.of([[line for line in stanza if is_sentence(line)] or [""] for stanza in stanzas])
    for stanza in stanzas:
        lines: list[str] = []
        for prose, run in groupby(stanza, is_sentence):
            each = list(run)
            lines += unwrap(each, width) if prose else each
        if any(lines):
            yield verbatim("\n".join(lines))
