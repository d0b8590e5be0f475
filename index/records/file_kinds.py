"""The kinds of files that Pincite reads: what readers call them, how their names end, and their media types.

This is the one list of formats. The page, the command line and the documentation name the formats by it.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple, Protocol

from index.records.language_names import language_name

if TYPE_CHECKING:
    from index.records.table import Reading

_OFFICE = "application/vnd.openxmlformats-officedocument"
_OASIS = "application/vnd.oasis.opendocument"


class FileKind(NamedTuple):
    """A kind of file."""

    name: str
    """What a reader calls it in a list: `Word`."""
    endings: str
    """How the names of such files end, without the dot, separated by blanks."""
    media_types: str
    """Separated by blanks."""


SLIDES = "Slides"
KINDS = (
    FileKind("PDF", "pdf", "application/pdf"),
    FileKind("Word", "docx doc docm dotx dotm", f"{_OFFICE}.wordprocessingml.document application/msword"),
    FileKind(
        SLIDES,
        "pptx ppt odp pptm ppsx ppsm potx potm otp",
        f"{_OFFICE}.presentationml.presentation application/vnd.ms-powerpoint {_OASIS}.presentation",
    ),
    FileKind(
        "Spreadsheet",
        "xlsx xls ods xlsm xlsb xltx ots",
        f"{_OFFICE}.spreadsheetml.sheet application/vnd.ms-excel {_OASIS}.spreadsheet "
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ),
    FileKind("Table", "csv tsv", "text/csv text/tab-separated-values"),
    FileKind("OpenDocument", "odt ott", f"{_OASIS}.text"),
    FileKind("Rich text", "rtf", "application/rtf text/rtf"),
    FileKind("Book", "epub", "application/epub+zip"),
    FileKind("Message", "eml msg", "message/rfc822 application/vnd.ms-outlook"),
    FileKind("Mailbox", "mbox", "application/mbox"),
    FileKind(
        "HTML",
        "html htm xhtml mhtml mht",
        "text/html application/xhtml+xml multipart/related application/x-mimearchive",
    ),
    FileKind("Markdown", "md markdown", "text/markdown"),
    FileKind("Text", "txt", "text/plain text/x-data"),
    FileKind("Subtitles", "srt vtt", "application/x-subrip text/vtt text/x-ssa text/x-sbv text/x-microdvd"),
    FileKind("Notebook", "ipynb", "application/x-ipynb+json"),
    FileKind("TeX", "tex", "text/x-tex application/x-tex"),
    FileKind("reStructuredText", "rst", "text/x-rst"),
    FileKind("AsciiDoc", "adoc", "text/asciidoc"),
    FileKind("Org", "org", "text/org"),
    FileKind("Manual page", "man 1", "text/troff"),
    FileKind("Source code", "py js ts java c h cpp go rs rb sh sql r", "text/x-source application/sql"),
    FileKind(
        "Data", "json jsonl xml", "application/json application/jsonl application/x-ndjson application/xml text/xml"
    ),
    FileKind("Calendar", "ics", "text/calendar"),
    FileKind("Addresses", "vcf", "text/vcard"),
    FileKind("Translations", "po pot", "text/x-gettext-translation"),
    FileKind("Drawing", "svg vsdx odg", f"image/svg+xml application/vnd.ms-visio.drawing {_OASIS}.graphics"),
    FileKind("Pages, Keynote, Numbers", "pages key numbers", "application/vnd.apple.iwork"),
    FileKind("Settings", "yaml yml toml ini", "application/yaml application/toml text/x-properties"),
    FileKind("Log", "log diff patch", "text/x-log text/x-diff"),
    FileKind("References", "bib ris", "text/x-bibtex application/x-bibtex application/x-research-info-systems"),
    FileKind(
        "Picture",
        "png jpg jpeg tif tiff webp gif bmp",
        "image/png image/jpeg image/tiff image/webp image/gif image/bmp",
    ),
    FileKind("Archive", "zip tar gz tgz", "application/zip application/x-tar application/gzip"),
)
FORMATS = (
    "PDF and scans, Word, PowerPoint, Excel, CSV, OpenDocument, EPUB, e-mail, web pages, Markdown, TeX, notebooks, "
    "subtitles, source code, pictures of text, archives and plain text"
)
"""The formats in one sentence."""
_BY_MEDIA_TYPE = {media_type: kind.name for kind in KINDS for media_type in kind.media_types.split()}
_BY_ENDING = {ending: kind.name for kind in KINDS for ending in kind.endings.split()}
_SCANNED = ("PDF", "Picture")
_MESSAGES = ("Message", "Mailbox")


class ReadFile(Protocol):
    """A document, with or without its text."""

    @property
    def media_type(self) -> str:
        """The format of its file."""
        ...

    @property
    def pages(self) -> int:
        """Number of pages; 0 if the format has none."""
        ...

    @property
    def reading(self) -> Reading:
        """How it was read."""
        ...


def kind_name(media_type: str) -> str:
    """Return what a reader calls a format, such as `Word`; for an unknown one, the end of its media type."""
    return _BY_MEDIA_TYPE.get(media_type, media_type.rpartition("/")[2].removeprefix("x-"))


def has_pictures(media_type: str) -> bool:
    """Return whether the pages of a format can be shown as pictures."""
    return kind_name(media_type) in _SCANNED


def kind_of(document: ReadFile) -> str:
    """Return what a reader calls the kind of a document: its format, or `Scan` if most pages were recognised."""
    name, recognised = kind_name(document.media_type), document.reading.recognised_pages
    return "Scan" if name in _SCANNED and recognised and 2 * recognised > document.pages else name


def origin(reading: Reading) -> str:
    """Return what a document came in: `attached to letter.eml`, `from papers.zip`; empty for a file of its own."""
    if not reading.container:
        return ""
    name = PurePath(reading.container).name
    is_message = _BY_ENDING.get(PurePath(name).suffix[1:].lower()) in _MESSAGES
    return f"{'attached to' if is_message else 'from'} {name}"


def reading_in_words(document: ReadFile) -> str:
    """Return how a document was read: `PDF · 3 of 12 pages recognised by tesseract 5.5 · 2 tables · German`."""
    reading = document.reading
    parts = (
        kind_of(document),
        _recognition(document),
        f"{_count(reading.empty_pages, 'page')} without words" if reading.empty_pages else "",
        _count(reading.tables, "table") if reading.tables else "",
        ", ".join(map(language_name, reading.languages)),
        origin(reading),
    )
    return " · ".join(filter(None, parts))


def is_plain(reading: Reading) -> bool:
    """Return whether a document is a file of its own that was read as text, all of it: then nothing need be said."""
    return not (reading.recognised_pages or reading.empty_pages or reading.container)


def _recognition(document: ReadFile) -> str:
    """Return where the words come from, for a format whose words may be pictures."""
    recognised, pages, engine = document.reading.recognised_pages, document.pages, document.reading.engine
    if kind_name(document.media_type) not in _SCANNED and not recognised:
        return ""
    if not recognised:
        return "text layer"
    share = f"{recognised:,} of {_count(pages, 'page')}" if recognised < pages else _count(max(pages, 1), "page")
    return f"{share} recognised{f' by {engine}' if engine else ''}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
