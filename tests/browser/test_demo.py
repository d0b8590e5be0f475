"""The page of a demo: a visitor's own documents, the time left, limits in words, and frames of other sites."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse

from index.records import texts
from tests.browser.actions import ask, best_card, file_payload, upload
from tests.browser.conftest import OIL, TREATY, ScriptedLibrary, open_library, running_site
from tests.fakes import FakeEncoder
from tests.hosted import hosted
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tests.browser.conftest import Visit

from index.settings import Settings

pytestmark = NEEDS_PLUGINS
COMET = "The comet fell into the desert in winter."
QUESTION = "What fell into the desert?"


@contextmanager
def running_demo(folder: Path, wrap: Callable[[ASGIApp], ASGIApp] | None = None, **changes: Any) -> Iterator[str]:
    """Serve a demo over two published documents; yield its address."""
    settings = Settings(passage_tokens=32, demo=True, demo_contact="desk@example.org", **changes)
    with open_library(folder, {"treaty.md": TREATY, "oil.txt": OIL}) as library:
        path = library.folder
    with (
        ScriptedLibrary.open(path, settings, encoder=FakeEncoder(), immutable=True) as library,
        running_site(library, settings, wrap=wrap) as url,
    ):
        yield url


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo with the usual limits."""
    with running_demo(tmp_path_factory.mktemp("demo")) as url:
        yield url


def add_comet(page: Page) -> None:
    """Upload a document and wait until it is listed."""
    page.get_by_role("tab", name="Library").click()
    upload(page, file_payload("comet.txt", COMET))
    expect(page.locator("#p-shelf")).to_contain_text("comet.txt", timeout=60_000)


def test_demo_has_its_title_in_place_of_the_program_s(tmp_path_factory: pytest.TempPathFactory, visit: Visit) -> None:
    """At the top of the page and of the tab, as text whatever it contains; a long one does not widen the page."""
    title = "Trade in the Pacific & <b>other</b> notes, collected over many years by the members of the desk"
    with running_demo(tmp_path_factory.mktemp("titled"), demo_title=title) as url:
        page = visit(url, size={"width": 390, "height": 844})
        expect(page.locator(".p-brand bdi")).to_have_text(title)
        expect(page).to_have_title(title)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": 1440, "height": 900})
        brand, section = page.locator(".p-brand").bounding_box(), page.get_by_role("tab", name="Ask").bounding_box()
        assert brand
        assert section
        assert brand["x"] + brand["width"] <= section["x"]
        ask(page, QUESTION)
        expect(page).to_have_title(f"{QUESTION} · {title}")
        page.close()  # before the server stops, which the page would report


def test_visitor_sees_what_is_private_and_deletes_it(demo: str, visit: Visit) -> None:
    """Another visitor at the same time sees only what is published."""
    page, other = visit(demo, fresh=True, speed=5), visit(demo, fresh=True, speed=5)
    expect(page.get_by_role("button", name="Delete now")).to_be_hidden()
    add_comet(page)
    row = page.locator("#p-shelf tr", has_text="comet.txt")
    expect(row.get_by_text(texts.ONLY_YOU)).to_be_visible()
    expect(page.get_by_role("button", name="Remove")).to_have_count(1)
    expect(page.locator("#p-demo-state")).to_contain_text("everything of yours is deleted in 30 minutes")
    expect(page.locator("#p-demo-room")).to_contain_text("1 of 20 files")
    page.get_by_role("tab", name="Ask").click()
    ask(page, QUESTION)
    expect(best_card(page).get_by_text(texts.ONLY_YOU)).to_be_visible()
    ask(other, QUESTION)
    expect(other.locator("#results")).not_to_contain_text("comet")
    expect(other.locator("#p-demo-state")).to_contain_text("Public demo")
    page.get_by_role("button", name="Delete now").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete now").click()
    expect(page.locator("#p-demo-state")).to_contain_text("Public demo")
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#p-shelf")).to_contain_text("2 documents")


def test_privacy_note_is_one_click_away(demo: str, visit: Visit) -> None:
    """It names the times of this demo, and how to reach its operator."""
    page = visit(demo)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Privacy").click()
    expect(opened.value.get_by_role("heading", name="Privacy")).to_be_visible()
    expect(opened.value.locator("body")).to_contain_text("30 minutes after your last visit")
    opened.value.close()
    expect(page.get_by_role("link", name="Contact")).to_have_attribute("href", "mailto:desk@example.org")


def test_limit_is_explained_and_counts_down(tmp_path: Path, visit: Visit) -> None:
    """The reader learns what the limit is and when it ends, in every tab."""
    with running_demo(tmp_path, demo_questions=2, demo_checks=1) as url:
        page = visit(url, fresh=True)
        for question, answer in (("Who signed the treaty?", "The king"), ("What did oil cost?", "price of oil")):
            ask(page, question)
            expect(page.locator("#results")).to_contain_text(answer)  # a question that is cancelled is not counted
        ask(page, QUESTION)
        expect(page.locator("#results")).to_contain_text("Too many questions: this demo allows 2 per minute.")
        wait = page.locator("#results [data-retry]")
        expect(wait).to_contain_text("You can try again in")
        first = wait.inner_text()
        expect(wait).not_to_have_text(first)
        expect(wait).to_contain_text("seconds")
        page.close()  # before the server stops, which the page would report


@contextmanager
def framing(url: str) -> Iterator[str]:
    """Serve a page of another site with the demo in a frame; yield its address."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            page = f'<!doctype html><title>Elsewhere</title><iframe src="{url}" width="1200" height="800"></iframe>'
            await HTMLResponse(page)(scope, receive, send)

    with hosted(app) as address:
        yield address.replace("127.0.0.1", "localhost")  # another site than the demo's


def without_cookies(app: ASGIApp) -> ASGIApp:
    """Return an application that neither gets nor sets cookies, as in a browser that allows a frame none."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_without(message: Message) -> None:
            if message["type"] == "http.response.start":
                del MutableHeaders(scope=message)["set-cookie"]
            await send(message)

        if scope["type"] == "http":
            del MutableHeaders(scope=scope)["cookie"]
        await app(scope, receive, send_without)

    return call


@pytest.mark.parametrize("cookies", [True, False], ids=["cookies", "no cookies"])
def test_demo_works_in_a_frame_of_another_site(tmp_path: Path, unwatched: Page, cookies: bool) -> None:
    """Also where the browser gives the frame no cookies: then a header says whose documents are meant."""
    page = unwatched
    wrap = None if cookies else without_cookies
    with running_demo(tmp_path, wrap, embed_origins=("http://localhost:*",)) as demo, framing(demo) as site:
        page.goto(site)
        frame = page.frame_locator("iframe")
        frame.get_by_role("tab", name="Library").click()
        expect(frame.locator("#p-shelf section")).to_be_visible()
        frame.locator("#files input[type=file]").set_input_files(file_payload("comet.txt", COMET))
        expect(frame.locator("#p-shelf")).to_contain_text("comet.txt", timeout=60_000)
        frame.get_by_role("tab", name="Ask").click()
        frame.get_by_label(texts.YOUR_QUESTION).fill(QUESTION)
        frame.get_by_role("button", name="Ask", exact=True).click()
        expect(frame.locator("#results .p-card").first).to_contain_text(COMET)


def test_other_sites_cannot_frame_the_demo_unless_named(tmp_path: Path, unwatched: Page) -> None:
    """Without a setting, only the server's own pages can."""
    with running_demo(tmp_path) as url, framing(url) as site:
        unwatched.goto(site)
        unwatched.wait_for_timeout(1000)
        assert unwatched.frames[1].url == "chrome-error://chromewebdata/"
