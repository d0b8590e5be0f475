"""Each state of the page follows WCAG 2.2 A and AA and fits the screen, in light and dark colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from index.settings import Settings
from tests.browser.axe import colour_violations, structure_violations
from tests.browser.conftest import UNSURE_PREFIX, ScriptedLibrary, running_site
from tests.browser.everywhere import PHONE_BY_DEFAULT
from tests.browser.gate import GatedEncoder
from tests.browser.layout import layout_problems
from tests.browser.source_reader import HTML, MARKDOWN, PDF, QUESTIONS, SEEDS, WORD
from tests.browser.states import Story, states
from tests.nightly import is_nightly

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Visit

NEW_PARTS = {
    "reasons": "#results",
    "confidence": "#sure",
    "export": "#export",
    "syntax": "#syntax",
    "history": "#history",
    "kept": "#tray",
    "theme": "#themes",
    "keyboard": "#shortcuts",
    "source": "#viewer",
    "page": "#viewer",
    "whole page": "#viewer",
    "coverage": "#coverage",
    "unsure": "#results",
    "thread": "#main",
    "none": "#results",
    "searching": "#waiting",
    "lost": "#waiting",
    "problem": "#results",
    "checked": "#check",
    "library": "#library",
    "health": "#library",
    "dropping": "#drop",
    "removal": "#removal",
    "uploading": "#library",
    "uploaded": "#library",
    "questions": "#batch",
    "matrix": "#batch",
}
"""For states that change one part of the page: the part whose colours the default run checks. At night, all are."""
PANELS = {"Check": "#check", "Library": "#library", "Questions": "#batch"}
STORY = Story(
    text=QUESTIONS[HTML],
    page=QUESTIONS[PDF],
    unsure=f"{UNSURE_PREFIX}{QUESTIONS[HTML]}",
    nothing="Who painted the albatross of Lisbon?",
    draft=(
        "Two Words\n\nThe Chinese customs administration reported two-way goods trade of about US$95 billion for "
        "2014. The Chinese customs administration reported two-way goods trade of about US$97 billion for 2014. "
        "A comet frightened the horses of the desert. Why did it?"
    ),
    upload="".join(f"On day {n} the doctor baked bread in the harbour of the king. " for n in range(400)),
)


@PHONE_BY_DEFAULT
def test_every_state_of_the_page_follows_wcag(tmp_path: Path, visit: Visit, size: ViewportSize) -> None:
    """Axe finds no violation and nothing is off the screen in light colours; the dark colours have enough contrast."""
    encoder = GatedEncoder()
    encoder.gate.set()
    with ScriptedLibrary.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        library.add([SEEDS / name for name in (MARKDOWN, PDF, HTML, WORD)])
        library.check(STORY.draft)  # loads the models now, which takes longer than the page may
        encoder.gate.clear()
        with running_site(library) as url:
            page = visit(url, size=size)
            page.on("response", lambda response: encoder.gate.set() if response.url.endswith("/cancel") else None)
            problems = []
            try:
                for name in states(page, STORY):
                    problems += [
                        f"{name}: {violation}" for violation in _problems_in_both_schemes(page, NEW_PARTS.get(name))
                    ]
            finally:
                encoder.gate.set()
            page.close()  # before the server stops, which the page would report
    assert problems == []


@PHONE_BY_DEFAULT
def test_page_over_an_empty_library_follows_wcag(empty_site: str, visit: Visit, size: ViewportSize) -> None:
    """Axe finds no violation in any tab."""
    page = visit(empty_site, size=size)
    for tab in ("Ask", *PANELS):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
        assert _problems_in_both_schemes(page, PANELS.get(tab)) == []


def _problems_in_both_schemes(page: Page, part: str | None) -> list[str]:
    within = None if is_nightly() else part
    found = [*structure_violations(page), *colour_violations(page, within), *layout_problems(page)]
    page.emulate_media(color_scheme="dark")
    page.locator("body.dark").wait_for()
    found += [f"in the dark, {violation}" for violation in colour_violations(page, within)]
    page.emulate_media(color_scheme="light")
    return found
