"""Every state of the page against the rules of WCAG 2.2 A and AA, and against its own edges; light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from index.settings import Settings
from tests.browser.axe import COLOURS, violations
from tests.browser.conftest import PERHAPS, Moody, serving
from tests.browser.gate import Gated
from tests.browser.layout import outside
from tests.browser.source_reader import ASKED, DESK, HTML, MARKDOWN, PDF, PHONE, SEEDS, WORD
from tests.browser.states import Story, states

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Visit

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["wide", "phone"])
LONG = pytest.mark.parametrize(
    "size", [pytest.param(DESK, id="wide", marks=pytest.mark.nightly), pytest.param(PHONE, id="phone")]
)
STORY = Story(
    text=ASKED[HTML],
    page=ASKED[PDF],
    unsure=f"{PERHAPS}{ASKED[HTML]}",
    nothing="Who painted the albatross of Lisbon?",
    draft=(
        "Two Words\n\nThe Chinese customs administration reported two-way goods trade of about US$95 billion for "
        "2014. The Chinese customs administration reported two-way goods trade of about US$97 billion for 2014. "
        "A comet frightened the horses of the desert. Why did it?"
    ),
    upload="".join(f"On day {n} the doctor baked bread in the harbour of the king. " for n in range(400)),
)


@LONG
def test_every_state_can_be_perceived_by_everybody(tmp_path: Path, visit: Visit, size: ViewportSize) -> None:
    """No rule is broken and nothing is out of reach, in light colours; and the colours are as legible in dark ones."""
    encoder = Gated()
    encoder.gate.set()
    with Moody.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        library.add([SEEDS / name for name in (MARKDOWN, PDF, HTML, WORD)])
        encoder.gate.clear()
        with serving(library) as url:
            page = visit(url, size=size)
            page.on("response", lambda response: encoder.gate.set() if response.url.endswith("/cancel") else None)
            complaints = []
            try:
                for name in states(page, STORY):
                    complaints += [f"{name}: {each}" for each in _objections(page)]
            finally:
                encoder.gate.set()
            page.close()  # before the server stops: the page would complain
    assert complaints == []


@SIZES
def test_an_empty_library_can_be_perceived_by_everybody(empty_site: str, visit: Visit, size: ViewportSize) -> None:
    """So it is where there is nothing yet, in each tab."""
    page = visit(empty_site, size=size)
    for tab in ("Ask", "Check", "Library", "Questions"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
        assert _objections(page) == []


def _objections(page: Page) -> list[str]:
    found = [*violations(page), *outside(page)]
    page.emulate_media(color_scheme="dark")
    page.locator("body.dark").wait_for()
    found += [f"in the dark, {each}" for each in violations(page, *COLOURS)]
    page.emulate_media(color_scheme="light")
    return found
