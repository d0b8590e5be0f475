"""Keeping quotes and answers: the tray, its order, notes, undo, export, and what it says of changed sources."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.actions import ask, best_card
from tests.browser.conftest import TREATY, open_page
from tests.browser.everywhere import EVERYWHERE, PHONE_AND_DESK
from tests.browser.layout import layout_problems

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, ViewportSize

    from index.library.library import Library
    from tests.browser.conftest import Revisit, Scheme, Visit

QUESTION, OTHER = "Who signed the treaty?", "What does oil cost?"
SIGNED = "The king signed the treaty in the harbour."
WIDE = 1000
_SMALL_TARGETS = """() => [...document.querySelectorAll('#tray :is(button, a, select, summary, textarea, .p-grip)')]
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 43.5)
  .map((node) => node.outerHTML.slice(0, 80))"""


def keep(page: Page, question: str, *, answer: bool = False) -> None:
    """Ask a question, and keep its best quote or its answer."""
    asked(page, question)
    place = page.locator(".p-acts") if answer else best_card(page)
    place.get_by_role("button", name="Keep").click()
    expect(place.get_by_role("button", name="Kept")).to_be_visible()


def asked(page: Page, question: str) -> None:
    """Ask a question that follows no other, and wait for its answer."""
    page.evaluate("window.pincite.actions.newQuestion()")
    ask(page, question)
    expect(page.locator("#results .p-answered .p-printed")).to_have_text(question)


def tray(page: Page) -> Locator:
    """Return the tray, opened if it is closed."""
    if not page.locator("#tray").is_visible():
        page.locator("#tray-open").click()
    expect(page.locator("#tray")).to_be_visible()
    return page.locator("#tray")


def rows(page: Page) -> Locator:
    """Return the rows of the tray."""
    return page.locator("#tray-list .p-kept")


def texts(page: Page) -> list[str]:
    """Return the words of all rows, in order."""
    words: list[str] = page.locator("#tray-list :is(blockquote, .p-kept-answer)").all_inner_texts()
    return words


@EVERYWHERE
def test_quotes_are_collected_ordered_annotated_and_exported(
    site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """Over two questions; the tray outlasts the page; its controls fit a finger, and nothing is off the screen."""
    page = revisit(site, size=size, scheme=scheme)
    keep(page, QUESTION, answer=True)
    keep(page, QUESTION)
    keep(page, OTHER)
    expect(page.locator("#tray-open")).to_have_accessible_name("Kept 3")
    open_page(page, f"{site}/#kept")
    expect(page.locator("#tray-title")).to_have_text("Kept 3")
    if size["width"] < WIDE:  # beside the answer, the question keeps the focus that it has after a load
        expect(page.locator("#tray-title")).to_be_focused()
    expect(rows(page).locator(".p-kept-question")).to_have_text([QUESTION, QUESTION, OTHER])
    assert layout_problems(page) == []
    if size["width"] < WIDE:
        page.locator("#tray-export summary").click()
        assert page.evaluate(_SMALL_TARGETS) == []
        page.locator("#tray-export summary").click()

    before = texts(page)
    rows(page).nth(2).get_by_role("button", name="Move up").click()
    expect(page.locator("#tray-told")).to_have_text("Moved to 2 of 3")
    assert texts(page) == [before[0], before[2], before[1]]
    expect(rows(page).nth(1).get_by_role("button", name="Move up")).to_be_focused()
    rows(page).nth(0).get_by_role("button", name="Move down").click()
    assert texts(page) == [before[2], before[0], before[1]]

    rows(page).first.get_by_placeholder("Add a note").fill("Compare the price of a horse.")
    rows(page).first.get_by_placeholder("Add a note").blur()
    rows(page).nth(2).get_by_role("button", name="Remove").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(3)
    assert texts(page) == [before[2], before[0], before[1]]

    page.locator("#tray-export summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown").click()
    assert download.value.suggested_filename == "kept.md"
    text = Path(download.value.path()).read_text().split("<!--")[0]
    assert text.index("What does oil cost?") < text.index(QUESTION)
    assert "Compare the price of a horse." in text
    assert site not in text, "an address of this machine is of no use to others"
    assert len(re.findall(r"^\[\^\d\]: .+ \(.+\.\w+\)$", text, re.MULTILINE)) == text.count("\n[^")
    assert text.count("\n## Who signed the treaty?") == 1

    page.keyboard.press("Escape")
    expect(page.locator("#tray")).to_be_hidden()
    expect(page.locator("#tray-open")).to_be_focused()
    assert "#" not in page.url


@PHONE_AND_DESK
def test_source_and_tray_are_never_open_at_once(
    site: str, revisit: Revisit, size: ViewportSize, scheme: Scheme
) -> None:
    """The source takes the place of the tray, and gives it back; another section closes the tray."""
    page = revisit(site, size=size, scheme=scheme)
    keep(page, QUESTION)
    tray(page).get_by_role("link", name="The Harbour Treaty").click()
    expect(page.locator("#viewer mark").first).to_be_visible()
    expect(page.locator("#tray")).to_be_hidden()
    page.get_by_role("button", name="Close source").click()
    expect(page.locator("#viewer")).to_be_hidden()
    expect(page.locator("#tray")).to_be_visible()
    expect(rows(page).first).to_be_focused()
    if size["width"] < WIDE:
        page.get_by_role("button", name="Close what you kept").click()
        expect(page.locator("#tray")).to_be_hidden()
        return
    page.locator(".p-cite").first.click()
    expect(page.locator("#viewer")).to_be_visible()
    expect(page.locator("#tray")).to_be_hidden()
    tray(page)
    expect(page.locator("#viewer")).to_be_hidden()
    page.get_by_role("tab", name="Library").click()
    expect(page.locator("#tray")).to_be_hidden()


def test_kept_button_shows_the_row(site: str, revisit: Revisit) -> None:
    """A quote is kept once; its button then leads to it. Everything is deleted, also of the storage, when confirmed."""
    page = revisit(site)
    keep(page, OTHER)
    keep(page, QUESTION)
    best_card(page).get_by_role("button", name="Kept (show quote 1 in the tray)").click()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).nth(1)).to_be_focused()
    rows(page).nth(1).get_by_role("button", name="Remove").click()
    expect(best_card(page).get_by_role("button", name="Keep quote 1")).to_be_visible()
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog", name="Delete everything").get_by_role("button", name="Keep them").click()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog", name="Delete everything").get_by_role("button", name="Delete all").click()
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#tray-none")).to_be_visible()
    assert page.evaluate("localStorage.getItem('pincite.kept:/')") is None


def test_order_is_changed_by_dragging(site: str, revisit: Revisit) -> None:
    """The row follows the pointer; Escape takes it back."""
    page = revisit(site)
    asked(page, QUESTION)
    for button in page.locator(".p-card .p-keep").all()[:3]:
        button.click()
    tray(page)
    before = texts(page)
    assert len(set(before)) == 3

    def drag(then: str) -> None:
        grip, last = rows(page).first.locator(".p-grip"), rows(page).nth(2)
        grip.hover()
        page.mouse.down()
        box = last.bounding_box()
        assert box
        for step in range(1, 9):
            page.mouse.move(box["x"] + 20, box["y"] + box["height"] * step / 8 - 4, steps=3)
        if then == "Escape":
            page.keyboard.press("Escape")
        page.mouse.up()

    drag("Escape")
    assert texts(page) == before
    drag("drop")
    expect(page.locator("#tray-told")).to_have_text("Moved to 3 of 3")
    assert texts(page) == [before[1], before[2], before[0]]


# Storage


def test_tabs_do_not_lose_each_others_items(site: str, visit: Visit) -> None:
    """What one tab keeps, the other shows at once; both collections become one."""
    one, two = visit(site), visit(site)
    keep(one, QUESTION)
    expect(two.locator("#tray-open")).to_have_accessible_name("Kept 1")
    keep(two, OTHER)
    expect(one.locator("#tray-open")).to_have_accessible_name("Kept 2")
    tray(one)
    rows(one).first.get_by_placeholder("Add a note").fill("From the first tab.")
    tray(two)
    expect(rows(two).first.get_by_placeholder("Add a note")).to_have_value("From the first tab.")
    rows(two).nth(1).get_by_role("button", name="Remove").click()
    expect(rows(one)).to_have_count(1)
    expect(rows(one).first.get_by_placeholder("Add a note")).to_have_value("From the first tab.")


def test_browser_without_storage_says_so(site: str, visit: Visit) -> None:
    """What is kept lasts until the page is closed, and the tray says that."""
    page = visit(site)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked'); } })")
    open_page(page, site)
    keep(page, QUESTION)
    expect(tray(page)).to_contain_text("This browser stores nothing for this page")
    expect(rows(page)).to_have_count(1)


def test_broken_storage_breaks_nothing(site: str, visit: Visit) -> None:
    """Storage belongs to the reader, and may hold anything."""
    page = visit(site, fresh=True)
    for stored in ("{", '"x"', "[1, null, {}]", '[{"id": "q", "revision": 1, "quotes": [7]}]'):
        page.evaluate("(text) => localStorage.setItem('pincite.kept:/', text)", stored)
        open_page(page, site)
        keep(page, QUESTION)
        tray(page)
        expect(rows(page)).to_have_count(1)


def test_tray_that_is_full_says_so(site: str, visit: Visit) -> None:
    """The two hundred and first item is refused in words, as is any that the browser has no room for.

    Nothing that was kept is lost.
    """
    page = visit(site, fresh=True)
    keep(page, QUESTION)
    page.evaluate(
        """() => {
          const [item] = JSON.parse(localStorage.getItem("pincite.kept:/"));
          const many = Array.from({ length: 200 }, (_, n) => ({ ...item, id: `item-number-${n}`, position: n }));
          localStorage.setItem("pincite.kept:/", JSON.stringify(many));
          window.few = JSON.stringify([item]);
        }"""
    )
    asked(page, OTHER)
    best_card(page).get_by_role("button", name="Keep").click()
    expect(page.locator(".p-toast")).to_contain_text("There is room for 200 kept items.")
    full = "throw new DOMException('full', 'QuotaExceededError')"
    page.evaluate(f"""() => {{
      localStorage.setItem("pincite.kept:/", window.few);
      Storage.prototype.setItem = () => {{ {full}; }};
    }}""")
    best_card(page).get_by_role("button", name="Keep").click()
    expect(page.locator(".p-toast")).to_contain_text("This browser has no room for more.")
    tray(page)
    expect(rows(page)).to_have_count(1)


# Sources that change


def edit(library: Library, folder: Path, text: str) -> None:
    """Change the source on the disk, and add it again, as `pincite add` does."""
    (folder / "sources" / "treaty.md").write_text(text)
    library.add(folder / "sources")


def test_edited_replaced_and_removed_sources_are_told(
    own_site: tuple[str, Library], tmp_path: Path, visit: Visit
) -> None:
    """A kept quote shows its words then and now, and says when they are gone. The words of now can be taken."""
    url, library = own_site
    page = visit(url)
    keep(page, QUESTION)
    expect(tray(page).locator(".p-kept-state")).to_be_empty()

    edit(library, tmp_path, TREATY.replace("The king signed", "The old king never signed"))
    open_page(page, f"{url}/#kept")
    state = page.locator(".p-kept-state")
    expect(state).to_contain_text("Changed The source has changed, and these words with it.")
    expect(state.locator(".p-kept-side").nth(0)).to_contain_text(SIGNED)
    expect(state.locator(".p-kept-side").nth(1)).to_contain_text("The old king never signed the treaty")
    expect(state.locator("ins")).to_have_text(["old ", "never "])
    expect(page.locator("#tray-open")).to_have_accessible_name("Kept 1, 1 changed")
    expect(page.locator("#tray-told")).to_have_text("1 of 1 no longer stand in the library as kept")

    edit(library, tmp_path, f"A preamble.\n\n{TREATY}")
    open_page(page, f"{url}/#kept")
    expect(state).to_contain_text("Moved The source has changed. These words still stand in it, word for word.")
    expect(page.locator("#tray-open")).to_have_accessible_name("Kept 1")
    page.get_by_role("button", name="Use the new place").click()
    expect(state).to_be_empty()

    edit(library, tmp_path, "A comet frightened the horses of the desert.")
    open_page(page, f"{url}/#kept")
    expect(state).to_contain_text("Gone The source has changed, and nothing like these words stands in it.")

    library.remove("treaty.md")
    open_page(page, f"{url}/#kept")
    expect(state).to_contain_text("Gone No longer in your library.")
    expect(rows(page).get_by_role("link")).to_have_count(0)
    page.locator("#tray-export summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").click()
    assert "(This quotation is no longer in the library)" in Path(download.value.path()).read_text()
    assert [finding.fault for finding in library.verify_kept(download.value.path())] == ["gone"]


def test_removal_and_lost_server_are_told(own_site: tuple[str, Library], visit: Visit) -> None:
    """If quotes could not be compared, they are shown, and the tray says so. A removal is counted before it is open."""
    url, _ = own_site
    page = visit(url)
    keep(page, QUESTION)
    page.route("**/page/kept/check", lambda route: route.abort("connectionrefused"))
    expect(tray(page).locator("#tray-told")).to_contain_text("could not be compared")
    expect(rows(page)).to_have_count(1)
    page.unroute_all()
    page.get_by_role("tab", name="Library").click()
    page.locator("#p-shelf").get_by_role("button", name="Remove").click()
    page.locator("#removal").get_by_role("button", name="Remove").click()
    expect(page.locator("#p-shelf tbody tr")).to_have_count(0)
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#tray-open")).to_have_accessible_name("Kept 1, 1 changed")


# Other ways to look at the page


def test_tray_shows_hostile_words_as_text_and_suits_print_and_zoom(site: str, visit: Visit) -> None:
    """No word of a document, of its name, of a question or of a note becomes markup.

    Print leaves the tray out; at 200 % nothing is off the screen; differences are seen in forced colours.
    """
    page = visit(site, fresh=True)
    question = "Where did the comet <img src=x onerror=window.pwned=1> ${window.pwned=1} fall?"
    keep(page, question)
    tray(page)
    rows(page).first.get_by_placeholder("Add a note").fill("<script>window.pwned=1</script> {{value}}")
    expect(rows(page).first.locator("img, script")).to_have_count(0)
    expect(rows(page).first).to_contain_text("<script>window.pwned=1</script>")
    expect(rows(page).first.locator(".p-kept-question")).to_have_text(question)
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 640, "height": 450})
    tray(page)
    assert layout_problems(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1280, "height": 900})
    tray(page)
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    note = rows(page).first.locator(".p-kept-note")
    assert note.evaluate("node => getComputedStyle(node).borderTopColor") != "rgba(0, 0, 0, 0)"
    page.emulate_media(forced_colors="none", media="print")
    expect(page.locator("#tray")).to_be_hidden()
    expect(page.locator("#results .p-answered")).to_be_visible()
    page.emulate_media(media="screen")
