"""Reads an exported collection from JSON, Markdown, HTML or Word, and reports the quotes that no longer stand.

Every exported document carries the collection as JSON where its readers do not see it: Markdown and HTML in a comment
or a script that is data, Word in a part of its own. The text around it belongs to the reader, who may have changed it:
only the JSON counts.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.citations.kept import MOST_BYTES, parse_file
from index.errors import BadKept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.citations.differences import Side
    from index.citations.kept import KeptItem, KeptQuote
    from index.citations.staleness import KeptState, State

COMMENT = "<!-- pincite-kept\n"
"""Opens the JSON in Markdown. No text from outside can begin a line with it: `<` is escaped."""
COMMENT_END = "\n-->"
SCRIPT = '<script type="application/json" id="pincite-kept">\n'
"""Opens the JSON in HTML. A browser does not run it."""
SCRIPT_END = "\n</script>"
PART = "customXml/pincite-kept.xml"
"""The part of a Word file that holds the JSON, as the text of one element."""
LARGEST = 64 << 20
"""The largest size of an exported document, in bytes."""
_ELEMENT = re.compile(rb"<kept[^>]*>(.*?)</kept>", re.DOTALL)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A kept quote that does not stand in the library where it stood."""

    fault: State
    """`changed` or `gone`; `moved` for words that stand elsewhere, word for word."""
    question: str
    document: str
    """The document's name when the quote was kept."""
    quote: str
    what: str
    """The finding in a sentence."""
    now: str
    """The words that stand there now; empty if they are gone."""
    place: str
    """The document and the place of these words."""
    difference: tuple[tuple[Side, str], ...]

    @property
    def is_mismatch(self) -> bool:
        """Whether the library no longer holds the words."""
        return self.fault != "moved"


def read_kept(path: Path) -> tuple[KeptItem, ...]:
    """Return the items of an exported collection. Raises BadKept if the file is not one, or is damaged."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadKept(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > LARGEST:
        raise BadKept(f"{path.name} is too large for a collection: more than {LARGEST >> 20} megabytes.")
    return parse_file(_json(data, path.name))


def _json(data: bytes, name: str) -> bytes:
    if data.startswith(b"PK"):
        return _word_part(data, name)
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if text.lstrip().startswith(b"{"):
        return text
    for opening, closing in ((COMMENT, COMMENT_END), (SCRIPT, SCRIPT_END)):
        _, found, rest = text.rpartition(b"\n" + opening.encode())
        if found:
            return rest.partition(closing.encode())[0]
    raise BadKept(f"{name} is not a collection of kept quotes that Pincite exported.")


def _word_part(data: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(PART) as entry:
            part = entry.read(MOST_BYTES + (1 << 16))
    except _BROKEN as error:
        raise BadKept(f"{name} is not a collection of kept quotes that Pincite exported.") from error
    found = _ELEMENT.search(part)
    if found is None:
        raise BadKept(f"The collection in {name} is damaged.")
    return found[1]


def findings(items: Sequence[KeptItem], states: Sequence[KeptState]) -> list[KeptFinding]:
    """Return a finding for each quote that is not there; `states` has those of all quotes in order."""
    quotes = [(item.question, quote) for item in items for quote in item.quotes]
    checked = zip(quotes, states, strict=True)
    return [_finding(*quoted, state) for quoted, state in checked if state.state != "there"]


def _finding(question: str, quote: KeptQuote, state: KeptState) -> KeptFinding:
    now = state.now
    place = ", ".join(filter(None, (now.name, now.location.label))) if now else ""
    then, words = (kept.location.quoted(kept.quote) if kept else "" for kept in (quote, now))
    what = state.what
    return KeptFinding(state.state, question, quote.name, then, what, words, place, state.difference)
