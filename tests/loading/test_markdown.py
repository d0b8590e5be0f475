"""Markdown is read as words without markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.loading.draft import MAX_FIELD_CHARACTERS
from index.loading.loader import load_bytes
from tests.cases import cases
from tests.loading.tables import headings

if TYPE_CHECKING:
    from index.records import Document


def read(text: str) -> Document:
    """Load a Markdown text."""
    return load_bytes(text.encode(), source="a.md")


MARKUP = {
    "emphasis": ("The *bees* are **very** ~~ill~~ `well`.", "The bees are very ill well."),
    "links": (
        "See [the hive](https://example.org) and <https://example.org/x>.",
        "See the hive and https://example.org/x.",
    ),
    "pictures": ("![a bee](bee.png) The bees.", "The bees."),
    "soft line ends": ("The bees\nare well.", "The bees are well."),
    "hard line ends": ("The bees  \nare well.", "The bees\nare well."),
    "entities": ("Bees &amp; wasps", "Bees & wasps"),
    "quotations": ("> The bees\n> are well.", "The bees are well."),
    "rules": ("Bees.\n\n---\n\nWasps.", "Bees.\n\nWasps."),
    "a list": ("- honey\n- wax\n", "- honey\n- wax"),
    "a list within a list": ("- honey\n  - heath\n  - acacia\n- wax", "- honey\n  - heath\n  - acacia\n- wax"),
    "numbers from three": ("3. third\n4. fourth", "3. third\n4. fourth"),
    "a list with blank lines": ("- honey\n\n- wax", "- honey\n\n- wax"),
    "a paragraph in an item": ("- honey\n\n  of the heath\n- wax", "- honey\n\nof the heath\n\n- wax"),
    "code in an item": ("- run\n\n  ```\n  bees()\n  ```\n", "- run\n\nbees()"),
    "code": ("```python\nif bees:\n    fly()\n```", "if bees:\n    fly()"),
    "a table": ("hive | bees\n---|---\none | *2000*\ntwo | 1500", "hive | bees\none | 2000\ntwo | 1500"),
    "html": (
        "<p align=center>Bees &amp; <b>wasps</b></p>\n\n<!-- hidden -->\n\nBees<br>wasps <i>x</i>",
        "Bees & wasps\n\nBees\nwasps x",
    ),
    "scripts": ("<script>fly()</script>\n\nBees.", "Bees."),
    "references": ("The [bees][1].\n\n[1]: https://example.org", "The bees."),
}


@cases(("markup", "text"), MARKUP.values(), ids=MARKUP.keys())
def test_visible_text_of_markdown_is_read(markup: str, text: str) -> None:
    """The text is what the rendered page shows, without markup and link targets."""
    assert read(markup).text == text


def test_markdown_headings_are_landmarks() -> None:
    """Headings of both kinds are landmarks with their level, at the right offset."""
    document = read("# Bees\n\nText.\n\n## The *swarm*\n\nWax\n---\n\nMore.")
    assert headings(document) == [(1, "Bees"), (2, "The swarm"), (2, "Wax")]
    swarm = next(mark for mark in document.landmarks if mark.label == "The swarm")
    assert document.text[swarm.start :].startswith("The swarm\n\nWax")


FRONT_MATTER = {
    "plain": ('---\ntitle: "On Bees"\nauthor: Ada\ndate: 2020-12-05\n---\nText.', ("On Bees", "Ada", "2020-12-05")),
    "several authors": ("---\ntitle: Bees\nauthors:\n  - Ada\n  - Charles\n---\nText.", ("Bees", "Ada, Charles", "")),
    "authors in a row": ("---\nauthor: [Ada, 'Charles']\ndate: soon\n---\nText.", ("", "Ada, Charles", "")),
    "a comment": ("---\ntitle: Bees # draft\n---\nText.", ("Bees", "", "")),
    "a heading below": ("---\ntitle: On Bees\n---\n# Bees\n\nText.", ("On Bees", "", "")),
    "a heading alone": ("# Bees\n\nText.", ("Bees", "", "")),
    "the first of several headings": ("# Bees\n\nText.\n\n# Wasps\n\nText.", ("Bees", "", "")),
    "the only heading, further down": ("Draft.\n\n# Bees\n\nText.", ("Bees", "", "")),
    "several headings, further down": ("Draft.\n\n# Bees\n\n# Wasps\n\nText.", ("", "", "")),
    "a heading of the second level": ("## Bees\n\nText.", ("", "", "")),
    "a rule, and no front matter": ("Text.\n\n---\ntitle: Bees\n---\n", ("", "", "")),
}


@cases(("markup", "expected"), FRONT_MATTER.values(), ids=FRONT_MATTER.keys())
def test_title_author_and_date_come_from_front_matter(markup: str, expected: tuple[str, str, str]) -> None:
    """Title, author and date come from the front matter; else the title comes from the main heading."""
    document = read(markup)
    assert (document.title, document.author, document.date) == expected
    assert "title:" not in document.text.split("Text.")[0]


def test_odd_markup_is_read() -> None:
    """An unclosed comment hides nothing; nested lists of authors are one list."""
    hidden = "<div>One <!-- two --> three <script>four</script> five <STYLE>six</STYLE > seven <!-- eight</div>"
    assert read(hidden).text == "One three five seven <!-- eight"
    assert read('---\nauthor: [[Ann, "Bo"], Cy]\n---\n\nWords.').author == "Ann, Bo, Cy"


# Blocks become one text with landmarks


def test_long_heading_is_shortened_in_title_and_labels() -> None:
    """A heading of 100,000 letters is cut in the title and the labels, which every hit repeats, but not in the text."""
    heading = "T" * 100_000
    document = load_bytes(f"# {heading}\n\nThe king came.".encode(), source="long.md")
    assert document.title == heading[: MAX_FIELD_CHARACTERS - 1] + "…"
    assert {len(mark.label) for mark in document.landmarks if mark.kind == "heading"} == {MAX_FIELD_CHARACTERS}
    assert document.text == f"{heading}\n\nThe king came."
