"""Title, author and date that a package of Microsoft Office or OpenDocument states about itself."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Any

from index.loading.bylines import person
from index.text.dates import iso_date
from index.text.sentences import one_line

_GENERATORS = ("python-docx", "openpyxl", "python-pptx")
_TEMPLATE_TITLE = re.compile(
    r"|(?:microsoft )?(?:word )?document|untitled|title|workbook|slide \d+"
    r"|(?:powerpoint[- ])?(?:presentation|präsentation)",
    re.IGNORECASE,
)
_FILE_ENDINGS = (".doc", ".docx", ".dotx", ".xls", ".xlsx", ".ppt", ".pptx", ".potx")
_DC = "{http://purl.org/dc/elements/1.1/}"
_CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"
_TERMS = "{http://purl.org/dc/terms/}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_PARTS = ("docProps/core.xml", "meta.xml")
_LONGEST = 1_000_000
"""Bytes of a part that are read, at most."""


def meaningful(title: str, author: str) -> tuple[str, str]:
    """Return a title and an author, each "" if a template or a program left it there."""
    title, author = one_line(title), one_line(author)
    is_title = not _TEMPLATE_TITLE.fullmatch(title) and not title.lower().endswith(_FILE_ENDINGS)
    return title if is_title else "", person(author)


def stated(tree: Any) -> tuple[str, str, str]:
    """Return title, author and date from the root of the core properties of a Word document or a presentation."""
    title, author = meaningful(_first(tree, f"{_DC}title"), _first(tree, f"{_DC}creator"))
    programs = (_first(tree, f"{_DC}creator"), _first(tree, f"{_CORE}lastModifiedBy"))
    remark = _first(tree, f"{_DC}description")
    generated = any(name in programs or name in remark for name in _GENERATORS)
    return title, author, "" if generated else iso_date(_first(tree, f"{_TERMS}created")[:10])


def of_package(data: bytes) -> tuple[str, str, str]:
    """Return title, author and date of a package, each "" if it is not stated or cannot be read.

    A date of creation long before the last change is that of a template, and is left out.
    """
    from lxml import etree

    try:
        tree = etree.fromstring(_part(data, *_PARTS), etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.LxmlError, ValueError):
        return "", "", ""
    author = _first(tree, f"{_META}initial-creator", f"{_DC}creator")
    created = "" if author in _GENERATORS else _first(tree, f"{_TERMS}created", f"{_META}creation-date")
    changed = _first(tree, f"{_TERMS}modified", f"{_DC}date")
    is_old = bool(created and changed) and int(changed[:4]) - int(created[:4]) > 1
    return *meaningful(_first(tree, f"{_DC}title"), author), "" if is_old else iso_date(created[:10])


def is_locked(data: bytes) -> bool:
    """Return whether a package of OpenDocument is encrypted."""
    return b"encryption-data" in _part(data, "META-INF/manifest.xml")


def _part(data: bytes, *names: str) -> bytes:
    """Return the first of these parts that a package has; empty if it has none that can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = next((name for name in names if name in archive.namelist()), "")
            return archive.open(found).read(_LONGEST) if found else b""
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError, NotImplementedError):
        return b""


def _first(tree: Any, *tags: str) -> str:
    return next((one_line(element.text) for tag in tags for element in tree.iter(tag) if element.text), "")
