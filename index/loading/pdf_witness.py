"""The raw text of each page of a PDF as pdfium returns it, in painted order, to check our own reading against it.

None of our own steps (lines, columns, furniture, paragraphs) has changed it, so a comparison shows their mistakes. It
proves words and their order within a column, not the order of columns.
"""

from __future__ import annotations

from index.loading.pdf_opening import PDFIUM, open_pdf, opened_page


def page_texts(data: bytes, name: str) -> tuple[str, ...]:
    """Return the text of each page, from the first to the last, without form feeds; "" for a damaged page.

    Raises PasswordRequired, DamagedFile.
    """
    with PDFIUM:
        document = open_pdf(data, name)
        pages = len(document)
    try:
        return tuple(_page_text(document, index) for index in range(pages))
    finally:
        with PDFIUM:
            document.close()


def _page_text(document: object, index: int) -> str:
    import pypdfium2 as pdfium

    with PDFIUM, opened_page(document, index) as page:
        if page is None:
            return ""
        try:
            text_page = page.get_textpage()
        except pdfium.PdfiumError:
            return ""
        try:
            return str(text_page.get_text_range()).replace("\f", " ")
        finally:
            text_page.close()
