"""Reads a PDF: the text of its pages in reading order, with tables, headings and pages."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, NoTextLayer, RecognitionFailed, TooLarge
from index.loading import metadata
from index.loading.draft import Block, Draft
from index.loading.metadata import person
from index.loading.pdf.furniture import without_furniture
from index.loading.pdf.lines import Sheet, read_sheet
from index.loading.pdf.paragraphs import OutlineEntry, Paragraph, body_size, heading_levels, paragraphs
from index.loading.pdf.pdfium import PDFIUM, open_pdf, opened_page, page_label, pdfium_error
from index.loading.pdf.reading_order import lines_in_reading_order
from index.loading.pdf.scans import with_recognised
from index.loading.pdf.tables.regions import tables_as_lines
from index.loading.pdf.tables.table_assembly import caption_of, continued, table_block
from index.loading.pdf.word_boxes import boxes_of
from index.loading.recognition.recogniser import Recogniser
from index.text.dates import iso_date
from index.text.sentences import normalise, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.loading.draft import Content
    from index.loading.pdf.scans import RecognisedPdf
    from index.loading.pdf.word_boxes import PageLetters


# The title, the author, the date and the DOI of a PDF, as far as its metadata and its first page state them.
#
# The creation date of the file is not used, because it is the day of an export, a scan or a download.

_PROGRAM_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)\b|powerpoint presentation|untitled|unknown|document ?\d*$|slide ?\d+$"
    r"|title$|\(anonymous\)|no title)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r"\.(?:docx?|pdf|tex|dvi|indd|qxd|pptx?|xlsx?|odt|rtf|txt|html?|jpe?g|png|tiff?|ps|eps)$", re.IGNORECASE
)
_TITLE_SIZE_RATIO = 1.25
_HEAD_PARAGRAPHS = 12
_AT_TOP = 5
_NUMBERED = re.compile(r"\d+(?:\.\d+)*\.?\s")
"""The heading of a numbered section; the file is then an excerpt of a larger document."""
_TITLE_LENGTH = 250
_UPPER = 0.15
"""The share of a page's height that is its uppermost part."""
_PACKET, _MAX_PACKET_BYTES = b"<x:xmpmeta", 1 << 18
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
    text = data[start : start + _MAX_PACKET_BYTES].partition(b"</x:xmpmeta>")[0].decode("utf-8", "replace")
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
    if len(candidates) != 1 or sizes[0] <= _TITLE_SIZE_RATIO * body or candidates[0] not in upright[:_AT_TOP]:
        return ""
    title = one_line(candidates[0].text)
    wordy = len(title.split()) > 1 and len(title) <= _TITLE_LENGTH
    return title if wordy and metadata.looks_like_title(title) else ""


_OUTLINE_LIMIT = 20_000
_MAX_OUTLINE_DEPTH = 15
_MAX_BROKEN_PAGES = 1_000
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
    found = paragraphs([lines_in_reading_order(lines) for lines in kept], body)
    levels = heading_levels(found, body, outline)
    title, author, date = describe(stated, found, body, name)
    blocks = list(_blocks(found, levels, labels, [sheet.letters for sheet in sheets]))
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
        if broken > _MAX_BROKEN_PAGES:
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
    for count, bookmark in enumerate(document.get_toc(max_depth=_MAX_OUTLINE_DEPTH)):
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


def _blocks(
    found: Sequence[Paragraph], levels: Sequence[int], labels: Sequence[str], letters: Sequence[PageLetters | None]
) -> Iterator[Block]:
    """Yield paragraphs as blocks. Empty pages after the last word begin at the end of the text."""
    block: Block | None = None
    captions: set[int] = set()
    for first, end in continued(found):
        if block:
            yield block
        parts = found[first:end]
        if parts[0].table:
            block = table_block(parts, caption_of(found, first, end, captions), labels, letters)
            continue
        text = re.sub(r"\s+", " ", parts[0].text) if levels[first] else parts[0].text
        pages = tuple((offset, labels[page]) for offset, page in parts[0].pages)
        block = Block(text, levels[first], pages, boxes=boxes_of(text, parts[0].places, letters))
    begun = sum(len(paragraph.pages) for paragraph in found)
    trailing = labels[begun:]
    if block:
        yield replace(block, pages=block.pages + tuple((len(block.text), label) for label in trailing))
