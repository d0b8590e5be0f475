"""The pages of a document as others read them: pdfium, and the engine that recognised a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.loading.formats import PDF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.records import Document


def witness_pages(data: bytes, document: Document, name: str, recognised: Mapping[int, str]) -> tuple[str, ...]:
    """Return the pages of a PDF as the second reader reads them, and recognised ones as the engine gave them.

    Empty for formats other than PDF and pictures.
    """
    pages: list[str] = []
    if document.media_type == PDF:
        from index.loading.pdf.pdfium import page_texts

        pages += page_texts(data, name)
    for page in sorted({word.page for word in document.recognised}):
        pages += [""] * (page + 1 - len(pages))
        pages[page] = recognised.get(page, "")
    return tuple(pages)
