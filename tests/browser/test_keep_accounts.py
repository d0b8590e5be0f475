"""Keeping on a team's server and in a demo: a person's collection follows them, and nobody else sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.server.kept_store import FOLDER
from tests.browser.actions import best_card
from tests.browser.people import person, team_with_people
from tests.browser.test_demo import QUESTION as COMET_QUESTION
from tests.browser.test_demo import add_comet, running_demo
from tests.browser.test_keep import QUESTION, asked, keep, rows, tray
from tests.hosted import hosted
from tests.plugins.team.provider import PROVIDER_WARNINGS
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.browser.conftest import Visit
    from tests.plugins.team.conftest import Team

pytestmark = [NEEDS_PLUGINS, *(pytest.mark.filterwarnings(f"ignore:{words}") for words in PROVIDER_WARNINGS)]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A server of two libraries, and people with different rights at a provider; nobody has kept anything."""
    with team_with_people(tmp_path) as served:
        yield served


def test_collection_follows_its_reader_alone(browser: Browser, team: Team) -> None:
    """Two browsers of one person share it and lose nothing; another reader and another library do not have it."""
    with hosted(team.app) as address:
        library, vault = f"{address}/l/open/", f"{address}/l/vault-q7/"
        with person(browser, library, "ada") as one, person(browser, library, "ada") as two:
            keep(one, QUESTION)
            expect(tray(one)).to_contain_text("Stored for you alone, with this library.")
            expect(tray(two).locator("#tray-title")).to_have_text("Kept 1")
            rows(two).first.get_by_placeholder("Add a note").fill("From the second browser.")
            rows(two).first.get_by_placeholder("Add a note").blur()
            two.keyboard.press("Escape")
            two.locator("#tray-open").click()
            keep(two, "What closed the river before the letter arrived?")
            one.reload()
            expect(one.locator("#tray-title")).to_have_text("Kept 2")  # the address says that the tray is open
            expect(rows(one).first.get_by_placeholder("Add a note")).to_have_value("From the second browser.")
            assert one.evaluate("Object.keys(localStorage).filter((key) => key.includes('kept'))") == []
            one.goto(vault)
            expect(one.locator("#question textarea")).to_be_visible()
            expect(tray(one).locator("#tray-title")).to_have_text("Kept")
            with person(browser, library, "bob") as other:
                asked(other, QUESTION)
                expect(best_card(other).get_by_role("button", name="Keep")).to_be_visible()
                expect(tray(other).locator("#tray-title")).to_have_text("Kept")
            two.get_by_role("button", name="Delete all").click()
            two.get_by_role("dialog", name="Delete everything").get_by_role("button", name="Delete all").click()
            expect(two.locator("#tray-none")).to_be_visible()
            assert not list((team.folder / "open" / FOLDER).glob("*.items.json"))


def test_lost_server_keeps_the_change_for_later(browser: Browser, team: Team) -> None:
    """It is shown as not stored yet, and stored with the next one."""
    with hosted(team.app) as address, person(browser, f"{address}/l/open/", "ada") as page:
        page.route("**/page/kept", lambda route: route.abort("connectionrefused"))
        keep(page, QUESTION)
        expect(tray(page)).to_contain_text("Not stored yet. The server cannot be reached.")
        page.unroute_all()
        page.get_by_role("button", name="Close what you kept").click()
        expect(tray(page)).to_contain_text("Stored for you alone, with this library.")
        page.reload()
        expect(page.locator("#tray-title")).to_have_text("Kept 1")


def test_demo_says_that_a_private_document_is_gone(tmp_path: Path, visit: Visit) -> None:
    """The quote stays in the visitor's browser, and the tray says that its source is not."""
    with running_demo(tmp_path) as url:
        page = visit(url, fresh=True)
        add_comet(page)
        page.get_by_role("tab", name="Ask").click()
        keep(page, COMET_QUESTION)
        expect(tray(page).locator(".p-kept-state")).to_be_empty()
        page.get_by_role("button", name="Close what you kept").click()
        page.get_by_role("button", name="Delete now").click()
        page.get_by_role("dialog", name="Delete everything of yours").get_by_role("button", name="Delete now").click()
        expect(page.locator("#p-demo-state")).to_contain_text("Public demo")
        expect(tray(page)).to_contain_text("Gone No longer in your library.")
        expect(rows(page)).to_contain_text("The comet fell into the desert in winter.")
        page.close()  # before the server stops, which the page would report
