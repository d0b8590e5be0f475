"""The door to pdfium: one caller at a time, and its refusals in our words."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, PasswordRequired
from index.loading.normalising import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Turns:
    """A lock that is had in the order in which it was asked for.

    Who reads a long file lets go of it after each page and asks again; a plain lock would be had again at once, and
    somebody who wants to see a page would wait for the whole file.
    """

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._taken = threading.Lock()

    def __enter__(self) -> None:
        with self._next:
            self._taken.acquire()

    def __exit__(self, *_: object) -> None:
        self._taken.release()


PDFIUM = _Turns()
"""pdfium keeps global state: two threads in it at once end the process. Whatever is asked of it is asked with this."""


def open_pdf(source: bytes | Path, name: str) -> Any:
    """A PDF, to be closed by whoever opened it. Of a path, no more is read than is asked for.

    Raises:
        PasswordRequired: it cannot be opened without a password; protection against copying alone does not matter.
        DamagedFile: pdfium cannot make sense of it.

    """
    import pypdfium2 as pdfium

    try:
        return pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        raise refused(error, name) from error


@contextmanager
def opened_pdf(path: Path, name: str) -> Iterator[Any]:
    """A PDF, with pdfium to oneself, until the block ends. Raises what `open_pdf` does."""
    with PDFIUM:
        document = open_pdf(path, name)
        try:
            yield document
        finally:
            document.close()


@contextmanager
def opened_page(document: Any, index: int) -> Iterator[Any | None]:
    """A page until the block ends; None where it is damaged, for the others may be whole."""
    import pypdfium2 as pdfium

    try:
        page = document[index]
    except pdfium.PdfiumError:
        yield None
        return
    try:
        yield page
    finally:
        page.close()


def page_label(document: Any, index: int) -> str:
    """What is printed on a page, or should be: `iv`; where the PDF does not say, its number, counted from 1."""
    return normalise(document.get_page_label(index)) or str(index + 1)


def refused(error: Any, name: str) -> PasswordRequired | DamagedFile:
    """What to raise in place of pdfium's own error."""
    import pypdfium2.raw as raw

    if error.err_code == raw.FPDF_ERR_PASSWORD:
        return PasswordRequired(f"{name} is a PDF locked with a password.")
    return DamagedFile(f"{name} is a PDF that cannot be opened: {str(error).rstrip('.')}.")
