"""Opens PDFs with pdfium: the lock around it, and the translation of its errors."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, PasswordRequired
from index.loading.normalising import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _FairLock:
    """A lock that threads acquire in the order in which they asked for it.

    A thread that reads a long file releases the lock after each page and acquires it again. With a plain lock it would
    get it back at once, and a thread that renders a page would wait for the whole file.
    """

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._taken = threading.Lock()

    def __enter__(self) -> None:
        with self._next:
            self._taken.acquire()

    def __exit__(self, *_: object) -> None:
        self._taken.release()


PDFIUM = _FairLock()
"""The lock for every call to pdfium, which keeps global state: two threads in it at once crash the process."""


def open_pdf(source: bytes | Path, name: str) -> Any:
    """Open a PDF; the caller closes it. From a path, only the parts that are used are read.

    Raises:
        PasswordRequired: the PDF needs a password to open. Protection against copying alone does not matter.
        DamagedFile: pdfium cannot parse the file.

    """
    import pypdfium2 as pdfium

    try:
        return pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        raise pdfium_error(error, name) from error


@contextmanager
def opened_pdf(path: Path, name: str) -> Iterator[Any]:
    """Open a PDF and hold the lock on pdfium until the block ends. Raises the same errors as `open_pdf`."""
    with PDFIUM:
        document = open_pdf(path, name)
        try:
            yield document
        finally:
            document.close()


@contextmanager
def opened_page(document: Any, index: int) -> Iterator[Any | None]:
    """Yield a page and close it when the block ends. Yields None if the page is damaged; the others may be whole."""
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
    """Return the label that is printed on a page, such as `iv`; if the PDF has none, the page number from 1."""
    return normalise(document.get_page_label(index)) or str(index + 1)


def pdfium_error(error: Any, name: str) -> PasswordRequired | DamagedFile:
    """Return our error for an error of pdfium."""
    import pypdfium2.raw as raw

    if error.err_code == raw.FPDF_ERR_PASSWORD:
        return PasswordRequired(f"{name} is a PDF locked with a password.")
    return DamagedFile(f"{name} is a PDF that cannot be opened: {str(error).rstrip('.')}.")
