"""Documents and their parts, files that wait to become documents, and the values that a user can choose.

Every offset is a Unicode code point into `Document.text`, and every span is half-open: `[start, end)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le

from index.records.boxes import PageBoxes
from index.records.file_kinds import kind_of, reading_in_words
from index.records.table import AS_TEXT, Reading, Span, Table, cell_named

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import TypeAdapter

    from index.records.boxes import WordBox


# The values that an interface lets its user choose or read: modes, writers, forms, statuses and verdicts.
#
# The command line needs them for `--help`, which must not wait for the import of the records.

Mode = Literal["hybrid", "dense", "lexical"]
"""The indexes that a search uses: both, vectors alone, or words alone."""
CANDIDATES = 50
"""Number of passages that each index proposes."""
Writer = Literal["quote", "model"]
"""The author of an answer: `quote` takes the documents' words, `model` asks the language model of the settings."""
ExportForm = Literal["text", "markdown", "html", "bibtex", "ris", "csl", "apa", "mla", "chicago"]
"""The text forms of an exported answer."""
Status = Literal["answered", "unsure", "abstained"]
"""The outcome of a question: an answer, sentences that may hold an answer, or neither."""
Verdict = Literal["verbatim", "supported", "perhaps", "contradicted", "unverified"]
"""The verdict on a sentence.

`verbatim`: its words are in a source, and their context agrees. `supported`: a source says every part of it.
`perhaps`: a source may say it; a reader should compare the two. `contradicted`: a source says otherwise. `unverified`:
the documents do not seem to say it.
"""
SUPPORTING: tuple[Verdict, ...] = ("verbatim", "supported")
"""The verdicts of sentences that the documents support."""
PART = (
    "Only the first {:,} of {:,} passages have been read. If nothing is being added now, the reading was interrupted: "
    "add the file again."
)
CLAIMED = "It was imported, and nobody here has read its file: add the file, and the words are compared with it."


Kind = Literal["add", "batch", "matrix"]
Lane = Literal["add", "batch"]
"""A queue of jobs: those that change the library, and those that only ask."""
State = Literal["waiting", "working", "done", "cancelled", "failed"]
FileStage = Literal["waiting", "reading", "encoding", "added", "replaced", "unchanged", "failed", "cancelled"]

FARTHEST = 2**31 - 1
"""The largest accepted offset. No document has so many characters, so a larger offset is refused at once."""
Offset = Annotated[int, Ge(0), Le(FARTHEST)]
"""In code points of the document's text, from 0."""
Share = Annotated[float, Ge(0), Le(1)]

UNDER_WAY: tuple[State, ...] = ("waiting", "working")
OPEN: tuple[FileStage, ...] = ("waiting", "reading", "encoding")
"""Stages that are not final."""
LandmarkKind = Literal["page", "place", "heading", "paragraph"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that waits to be added."""

    name: str
    """Its file name."""
    path: Path
    """Where its bytes are now."""
    source: str
    """Its source in the library."""
    size: int
    """Size in bytes."""
    identity: str = ""
    """Hexadecimal SHA-256 of its bytes; empty for a file that is read in place."""
    home: Path | None = None
    """Its final path once the library holds it; None for a file that is read in place."""
    within: tuple[Path, ...] = ()
    """The file is read only if its path, with links resolved, is in one of these folders; empty for no restriction."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file that is being added to the library."""

    name: str
    """Its name, for people."""
    source: str
    """Its path or its web address. A server reveals only the name of the file."""
    stage: FileStage = "waiting"
    """Its stage."""
    passages: int = 0
    """While encoding, the number of encoded passages; it is estimated if files are encoded together. Afterwards, the
    number of passages of its document."""
    of_passages: int = 0
    """The number of passages to encode; 0 until it is known."""
    part: Share = 0.0
    """The finished share of the work on the file."""
    reason: str = ""
    """Why it failed or was cancelled; else empty."""
    hint: str = ""
    """How to fix the problem."""
    notes: tuple[str, ...] = ()
    """What was left out or repaired when it was read."""
    ready: int = 0
    """Passages that can be asked: of a long document, its first ones while the others are encoded."""
    document: str = ""
    """The id of its document, as soon as some of it can be asked; empty until then."""
    how: str = ""
    """How it was read, in words: `PDF · text layer · 2 tables · English`; empty until it is added."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A place in a document that readers name: a page, a heading, the beginning of a paragraph.

    The kind `place` is anything else that has a name: a slide, a sheet, a message, a moment of a recording, a line.
    """

    kind: LandmarkKind
    start: int
    label: str = ""
    """The reader's name for it: `iv` for a page, `slide 4` for a place, the words of a heading, or empty."""
    level: int = 0
    """Depth of a heading, 1 for the highest. A place of level 1 ends the headings above it, as a slide does; a place of
    level 0, as a line of a file, does not. 0 for the other kinds."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read and normalised."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    source: str
    """Where the file was found: an absolute path or an address."""
    title: str
    """The title that the format or the text states; empty if neither does. The same holds for `author` and `date`."""
    author: str
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    media_type: str
    text: str
    landmarks: tuple[Landmark, ...]
    """Ordered by `start`."""
    notes: tuple[str, ...] = ()
    """The document's health, for the receipt: what was left out or repaired when the file was read."""
    tables: tuple[Table, ...] = ()
    """Ordered by `start`, without overlap."""
    boxes: tuple[PageBoxes, ...] = ()
    """Where its words stand on its pages, ordered by `start`; empty for a format without pages."""
    reading: Reading = AS_TEXT

    @property
    def recognised(self) -> tuple[WordBox, ...]:
        """The words that were recognised in pictures; all other words were in the file as text."""
        return tuple(word for part in self.boxes if part.recognised for word in part.words())

    @property
    def pages(self) -> int:
        """Number of pages; 0 if the format has none."""
        return sum(landmark.kind == "page" for landmark in self.landmarks)


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document without its text."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal. All routes and tools identify the document by it."""
    source: str
    """The path of its file, or its web address. A server reveals only the name of the file."""
    title: str
    """The title that the format or the text states; empty if neither does. The same holds for `author` and `date`."""
    author: str
    """On one line, as stated in the document."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    media_type: str
    """The format of its file."""
    characters: int
    """Length of its text, in code points."""
    pages: int
    """Number of pages; 0 if the format has none."""
    passages: int
    """Number of passages that it is cut into."""
    notes: tuple[str, ...] = ()
    """The document's health: what was left out or repaired when the file was read."""
    claimed: bool = False
    """Whether a portable library brought the text, and nobody here has read the file it is said to come from."""
    private: bool = False
    """Whether it is in the private library of a visitor to a demo: nobody else can see it."""
    whole: int = 0
    """While only its first passages have been read, the number that it will have; 0 for a complete document."""
    reading: Reading = AS_TEXT
    """How it was read."""

    @property
    def health(self) -> tuple[str, ...]:
        """The notes, and a warning if the words are only claimed, or only the first ones were read."""
        unread = (PART.format(self.passages, self.whole),) if self.whole else ()
        return (*unread, *self.notes, CLAIMED) if self.claimed else (*unread, *self.notes)

    @property
    def kind(self) -> str:
        """What a reader calls its kind: `PDF`, `Scan`, `Spreadsheet`."""
        return kind_of(self)

    @property
    def how(self) -> str:
        """How it was read, in words: `PDF · text layer · 2 tables · English`."""
        return reading_in_words(self)

    @property
    def name(self) -> str:
        """The title, else the last part of the source; after the container's name, if it comes from one."""
        name = self.title or PurePath(self.source).name or self.source
        return name if self.title or not self.reading.container else f"{PurePath(self.reading.container).name} › {name}"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage before the catalog gives it an id."""

    start: int
    end: int
    sentences: tuple[Span, ...]
    """Spans in order, without overlap, within `[start, end)`; together they contain every word of the chunk."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of retrieval: a run of whole sentences of one document."""

    id: int
    document_id: str
    ordinal: int
    """The passage's position in the document, from 0."""
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]
    """The sentences as spans of the document's text, not of the passage's."""


@dataclass(frozen=True, slots=True)
class Location:
    """The place of a span, in the words that a reader uses."""

    page: str = ""
    """The label of the page; empty if the format has no pages."""
    heading: str = ""
    """The path of headings above the span, outermost first, joined by ` > `."""
    paragraph: Annotated[int, Ge(0)] = 0
    """The number of the paragraph, from 1, below the nearest page or heading; 0 if the document has no paragraphs."""
    place: str = ""
    """The name of the slide, sheet, message, moment or line; empty for documents that have none."""
    cell: str = ""
    """What a reader calls the cell of a table, or the cells of a longer span in it: `B7`, `row 12, column “price”`,
    `A3:C4`, `rows 3–4`; empty outside a table."""
    headers: tuple[str, ...] = ()
    """The headers of the cell's column and row; empty outside a table, or if the span goes beyond one cell. A cell that
    answers a question has its row named by those cells of the row that the question names."""
    recognised: Share | None = None
    """The least confidence with which a word of the span was recognised in a picture; None for words that the file has
    as text."""

    @property
    def label(self) -> str:
        """The whole location in one line, for a citation: `p. 3, § Trade, ¶ 2`."""
        named = f"“{self.heading.rpartition(' > ')[2]}”" in self.place
        parts = (
            f"p. {self.page}" if self.page else "",
            self.place,
            f"§ {self.heading}" if self.heading and not named else "",
            self.cell or (f"¶ {self.paragraph}" if self.paragraph else ""),
        )
        return ", ".join(part for part in parts if part)

    def detailed(self, span: Span, tables: Iterable[Table], words: Iterable[WordBox]) -> Location:
        """Return the location of a span with its cell in one of the tables, and the confidence of its words."""
        end = max(span.end, span.start + 1)
        inside = (word.confidence for word in words if word.start < end and word.end > span.start)
        found = [confidence for confidence in inside if confidence is not None]
        named = cell_named(span.start, end, list(tables))
        return Location(self.page, self.heading, self.paragraph, self.place, *named, min(found, default=None))

    def quoted(self, words: str) -> str:
        """Return the words of a cell after its headers: `Tensile strength, MPa · SNB22-3: 1000`; other words alone."""
        return f"{' · '.join(self.headers)}: {words}" if self.headers else words

    def __str__(self) -> str:
        return self.label


# Records from JSON that anybody may have written.


@cache
def adapter_of(record: Any) -> TypeAdapter[Any]:
    """Return what makes JSON of a record, and a record of JSON."""
    from pydantic import TypeAdapter

    return TypeAdapter(record)


def from_json(record: Any, data: bytes | str) -> Any:
    """Return the record in JSON. Raises ValueError with the place and the nature of the first flaw."""
    from pydantic import ValidationError

    try:
        return adapter_of(record).validate_json(data, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:8])
        raise ValueError(f"{place} {first['msg']}".strip()) from error
