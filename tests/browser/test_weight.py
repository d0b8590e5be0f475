"""The page stays light; how quick it is, `python -m benchmarks.page` measures."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.browser.weighing import weigh

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUESTION = "#question textarea"


def test_a_first_visit_is_light(site: str, browser: Browser) -> None:
    """At most 80 requests and 480 KB, of which Gradio alone takes 58 and 371."""
    weight = weigh(browser, site, QUESTION)
    assert weight.requests <= 80
    assert weight.kilobytes <= 480


def test_an_answer_adds_little(site: str, browser: Browser) -> None:
    """A visit that arrives with a question costs hardly more than one without."""
    home = weigh(browser, site, QUESTION)
    answer = weigh(browser, f"{site}/?{urlencode({'q': 'Who signed the treaty?'})}", QUESTION)
    assert answer.requests <= home.requests + 4
    assert answer.kilobytes <= home.kilobytes + 60
