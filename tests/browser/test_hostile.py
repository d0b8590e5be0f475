"""A library of documents that want to be more than text: they are shown as text, and the page stays as it is.

`visit` asserts at the end of each test that `window.pwned` was never set, that no page complained, and that nothing was
asked of any other machine.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest
from playwright.sync_api import expect

from index.library.library import Library
from index.settings import Settings
from tests.browser.actions import ask, file, first, upload
from tests.browser.conftest import serving
from tests.browser.hostile import CORPUS
from tests.browser.hostile_texts import MARKUP, NAMES, ON_DISK
from tests.browser.hostile_uploads import send
from tests.browser.layout import outside
from tests.browser.source_reader import DESK, PHONE, opened
from tests.fakes import FakeEncoder
from tests.hosted import wait_until
from tests.nightly import length
from tests.service.crowd import finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Visit
    from tests.browser.hostile import Hostile

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["wide", "phone"])
AT_ONCE = 40
PARTS = 3
"""Of the corpus, each read by a test of its own, so that no other waits for the one that reads all; an odd number, for
that every other one is opened on the small screen."""
STEP = length(5, 1)
"""Of each part, every fifth one is read in the default run; odd as well."""
LINE = "<b onclick=window.pwned=1>the comet fell</b> "
TEN_MEGABYTES = 10_000_000
SHOWN_MOST = 100_000


class Den(NamedTuple):
    """Where all of them are."""

    url: str
    library: Library
    stages: dict[str, str]
    """What became of each upload, by what is hostile in it."""


@pytest.fixture(scope="module")
def den(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Den]:
    """A library of the whole corpus, uploaded through the service, and of names that only a file system takes."""
    folder = tmp_path_factory.mktemp("den")
    with _library(folder / "library", words=60) as library:
        for number, name in enumerate(ON_DISK.values()):
            (folder / name).write_text(f"The volcano called onager{number} was quiet all winter.")
        library.add(sorted(folder.glob("*.txt")))
        with serving(library) as url, httpx.Client(base_url=url, timeout=60) as client:
            stages: dict[str, str] = {}
            for start in range(0, len(CORPUS), AT_ONCE):
                some = CORPUS[start : start + AT_ONCE]
                job = finished(client, send(client, some).raise_for_status().json())
                stages |= {each.about: state["stage"] for each, state in zip(some, job["files"], strict=True)}
            yield Den(url, library, stages)


@contextmanager
def _library(folder: Path, words: int) -> Iterator[Library]:
    settings = Settings(passage_tokens=words)
    with Library.open(folder, settings, encoder=FakeEncoder(max_tokens=4 * words)) as library:
        yield library


def test_the_corpus_is_what_it_says(den: Den) -> None:
    """It is large, every part of it is taken in or refused as expected, and no word of a name leads anywhere."""
    assert len(CORPUS) >= 130
    assert len({each.about for each in CORPUS}) == len(CORPUS)
    assert den.stages == {each.about: "added" if each.taken else "failed" for each in CORPUS}
    kept = [path for path in den.library.folder.rglob("*") if path.is_file() and "passwd" in path.name]
    assert [path.parent for path in kept] == [den.library.folder / "uploads"]
    assert den.library.verify().mismatches == ()


@pytest.mark.parametrize("part", range(PARTS))
def test_each_can_be_asked_about_and_read(den: Den, visit: Visit, part: int) -> None:
    """The answer and the source show its words; nothing runs, nothing leads away, nothing is out of reach.

    Each answer is looked at on both screens, and every other source is opened on the small one.
    """
    page = _watched(visit(den.url, size=DESK))
    complaints = []
    for number, each in list(enumerate(each for each in CORPUS if each.taken))[part :: PARTS * STEP]:
        page.locator("#question textarea").fill(f'What of the comet "{each.word}"?')
        page.keyboard.press("Enter")
        expect(first(page).locator("blockquote")).to_contain_text(each.word)
        for size in (DESK, PHONE) if number % 2 else (PHONE, DESK):
            page.set_viewport_size(size)
            complaints += [f"{each.about}, {size['width']}: {line}" for line in outside(page)]
        complaints += _read(page, each)
    assert complaints == []
    _assert_stayed(page)


def _read(page: Page, each: Hostile) -> list[str]:
    """Open the source of the best passage, and close it again."""
    first(page).locator('[data-act="source"][data-n]').evaluate("node => node.click()")
    viewer = opened(page)
    expect(viewer.locator("#viewer-text")).to_contain_text(each.word)
    assert viewer.locator("script, iframe, object, embed, svg [onload], #viewer-text img, base, meta").count() == 0
    complaints = [f"{each.about}, its source: {line}" for line in outside(page)]
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(page).not_to_have_url(re.compile("#d="))
    return complaints


@SIZES
def test_all_are_listed(den: Den, visit: Visit, size: ViewportSize) -> None:
    """Names, titles and authors stand in the list as they are written, and so they do where documents are chosen."""
    page = _watched(visit(den.url, size=size))
    page.get_by_role("tab", name="Library").click()
    listed = _leaf_through(page)
    for name in ("image escaped.html", "%2f..%2fetc%2fhosts.txt", *map(str.strip, ON_DISK.values())):
        assert " ".join(name.split()) in listed
    for markup in (MARKUP["script"], MARKUP["image"], MARKUP["end of everything"]):
        assert markup in listed
    page.get_by_role("tab", name="Questions").click()
    page.locator(".p-within summary").click()
    page.locator("#p-choose").fill("<img")
    expect(page.locator("#p-choices")).to_contain_text(MARKUP["image"])
    assert outside(page) == []
    _assert_stayed(page)


def _leaf_through(page: Page) -> str:
    """All pages of the list, as they are read; each of them fits the screen."""
    shelf, words = page.locator("#p-shelf"), []
    onward = shelf.get_by_role("button", name="Next")
    while True:
        expect(shelf.locator("tbody tr").first).to_be_visible()
        words += shelf.inner_text().split()
        assert outside(page) == []
        if not onward.count() or onward.is_disabled():
            return " ".join(words)
        number = page.locator(".p-pager span").inner_text()
        onward.click()
        expect(page.locator(".p-pager span")).not_to_have_text(number)


def test_some_are_uploaded_and_removed_in_the_browser(tmp_path: Path, visit: Visit) -> None:
    """From the drop zone to the receipt: the names are shown, what failed says why, and removing takes them away."""
    names = [name for name in NAMES.values() if "/" not in name and "\x00" not in name][:10]
    with _library(tmp_path / "library", words=60) as library, serving(library) as url:
        page = _watched(visit(url, size=PHONE))
        upload(page, *(file(name, f"The comet fell, {MARKUP['image']} says {name}") for name in names))
        expect(page.locator("#p-shelf tbody tr")).to_have_count(len(names))
        upload(page, file(f"broken {MARKUP['image']}.pdf", f"%PDF-1.7 {MARKUP['image']}"))
        expect(page.locator("#p-jobs .p-is-failed")).to_contain_text("Not added")
        assert outside(page) == []
        for left in reversed(range(len(names))):
            page.locator("#p-shelf").get_by_role("button", name="Remove").first.click()
            assert outside(page) == []
            page.get_by_role("dialog").get_by_role("button", name="Remove").click()
            expect(page.locator("#p-shelf tbody tr")).to_have_count(left)
        _assert_stayed(page)
        page.close()  # before the server stops: the page would complain


def test_ten_megabytes_in_one_line(tmp_path: Path, visit: Visit) -> None:
    """A line without an end is cut into passages like any text; only what is looked at reaches the browser."""
    (tmp_path / "line.txt").write_text((LINE * (TEN_MEGABYTES // len(LINE) + 1))[:TEN_MEGABYTES])
    with _library(tmp_path / "library", words=1000) as library:
        assert not library.add(tmp_path / "line.txt").failed
        with serving(library) as url:
            page = _watched(visit(url, size=DESK))
            ask(page, "Where did the comet fall?")
            expect(first(page).locator("blockquote")).to_contain_text(LINE.strip())
            assert outside(page) == []
            first(page).locator('[data-act="source"][data-n]').click()
            text = opened(page).locator("#viewer-text").inner_text()
            assert LINE.strip() in text
            assert len(text) < SHOWN_MOST
            assert outside(page) == []
            page.set_viewport_size(PHONE)
            wait_until(lambda: outside(page) == [])  # the dialog moves to where it belongs
            page.keyboard.press("Escape")
            assert outside(page) == []
            _assert_stayed(page)
            page.close()  # before the server stops: the page would complain


def _watched(page: Page) -> Page:
    """From now on no dialog of the browser's own may open, and the page may not be left for another."""
    page.on("dialog", lambda dialog: pytest.fail(f"A dialog opened: {dialog.message}"))
    page.on("popup", lambda popup: pytest.fail(f"A window opened: {popup.url}"))
    page.evaluate("window.stayed = true")
    return page


def _assert_stayed(page: Page) -> None:
    assert page.evaluate("window.stayed === true && window.pwned === undefined")
