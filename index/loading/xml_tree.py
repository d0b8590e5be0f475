"""Parses XML of unknown origin: no entity is expanded, no other file or address is read, and depth has a limit."""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 250
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
    found = _ROOT.match(text[:_SAMPLE].lstrip("\ufeff"))
    if not found or not (found["declared"] or found["root"] == "svg" or suffix == ".xml"):
        return ""
    return found["root"]


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
    if root.xpath(f"boolean({'/*' * (DEEPEST + 1)})"):
        raise DamagedFile(f"{name} nests its XML more than {DEEPEST} levels deep.", "Add what it contains as text.")
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
