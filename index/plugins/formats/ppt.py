"""Reads PowerPoint presentations of the older kind (.ppt), by [MS-PPT]: records in records, slides by a directory."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from index.errors import PasswordRequired
from index.loading.compound_files import CompoundFile
from index.loading.draft import Draft, field, paragraph
from index.records.file_kinds import Format
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.draft import Block, Content

_STREAM, _USER = "PowerPoint Document", "Current User"
_HEAD = struct.Struct("<HHI")
_CONTAINER = 0xF
_DOCUMENT, _SLIDE, _NOTES, _LIST = 1000, 1006, 1008, 4080
_PERSIST, _NOTES_OF, _EDIT, _DIRECTORY = 1011, 1009, 4085, 6002
_TEXT_KIND, _TEXT, _NARROW_TEXT, _OUTLINE = 3999, 4000, 4008, 3998
_TITLES, _NOTES_KIND = (0, 6), 2
_LOCKED = 0xF3D1C4DF
"""What the stream `Current User` states in an encrypted presentation."""
_DEEPEST = 40
_SLIDES, _ALL_NOTES = 0, 2


class _Record(NamedTuple):
    kind: int
    instance: int
    is_container: bool
    start: int
    end: int


class _Words(NamedTuple):
    kind: int
    text: str


def read(content: Content, name: str) -> Draft:
    """Return the draft of a presentation: each slide a place, its notes after its text."""
    with CompoundFile(content.data, name) as file:
        if len(user := file.read(_USER)) >= 16 and struct.unpack_from("<I", user, 12)[0] == _LOCKED:
            raise PasswordRequired(f"{name} is a PowerPoint presentation locked with a password.")
        try:
            blocks = list(_Presentation(file.read(_STREAM), user).blocks())
        except (struct.error, IndexError, ValueError) as error:
            raise file.damaged(error) from error
        title, author = file.properties()
    return Draft(blocks, title, author)


class _Presentation:
    def __init__(self, stream: bytes, user: bytes) -> None:
        self._stream = stream
        self._places = self._directory(struct.unpack_from("<I", user, 16)[0]) if len(user) >= 20 else {}

    def blocks(self) -> Iterator[Block]:
        """Yield the text of the slides, in their order."""
        notes = dict(self._notes())
        for number, (place, identity, outline) in enumerate(self._listed(_SLIDES), 1):
            words = self._words(place, outline)
            title = next((one_line(each.text) for each in words if each.kind in _TITLES and each.text.strip()), "")
            found = [paragraph(each.text, 1 if one_line(each.text) == title and title else 0) for each in words]
            label = f"slide {number}, “{field(title)}”" if title else f"slide {number}"
            yield from _placed(found, label)
            yield from _placed([paragraph(text) for text in notes.get(identity, ())], f"{label}, notes")

    def _notes(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the id of a slide and the notes on it."""
        for place, _, outline in self._listed(_ALL_NOTES):
            page = self._at(place)
            if page is None:
                continue
            of = next((each for each in self._children(page) if each.kind == _NOTES_OF), None)
            slide = struct.unpack_from("<I", self._stream, of.start)[0] if of else 0
            texts = [each.text for each in self._words(place, outline) if each.kind == _NOTES_KIND]
            if any(text.strip() for text in texts):
                yield slide, [text for text in texts if text.strip()]

    def _listed(self, instance: int) -> Iterator[tuple[int, int, list[_Words]]]:
        """Yield number in the directory, id, and texts of the outline of each slide, or of each page of notes."""
        document = self._document()
        lists = [each for each in self._children(document) if each.kind == _LIST and each.instance == instance]
        current: tuple[int, int, list[_Words]] | None = None
        kind = 0
        for record in chain.from_iterable(map(self._children, lists)):
            if record.kind == _PERSIST:
                if current:
                    yield current
                place, _, _, identity = struct.unpack_from("<IIII", self._stream, record.start)
                current = (place, identity, [])
            elif record.kind == _TEXT_KIND:
                kind = struct.unpack_from("<I", self._stream, record.start)[0]
            elif current and (text := self._text(record)) is not None:
                current[2].append(_Words(kind, text))
        if current:
            yield current

    def _document(self) -> _Record:
        for place in self._places:
            found = self._at(place)
            if found and found.kind == _DOCUMENT:
                return found
        top = self._records(0, len(self._stream))
        found = next((each for each in top if each.kind == _DOCUMENT), None)
        if found is None:
            raise ValueError("it has no slides")
        return found

    def _words(self, place: int, outline: list[_Words]) -> list[_Words]:
        """Return the texts of a slide in the order of its shapes; of the outline's, those that shapes refer to."""
        page = self._at(place)
        found: list[_Words] = []
        kind = 4
        for record in self._all(page, 0) if page else ():
            if record.kind == _TEXT_KIND:
                kind = struct.unpack_from("<I", self._stream, record.start)[0]
            elif record.kind == _OUTLINE:
                index = struct.unpack_from("<I", self._stream, record.start)[0]
                found += outline[index : index + 1]
            elif (text := self._text(record)) is not None:
                found.append(_Words(kind, text))
        missing = [each for each in outline if each not in found]
        return [
            *(each for each in missing if each.kind in _TITLES),
            *found,
            *(each for each in missing if each.kind not in _TITLES),
        ]

    def _text(self, record: _Record) -> str | None:
        data = self._stream[record.start : record.end]
        if record.kind == _TEXT:
            return _clean(data.decode("utf-16-le", "replace"))
        return _clean(data.decode("latin-1")) if record.kind == _NARROW_TEXT else None

    def _directory(self, at: int) -> dict[int, int]:
        """Return the offsets of the objects by number; a later version of an object counts."""
        places: dict[int, int] = {}
        seen = set()
        while at and at not in seen and at + 8 <= len(self._stream):
            seen.add(at)
            edit = self._record(at)
            if edit.kind != _EDIT:
                break
            before, directory = struct.unpack_from("<II", self._stream, edit.start + 8)
            for number, offset in self._entries(directory):
                places.setdefault(number, offset)
            at = before
        return places

    def _entries(self, at: int) -> Iterator[tuple[int, int]]:
        record = self._record(at)
        position = record.start
        while record.kind == _DIRECTORY and position + 4 <= record.end:
            head = struct.unpack_from("<I", self._stream, position)[0]
            first, count = head & 0xFFFFF, head >> 20
            offsets = struct.unpack_from(f"<{count}I", self._stream, position + 4)
            yield from ((first + n, offset) for n, offset in enumerate(offsets))
            position += 4 + 4 * count

    def _at(self, place: int) -> _Record | None:
        offset = self._places.get(place)
        return self._record(offset) if offset is not None and offset + 8 <= len(self._stream) else None

    def _record(self, at: int) -> _Record:
        head, kind, length = _HEAD.unpack_from(self._stream, at)
        start = at + _HEAD.size
        return _Record(kind, head >> 4, head & 0xF == _CONTAINER, start, min(start + length, len(self._stream)))

    def _records(self, at: int, end: int) -> Iterator[_Record]:
        while at + _HEAD.size <= end:
            record = self._record(at)
            yield record._replace(end=min(record.end, end))
            at = record.end

    def _children(self, record: _Record) -> Iterator[_Record]:
        return self._records(record.start, record.end)

    def _all(self, record: _Record, depth: int) -> Iterator[_Record]:
        """Yield the records in a record, at any depth, in order."""
        for child in self._children(record):
            yield child
            if child.is_container and depth < _DEEPEST:
                yield from self._all(child, depth + 1)


def _placed(blocks: list[Block], name: str) -> list[Block]:
    """Return the blocks that have words, as a place with this name."""
    found = [block for block in blocks if block.text]
    return [replace(found[0], places=((0, name, 1),)), *found[1:]] if found else []


def _clean(text: str) -> str:
    return text.replace("\r", "\n").replace("\x0b", "\n").replace("\xa0", " ").strip("\x00")


PPT = "application/vnd.ms-powerpoint"
FORMAT = Format(
    name="PowerPoint 97",
    kind="Slides",
    endings="ppt",
    media_types=PPT,
    called="a PowerPoint presentation",
    looks_at="ole2",
    recognise=lambda head, _: PPT if head.stream == "powerpoint document" else None,
    read="index.plugins.formats.ppt:read",
    place="slide",
)
