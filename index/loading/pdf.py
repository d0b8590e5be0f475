"""PDF: the words of its pages in reading order, with page labels, headings and what it says of itself."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, NoTextLayer, PasswordRequired
from index.loading.composing import Block, Draft
from index.loading.normalising import normalise
from index.loading.pdf_describing import describe
from index.loading.pdf_furniture import without_furniture
from index.loading.pdf_headings import OutlineEntry, heading_levels
from index.loading.pdf_lines import Sheet, read_sheet
from index.loading.pdf_order import in_reading_order
from index.loading.pdf_paragraphs import Paragraph, body_size, paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.composing import Content

_PDFIUM = threading.Lock()
"""pdfium keeps global state: two threads in it at once end the process."""
_OUTLINE_LIMIT = 20_000
_DEEPEST = 15


def read(content: Content, name: str) -> Draft:
    """Read every page.

    Raises:
        PasswordRequired: it cannot be opened without a password; protection against copying alone does not matter.
        NoTextLayer: its pages are pictures.
        DamagedFile: pdfium cannot make sense of it.

    """
    with _PDFIUM:
        sheets, labels, outline, stated, broken = _ask(content.data, name)
    if not any(sheet.lines for sheet in sheets):
        _refuse_wordless(sheets, name, broken)
    body = body_size([sheet.lines for sheet in sheets])
    kept, left_out = without_furniture(sheets, body)
    found = paragraphs([in_reading_order(lines) for lines in kept], body)
    levels = heading_levels(found, body, outline)
    title, author, date = describe(stated, found, body, name)
    blocks = list(_blocks(found, levels, labels))
    return Draft(blocks, title, author, date, left_out + _notes(sheets, broken))


def _ask(data: bytes, name: str) -> tuple[list[Sheet], list[str], list[OutlineEntry], dict[str, str], int]:
    """All that pdfium is asked, so that its lock can be let go."""
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise _translated(error, name) from error
    try:
        sheets = [_sheet(document, index) for index in range(len(document))]
        labels = [normalise(document.get_page_label(index)) or str(index + 1) for index in range(len(document))]
        outline = list(_outline(document))
        stated = document.get_metadata_dict(skip_empty=True)
    except pdfium.PdfiumError as error:
        raise _translated(error, name) from error
    finally:
        document.close()
    broken = sum(sheet is None for sheet in sheets)
    return [sheet or Sheet(0.0, ()) for sheet in sheets], labels, outline, stated, broken


def _translated(error: Any, name: str) -> Exception:
    import pypdfium2.raw as raw

    if error.err_code == raw.FPDF_ERR_PASSWORD:
        return PasswordRequired(f"{name} is a PDF locked with a password.")
    return DamagedFile(f"{name} is a PDF that cannot be opened: {str(error).rstrip('.')}.")


def _sheet(document: Any, index: int) -> Sheet | None:
    """One page; None where it is damaged, for the others may be whole."""
    import pypdfium2 as pdfium

    try:
        page = document[index]
    except pdfium.PdfiumError:
        return None
    try:
        return read_sheet(page)
    except pdfium.PdfiumError:
        return None
    finally:
        page.close()


def _outline(document: Any) -> Iterator[OutlineEntry]:
    for count, bookmark in enumerate(document.get_toc(max_depth=_DEEPEST)):
        if count >= _OUTLINE_LIMIT:
            return
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        title = bookmark.get_title()
        if page is not None and title.strip():
            yield OutlineEntry(normalise(title), page, bookmark.level + 1)


def _refuse_wordless(sheets: Sequence[Sheet], name: str, broken: int) -> None:
    if sheets and broken == len(sheets):
        raise DamagedFile(f"{name} is a PDF whose pages cannot be read.")
    if any(sheet.has_images for sheet in sheets):
        pages = "its page is an image" if len(sheets) == 1 else f"its {len(sheets)} pages are images"
        raise NoTextLayer(f"{name} has no text: {pages}.")


def _notes(sheets: Sequence[Sheet], broken: int) -> tuple[str, ...]:
    """What a reader should know is missing."""
    notes = []
    pictures = sum(sheet.has_images for sheet in sheets)
    if pictures:
        notes.append(f"{_count(pictures)} without text, as images: run text recognition to have them read.")
    if broken:
        notes.append(f"{_count(broken)} could not be read.")
    return tuple(notes)


def _count(pages: int) -> str:
    return "1 page" if pages == 1 else f"{pages} pages"


def _blocks(found: Sequence[Paragraph], levels: Sequence[int], labels: Sequence[str]) -> Iterator[Block]:
    """Paragraphs as blocks; pages after the last word begin at the very end."""
    block: Block | None = None
    for paragraph, level in zip(found, levels, strict=True):
        if block:
            yield block
        text = re.sub(r"\s+", " ", paragraph.text) if level else paragraph.text
        block = Block(text, level, tuple((offset, labels[page]) for offset, page in paragraph.pages))
    begun = sum(len(paragraph.pages) for paragraph in found)
    trailing = labels[begun:]
    if block:
        yield replace(block, pages=block.pages + tuple((len(block.text), label) for label in trailing))
