"""A second opinion on a PDF: the plain text of each page as pdfium gives it, in the order in which the file paints it.

None of our own steps (lines, columns, furniture, paragraphs) has touched it, so what they scramble shows beside it. It
is a witness of words and of their order within a column, not of the order of columns.
"""

from __future__ import annotations

from index.loading.pdf_opening import PDFIUM, open_pdf, opened_page


def page_texts(data: bytes, name: str) -> tuple[str, ...]:
    """The text of each page, from the first to the last, without form feeds; empty for a page that is damaged.

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
