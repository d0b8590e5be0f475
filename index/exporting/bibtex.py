"""Exports citations as BibTeX: `@online` for a web page, `@misc` for a file.

Braces and backslashes become commands, so that the braces around a field stay balanced whatever the field contains:
BibTeX counts braces without regard to a backslash before them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.exporting.describing import Entry
    from index.exporting.naming import Name

_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: f"\\{character}" for character in "#$%&_"},
    }
)
_LIGATURE = re.compile(r"(?<=-)(?=-)|(?<=`)(?=`)|(?<=')(?=')|(?<=[!?])(?=`)|(?<=,)(?=,)")
"""Matches between two characters that LaTeX would join: `--`, `` `` ``, `''`, `` ?` ``."""


def write(entries: Sequence[Entry]) -> str:
    """Return a `.bib` file. It suits biblatex and plain BibTeX, which reads `year` and ignores `date`."""
    return "\n".join(map(_entry, entries))


def _entry(entry: Entry) -> str:
    fields = "".join(f"  {name} = {{{value}}},\n" for name, value in _fields(entry) if value)
    return f"@{'online' if entry.address else 'misc'}{{{entry.key},\n{fields}}}\n"


def _fields(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "title", _text(entry.title)
    yield "author", " and ".join(map(_name, entry.names))
    if entry.issued:
        year, *rest = entry.issued
        yield "year", f"{year:04}"
        yield "date", "-".join([f"{year:04}", *(f"{part:02}" for part in rest)])
    # A link is percent-encoded, so it contains no brace or backslash, and this field is used without escaping.
    yield "url", entry.link if entry.address else ""
    yield "howpublished", _text(entry.file) if entry.file != entry.title else ""
    yield "note", _text(entry.note)


def _name(name: Name) -> str:
    """Return a person as `Family, Given`; any other name in braces of its own, which keep it whole."""
    return f"{_text(name.family)}, {_text(name.given)}" if name.given else f"{{{_text(name.family)}}}"


def _text(words: str) -> str:
    return _LIGATURE.sub("{}", words.translate(_ESCAPED))
