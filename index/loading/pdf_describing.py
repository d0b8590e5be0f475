"""Finds title, author and date of a PDF: in its information dictionary if a person wrote them, else on its first page.

The date on which the file was made is not used: it is the day of an export, a scan or a download.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.loading import describing
from index.loading.composing import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.loading.pdf_paragraphs import Paragraph

_PROGRAM_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)\b|powerpoint presentation|untitled|unknown|document ?\d*$|slide ?\d+$"
    r"|title$|\(anonymous\)|no title)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r"\.(?:docx?|pdf|tex|dvi|indd|qxd|pptx?|xlsx?|odt|rtf|txt|html?|jpe?g|png|tiff?|ps|eps)$", re.IGNORECASE
)
_NO_AUTHOR = {
    "anonymous",
    "(anonymous)",
    "user",
    "admin",
    "administrator",
    "owner",
    "unknown",
    "author",
    "unspecified",
} | {"root", "guest"}
_LARGEST = 1.25
_HEAD_PARAGRAPHS = 12
_AT_TOP = 5
_NUMBERED = re.compile(r"\d+(?:\.\d+)*\.?\s")
"""The heading of a numbered section; the file is then an excerpt of a larger document."""
_TITLE_LENGTH = 250


def describe(stated: Mapping[str, str], found: Sequence[Paragraph], body: float, name: str) -> tuple[str, str, str]:
    """Return title, author and date; `found` has at least one paragraph."""
    head = [paragraph for paragraph in found[:_HEAD_PARAGRAPHS] if paragraph.page == found[0].page]
    lines = [line for paragraph in head for line in paragraph.text.split("\n")]
    title = _title(one_line(stated.get("Title", "")), PurePath(name).stem) or _largest(head, body)
    author = _author(one_line(stated.get("Author", ""))) or next(filter(None, map(describing.byline, lines)), "")
    return title, author, next(filter(None, map(describing.dateline, lines)), "")


def _title(title: str, stem: str) -> str:
    """Return the title if a person gave it; programs write file names and their own names there."""
    slug = " " not in title and (title == stem or bool(re.search(r"[-_\d]", title)))
    meaningless = _PROGRAM_TITLE.match(title) or _FILE_NAME.search(title) or slug
    return "" if meaningless or not any(map(str.isalpha, title)) else title


def _author(author: str) -> str:
    return "" if author.lower() in _NO_AUTHOR or not any(map(str.isalpha, author)) else author


def _largest(head: Sequence[Paragraph], body: float) -> str:
    """Return the paragraph in the largest type at the top of the first page, if it is the only one in that type."""
    if not head or head[0].page:
        return ""
    upright = [paragraph for paragraph in head if not paragraph.first.sideways]
    sizes = sorted({round(paragraph.first.size) for paragraph in upright}, reverse=True)
    largest = [paragraph for paragraph in upright if round(paragraph.first.size) == sizes[0]]
    candidates = [paragraph for paragraph in largest if not _NUMBERED.match(paragraph.text)]
    if len(candidates) != 1 or sizes[0] <= _LARGEST * body or candidates[0] not in upright[:_AT_TOP]:
        return ""
    title = one_line(candidates[0].text)
    wordy = len(title.split()) > 1 and len(title) <= _TITLE_LENGTH
    return title if wordy and describing.looks_like_title(title) else ""
