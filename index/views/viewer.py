"""Shows the texts, pages and original files of a library's documents, also of members of containers and of scans."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import tempfile
import threading
import weakref
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from index.errors import DocumentNotFound, LoadingError, OriginalMissing, PageError, PasswordRequired
from index.loading.containers.member_paths import container_file
from index.loading.formats import PDF
from index.loading.loader import read_bytes
from index.loading.pdf.page_pictures import MAX_WIDTH_PIXELS, MIN_WIDTH_PIXELS, PageMark, Rectangle, as_png, page_cuts
from index.loading.pdf.pdfium import opened_page, opened_pdf, page_label
from index.loading.pictures import opened_picture, page_count, page_of, size_of
from index.loading.sandbox.messages import Limits
from index.loading.sandbox.pool import parsers
from index.records import Span
from index.records.file_kinds import has_pictures
from index.views.blocks import OpenOriginal, Original, View
from index.views.windows import MAX_MARKED_CHARACTERS, REACH, window

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from index.loading.pdf.page_pictures import Picture
    from index.loading.recognition.ink import PageSize
    from index.records import DocumentInfo, WordBox
    from index.storage.store import FolderStore

    _Box = tuple[float, float, float, float]


# Unpacks members of containers to temporary files, because a viewer needs a file to show pages and to send bytes.

MEMBER_BYTES = 200_000_000
"""Bytes of all unpacked files together."""


class MemberFiles:
    """Unpacked members by path; the one that was not used for the longest time goes first. Thread-safe."""

    def __init__(self, limits: Limits, *, max_bytes: int, capacity: int = MEMBER_BYTES) -> None:
        # A reader of documents does not wait until the files that others add have been read.
        self._limits = replace(limits, processes=limits.processes + 1)
        self._max_bytes = max_bytes
        self._capacity = capacity
        self._folder: Path | None = None
        self._files: OrderedDict[tuple[str, int, int], tuple[Path, int]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def file(self, path: Path) -> Path | None:
        """Return a file with the bytes of a member and with its name; None for a path that leads into no container.

        Raises LoadingError if the member cannot be read, for example without a password.
        """
        container = container_file(path)
        if container is None:
            return None
        state = container.stat()
        key = (str(path), state.st_ino, state.st_mtime_ns)
        with self._lock:
            if key not in self._files or not self._files[key][0].is_file():
                with parsers(self._limits) as parser:
                    self._keep(key, path.name, parser.member(path, max_bytes=self._max_bytes))
            self._files.move_to_end(key)
            return self._files[key][0]

    def _keep(self, key: tuple[str, int, int], name: str, data: bytes) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="pincite-members-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        file = folder / name
        file.write_bytes(data)
        self._files[key] = (file, len(data))
        while len(self._files) > 1 and sum(size for _, size in self._files.values()) > self._capacity:
            _, (oldest, _) = self._files.popitem(last=False)
            shutil.rmtree(oldest.parent, ignore_errors=True)


# Keeps the last pictures of pages: a reader who zooms, or who steps back and forth, asks for the same ones again.

PICTURE_BYTES = 4_000_000
"""Bytes of all kept pictures together."""


class PictureCache:
    """Pictures by key; the one that was not used for the longest time goes first. Thread-safe."""

    def __init__(self, capacity: int = PICTURE_BYTES) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the picture with this key, which is made if it is not kept. What `make` raises is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        picture = make()
        with self._lock:
            self._store(key, picture)
        return picture

    def _store(self, key: Hashable, picture: bytes) -> None:
        if key in self._kept or len(picture) > self._capacity:
            return
        self._kept[key] = picture
        self._size += len(picture)
        while self._size > self._capacity:
            self._size -= len(self._kept.popitem(last=False)[1])


_PAGE = 6_000
"""Characters on each side of words among which the other words of their page are searched for."""
_DEFAULT_LIMITS = Limits()
_LOCKED = "Its text is shown. For pictures of the pages, add a copy without the password: Pincite keeps no passwords."


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
        end_marked = min(shown.end, shown.start + MAX_MARKED_CHARACTERS)
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
        words = self._catalog.boxes_in(number, span)
        first, last = (self._catalog.pages_begun(number, at) for at in (span.start, max(span.start, span.end - 1)))
        pages = sorted({word.page for word in words}) or range(max(0, first - 1), last)
        around = Span(max(0, span.start - _PAGE), span.end + _PAGE) if words else Span(0, 0)
        return marks_of(self._path(info), pages, words, self._catalog.boxes_in(number, around))

    def page_image(
        self, info: DocumentInfo, number: int, span: Span | None, *, width: int, part: Rectangle | None = None
    ) -> bytes:
        """Return a page, or a part of it, as PNG, `width` pixels wide. Raises PageError, OriginalMissing."""
        from index.loading.pdf.page_pictures import Picture, page_image

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


# Marks words on their pages by the stored boxes, and draws pages of pictures (PNG, JPEG, TIFF …).

_MAX_PAGES = 16
_SAME_LINE = 0.3
"""Two words are on one line if they overlap by at least this share of the smaller height."""
_APART = 1.5
"""The largest gap within one rectangle, in heights of the less high of the two words."""
_UPRIGHT = 0.9
"""Of two words on a vertical line, one is at least this many times higher than wide."""
_TALLEST = 6000


def marks_of(
    path: Path, numbers: Sequence[int], marked: Sequence[WordBox], around: Sequence[WordBox]
) -> tuple[PageMark, ...]:
    """Return the pages with these indices, with rectangles around the marked words; the first of many, none if damaged.

    `around` are the words of these pages. Raises DamagedFile if the file cannot be opened, and PasswordRequired.
    """
    marks, numbers = [], numbers[:_MAX_PAGES]
    for number, (label, size) in _pages(path, numbers).items():
        near = [word for word in around if word.page == number]
        found, lines = rectangles((word for word in marked if word.page == number), size, near), rectangles(near, size)
        begins, ends = number == numbers[0], number == numbers[-1]
        cuts = page_cuts(found, lines, (size.width, size.height), begins=begins, ends=ends)
        marks.append(PageMark(number + 1, label, *size, found, cuts))
    return tuple(marks)


def rectangles(words: Iterable[WordBox], size: PageSize, around: Iterable[WordBox] = ()) -> tuple[Rectangle, ...]:
    """Return a rectangle for each run of words on one line of a page, in the order of the words.

    Words are not joined to one rectangle if the middle of another word is in it; `around` are the words of the page.
    """
    middles = sorted((_middle(_box(word, size)), word.start) for word in around)
    lines: list[_Box] = []
    known: set[int] = set()
    last, way = None, ""
    for word in words:
        box = _box(word, size)
        onward = _way(last, box) if last else ""
        joined = _around(lines[-1], box) if onward and way in ("", onward) else None
        known = {*known, word.start} if joined else {word.start}
        if joined and _inside(middles, joined) <= known:
            lines[-1] = joined
        else:
            lines.append(box)
            known, onward = {word.start}, ""
        last, way = box, onward
    width, height = size
    return tuple(
        Rectangle(left / width, top / height, (right - left) / width, (bottom - top) / height)
        for left, top, right, bottom in lines
    )


def _box(word: WordBox, size: PageSize) -> _Box:
    return word.left * size.width, word.top * size.height, word.right * size.width, word.bottom * size.height


def _middle(box: _Box) -> tuple[float, float]:
    """Return how far down and across the middle of a box is."""
    return (box[1] + box[3]) / 2, (box[0] + box[2]) / 2


def _around(box: _Box, other: _Box) -> _Box:
    return min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])


def _inside(middles: Sequence[tuple[tuple[float, float], int]], box: _Box) -> set[int]:
    """Return the words whose middles are in a box."""
    left, top, right, bottom = box
    near = middles[bisect_left(middles, ((top,),)) : bisect_right(middles, bottom, key=lambda row: row[0][0])]
    return {start for (_, across), start in near if left <= across <= right}


def _way(box: _Box, other: _Box) -> Literal["", "across", "down"]:
    """Return whether two neighbours in the text are side by side on a line, or above each other on a vertical line."""
    (down, across), (later, beyond) = _middle(box), _middle(other)
    if abs(later - down) <= abs(beyond - across):
        return "across" if _is_beside(box, other) else ""
    upright = any(one[3] - one[1] > _UPRIGHT * (one[2] - one[0]) for one in (box, other))
    turned = [(one[1], one[0], one[3], one[2]) for one in (box, other)]
    return "down" if upright and _is_beside(*turned) else ""


def _is_beside(box: _Box, other: _Box) -> bool:
    height = min(box[3] - box[1], other[3] - other[1])
    overlap = min(box[3], other[3]) - max(box[1], other[1])
    gap = max(box[0], other[0]) - min(box[2], other[2])
    return overlap > _SAME_LINE * height and gap < _APART * height


def _pages(path: Path, numbers: Sequence[int]) -> dict[int, tuple[str, PageSize]]:
    """Return the labels and the sizes in points of some pages of a PDF or a picture, without those that are damaged."""
    if _is_pdf(path):
        from index.loading.recognition.ink import PageSize

        with opened_pdf(path, path.name) as document:
            found: dict[int, tuple[str, PageSize]] = {}
            for n in numbers:
                with opened_page(document, n) as page:
                    found |= {n: (page_label(document, n), PageSize(*page.get_size()))} if page else {}
            return found
    with path.open("rb") as file, opened_picture(file, path.name) as picture:
        return {n: (str(n + 1), size_of(picture, n, path.name)) for n in numbers if n < page_count(picture)}


def _is_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return b"%PDF-" in file.read(1024)


def page_of_picture(path: Path, number: int, picture: Picture, *, name: str) -> bytes:
    """Return a page of a picture, or a part of it, as PNG with rectangles highlighted.

    It is never finer than the picture itself. Raises PageError as `page_image` does, and if it cannot be decoded.
    """
    if not MIN_WIDTH_PIXELS <= picture.width <= MAX_WIDTH_PIXELS:
        raise PageError(
            f"An image {picture.width:,} pixels wide was asked for.",
            f"Ask for {MIN_WIDTH_PIXELS:,} to {MAX_WIDTH_PIXELS:,}.",
        )
    try:
        with path.open("rb") as file, opened_picture(file, name) as opened:
            count = page_count(opened)
            if not 1 <= number <= count:
                raise PageError(f"{name} has no page {number:,}.", f"Its pages are counted from 1 to {count:,}.")
            page = page_of(opened, number - 1, name).convert("RGB")
    except LoadingError as error:
        raise PageError(f"The picture {name} cannot be drawn.", error.message) from error
    part = picture.part or Rectangle(0.0, 0.0, 1.0, 1.0)
    box = (
        int(part.left * page.width),
        int(part.top * page.height),
        math.ceil((part.left + part.width) * page.width),
        math.ceil((part.top + part.height) * page.height),
    )
    cut = page.crop((box[0], box[1], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))
    cut.thumbnail((picture.width, _TALLEST))
    return as_png(cut, picture)
