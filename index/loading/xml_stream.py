"""Reads the elements of XML one after the other, without a tree in memory: a sheet may have a million of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    Attributes = Mapping[str, str]
    Event = tuple[str, Attributes, str | None]
    """The name of an element, its attributes where it begins, and the text within it where it ends."""
    Test = Callable[[Attributes], bool]


def events(
    chunks: Iterable[bytes], begins: Collection[str], texts: Collection[str] = (), when: Test | None = None
) -> Iterator[Event]:
    """Yield the beginnings of elements with the names `begins`, and the ends of those with the names `texts`.

    Names are without namespaces. Attributes keep their prefixes. With `when`, a text is read only after the beginning
    of an element whose attributes pass it: most sheets have many texts and none that is needed.

    Raises:
        DamagedFile: it is not XML, or it has a declaration of its type, which may define entities.

    """
    from xml.parsers import expat

    parser = expat.ParserCreate()
    parser.buffer_text = True
    handler = _Handler(parser, (begins, texts), when)
    try:
        for chunk in chunks:
            parser.Parse(chunk)
            yield from handler.taken()
        parser.Parse(b"", True)  # the end
    except (expat.ExpatError, ValueError, LookupError) as error:  # the latter two for encodings that are not known
        raise DamagedFile(f"XML cannot be read: {error}.") from error
    yield from handler.taken()


class _Handler:
    """Collects events from the calls of a parser."""

    def __init__(self, parser: Any, names: tuple[Collection[str], Collection[str]], when: Test | None) -> None:
        self._parser = parser
        self._begins, self._texts = map(frozenset, names)
        self._when = when
        self._found: list[Event] = []
        self._words: list[str] = []
        parser.StartElementHandler = self._begin
        parser.StartDoctypeDeclHandler = self._refuse
        if self._texts and not when:
            self._listen()

    def taken(self) -> list[Event]:
        """Return the events since the last call."""
        taken, self._found = self._found, []
        return taken

    def _listen(self) -> None:
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._words.append

    def _begin(self, name: str, attributes: Attributes) -> None:
        local = name if name in self._begins else name.rpartition(":")[2]
        if local in self._begins:
            self._found.append((local, attributes, None))
            if self._when and self._when(attributes):
                self._listen()
        if local in self._texts:
            self._words.clear()

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local in self._texts:
            self._found.append((local, {}, "".join(self._words)))
            self._words.clear()
            if self._when:
                self._parser.EndElementHandler = self._parser.CharacterDataHandler = None

    def _refuse(self, *_: object) -> None:
        raise DamagedFile("XML in a workbook declares its type.")


def whole(digits: str | None, otherwise: int) -> int:
    """Return a whole number written in the digits of ASCII in an attribute, or another one if it is not that."""
    return int(digits) if digits and digits.isascii() and digits.isdigit() and len(digits) < 10 else otherwise
