"""Reads the elements of XML one after the other, without a tree in memory: a sheet may have a million of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from index.errors import DamagedFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


class Event(NamedTuple):
    """The beginning of an element, or the end of one whose text was asked for."""

    name: str
    """Its name without its namespace."""
    attributes: Mapping[str, str]
    text: str | None = None
    """At the end, the text within it; None at the beginning."""


def events(chunks: Iterable[bytes], begins: Collection[str], texts: Collection[str] = ()) -> Iterator[Event]:
    """Yield the beginnings of elements with the names `begins`, and the ends of those with the names `texts`.

    Names are without namespaces. Attributes keep their prefixes.

    Raises:
        DamagedFile: it is not XML, or it has a declaration of its type, which may define entities.

    """
    from xml.parsers import expat

    handler = _Handler(begins, texts)
    parser = handler.attached(expat.ParserCreate())
    try:
        for chunk in chunks:
            parser.Parse(chunk)
            yield from handler.taken()
        parser.Parse(b"", True)  # noqa: FBT003  # expat takes it by position only
    except (expat.ExpatError, ValueError) as error:  # ValueError for an encoding that is not known
        raise DamagedFile(f"XML cannot be read: {error}.") from error
    yield from handler.taken()


class _Handler:
    """Collects events from the calls of a parser."""

    def __init__(self, begins: Collection[str], texts: Collection[str]) -> None:
        self._begins, self._texts = frozenset(begins), frozenset(texts)
        self._found: list[Event] = []
        self._words: list[str] = []

    def attached(self, parser: Any) -> Any:
        """Have a parser call this handler."""
        parser.StartElementHandler = self._begin
        parser.StartDoctypeDeclHandler = self._refuse
        if self._texts:
            parser.buffer_text = True
            parser.EndElementHandler = self._end
            parser.CharacterDataHandler = self._words.append
        return parser

    def taken(self) -> list[Event]:
        """Return the events since the last call."""
        taken, self._found = self._found, []
        return taken

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in self._begins:
            self._found.append(Event(local, attributes))
        if local in self._texts:
            self._words.clear()

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local in self._texts:
            self._found.append(Event(local, {}, "".join(self._words)))
            self._words.clear()

    def _refuse(self, *_: object) -> None:
        raise DamagedFile("XML in a workbook declares its type.")


def whole(digits: str | None, otherwise: int) -> int:
    """Return a whole number written in the digits of ASCII in an attribute, or another one if it is not that."""
    return int(digits) if digits and digits.isascii() and digits.isdigit() and len(digits) < 10 else otherwise
