"""Shows the texts, pages and original files of a library's documents."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from index.errors import DocumentNotFound, LoadingError, OriginalMissing, PageError, PasswordRequired
from index.loading.formats import PDF
from index.loading.loader import read_bytes
from index.loading.pdf.highlights import MOST_LETTERS, page_marks
from index.loading.pdf.trace import Words
from index.loading.sandbox.messages import Limits
from index.records import Span
from index.records.file_kinds import has_pictures
from index.text.sentences import has_words
from index.views.blocks import OpenOriginal, Original, View
from index.views.member_files import MemberFiles
from index.views.picture_cache import PictureCache
from index.views.windows import MOST_MARKED, REACH, window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.page_cuts import PageMark, Rectangle
    from index.records import DocumentInfo, RecognisedWord
    from index.storage.store import FolderStore

_PAGE = 6_000
"""Characters on each side of recognised words among which the other words of their page are searched for."""
_DEFAULT_LIMITS = Limits()
_LOCKED = "Its text is shown. For pictures of the pages, add a copy without the password: Pincite keeps no passwords."
_AROUND = 1_500
"""Characters on each side of a span that distinguish its words from the same words elsewhere."""


class Originals:
    """Finds and reads original files. `uploads` are folders of files that were not added by a path."""

    def __init__(self, uploads: Sequence[Path], *, max_bytes: int, limits: Limits = _DEFAULT_LIMITS) -> None:
        self._uploads = uploads
        self._max_bytes = max_bytes
        self._known: dict[tuple[str, int, int, int], str] = {}
        self._members = MemberFiles(limits, max_bytes=max_bytes)

    def path(self, info: DocumentInfo, sources: Sequence[str]) -> Path:
        """Return a file with the document's bytes; a member of a container is unpacked. Raises OriginalMissing."""
        for candidate in self._candidates(sources):
            if self._identity(candidate) == info.id:
                return candidate
            member = self._member(info, candidate)
            if member is not None and self._identity(member) == info.id:
                return member
        raise OriginalMissing(f"The original file of {info.name} is gone, or has changed since.")

    def read(self, info: DocumentInfo, sources: Sequence[str]) -> tuple[bytes, str]:
        """Return the bytes and the name of the file. Raises OriginalMissing."""
        path = self.path(info, sources)
        try:
            data = read_bytes(path, max_bytes=self._max_bytes)
        except LoadingError as error:
            raise OriginalMissing(f"The original file of {info.name} can no longer be read.") from error
        if hashlib.sha256(data).hexdigest() != info.id:
            raise OriginalMissing(f"The original file of {info.name} has just changed.")
        return data, _name(info.source) or path.name

    def open(self, info: DocumentInfo, sources: Sequence[str]) -> OpenOriginal:
        """Open the file. Raises OriginalMissing."""
        path = self.path(info, sources)
        try:
            file = path.open("rb")
        except OSError as error:
            raise OriginalMissing(f"The original file of {info.name} can no longer be read.") from error
        status = os.fstat(file.fileno())
        if self._known.get(_stamp(path, status)) != info.id:
            file.close()
            raise OriginalMissing(f"The original file of {info.name} has just changed.")
        return OpenOriginal(file, status.st_size, _name(info.source) or path.name, info.id)

    def _candidates(self, sources: Sequence[str]) -> Iterator[Path]:
        """Yield paths where the file may be: its sources, then the same names in `uploads`, if the library was moved.

        Files from web addresses are in `uploads`, too, under names that do not follow from the address.
        """
        paths = [Path(source) for source in sources if Path(source).is_absolute()]
        yield from paths
        for uploads in self._uploads:
            yield from (uploads / path.name for path in paths)
            yield from (uploads / below for path in paths for below in _below_uploads(uploads, path))
            if len(paths) < len(sources) and uploads.is_dir():
                yield from sorted(uploads.iterdir())

    def _member(self, info: DocumentInfo, path: Path) -> Path | None:
        """Return the file of a member of a container; None if the path leads to none."""
        try:
            return self._members.file(path)
        except PasswordRequired as error:
            container = PurePath(info.reading.container or path.parent).name
            message = f"{info.name} can only be shown as text: {container} is locked, and Pincite keeps no passwords."
            raise OriginalMissing(message, "Unpack it with its password, and add the folder.") from error
        except (LoadingError, OSError):
            return None

    def _identity(self, path: Path) -> str:
        """Return the SHA-256 of a file, cached by its stamp; empty if it cannot be read."""
        try:
            if not path.is_file():
                return ""
            stamp = _stamp(path, path.stat())
            if stamp not in self._known:
                with path.open("rb") as file:
                    self._known[stamp] = hashlib.file_digest(file, "sha256").hexdigest()
            return self._known[stamp]
        except (OSError, ValueError):
            return ""


def _stamp(path: Path, status: os.stat_result) -> tuple[str, int, int, int]:
    """Return values that change when the file does: path, inode, size and modification time."""
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns


def _below_uploads(uploads: Path, path: Path) -> Iterator[Path]:
    """Yield the path of a member below a container that is in the folder of uploads under the container's name."""
    for above in path.parents[:-1]:
        if (uploads / above.name).is_file():
            yield path.relative_to(above.parent)


def _name(source: str) -> str:
    """Return the last part of a web address; empty for a path."""
    return "" if Path(source).is_absolute() else PurePosixPath(unquote(urlsplit(source).path)).name


class Viewer:
    """Shows documents of a library, and spans in them. Thread-safe.

    Every method raises DocumentNotFound if the document was removed meanwhile.
    """

    def __init__(self, store: FolderStore, *, max_bytes: int, limits: Limits = _DEFAULT_LIMITS) -> None:
        self._catalog = store.catalog
        uploads = [folder / "uploads" for folder in store.folders]
        self._originals = Originals(uploads, max_bytes=max_bytes, limits=limits)
        self._pictures = PictureCache()

    def text(self, info: DocumentInfo, span: Span) -> str:
        """Return the text of a span, without reading the rest of the document."""
        return self._catalog.excerpt(self._number(info), span).of(span)

    def view(self, info: DocumentInfo, span: Span | None) -> View:
        """Return the text around a span; for an empty span, the text after it; without a span, the beginning."""
        number, shown = self._number(info), span or Span(0, 0)
        end_marked = min(shown.end, shown.start + MOST_MARKED)
        excerpt = self._catalog.excerpt(number, Span(max(0, shown.start - REACH), end_marked + REACH))
        if not excerpt.text:
            raise DocumentNotFound(info.id)
        tables = self._catalog.tables_in(number, Span(excerpt.start, excerpt.end))
        blocks = window(excerpt, shown, tables, info.media_type)
        start, end = blocks[0].start, blocks[-1].end
        (location,) = self._catalog.locate([(number, shown)])
        quote = excerpt.of(Span(shown.start, end_marked))
        return View(info, blocks, start, end, span, location, start > 0, end < info.characters, quote)

    def page_marks(self, info: DocumentInfo, span: Span) -> tuple[PageMark, ...]:
        """Return the pages of a span; empty if the format has no pages, or the file is gone or locked."""
        number = self._number(info)
        if not has_pictures(info.media_type) or not self.has_original(info):
            return ()
        try:
            return self._marks(info, number, span)
        except PasswordRequired:
            return ()

    def _marks(self, info: DocumentInfo, number: int, span: Span) -> tuple[PageMark, ...]:
        """Return the pages of a span. Raises PasswordRequired."""
        words = self._catalog.recognised_in(number, span)
        marks = self._recognised_marks(info, words) if words else ()
        rest = [span] if not words else [Span(span.start, words[0].start), Span(words[-1].end, span.end)]
        for part in rest if info.media_type == PDF else ():
            if not words or has_words(self._catalog.excerpt(number, part).of(part)):
                known = {mark.number for mark in marks}
                marks += tuple(mark for mark in self._text_marks(info, part) if mark.number not in known)
        return tuple(sorted(marks, key=lambda mark: mark.number))

    def _recognised_marks(self, info: DocumentInfo, words: Sequence[RecognisedWord]) -> tuple[PageMark, ...]:
        """Return the pages of recognised words."""
        number = self._number(info)
        around = Span(max(0, words[0].start - _PAGE), words[-1].end + _PAGE)

        def label(word: RecognisedWord) -> str:
            return self._catalog.locate([(number, Span(word.start, word.end))])[0].page

        from index.views.recognised_pages import recognised_marks

        return recognised_marks(self._path(info), words, self._catalog.recognised_in(number, around), label)

    def _text_marks(self, info: DocumentInfo, span: Span) -> tuple[PageMark, ...]:
        """Return the pages of words that a PDF has as text."""
        number = self._number(info)
        first, last = (self._catalog.pages_begun(number, at) for at in (span.start, max(span.start, span.end - 1)))
        return page_marks(self._path(info), self._words(number, span), range(max(0, first - 1), last), info.name)

    def page_image(
        self, info: DocumentInfo, number: int, span: Span | None, *, width: int, part: Rectangle | None = None
    ) -> bytes:
        """Return a page, or a part of it, as PNG, `width` pixels wide. Raises PageError, OriginalMissing."""
        from index.loading.pdf.page_pictures import Picture, page_image
        from index.views.recognised_pages import page_of_picture

        if not has_pictures(info.media_type):
            raise PageError(f"{info.name} has no page images.", "Only PDF files and pictures have page images.")
        marks = self.page_marks(info, span) if span else ()
        marked = tuple(rectangle for mark in marks if mark.number == number for rectangle in mark.rectangles)
        picture, path = Picture(marked, width, part), self._path(info)
        draw = page_image if info.media_type == PDF else page_of_picture
        try:
            return self._pictures.get((info.id, number, picture), lambda: draw(path, number, picture, name=info.name))
        except PasswordRequired as error:
            raise PageError(f"{info.name} is locked with a password, so its pages are not shown.", _LOCKED) from error

    def has_original(self, info: DocumentInfo) -> bool:
        """Return whether the original file still exists with the same bytes."""
        try:
            self._path(info)
        except OriginalMissing:
            return False
        return True

    def original(self, info: DocumentInfo) -> Original:
        """Return the original file. Raises OriginalMissing."""
        data, name = self._originals.read(info, self._sources(info))
        return Original(data, name, info.media_type)

    def open_original(self, info: DocumentInfo) -> OpenOriginal:
        """Open the original file; the caller reads and closes it. Raises OriginalMissing."""
        return self._originals.open(info, self._sources(info))

    def _words(self, number: int, span: Span) -> Words:
        """Return the text of a span, cut when it is too long to mark, and the text around it."""
        before = Span(max(0, span.start - _AROUND), span.start)
        words = Span(span.start, min(span.end, span.start + MOST_LETTERS + 1))
        after = Span(words.end, words.end + _AROUND)
        excerpt = self._catalog.excerpt(number, Span(before.start, after.end))
        return Words(excerpt.of(before), excerpt.of(words), excerpt.of(after))

    def _path(self, info: DocumentInfo) -> Path:
        return self._originals.path(info, self._sources(info))

    def _sources(self, info: DocumentInfo) -> list[str]:
        """Return the sources of a document that was read here.

        Sources that an import names are not used: they would let strangers learn which files exist here.
        """
        if info.claimed:
            raise OriginalMissing(f"{info.name} was imported without its file.", "Add the file itself to see it.")
        return self._catalog.sources_of(self._number(info))

    def _number(self, info: DocumentInfo) -> int:
        number = self._catalog.number_of(info.id)
        if number is None:
            raise DocumentNotFound(info.id)
        return number
