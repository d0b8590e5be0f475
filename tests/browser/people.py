"""People with different rights at a provider, who use a team's server in browsers of their own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from index.page import create_app
from tests.browser.conftest import TIMEOUT_MS
from tests.fakes import FakeEncoder
from tests.plugins.team.conftest import build_team
from tests.plugins.team.provider import running_provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.plugins.team.conftest import Team

RULES = """
[open]
title = "Treaties and letters"
readers = ["ada@example.org", "bob@example.org"]
[vault-q7]
title = "Board papers"
readers = ["ada@example.org"]
curators = ["cy@example.org"]
"""
PEOPLE = {"ada": "Ada Lovelace", "bob": "Bob", "cy": "Cy"}


@contextmanager
def team_with_people(folder: Path) -> Iterator[Team]:
    """Yield a server of two libraries, which does not run yet, and people at a provider, which does."""
    with pytest.MonkeyPatch.context() as patch, running_provider() as provider:
        patch.setattr("index.encoders.encoder.load_encoder", lambda _: FakeEncoder())
        for subject, name in PEOPLE.items():
            provider.person(subject, email=f"{subject}@example.org", email_verified=True, name=name)
        oidc: dict[str, Any] = {
            "oidc_issuer": provider.url,
            "oidc_client_id": "pincite",
            "oidc_client_secret": "a secret",
        }
        yield build_team(folder, make=create_app, rules=RULES, **oidc)


@contextmanager
def person(browser: Browser, address: str, subject: str) -> Iterator[Page]:
    """Open an address in a browser of a person's own, who signs in on the way."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(address)
    sign_in(page, subject)
    try:
        yield page
    finally:
        context.close()


def sign_in(page: Page, subject: str) -> None:
    """Sign in at the provider, from the sign-in page, and wait for the library."""
    page.get_by_role("link", name="Sign in with").click()
    page.locator("input[name=sub]").first.fill(subject)
    page.locator("button[type=submit]").first.click()
    expect(page.locator("#question textarea")).to_be_visible()
