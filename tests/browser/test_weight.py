"""The page stays small; `python -m benchmarks.page` measures its speed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.browser.page_weight import weigh

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUESTION = "#question textarea"


def test_page_load_stays_within_its_budget(site: str, browser: Browser) -> None:
    """A first visit takes at most 70 requests and 480 KB, of which Gradio alone takes 58 and 371.

    A first visit with a question takes little more.
    """
    home = weigh(browser, site, QUESTION)
    assert home.requests <= 70
    assert home.kilobytes <= 480
    answer = weigh(browser, f"{site}/?{urlencode({'q': 'Who signed the treaty?'})}", QUESTION)
    assert answer.requests <= home.requests + 4
    assert answer.kilobytes <= home.kilobytes + 60
