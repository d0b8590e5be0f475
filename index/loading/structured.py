"""Reads captions, markup, settings, logs, tables and source code as plain text, and joins the wrapped prose in them."""

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
    """Return each stanza as a paragraph. Sentences of several lines are joined; other lines stay as they are."""
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
        for is_prose, group in groupby(stanza, is_sentence):
            run = list(group)
            lines += unwrap(run, width) if is_prose else run
        if any(lines):
            yield verbatim("\n".join(lines))
