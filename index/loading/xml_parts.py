"""Reads XML of unknown origin and packages of XML parts: no entity is expanded, no other file or address is read."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from html.entities import html5
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from index.errors import DamagedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    Attributes = Mapping[str, str]
    Event = tuple[str, Attributes, str | None]
    """The name of an element, its attributes where it begins, and the text within it where it ends."""
    Test = Callable[[Attributes], bool]
    from types import TracebackType


MAX_DEPTH = 250
"""Levels of nesting. No document has so many, and code that walks through a tree may recurse."""
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})
_SPACE = re.compile(r"[ \t\r\n]+")
_SAMPLE = 200_000
"""Characters in which the root element begins."""
_ROOT = re.compile(
    r"\s*(?P<declared><\?xml\b(?>.*?\?>))?(?:\s|<!--(?>.*?-->)|<\?(?>.*?\?>)|<!DOCTYPE(?>[^\[>]*(?:\[(?>.*?\]\s*>)|>)))*+"
    r"<(?:[\w.-]+:)?(?P<root>[A-Za-z_][\w.-]*)",
    re.DOTALL,
)


def root_name(text: str, suffix: str) -> str:
    """Return the name of the root element of a text that is XML; empty for other texts.

    The text is XML if it declares so, is a drawing, or has an ending (lower case, with the dot) that says so.
    """
    match = _ROOT.match(text[:_SAMPLE].lstrip("\ufeff"))
    if not match or not (match["declared"] or match["root"] == "svg" or suffix == ".xml"):
        return ""
    return match["root"]


def parse(data: bytes, name: str, *, lenient: bool = False) -> Any:
    """Return the root element of some XML. With `lenient`, mistakes are repaired as far as possible.

    Raises:
        DamagedFile: it is not XML, or it nests more deeply than any document.

    """
    from lxml import etree

    # Entities within attributes are always expanded. The limits that `huge_tree` lifts keep them from growing.
    harmless = b"<!ENTITY" not in data.replace(b"\0", b"")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=harmless, recover=lenient,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise DamagedFile(f"{name} has XML that cannot be read: {error}.") from error
    if root is None:
        raise DamagedFile(f"{name} has XML without a single element.")
    etree.strip_tags(root, etree.Entity)
    if root.xpath(f"boolean({'/*' * (MAX_DEPTH + 1)})"):
        raise DamagedFile(f"{name} nests its XML more than {MAX_DEPTH} levels deep.", "Add what it contains as text.")
    return root


def with_characters(text: str) -> str:
    """Return markup whose named entities of HTML, such as `&nbsp;`, are characters: XML does not define them."""
    return _ENTITY.sub(lambda found: found[0] if found[1] in _OWN else html5.get(f"{found[1]};", found[0]), text)


def local(element: Any) -> str:
    """Return the name of an element without its namespace; "" for an entity or anything else that is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def without_namespaces(root: Any) -> Any:
    """Remove the namespaces of all elements, in place; the attributes keep theirs."""
    for element in root.iter():
        name = local(element)
        if name and ":" not in name and "}" in element.tag:
            element.tag = name
    return root


def text_of(element: Any) -> str:
    """Return all words below an element on one line."""
    return _SPACE.sub(" ", "".join(strings(element))).strip()


def strings(element: Any) -> Iterator[str]:
    """Yield the strings below an element in order; entities that the file defines for itself are left out."""
    yield from map(str, element.itertext()) if local(element) else ()


def parse_text(text: str, name: str, *, lenient: bool = False) -> Any:
    """Return the root element of XML that is already decoded, whatever encoding it states. See `parse`."""
    text = text.lstrip("\ufeff \t\r\n")
    declaration, ends, rest = text.partition("?>")
    undeclared = rest if ends and declaration.startswith("<?xml") else text
    return parse(undeclared.lstrip().encode("utf-8", "replace"), name, lenient=lenient)


# Reads the elements of XML one after the other, without a tree in memory: a sheet may have a million of them.


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


# The parts of a document that is a zip archive, such as a book in EPUB or a text in OpenDocument.

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, KeyError)
_CHUNK = 1 << 16


class ZipParts:
    """Reads parts by their paths. The loader has checked before how much the archive unpacks to."""

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise self._damaged(str(error)) from error
        self.names = self._archive.namelist()
        self._names = {_folded(name): name for name in self.names} | {name: name for name in self.names}

    def __enter__(self) -> ZipParts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def __contains__(self, path: str) -> bool:
        return self.find(path) is not None

    def find(self, path: str) -> str | None:
        """Return the name under which the archive has a part.

        Links escape blanks and accents, archives do not; and some programs write other capitals, or backslashes.
        """
        candidates: Iterable[str] = (path, unquote(path), _folded(unquote(path)))
        return next((self._names[candidate] for candidate in candidates if candidate in self._names), None)

    def read(self, path: str) -> bytes:
        """Return the bytes of a part. Raises DamagedFile if it is missing or cannot be unpacked."""
        found = self.find(path)
        if found is None:
            raise self._damaged(f"its part {path} is missing")
        try:
            return self._archive.read(found)
        except _BROKEN as error:
            raise self._damaged(f"its part {path} cannot be unpacked: {error}") from error

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a part in chunks. Raises DamagedFile if it is missing or cannot be unpacked."""
        found = self.find(path)
        if found is None:
            raise self._damaged(f"its part {path} is missing")
        try:
            with self._archive.open(found) as part:
                while chunk := part.read(_CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise self._damaged(f"its part {path} cannot be unpacked: {error}") from error

    def _damaged(self, reason: str) -> DamagedFile:
        return DamagedFile(f"{self._name} cannot be opened: {reason}.")


def _folded(name: str) -> str:
    return name.replace("\\", "/").lower()


# The parts of an Office package (Open Packaging Conventions, ISO/IEC 29500-2), found by their relationships.
#
# with OfficePackage(data, "letter.docm") as package:
#     main = package.main()                       # "word/document.xml"
#     styles = package.related(main, "styles")    # ["word/styles.xml"]
#     root = package.root(styles[0])

RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
"""The namespace of attributes that name a link, such as `r:id`."""
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
"""The beginning of the namespaces in files that are saved as “Strict Open XML”; all others have a year in theirs."""

_VISIO = "document"
"""What Visio calls the link to the document; the other programs say `officeDocument`."""


class _Link(NamedTuple):
    """A relationship of a part to another part of the package."""

    id: str
    kind: str
    target: str


class OfficePackage(ZipParts):
    """Finds parts. Links to parts that are missing, as some programs leave them, are passed over."""

    def __enter__(self) -> OfficePackage:
        return self

    def main(self) -> str:
        """Return the path of the part that is the document itself. Raises DamagedFile."""
        found = [*self.related("", "officeDocument"), *self.related("", _VISIO)]
        if not found:
            raise DamagedFile(f"{self._name} cannot be opened: it does not say which of its parts is the document.")
        return found[0]

    def related(self, path: str, kind: str) -> list[str]:
        """Return the parts that a part has links of a kind to, such as `styles`; `path` is "" for the package."""
        return [link.target for link in self._links(path) if link.kind == kind]

    def target(self, path: str, number: str) -> str:
        """Return the part that a part has a link to with an id, such as `rId4`; "" if there is none."""
        return next((link.target for link in self._links(path) if link.id == number), "")

    def root(self, path: str) -> Any:
        """Return the root of a part that is XML, with the namespaces of ECMA-376. Raises DamagedFile."""
        data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", self.read(path))
        return parse(data, f"{self._name} cannot be opened: its part {path}")

    def _links(self, path: str) -> Iterator[_Link]:
        folder, name = posixpath.split(path)
        links = posixpath.join(folder, "_rels", f"{name}.rels")
        for link in self.root(links) if links in self else ():
            target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))).lstrip("/")
            if local(link) == "Relationship" and link.get("TargetMode") != "External" and target in self:
                yield _Link(link.get("Id", ""), link.get("Type", "").rpartition("/")[2], target)
