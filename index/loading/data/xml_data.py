"""Parses XML that holds data: its elements as records with their paths, and alike flat elements as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from index.loading.content import Draft
from index.loading.data.records_text import as_table, blocks, record
from index.loading.xml_tree import local, parse_text, root_name, text_of
from index.records.file_kinds import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.content import Block, Content


def read(content: Content, name: str) -> Draft:
    """Return the records of an XML file. Raises DamagedFile if it is not XML."""
    return Draft(list(_blocks(parse_text(content.text, name))))


def _blocks(root: Any) -> Iterator[Block]:
    children = [child for child in root if local(child)]
    if len(children) > 1 and len({child.tag for child in children}) == 1:
        values = [_value(child) for child in children]
        table = as_table(values)
        if table:
            yield table
            return
        for number, value in enumerate(values, 1):
            yield from record(value, number)
        return
    yield from blocks(_value(root), local(root))


def _value(element: Any) -> Any:
    """Return an element as a text, or as its attributes and children by name; alike children become a list."""
    children = [child for child in element if local(child)]
    mixed = any((part or "").strip() for part in (element.text, *(child.tail for child in children)))
    attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    if not children or mixed:
        return {**attributes, "text": text_of(element)} if attributes else _own_text(element)
    return {**attributes, **_grouped(children)}


def _own_text(element: Any) -> str:
    """Return the text of an element; its line breaks stay if it has nothing but text."""
    return text_of(element) if len(element) else (element.text or "").strip()


def _grouped(children: list[Any]) -> dict[str, Any]:
    values: dict[str, list[Any]] = {}
    for child in children:
        values.setdefault(local(child), []).append(_value(child))
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


XML_DATA = "application/xml"
FORMAT = Format(
    name="XML",
    kind="Data",
    endings="xml xsd xsl xslt wsdl plist kml gpx",
    media_types=XML_DATA,
    looks_at="text",
    rank=12,
    recognise=lambda head, suffix: XML_DATA if root_name(head.text, suffix) else None,
    ending_decides="last",
    read="index.loading.data.xml_data:read",
    prose=False,
    place="record",
    form="record",
)
