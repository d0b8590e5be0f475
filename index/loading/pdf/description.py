"""The title, the author, the date and the DOI of a PDF, as far as its metadata and its first page state them.

The creation date of the file is not used, because it is the day of an export, a scan or a download.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.loading import metadata
from index.loading.bylines import person
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.loading.pdf.paragraphs import Paragraph

_PROGRAM_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)\b|powerpoint presentation|untitled|unknown|document ?\d*$|slide ?\d+$"
    r"|title$|\(anonymous\)|no title)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r"\.(?:docx?|pdf|tex|dvi|indd|qxd|pptx?|xlsx?|odt|rtf|txt|html?|jpe?g|png|tiff?|ps|eps)$", re.IGNORECASE
)
_LARGEST = 1.25
_HEAD_PARAGRAPHS = 12
_AT_TOP = 5
_NUMBERED = re.compile(r"\d+(?:\.\d+)*\.?\s")
"""The heading of a numbered section; the file is then an excerpt of a larger document."""
_TITLE_LENGTH = 250
_UPPER = 0.15
"""The share of a page's height that is its uppermost part."""
_PACKET, _LARGEST_PACKET = b"<x:xmpmeta", 1 << 18
_XMP = {
    "Title": re.compile(r"<dc:title>\s*<rdf:Alt>\s*<rdf:li[^>]*>([^<]+)<"),
    "Author": re.compile(r"<dc:creator>\s*<rdf:Seq>\s*<rdf:li[^>]*>([^<]+)</rdf:li>\s*</rdf:Seq>"),
    "Date": re.compile(r"<prism:(?:cover|publication)Date>([^<]+)<"),
    "DOI": re.compile(r"<(?:prism:doi|dc:identifier)>([^<]*10\.\d{4,9}/[^<]+)<"),
}


def describe(stated: Mapping[str, str], found: Sequence[Paragraph], body: float, name: str) -> tuple[str, str, str]:
    """Return title, author and date; `found` has at least one paragraph."""
    head = [paragraph for paragraph in found[:_HEAD_PARAGRAPHS] if paragraph.page == found[0].page]
    lines = [
        line for paragraph in [*head, *_at_top(found)] if not paragraph.table for line in paragraph.text.split("\n")
    ]
    title = _title(one_line(stated.get("Title", "")), PurePath(name).stem) or _largest(head, body)
    author = person(one_line(stated.get("Author", ""))) or metadata.author_of(lines)
    return title, author, metadata.date_of(lines, author) or iso_date(stated.get("Date", ""))


def stated_doi(stated: Mapping[str, str]) -> str:
    """Return the DOI that publishers write into a file's metadata, or into its subject after the reference."""
    return metadata.doi_in(" ".join(stated.get(key, "") for key in ("DOI", "doi", "Subject")))


def _at_top(found: Sequence[Paragraph]) -> list[Paragraph]:
    """Return the paragraphs in the uppermost part of the first page, which a program may have painted last."""
    page = [paragraph for paragraph in found if paragraph.page == found[0].page and not paragraph.first.sideways]
    top, bottom = max(p.first.top for p in page) if page else 0.0, min((p.last.bottom for p in page), default=0.0)
    return [paragraph for paragraph in page if paragraph.first.bottom > top - _UPPER * (top - bottom)]


def packet(data: bytes) -> dict[str, str]:
    """Return what _XMP reads in the XMP packet of a PDF; nothing if there are several, as pictures have their own."""
    start = data.find(_PACKET)
    if start < 0 or data.find(_PACKET, start + 1) >= 0:
        return {}
    text = data[start : start + _LARGEST_PACKET].partition(b"</x:xmpmeta>")[0].decode("utf-8", "replace")
    values = {key: pattern.search(text) for key, pattern in _XMP.items()}
    stated = {key: unescape(found.group(1)).strip() for key, found in values.items() if found}
    return {key: value for key, value in stated.items() if key != "Author" or " " in value}


def _title(title: str, stem: str) -> str:
    """Return the title if a person wrote it, else "": programs write file names or their own names there."""
    slug = " " not in title and (title == stem or bool(re.search(r"[-_\d]", title)))
    meaningless = _PROGRAM_TITLE.match(title) or _FILE_NAME.search(title) or slug
    return "" if meaningless or not any(map(str.isalpha, title)) else title


def _largest(head: Sequence[Paragraph], body: float) -> str:
    """Return the paragraph in the largest type at the top of the first page, if it is the only one in that type."""
    if not head or head[0].page:
        return ""
    upright = [paragraph for paragraph in head if not paragraph.first.sideways and not paragraph.table]
    if not upright:
        return ""
    sizes = sorted({round(paragraph.first.size) for paragraph in upright}, reverse=True)
    largest = [paragraph for paragraph in upright if round(paragraph.first.size) == sizes[0]]
    candidates = [paragraph for paragraph in largest if not _NUMBERED.match(paragraph.text)]
    if len(candidates) != 1 or sizes[0] <= _LARGEST * body or candidates[0] not in upright[:_AT_TOP]:
        return ""
    title = one_line(candidates[0].text)
    wordy = len(title.split()) > 1 and len(title) <= _TITLE_LENGTH
    return title if wordy and metadata.looks_like_title(title) else ""
