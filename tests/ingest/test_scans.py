"""Adding long scans: progress page by page, time limits for each page, and going on after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.errors import TookTooLong
from index.library.library import Library
from index.loading import processor_time
from index.loading.recognition import tesseract
from index.loading.recognition.recogniser import FOLDER, RecognitionOptions
from index.loading.sandbox import pool
from index.loading.sandbox.messages import Limits
from index.loading.sandbox.pool import parsers
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.hosted import wait_until
from tests.loading.printed_pages import drawn, scanned_pdf
from tests.loading.stub_tesseract import StubTesseract, install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.records import Progress
    from tests.conftest import Write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stub is a script")
ADD = "import sys; from pathlib import Path; from tests.fakes import FakeEncoder"
OPEN = "from index.library.library import Library; library = Library.open(Path(sys.argv[1]), encoder=FakeEncoder())"


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubTesseract]:
    """A quick program called tesseract; no sandbox process from before knows another one."""
    pool.close_idle()
    yield install(tmp_path / "bin", monkeypatch)
    pool.close_idle()
    tesseract._installed.cache_clear()
    tesseract._models.cache_clear()


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A scan of four pages."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(scanned_pdf([drawn().resize((150, 200))] * 4))
    return path


def library_at(folder: Path) -> Library:
    """Open a library with the fake encoder."""
    return Library.open(folder, Settings(), encoder=FakeEncoder())


def test_each_page_is_reported_while_a_scan_is_read(stub: StubTesseract, scan: Path, tmp_path: Path) -> None:
    """The callback of an `add` gets the page that is being recognised, and the number of pages."""
    waits = stub.let_wait(3)
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if progress.page == 3:
            waits.unlink(missing_ok=True)

    with library_at(tmp_path / "library") as library:
        receipt = library.add(scan, progress=watch)
        document = library.document(library.documents()[0].id)
    assert receipt.added == (str(scan),)
    assert (3, 4) in {(progress.page, progress.of_pages) for progress in seen}
    assert all(progress.stage == "reading" for progress in seen if progress.page)
    assert document.reading.recognised_pages == 4
    assert document.reading.engine == "tesseract 9.0"
    assert [document.text[word.start : word.end] for word in document.recognised] == document.text.split()


def test_time_limit_begins_again_with_each_page(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long scan may use more processor time than the limit, a single page may not."""
    monkeypatch.setattr("index.loading.sandbox.pool.PROGRAM", ("-c", _BUSY))
    pool.close_idle()
    with parsers(Limits(seconds=60.0)) as parser:
        parser.parse(scan, source="begun.pdf", max_bytes=1 << 30)  # the short limit is not for the start of the process
        parser._limits = Limits(seconds=1.0)
        assert parser.parse(scan, source="scan.pdf", max_bytes=1 << 30).document.text == "The ship left."


_BUSY = """
import time
from index.loading.sandbox import worker
load_bytes = worker.load_bytes
def load(data, *, source, recogniser, **options):
    for page in range(3 if source == "scan.pdf" else 0):
        recogniser.report(page + 1, 3)
        until = time.process_time() + 0.5
        while time.process_time() < until:
            pass
    return load_bytes(b"The ship left.", source="a.txt")
worker.load_bytes = load
worker.main()
"""


def test_page_that_fails_or_never_ends_is_left_out(stub: StubTesseract, scan: Path, write: Write) -> None:
    """One that takes too much processor time is given up before the limit; each has a note, the others are read."""
    stub.let_spin(2)
    stub.let_fail(4)
    with parsers(Limits()) as parser:
        parser.parse(write("begun.txt", "The ship left."), source="a", max_bytes=99)  # the process has started
        parser._limits = Limits(seconds=2.0)
        document = parser.parse(scan, source="scan.pdf", max_bytes=1 << 30).document
    assert document.reading.recognised_pages == 2
    assert "1 page not recognised: tesseract took too long." in document.notes
    assert "1 page not recognised: tesseract failed: page 4 makes it fail." in document.notes


def test_hanging_reader_is_still_ended(stub: StubTesseract, scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If even the reader does not come back from a page, the limit ends it."""
    monkeypatch.setattr(processor_time, "CLOCK_FACTOR", 1)
    monkeypatch.setattr("index.loading.sandbox.pool.PROGRAM", ("-c", _HANGING))
    with parsers(Limits(seconds=1.0)) as parser, pytest.raises(TookTooLong):
        parser.parse(scan, source="scan.pdf", max_bytes=1 << 30)


_HANGING = """
import threading
from index.loading.sandbox import worker
def load(data, *, recogniser, **options):
    recogniser.report(1, 9)
    threading.Event().wait()
worker.load_bytes = load
worker.main()
"""


def test_killed_add_goes_on_where_it_was(stub: StubTesseract, scan: Path, tmp_path: Path) -> None:
    """After a kill at the third page, the next `add` recognises only the pages that are missing.

    Nothing that was recognised in a file stays in the library's folder when the document is removed.
    """
    stub.let_wait(3)
    folder = tmp_path / "library"
    code = f"{ADD}; {OPEN}; library.add(sys.argv[2])"
    adding = subprocess.Popen([sys.executable, "-c", code, str(folder), str(scan)])
    try:
        wait_until(lambda: stub.pages >= 3, 60)
        os.kill(adding.pid, signal.SIGKILL)
    finally:
        adding.wait(60)
    for path in stub.folder.glob("wait-*"):
        path.unlink()
    assert len(list((folder / FOLDER).glob("*/*.json.z"))) == 2
    with library_at(folder) as library:
        library.add(scan)
        document = library.document(library.documents()[0].id)
        assert len(list((folder / FOLDER).iterdir())) == 1
        library.remove(str(scan))
        assert list((folder / FOLDER).iterdir()) == []
    assert stub.pages == 5
    assert document.text.count("Page 1 says") == document.text.count("Page 2 says") == 1
    assert document.reading.recognised_pages == 4


def test_verification_takes_the_stored_recognition(stub: StubTesseract, scan: Path, tmp_path: Path) -> None:
    """`verify` compares words with what is stored and calls no program; with `deep`, it recognises again.

    Passages of pages that say something else now are unconfirmed. Where the recognised pages are gone, the source is
    named as not compared, and is no mismatch.
    """
    with library_at(tmp_path / "library") as library:
        library.add(scan)
        result = library.verify()
        assert (result.mismatches, result.unconfirmed, result.sources_unread) == ((), (), ())
        assert (result.sources_checked, stub.pages) == (1, 4)
        for path in stub.folder.glob("read-*"):
            path.unlink()
        result = library.verify(deep=True)
        assert (result.mismatches, result.unconfirmed, stub.pages) == ((), (), 4)
    program = stub.folder / "tesseract"
    other_words = "no boat ever sailed from here at"
    program.write_text(program.read_text().replace("the ship was towed to sea and sold", other_words))
    with library_at(tmp_path / "library") as library:
        assert {passage.source for passage in library.verify(deep=True).unconfirmed} == {str(scan)}
        for path in (tmp_path / "library" / FOLDER).glob("*/*"):
            path.unlink()
        result = library.verify()
        assert (result.mismatches, result.sources_unread, result.sources_checked) == ((), (str(scan),), 0)


def test_settings_choose_whether_and_in_which_language(stub: StubTesseract, scan: Path, tmp_path: Path) -> None:
    """With PINCITE_OCR=off, a scan fails with a hint; a language that is not installed is named with its package."""
    with Library.open(tmp_path / "library", Settings(ocr="off"), encoder=FakeEncoder()) as library:
        (failure,) = library.add(scan).failed
    assert "PINCITE_OCR" in failure.hint
    assert stub.pages == 0
    options = replace(RecognitionOptions(), languages=("deu",))
    with parsers(Limits()) as parser, pytest.raises(Exception, match="apt install tesseract-ocr-deu"):
        parser.parse(scan, source="scan.pdf", max_bytes=1 << 30, recognition=options)
