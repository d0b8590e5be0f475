"""What a reader keeps: quotes and answers with their questions and notes, and the JSON that carries them.

    format      "pincite-kept"
    version     1; it grows if a program for the older version would misread the newer one
    made_at     ISO 8601, with the offset from UTC
    items       the fields of `KeptItem` by name, records as objects, tuples as lists; in the reader's order

An item is a quote, or an answer with its sentences and the quotes they rest on. Browsers, files and servers exchange
these items, and none of them can be trusted: `parse_items` is the one door. Each item has an id and a revision, so that
two tabs or machines can change a collection and lose nothing: `merge` keeps the newer revision of each item.

Every exported document carries the collection as JSON where its readers do not see it: Markdown and HTML in a comment
or a script that is data, Word in a part of its own. The text around it belongs to the reader, who may have changed it:
only the JSON counts.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Le, MaxLen
from pydantic import AfterValidator, StringConstraints

from index.citations.entries import web_address
from index.errors import BadKept
from index.records import Citation, DocumentInfo, Location
from index.records.document import FARTHEST, Offset, from_json
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path


FORMAT = "pincite-kept"
VERSION = 1
MAX_ITEMS = 200
"""The largest number of items that a reader can keep."""
MAX_QUOTES = 1_000
"""The largest number of quotes that they may have together: each is searched for in the library."""
MAX_REMOVED = 200
"""The number of removed items that are remembered, so that another tab does not bring them back."""
MAX_BYTES = 2_000_000
"""The largest size of a collection as JSON, in bytes."""
CONTEXT = 80
"""The number of characters that are kept on each side of a quote, so that its place is found again."""
MAX_LINE_CHARACTERS = 2_000
"""The longest question, title or remark that is kept."""
MAX_NOTE_CHARACTERS = 10_000
_MAX_QUOTE_CHARACTERS = 20_000
_MAX_PARTS = 60
_MAX_HEADERS = 8
FULL = (f"There is room for {MAX_ITEMS} kept items.", "Export them, and remove some.")
"""The message and the hint for a collection with too many items."""
HEAVY = (f"What you keep may take {MAX_BYTES / 1e6:g} MB, and it is more.", "Export it, and remove some.")

_Line = Annotated[str, MaxLen(MAX_LINE_CHARACTERS)]
_Text = Annotated[str, MaxLen(_MAX_QUOTE_CHARACTERS)]
_Position = Annotated[float, Ge(-1e12), Le(1e12)]


def _without_secrets(source: str) -> str:
    """Return an address without a password; anything else as it is."""
    return web_address(source) or source


@dataclass(frozen=True, slots=True)
class KeptQuote:
    """The words of a span, and what is known of their document, which may change or disappear."""

    document: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the file that held the words."""
    source: Annotated[_Line, AfterValidator(_without_secrets)]
    """The file's name, its path, or its address."""
    title: _Line
    author: _Line
    date: _Line
    page: _Line
    heading: _Line
    paragraph: Annotated[int, Ge(0), Le(FARTHEST)]
    start: Offset
    end: Offset
    quote: Annotated[_Text, StringConstraints(min_length=1)]
    before: Annotated[str, MaxLen(2 * CONTEXT)] = ""
    """The characters right before the quote, which find its place in another version of the document."""
    after: Annotated[str, MaxLen(2 * CONTEXT)] = ""
    place: _Line = ""
    """The slide, sheet, message or line, and the cell of a table: as in `Location`, as are the next two fields."""
    cell: _Line = ""
    headers: Annotated[tuple[_Line, ...], MaxLen(_MAX_HEADERS)] = ()
    recognised: Annotated[float, Ge(0), Le(1)] | None = None

    @property
    def name(self) -> str:
        """The title, else the file's name."""
        return self.info.name

    @property
    def info(self) -> DocumentInfo:
        """The document as it was described when the quote was kept."""
        return DocumentInfo(self.document, self.source, self.title, self.author, self.date, "", 0, 0, 0)

    @property
    def location(self) -> Location:
        """Where the quote stood."""
        named = (self.place, self.cell, self.headers, self.recognised)
        return Location(self.page, self.heading, self.paragraph, *named)

    @property
    def words(self) -> str:
        """The quote on one line, for a reader: the words of a cell come after its headers."""
        return one_line(self.location.quoted(self.quote))

    def citation(self, marker: int) -> Citation:
        """Return the quote as a citation with this number."""
        return Citation(marker, self.info, self.location, self.start, self.end, self.quote)


@dataclass(frozen=True, slots=True)
class KeptSentence:
    """A sentence of an answer."""

    text: _Text
    quotes: Annotated[tuple[Offset, ...], MaxLen(_MAX_PARTS)] = ()
    """The quotes of the item that it rests on, counted from 0."""
    remark: _Line = ""
    """What a reader must know: that nothing supports the sentence, or what differs."""


@dataclass(frozen=True, slots=True)
class KeptItem:
    """A quote or an answer that a reader keeps; or, with `removed`, the mark that it was removed."""

    id: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{8,40}$")]
    revision: Annotated[int, Ge(1), Le(FARTHEST)]
    """It grows with each change."""
    position: _Position
    """Its place in the reader's order: items are sorted by it."""
    kept_at: Annotated[str, MaxLen(40)]
    """ISO 8601."""
    generation: Offset = 0
    """The number of changes of the library when it was kept; 0 if unknown."""
    question: _Line = ""
    caution: _Line = ""
    """What a reader of an answer must know: that it is unsure, or that a language model wrote it."""
    note: Annotated[str, MaxLen(MAX_NOTE_CHARACTERS)] = ""
    """The reader's own words."""
    sentences: Annotated[tuple[KeptSentence, ...], MaxLen(_MAX_PARTS)] = ()
    """The sentences of an answer; empty for a quote."""
    quotes: Annotated[tuple[KeptQuote, ...], MaxLen(_MAX_PARTS)] = ()
    removed: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    format: str
    version: int
    made_at: Annotated[str, MaxLen(40)]
    items: Annotated[tuple[KeptItem, ...], MaxLen(MAX_ITEMS + MAX_REMOVED)]


def parse_items(data: bytes | str) -> tuple[KeptItem, ...]:
    """Parse a JSON list of items from a browser. Raises BadKept if anything in it is not as it must be."""
    return _checked(_parsed(tuple[KeptItem, ...], data))


def parse_file(data: bytes | str) -> tuple[KeptItem, ...]:
    """Parse the JSON of an exported collection. Raises BadKept."""
    kept: _Kept = _parsed(_Kept, data)
    if kept.format != FORMAT:
        raise BadKept(f"The format is {kept.format[:40]!r}, not {FORMAT}.")
    if kept.version > VERSION:
        raise BadKept("The file was made by a newer Pincite.", "Upgrade Pincite: pip install --upgrade pincite")
    return _checked(kept.items)


def file_json(items: Iterable[KeptItem], made_at: datetime) -> str:
    """Return the JSON of a collection, as ASCII without `<`, `>` and `&`, so that every document can carry it."""
    fields = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": made_at.isoformat(timespec="seconds"),
        "items": [asdict(item) for item in items],
    }
    text = json.dumps(fields, ensure_ascii=True, indent=1)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def items_json(items: Iterable[KeptItem]) -> str:
    """Return a JSON list of items."""
    return json.dumps([asdict(item) for item in items], ensure_ascii=False)


def merge(known: Iterable[KeptItem], arrived: Iterable[KeptItem]) -> tuple[KeptItem, ...]:
    """Return both collections as one, with the newer revision of each item, in the reader's order.

    Of two changes to the same revision of an item, the one whose JSON sorts last wins, wherever they are merged.
    """
    merged: dict[str, KeptItem] = {}
    for item in (*known, *arrived):
        other = merged.get(item.id)
        if other is None or _age(item) > _age(other):
            merged.pop(item.id, None)  # the newest change comes last
            merged[item.id] = item
    removed = [item for item in merged.values() if item.removed][-MAX_REMOVED:]
    return (*in_order(item for item in merged.values() if not item.removed), *removed)


def in_order(items: Iterable[KeptItem]) -> list[KeptItem]:
    """Return the items that were not removed, in the reader's order."""
    return sorted((item for item in items if not item.removed), key=lambda item: (item.position, item.id))


def require_room(items: Sequence[KeptItem]) -> None:
    """Raise BadKept if there are more items, quotes or bytes than a reader can keep."""
    if sum(not item.removed for item in items) > MAX_ITEMS:
        raise BadKept(*FULL)
    if (quotes := sum(len(item.quotes) for item in items if not item.removed)) > MAX_QUOTES:
        raise BadKept(f"Kept items may have {MAX_QUOTES:,} quotes together, and they have {quotes:,}.", "Remove some.")
    if len(items_json(items).encode("utf-8", "replace")) > MAX_BYTES:
        raise BadKept(*HEAVY)


def _age(item: KeptItem) -> tuple[int, str]:
    return item.revision, items_json([item])


def _checked(items: tuple[KeptItem, ...]) -> tuple[KeptItem, ...]:
    for item in items:
        if not item.removed and not item.quotes:
            raise BadKept("An item has no quote.")
        if any(quote.end - quote.start != len(quote.quote) for quote in item.quotes):
            raise BadKept("A quote is not as long as its span.")
        if any(at >= len(item.quotes) for sentence in item.sentences for at in sentence.quotes):
            raise BadKept("A sentence rests on a quote that is missing.")
    if len({item.id for item in items}) != len(items):
        raise BadKept("Two items have the same id.")
    return items


def _parsed(record: Any, data: bytes | str) -> Any:
    if len(data) > MAX_BYTES:
        raise BadKept(f"The collection is larger than {MAX_BYTES / 1e6:g} MB.", "Export it, and remove some.")
    try:
        return from_json(record, data)
    except ValueError as error:
        raise BadKept(f"The collection is invalid: {error}.") from error


COMMENT = "<!-- pincite-kept\n"
"""Opens the JSON in Markdown. No text from outside can begin a line with it: `<` is escaped."""
COMMENT_END = "\n-->"
SCRIPT = '<script type="application/json" id="pincite-kept">\n'
"""Opens the JSON in HTML. A browser does not run it."""
SCRIPT_END = "\n</script>"
_WORD_PART = "customXml/pincite-kept.xml"
"""The part of a Word file that holds the JSON, as the text of one element."""
MAX_EXPORT_BYTES = 64 << 20
"""The largest size of an exported document, in bytes."""
_ELEMENT = re.compile(rb"<kept[^>]*>(.*?)</kept>", re.DOTALL)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, NotImplementedError, RuntimeError)


def read_kept(path: Path) -> tuple[KeptItem, ...]:
    """Return the items of an exported collection. Raises BadKept if the file is not one, or is damaged."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_EXPORT_BYTES + 1)
    except OSError as error:
        raise BadKept(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > MAX_EXPORT_BYTES:
        raise BadKept(f"{path.name} is too large for a collection: more than {MAX_EXPORT_BYTES >> 20} megabytes.")
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
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(_WORD_PART) as entry:
            part = entry.read(MAX_BYTES + (1 << 16))
    except _BROKEN as error:
        raise BadKept(f"{name} is not a collection of kept quotes that Pincite exported.") from error
    match = _ELEMENT.search(part)
    if match is None:
        raise BadKept(f"The collection in {name} is damaged.")
    return match[1]
