"""Reads a PDF: the text of its pages in reading order, with tables, headings and pages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, NoTextLayer, RecognitionFailed, TooLarge
from index.loading.content import Block, Draft
from index.loading.pdf.description import describe, packet, stated_doi
from index.loading.pdf.headings import OutlineEntry, heading_levels
from index.loading.pdf.lines import Sheet, read_sheet
from index.loading.pdf.paragraphs import Paragraph, body_size, paragraphs
from index.loading.pdf.pdfium import PDFIUM, open_pdf, opened_page, page_label, pdfium_error
from index.loading.pdf.reading_order import in_reading_order
from index.loading.pdf.running_heads import without_furniture
from index.loading.pdf.scans import with_recognised
from index.loading.pdf.tables.table_blocks import caption_of, continued, table_block
from index.loading.pdf.tables.table_regions import tables_as_lines
from index.loading.recognition.engine import exact_words
from index.loading.recognition.recogniser import Recogniser
from index.text.sentences import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.loading.content import Content
    from index.loading.pdf.scans import RecognisedPdf

_OUTLINE_LIMIT = 20_000
_DEEPEST = 15
_MOST_BROKEN = 1_000
"""Damaged pages in a row. A page tree that refers to itself has any number of pages."""


def read(content: Content, name: str, *, max_pages: int | None = None, recogniser: Recogniser | None = None) -> Draft:
    """Return the text of all pages. Pages without usable text are recognised in their pictures.

    Raises:
        TooLarge: the PDF has more than `max_pages`. No page is read in this case.
        PasswordRequired: the PDF needs a password to open. A file that is only protected against copying is read.
        NoTextLayer: all pages are images, and no engine for text recognition is installed.
        RecognitionFailed: no page has text, and the engine does not work.
        DamagedFile: pdfium cannot parse the file.

    """
    recogniser = recogniser or Recogniser()
    scan, labels, outline, stated = _read_document(content.data, name, max_pages, recogniser)
    broken = sum(sheet is None for sheet in scan.sheets)
    sheets = [sheet or Sheet(0.0, ()) for sheet in scan.sheets]
    if not any(sheet.lines for sheet in sheets):
        _refuse_wordless(sheets, name, broken, recogniser)
        if scan.failed:
            raise RecognitionFailed(f"The words of {name} cannot be recognised: {scan.failed[0]}.")
    stated = {**packet(content.data), **stated}
    draft = draft_of(sheets, labels, (outline, stated), name)
    reading = replace(scan.reading, doi=stated_doi(stated))
    return replace(draft, notes=draft.notes + scan.notes + _notes(broken), reading=reading)


def draft_of(
    sheets: Sequence[Sheet], labels: Sequence[str], known: tuple[Sequence[OutlineEntry], Mapping[str, str]], name: str
) -> Draft:
    """Return the text of pages that have lines; `known` are the document's outline and the metadata it states."""
    outline, stated = known
    body = body_size([sheet.lines for sheet in sheets])
    kept, left_out = without_furniture(sheets, body)
    found = paragraphs([in_reading_order(lines) for lines in kept], body)
    levels = heading_levels(found, body, outline)
    title, author, date = describe(stated, found, body, name)
    blocks = list(_blocks(found, levels, labels))
    return Draft(blocks, title, author, date, left_out)


def _read_document(
    data: bytes, name: str, max_pages: int | None, recogniser: Recogniser
) -> tuple[RecognisedPdf, list[str], list[OutlineEntry], dict[str, str]]:
    """Return everything that pdfium reads, and what is recognised in pages without usable text.

    The lock is released between two pages, so that other threads get a turn.
    """
    import pypdfium2 as pdfium

    with PDFIUM:
        document = open_pdf(data, name)
        pages = len(document)
    try:
        _check_pages(pages, name, max_pages)
        scan = with_recognised(document, list(_sheets(document, pages, name)), data, recogniser)
        with PDFIUM:
            labels = [page_label(document, index) for index in range(pages)]
            outline = list(_outline(document))
            stated = {"doi": document.get_metadata_value("doi"), **document.get_metadata_dict(skip_empty=True)}
    except pdfium.PdfiumError as error:
        raise pdfium_error(error, name) from error
    finally:
        with PDFIUM:
            document.close()
    return scan, labels, outline, stated


def _check_pages(pages: int, name: str, max_pages: int | None) -> None:
    if max_pages is not None and pages > max_pages:
        raise TooLarge(
            f"{name} has {pages:,} pages, more than the {max_pages:,} that the settings allow.",
            "Raise the limit with PINCITE_MAX_PAGES, or split the file.",
        )


def _sheets(document: Any, pages: int, name: str) -> Iterator[Sheet | None]:
    broken = 0
    for index in range(pages):
        sheet = _sheet(document, index)
        broken = 0 if sheet else broken + 1
        if broken > _MOST_BROKEN:
            raise DamagedFile(f"{name} is a PDF of which {broken:,} pages in a row cannot be read.")
        yield sheet


def _sheet(document: Any, index: int) -> Sheet | None:
    """Return a page, or None if it is damaged; other pages may be intact."""
    import pypdfium2 as pdfium

    with PDFIUM, opened_page(document, index) as page:
        try:
            return read_sheet(page, tables_as_lines) if page else None
        except pdfium.PdfiumError:
            return None


def _outline(document: Any) -> Iterator[OutlineEntry]:
    for count, bookmark in enumerate(document.get_toc(max_depth=_DEEPEST)):
        if count >= _OUTLINE_LIMIT:
            return
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        title = bookmark.get_title()
        if page is not None and title.strip():
            yield OutlineEntry(normalise(title), page, bookmark.level + 1)


def _refuse_wordless(sheets: Sequence[Sheet], name: str, broken: int, recogniser: Recogniser) -> None:
    if sheets and broken == len(sheets):
        raise DamagedFile(f"{name} is a PDF whose pages cannot be read.")
    if any(sheet.has_images for sheet in sheets) and not recogniser.is_available:
        pages = "its page is an image" if len(sheets) == 1 else f"its {len(sheets)} pages are images"
        raise NoTextLayer(f"{name} has no text: {pages}.", recogniser.hint)


def _notes(broken: int) -> tuple[str, ...]:
    """Return the note on pages that are damaged."""
    return (f"{'1 page' if broken == 1 else f'{broken} pages'} could not be read.",) if broken else ()


def _blocks(found: Sequence[Paragraph], levels: Sequence[int], labels: Sequence[str]) -> Iterator[Block]:
    """Yield paragraphs as blocks. Empty pages after the last word begin at the end of the text."""
    block: Block | None = None
    captions: set[int] = set()
    for first, end in continued(found):
        if block:
            yield block
        parts = found[first:end]
        if parts[0].table:
            block = table_block(parts, caption_of(found, first, end, captions), labels)
            continue
        text = re.sub(r"\s+", " ", parts[0].text) if levels[first] else parts[0].text
        pages = tuple((offset, labels[page]) for offset, page in parts[0].pages)
        block = Block(text, levels[first], pages, recognised=exact_words(text, parts[0].words))
    begun = sum(len(paragraph.pages) for paragraph in found)
    trailing = labels[begun:]
    if block:
        yield replace(block, pages=block.pages + tuple((len(block.text), label) for label in trailing))
