"""A team's server in a real browser: sign-in at a provider, a question, another library, roles, sign-out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.axe import colour_violations, structure_violations
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.everywhere import EVERYWHERE
from tests.browser.layout import assert_header_fits
from tests.browser.people import person, sign_in, team_with_people
from tests.hosted import hosted
from tests.plugins.team.provider import PROVIDER_WARNINGS
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

    from tests.browser.conftest import Scheme
    from tests.plugins.team.conftest import Team

pytestmark = [NEEDS_PLUGINS, *(pytest.mark.filterwarnings(f"ignore:{words}") for words in PROVIDER_WARNINGS)]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A server of two libraries, and people with different rights at a provider."""
    with team_with_people(tmp_path_factory.mktemp("site")) as served:
        yield served


@pytest.fixture(scope="module")
def team_site(team: Team) -> Iterator[str]:
    """The address of the server."""
    with hosted(team.app) as address:
        yield address


def test_person_signs_in_asks_switches_and_signs_out(browser: Browser, team_site: str) -> None:
    """The whole way of a reader, with the browser's own cookies, redirects and streams."""
    with person(browser, f"{team_site}/l/open/", "ada") as page:
        page.wait_for_url(f"{team_site}/l/open/")
        page.locator("#question textarea").fill("Who signed the treaty?")
        page.locator("#go").click()
        expect(page.locator("#results")).to_contain_text("The king signed the treaty in the harbour.")
        page.locator("#results [data-act=source]").first.click()
        expect(page.locator("dialog[open]")).to_contain_text("Winter had closed the river")
        page.keyboard.press("Escape")

        for width in (320, 360, 640, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert_header_fits(page)
        page.get_by_role("button", name="Ada Lovelace: account and libraries").click()
        page.get_by_role("link", name="Board papers").click()
        page.wait_for_url(f"{team_site}/l/vault-q7/")
        page.locator("#question textarea").fill("What swam under the bridge?")
        page.locator("#go").click()
        expect(page.locator("#results")).to_contain_text("The whale swam under the bridge of glass.")

        page.get_by_role("button", name="Ada Lovelace: account and libraries").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("status")).to_have_text("You have signed out of Pincite.")
        page.goto(f"{team_site}/l/open/")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_reader_sees_neither_other_libraries_nor_controls(browser: Browser, team_site: str) -> None:
    """A reader of one library: no list to switch, no drop zone, no way to remove; other addresses lead nowhere."""
    with person(browser, f"{team_site}/l/open/", "bob") as page:
        button = page.get_by_role("button", name="Bob: account")
        button.click()
        expect(page.locator("#account")).to_contain_text("Reader")
        expect(page.locator("#account nav")).to_have_count(0)
        page.keyboard.press("Escape")
        page.get_by_role("tab", name="Library").click()
        expect(page.get_by_text("Its curators add and remove documents.")).to_be_visible()
        expect(page.get_by_role("link", name="treaty.txt")).to_be_visible()
        expect(page.locator("#files")).not_to_be_visible()
        expect(page.get_by_role("button", name="Remove")).to_have_count(0)
        page.context.clear_cookies()  # as if the session had ended
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        page.get_by_role("link", name="Sign in").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        sign_in(page, "bob")
        assert page.goto(f"{team_site}/l/vault-q7/").status == 404  # type: ignore[union-attr]
        expect(page.get_by_text("There is nothing at this address.")).to_be_visible()
        page.get_by_role("link", name="To the start page").click()
        expect(page.get_by_role("listitem")).to_have_text(["Treaties and letters"])


def test_curator_adds_a_file(browser: Browser, team_site: str, team: Team) -> None:
    """The controls of a curator work below the library's own address; the audit log has the name of the file."""
    with person(browser, f"{team_site}/l/vault-q7/", "cy") as page:
        page.get_by_role("tab", name="Library").click()
        expect(page.locator("#files")).to_be_visible()
        horse = {"name": "horse.txt", "mimeType": "text/plain", "buffer": b"A horse cost more than a bridge that year."}
        page.locator("#files input[type=file]").set_input_files(horse)  # type: ignore[arg-type]
        expect(page.get_by_role("link", name="horse.txt", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Remove horse.txt")).to_be_visible()
    told = [(line["action"], line["who"], line.get("what")) for line in team.audited if line["who"] == "cy@example.org"]
    assert [action for action, _, _ in told] == ["sign-in", "upload", "add"]
    assert told[-1][2] == ["horse.txt"]


@EVERYWHERE
def test_pages_of_accounts_are_accessible(browser: Browser, team_site: str, size: ViewportSize, scheme: Scheme) -> None:
    """The sign-in page, the list of libraries, a refusal, and the open menu; nothing is wider than the window."""
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(f"{team_site}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    require_accessible(page)
    page.goto(f"{team_site}/sign-in?next=/l/open/")
    sign_in(page, "ada")
    page.get_by_role("button", name="Ada Lovelace: account and libraries").click()
    expect(page.locator("#account")).to_be_visible()
    assert [line for line in structure_violations(page) if "ccount" in line] == []
    assert colour_violations(page, "#account") == []
    assert colour_violations(page, ".p-top") == []
    for path in ("/", "/l/nothing/"):
        page.goto(team_site + path)
        require_accessible(page)
    context.close()


def require_accessible(page: Page) -> None:
    """Require that a page outside of a library breaks no rule of WCAG and fits into the window."""
    assert structure_violations(page) == []
    assert colour_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
