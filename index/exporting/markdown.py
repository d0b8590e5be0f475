"""Exports answers and citations as Markdown with footnotes. `escaped` processes all text from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.exporting.describing import Entry
    from index.exporting.outlining import Line, Outline

_ACTIVE = re.compile(
    r"""[\\`*_{}\[\]<#~^$|]     # emphasis, code, links, tags, attributes, templates, formulas, tables
    | ==                        # marked words
    | &(?=\#?\w+;)              # character references
    | @(?=\w)                   # mentions, pandoc's citations, addresses that become links
    | :(?=//) | (?<=\bwww)\.    # addresses that become links
    | !$                        # would make an image of a footnote behind it
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AT_THE_BEGINNING = re.compile(r"[-+:%>=]|\d+(?=[.)])")


def escaped(words: str) -> str:
    """Return a line of text that Markdown shows unchanged, at the beginning of a line and within it.

    It escapes everything with a meaning in CommonMark or in the extensions of GitHub and pandoc.
    """
    words = _ACTIVE.sub(r"\\\g<0>", words)
    if begun := _AT_THE_BEGINNING.match(words):
        at = begun.end() if begun.group()[0].isdigit() else 0
        words = f"{words[:at]}\\{words[at:]}"
    return words


def citation(entry: Entry) -> str:
    """Return a quotation with its source below."""
    return f"> “{escaped(entry.quote)}”\n>\n> — {escaped(entry.reference)} <{entry.link}>\n"


def answer(outline: Outline) -> str:
    """Return the question as a heading, and the statements with footnotes of reference, quote and link."""
    blocks = [f"## {escaped(outline.question)}"]
    blocks += [outline.caution] if outline.caution else []
    blocks += map(_statement, outline.lines)
    blocks += [f"Note: {escaped(note)}" for note in outline.notes]
    blocks += [f"Nearest:\n\n{citation(outline.nearest).rstrip()}"] if outline.nearest else []
    blocks += [f"[^{entry.marker}]: {source(entry)}" for entry in outline.entries]
    return "\n\n".join(blocks) + "\n"


def source(entry: Entry) -> str:
    """Return reference, quote and link on one line."""
    return f"{escaped(entry.reference)}: “{escaped(entry.quote)}” <{entry.link}>"


def _statement(line: Line) -> str:
    remark = f" *({escaped(line.remark)})*" if line.remark else ""
    beside = f" {line.beside_as}{_footnotes(line.beside)}" if line.beside else ""
    return f"{escaped(line.text)}{_footnotes(line.markers)}{remark}{beside}"


def _footnotes(markers: Iterable[int]) -> str:
    return "".join(f"[^{marker}]" for marker in markers)
