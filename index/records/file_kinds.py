"""The record of a format, the formats that are installed, how a document was read in words, and the names of
languages.

A format is one `Format`: how it is recognised, which function reads it, and what others need to know of it. The
built-in ones are `index.loading.formats.FORMATS`; the others are found by the entry points `pincite.formats`, each of
which names a `Format` or several. They are imported when a file is recognised, or when a media type is in question
that is not built in. PINCITE_PLUGINS=none leaves them out; a broken one leaves out itself.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import PurePath
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from index.records.texts import count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from importlib.metadata import EntryPoint

    from index.records.table import Reading


# The English names of languages, for notes and for what a receipt says of a document.

_NAMES = {
    "af": "Afrikaans",
    "am": "Amharic",
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "km": "Khmer",
    "kn": "Kannada",
    "ko": "Korean",
    "la": "Latin",
    "lo": "Lao",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ml": "Malayalam",
    "mr": "Marathi",
    "my": "Burmese",
    "nl": "Dutch",
    "no": "Norwegian",
    "pa": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "si": "Sinhala",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}


def language_name(code: str) -> str:
    """Return the English name of a language by ISO 639-1; for a rare one, a phrase with its code."""
    return _NAMES.get(code, f"another language ({code})")


FORMATS = (
    "PDF and scans, Word, PowerPoint, Excel, CSV, OpenDocument, EPUB, e-mail, web pages, Markdown, TeX, notebooks, "
    "subtitles, source code, pictures of text, archives and plain text"
)
"""The formats in one sentence."""
T = TypeVar("T")
_log = logging.getLogger(__name__)
_BUILT_IN = "index.loading.formats:FORMATS"
_GROUP = "pincite.formats"
_BEGINNING = 4096
"""Characters by which a text is recognised, in most formats."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a format may look at to recognise a file. What `Format.looks_at` does not name is empty."""

    data: bytes
    """All bytes of the file."""
    parts: Collection[str] = ()
    """The paths in a zip archive."""
    stated: str = ""
    """The media type that a zip archive states for itself."""
    stream: str = ""
    """The stream or storage that tells what a compound file (OLE2) is, such as `worddocument`."""
    text: str = ""
    """The decoded text of a file that is text."""

    @property
    def beginning(self) -> str:
        """The first characters of the text, with line ends of one kind."""
        return self.text[:_BEGINNING].lstrip("\ufeff").replace("\r\n", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format: how it is recognised, what reads it, and what others need to know of it."""

    name: str
    """What it is called in a list, and in the receipt of a file that has no reader of its own."""
    kind: str
    """What a reader calls a file of it, with similar formats: `Word`, `Slides`."""
    media_types: str
    """Separated by blanks; its own first, then other names of it."""
    endings: str = ""
    """How the names of such files end, without the dot, separated by blanks; the usual one first."""
    looks_at: Literal["bytes", "zip", "ole2", "message", "text", ""] = ""
    """The files that it is asked about, in this order: all; zip archives; compound files; others that may begin with
    the headers of a message; and those that are text. Web pages are recognised before other texts."""
    recognise: Callable[[Head, str], str | None] | None = None
    """Returns the media type of a file if it is of this format, by its head and its ending (`.txt`, in lower case)."""
    rank: int = 50
    """Of formats that look at the same files, that with the lower rank is asked first."""
    ending_decides: Literal["first", "last", ""] = ""
    """Whether a text with such an ending is of this format: whatever it looks like, or if no other format knows it."""
    called: str = ""
    """A file of a binary format in words, `a Word document`: a text with its usual ending is then an error."""
    read: str = ""
    """`package.module:function`, which takes a `Content` and a name, and returns a `Draft`; "" if it is not read."""
    members: str = ""
    """`package.module:function`, for files in which other files are."""
    prose: bool = True
    """Whether lines are sentences; of other formats, each line is judged before it is quoted."""
    place: Literal["page", "slide", "sheet", "row", "line", "record", "cell", "time", ""] = ""
    """What a citation names beside headings and paragraphs."""
    form: Literal["code", "message", "record", ""] = ""
    """How its paragraphs are shown, if not as prose."""
    pictures: bool = False
    """Whether its pages can be shown as pictures."""
    recognised: bool = False
    """Whether its words may be in pictures: then its reader takes `max_pages` and `recogniser`."""
    types: str = ""
    """The words after `type:` in a question that mean this format alone, separated by blanks."""

    @property
    def media_type(self) -> str:
        """Its own media type."""
        return self.media_types.split()[0]


@cache
def built_in() -> tuple[Format, ...]:
    """Return the formats that are built in. Their module is found by its name, because it is in a higher layer."""
    found: tuple[Format, ...] = resolve_name(_BUILT_IN)
    return found


@cache
def formats() -> tuple[Format, ...]:
    """Return all formats that are installed, in the order in which they are asked."""
    return tuple(sorted((*built_in(), *plugged_in(_GROUP, Format)), key=attrgetter("rank")))


def plugged_in(group: str, kind: type[T], *, on_broken: Callable[[str], None] = _log.error) -> Iterator[T]:
    """Yield what the entry points of a group name, in the order of their names; nothing if plug-ins are left out.

    An entry names an object of this kind, or a tuple of them. One that is broken is left out; `on_broken` is told.
    """
    from importlib.metadata import entry_points

    if os.environ.get("PINCITE_PLUGINS") == "none":
        return
    for entry in sorted(entry_points(group=group), key=attrgetter("name")):
        try:
            loaded = entry.load()
        except (Exception, SystemExit) as error:  # whatever other people's module raises
            on_broken(_broken(entry, f"{type(error).__name__}: {' '.join(str(error).split())}"))
            continue
        objects = loaded if isinstance(loaded, tuple) else (loaded,)
        if all(isinstance(each, kind) for each in objects):
            yield from objects
        else:
            on_broken(_broken(entry, f"{entry.value} is not a {kind.__name__}, nor a tuple of them"))


def _broken(entry: EntryPoint, reason: str) -> str:
    distribution = entry.dist.name if entry.dist else "unknown"
    remedy = f"uninstall it (pip uninstall {distribution})" if distribution != "pincite" else "install Pincite again"
    return (
        f"The plug-in {entry.name} (entry point {entry.group} of the distribution {distribution}) is broken "
        f"({reason}): {remedy}, or leave out all plug-ins with PINCITE_PLUGINS=none."
    )


def format_of(media_type: str) -> Format:
    """Return a format by its media type; one without a reader, which is called by the type's end, if none has it."""
    known = _by_media_type(built_in).get(media_type) or _by_media_type(formats).get(media_type)
    return known or Format(name="", kind=media_type.rpartition("/")[2].removeprefix("x-"), media_types=media_type)


@cache
def _by_media_type(among: Callable[[], tuple[Format, ...]]) -> dict[str, Format]:
    return {media_type: each for each in reversed(among()) for media_type in each.media_types.split()}


@cache
def by_ending(decides: Literal["first", "last"]) -> dict[str, Format]:
    """Return the formats of texts by the endings (`.txt`) that decide first, or last."""
    each_first = (each for each in reversed(formats()) if each.ending_decides == decides)
    return {f".{ending}": each for each in each_first for ending in each.endings.split()}


@cache
def by_type_word() -> dict[str, str]:
    """Return media types by the words that mean them after `type:` in a question."""
    return {word: each.media_type for each in formats() for word in each.types.split()}


def forget_formats() -> None:
    """Forget which formats are installed, so that they are looked for again."""
    for known in (formats, _by_media_type, by_ending, by_type_word):
        known.cache_clear()


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


def has_pictures(media_type: str) -> bool:
    """Return whether the pages of a format can be shown as pictures."""
    return format_of(media_type).pictures


def kind_of(document: ReadFile) -> str:
    """Return what a reader calls the kind of a document: its format, or `Scan` if most pages were recognised."""
    own, recognised = format_of(document.media_type), document.reading.recognised_pages
    return "Scan" if own.pictures and recognised and 2 * recognised > document.pages else own.kind


def origin(reading: Reading) -> str:
    """Return what a document came in: `attached to letter.eml`, `from papers.zip`; empty for a file of its own."""
    if not reading.container:
        return ""
    name = PurePath(reading.container).name
    ending = PurePath(name).suffix[1:].lower()
    is_message = any(each.form == "message" and ending in each.endings.split() for each in formats())
    return f"{'attached to' if is_message else 'from'} {name}"


def reading_in_words(document: ReadFile) -> str:
    """Return how a document was read: `PDF · 3 of 12 pages recognised by tesseract 5.5 · 2 tables · German`."""
    reading = document.reading
    parts = (
        kind_of(document),
        _recognition(document),
        f"{count(reading.empty_pages, 'page')} without words" if reading.empty_pages else "",
        count(reading.tables, "table") if reading.tables else "",
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
    if not has_pictures(document.media_type) and not recognised:
        return ""
    if not recognised:
        return "text layer"
    share = f"{recognised:,} of {count(pages, 'page')}" if recognised < pages else count(max(pages, 1), "page")
    return f"{share} recognised{f' by {engine}' if engine else ''}"
