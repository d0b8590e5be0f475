"""Hostile documents are shown as text, and the page stays intact.

`visit` asserts at the end of each test that `window.pwned` was never set, that the page reported no error, and that no
other machine was contacted.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
from playwright.sync_api import expect

from index.library.library import Library
from index.server.file_jobs import LARGE_BYTES
from index.settings import Settings
from tests.browser.actions import ask, best_card, file_payload, upload
from tests.browser.conftest import running_site
from tests.browser.hostile import CORPUS
from tests.browser.hostile_texts import MARKUP, NAMES, ON_DISK
from tests.browser.hostile_uploads import upload_raw
from tests.browser.layout import layout_problems
from tests.browser.source_reader import DESK, PHONE, loaded_viewer
from tests.fakes import FakeEncoder
from tests.hosted import wait_until
from tests.nightly import length
from tests.service.crowd import finished
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Revisit, Visit
    from tests.browser.hostile import HostileFile

AT_ONCE = 40
PARTS = 3
"""Parts of the corpus, each read by one test. The number is odd, so that a part has sources for both screens."""
STEP = length(9, 1)
"""The default run reads every ninth document of a part. The number is odd for the same reason."""
LINE = "<b onclick=window.pwned=1>the comet fell</b> "
LINE_BYTES = length(2_000_000, 10_000_000)
SHOWN_MOST = 100_000


class HostileSite(NamedTuple):
    """A page over the whole corpus."""

    url: str
    library: Library
    stages: dict[str, str]
    """Final stage of each upload, by the subject of the file."""


@pytest.fixture(scope="module")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileSite]:
    """Upload the whole corpus through the service, and add files whose names only a file system accepts."""
    folder = tmp_path_factory.mktemp("hostile")
    with _library(folder / "library", words=60) as library:
        for number, name in enumerate(ON_DISK.values()):
            (folder / name).write_text(f"The volcano called onager{number} was quiet all winter.")
        library.add(sorted(folder.glob("*.txt")))
        with running_site(library) as url, httpx.Client(base_url=url, timeout=60) as client:
            stages: dict[str, str] = {}
            for start in range(0, len(CORPUS), AT_ONCE):
                batch = CORPUS[start : start + AT_ONCE]
                job = finished(client, upload_raw(client, batch).raise_for_status().json())
                listed = sorted(batch, key=lambda file: len(file.content) if len(file.content) > LARGE_BYTES else 0)
                stages |= {file.subject: state["stage"] for file, state in zip(listed, job["files"], strict=True)}
            yield HostileSite(url, library, stages)


@contextmanager
def _library(folder: Path, words: int) -> Iterator[Library]:
    settings = Settings(passage_tokens=words)
    with Library.open(folder, settings, encoder=FakeEncoder(max_tokens=4 * words)) as library:
        yield library


@NEEDS_PLUGINS
def test_hostile_uploads_are_added_or_refused_as_expected(hostile_site: HostileSite) -> None:
    """The corpus is large, its subjects are unique, and no file name leads out of the folder for uploads."""
    assert len(CORPUS) >= 130
    assert len({file.subject for file in CORPUS}) == len(CORPUS)
    assert hostile_site.stages == {file.subject: "added" if file.accepted else "failed" for file in CORPUS}
    kept = [path for path in hostile_site.library.folder.rglob("*") if path.is_file() and "passwd" in path.name]
    assert [path.parent for path in kept] == [hostile_site.library.folder / "uploads"]
    assert hostile_site.library.verify().mismatches == ()


@pytest.mark.parametrize("part", range(PARTS))
def test_hostile_documents_are_cited_and_read_as_text(hostile_site: HostileSite, revisit: Revisit, part: int) -> None:
    """Answer and source show the words; nothing runs, nothing links away, nothing is off the screen.

    Each answer is checked on both screens, and every other source is opened on the small one.
    """
    page = _guarded(revisit(hostile_site.url, size=DESK))
    problems = []
    for number, file in list(enumerate(file for file in CORPUS if file.accepted))[part :: PARTS * STEP]:
        page.locator("#question textarea").fill(f'What of the comet "{file.word}"?')
        page.keyboard.press("Enter")
        expect(best_card(page).locator("blockquote")).to_contain_text(file.word)
        for size in (DESK, PHONE) if number % 2 else (PHONE, DESK):
            page.set_viewport_size(size)
            problems += [f"{file.subject}, {size['width']}: {line}" for line in layout_problems(page)]
        problems += _check_source(page, file)
    assert problems == []
    _assert_stayed(page)


def _check_source(page: Page, file: HostileFile) -> list[str]:
    """Open the source of the best passage, check it, and close it."""
    best_card(page).locator('[data-act="source"][data-n]').evaluate("node => node.click()")
    viewer = loaded_viewer(page)
    expect(viewer.locator("#viewer-text")).to_contain_text(file.word)
    assert viewer.locator("script, iframe, object, embed, svg [onload], #viewer-text img, base, meta").count() == 0
    problems = [f"{file.subject}, its source: {line}" for line in layout_problems(page)]
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page).not_to_have_url(re.compile("#d="))
    return problems


def test_hostile_names_and_titles_are_listed_as_text(hostile_site: HostileSite, visit: Visit) -> None:
    """The list and the choice of documents show names, titles and authors unchanged."""
    page = _guarded(visit(hostile_site.url, size=DESK))
    page.get_by_role("tab", name="Library").click()
    names = [" ".join(name.split()) for name in ("image escaped.html", "%2f..%2fetc%2fhosts.txt", *ON_DISK.values())]
    titles = (MARKUP["script"], MARKUP["image"], MARKUP["end of everything"])
    for listed in _texts_of_all_pages(page):
        assert [text for text in (*names, *titles) if text not in listed] == []
    page.get_by_role("tab", name="Questions").click()
    page.locator(".p-within summary").click()
    page.locator("#p-choose").fill("<img")
    expect(page.locator("#p-choices")).to_contain_text(MARKUP["image"])
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert layout_problems(page) == []
    _assert_stayed(page)


def _texts_of_all_pages(page: Page) -> list[str]:
    """Return the text of all pages of the list as each screen shows it; each page fits both."""
    table = page.locator("#p-shelf")
    words: dict[int, list[str]] = {DESK["width"]: [], PHONE["width"]: []}
    next_page = table.get_by_role("button", name="Next")
    while True:
        expect(table.locator("tbody tr").first).to_be_visible()
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            words[size["width"]] += table.inner_text().split()
            assert layout_problems(page) == []
        if not next_page.count() or next_page.is_disabled():
            return [" ".join(shown) for shown in words.values()]
        number = page.locator(".p-pager span").inner_text()
        next_page.click()
        expect(page.locator(".p-pager span")).not_to_have_text(number)


def test_hostile_names_are_uploaded_and_removed_in_the_browser(tmp_path: Path, visit: Visit) -> None:
    """The names are shown, a failed file shows its reason, and removing works."""
    names = [name for name in NAMES.values() if "/" not in name and "\x00" not in name][:10]
    with _library(tmp_path / "library", words=60) as library, running_site(library) as url:
        page = _guarded(visit(url, size=PHONE))
        upload(page, *(file_payload(name, f"The comet fell, {MARKUP['image']} says {name}") for name in names))
        expect(page.locator("#p-shelf tbody tr")).to_have_count(len(names))
        upload(page, file_payload(f"broken {MARKUP['image']}.pdf", f"%PDF-1.7 {MARKUP['image']}"))
        expect(page.locator("#p-jobs .p-is-failed")).to_contain_text("Not added")
        assert layout_problems(page) == []
        for left in [*reversed(range(len(names)))][: length(4, len(names))]:
            page.locator("#p-shelf").get_by_role("button", name="Remove").first.click()
            assert layout_problems(page) == []
            page.get_by_role("dialog").get_by_role("button", name="Remove").click()
            expect(page.locator("#p-shelf tbody tr")).to_have_count(left)
        _assert_stayed(page)
        page.close()  # before the server stops, which the page would report


def test_only_part_of_a_line_of_megabytes_is_sent_to_the_browser(tmp_path: Path, visit: Visit) -> None:
    """A line without an end is split into passages like any other text."""
    (tmp_path / "line.txt").write_text((LINE * (LINE_BYTES // len(LINE) + 1))[:LINE_BYTES])
    with _library(tmp_path / "library", words=1000) as library:
        assert not library.add(tmp_path / "line.txt").failed
        with running_site(library) as url:
            page = _guarded(visit(url, size=DESK))
            ask(page, "Where did the comet fall?")
            expect(best_card(page).locator("blockquote")).to_contain_text(LINE.strip())
            assert layout_problems(page) == []
            best_card(page).locator('[data-act="source"][data-n]').click()
            text = loaded_viewer(page).locator("#viewer-text").inner_text()
            assert LINE.strip() in text
            assert len(text) < SHOWN_MOST
            assert layout_problems(page) == []
            page.set_viewport_size(PHONE)
            wait_until(lambda: layout_problems(page) == [])  # the dialog adapts to the new size
            page.keyboard.press("Escape")
            assert layout_problems(page) == []
            _assert_stayed(page)
            page.close()  # before the server stops, which the page would report


def _guarded(page: Page) -> Page:
    """Fail the test if the browser opens a dialog or a window; mark the page, to notice if it is left."""
    page.on("dialog", lambda dialog: pytest.fail(f"A dialog opened: {dialog.message}"))
    page.on("popup", lambda popup: pytest.fail(f"A window opened: {popup.url}"))
    page.evaluate("window.stayed = true")
    return page


def _assert_stayed(page: Page) -> None:
    assert page.evaluate("window.stayed === true && window.pwned === undefined")
