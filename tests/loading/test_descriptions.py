"""What the loader tells of every document, whatever its format: its languages, and its pages without words."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from index.loading.loader import load, load_bytes
from index.loading.metadata import author_of, byline, date_of, dateline, person
from tests.cases import cases
from tests.loading.pdfs import Printed, build, column
from tests.skips import FILES, NEEDS_FILES

if TYPE_CHECKING:
    from pathlib import Path

GERMAN = "Der Hafen wurde nach dem großen Sturm geschlossen, und die Schiffe blieben für lange Zeit auf dem Meer."


def test_document_has_its_languages() -> None:
    """They are told from the text of any format."""
    assert load_bytes(GERMAN.encode(), source="/a.txt").reading.languages == ("de",)
    assert load_bytes(f"# {GERMAN}".encode(), source="/a.md").reading.languages == ("de",)
    assert load_bytes(b"12, 14, 16", source="/a.txt").reading.languages == ()


@cases(
    ("text", "doi"),
    [
        ("On bees\n\nDOI: 10.1111/irv.12538\n\nThe bees came home.", "10.1111/irv.12538"),
        ("On bees\n\nhttps://doi.org/10.1111/irv.12538.\n\nThe bees came home.", "10.1111/irv.12538"),
        ("On bees\n\nThe bees came home (doi:10.1111/irv.12538).", ""),
        ("On bees\n\ndoi:10.1111/irv.12538\n\ndoi:10.1111/irv.12539", ""),
        ("On bees\n\narXiv:hep-th/9901001v3 [hep-th] 3 Feb 1999", "10.48550/arXiv.hep-th/9901001"),
        ("On bees\n\ndoi:10.1111/irv.12538\n\narXiv:2103.15348v2", "10.1111/irv.12538"),
        (f"On bees\n\n{'The bees came home. ' * 200}\n\ndoi:10.1111/irv.12538", ""),
    ],
)
def test_doi_is_the_only_one_that_stands_alone_at_the_beginning(text: str, doi: str) -> None:
    """Any other is that of a work that the text cites."""
    assert load_bytes(text.encode(), source="/a.txt").reading.doi == doi


def test_doi_of_a_pdf_is_looked_for_on_the_first_page() -> None:
    """The last pages list the works that it cites; a stamp of arXiv gives the date, too."""
    words = Printed(72, 700, "The bees came home at noon.")
    own, cited = [words, Printed(72, 600, "doi:10.1000/1")], [words, Printed(72, 600, "doi:10.1000/2")]
    assert load_bytes(build([own, cited]), source="/a.pdf").reading.doi == "10.1000/1"
    assert load_bytes(build([[words], cited]), source="/a.pdf").reading.doi == ""
    lines = ("Bees of the north", "arXiv:2103.15348v2 [cs.CV] 21 Jun 2021", "The bees came home at noon.")
    page = [Printed(72, 700 - 60 * number, line) for number, line in enumerate(lines)]
    document = load_bytes(build([page]), source="a.pdf")
    assert (document.date, document.reading.doi) == ("2021-06-21", "10.48550/arXiv.2103.15348")


def test_date_at_the_head_of_a_text_is_read() -> None:
    """However long the stanza of fields is, and at the top of a page wherever the file paints it."""
    authors = "; ".join(f"Lovelace, Ada {number}" for number in range(30))
    document = load_bytes(f"On bees\n\nAuthors: {authors}\nDate: 2018-02-02\n\nThey came.".encode(), source="/a.txt")
    assert document.date == "2018-02-02"
    lines = [f"The bees of hive {number} came home at noon and slept until the morning." for number in range(30)]
    text = [Printed(72, 700 - 20 * number, line) for number, line in enumerate(lines)]
    assert load_bytes(build([[*text, Printed(72, 740, "June 2023")]]), source="a.pdf").date == "2023-06"
    assert load_bytes(build([[*text, Printed(72, 100, "June 2023")]]), source="a.pdf").date == ""


def test_no_language_model_is_loaded_to_read_a_file(tmp_path: Path) -> None:
    """It would take half a second and 120 MB in each process that reads files."""
    path = tmp_path / "hafen.txt"
    path.write_text(GERMAN)
    program = (
        "import sys; from pathlib import Path; from index.loading.loader import load; "
        "assert load(Path(sys.argv[1]), max_bytes=1000).reading.languages == ('de',); "
        "sys.exit('py3langid' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, path], check=False).returncode == 0


@NEEDS_FILES
@pytest.mark.parametrize("name", ["eng_spa_mult.md", "eng_spa_mult.html", "eng_spa_mult.docx"])
def test_both_languages_of_a_real_file_are_found(name: str) -> None:
    """A document in two languages has both."""
    assert set(load(FILES / "language-docs" / name, max_bytes=1 << 24).reading.languages) == {"en", "es"}


# Authors and dates are read from bylines, and never guessed


DATED = {
    "a dot": ("By Ada Lovelace · 3 May 2021", "Ada Lovelace"),
    "a bar": ("By Dr. Ada Lovelace and Charles Babbage | 2021-05-03", "Dr. Ada Lovelace and Charles Babbage"),
    "a comma": ("By Ada Lovelace, May 3, 2021", "Ada Lovelace"),
    "a dash": ("By Ada Lovelace – 3 May 2021", "Ada Lovelace"),
    "the date first": ("3 May 2021 | By Ada Lovelace", "Ada Lovelace"),
    "published on": ("Published by Ada Lovelace on May 3, 2021", "Ada Lovelace"),
    "published by": ("Published 3 May 2021 by Ada Lovelace", "Ada Lovelace"),
    "posted": ("Posted on May 3, 2021 by Ada Lovelace", "Ada Lovelace"),
    "and": ("by Ada Lovelace and Charles Babbage", "Ada Lovelace and Charles Babbage"),
    "capitals": ("BY ADA LOVELACE", "ADA LOVELACE"),
    "a small word": ("By Ludwig van Beethoven", "Ludwig van Beethoven"),
    "a house": ("By Pincite seed library · 3 May 2021", "Pincite seed library"),
}


@cases(("line", "author"), DATED.values(), ids=DATED.keys())
def test_byline_gives_its_names_and_its_date(line: str, author: str) -> None:
    """The name and the date of one line are told apart, whatever stands between them."""
    assert (byline(line), dateline(line)) == (author, "2021-05-03" if "2021" in line else "")


NEITHER = (
    "World News | May 3, 2020", "Updated | May 3, 2020", "Berlin, March 21, 2022", "By Monday 3 May 2021",
    "By the end of May 2021", "By March 3, 2021", "Sorted by Price | May 3, 2020",
    "Adopted 3 May 2021 by Parliament", "Date of birth 26 June 1968", "The bees left on 3 May 2021",
    "By noon the bees had gone", "By Jove!", "Ada Lovelace",
)  # fmt: skip


@cases("line", NEITHER)
def test_line_that_only_mentions_a_date_is_no_byline(line: str) -> None:
    """Sections, places, deadlines and events name neither author nor date."""
    assert (byline(line), dateline(line)) == ("", "")


def test_author_and_date_count_where_they_belong() -> None:
    """A name with a date counts below the title, `By` with small words above a date, a name before a date if stated."""
    signed = "Ada Lovelace | May 3, 2021"
    assert author_of(["The hive in winter", signed]) == "Ada Lovelace"
    assert author_of([signed, "The hive in winter"]) == ""
    assert author_of(["The hive in winter", "A report.", signed]) == ""
    assert date_of(["The hive in winter", signed]) == "2021-05-03"
    assert author_of(["By Pincite seed library", "4 November 2026"]) == "Pincite seed library"
    assert author_of(["By Pincite seed library", "and others"]) == ""
    assert dateline("Pincite seed library, 3 November 2026", "Pincite Seed Library") == "2026-11-03"
    assert dateline("Berlin, 3 November 2026", "Pincite seed library") == ""


PERSONS = {
    "Ada Lovelace": "Ada Lovelace",
    "Nokia": "Nokia",
    "Lovelace, Ada": "Lovelace, Ada",
    "U.S. Office of Hives, http://www.hives.example": "U.S. Office of Hives",
    "Ada Lovelace <ada@hives.example>": "Ada Lovelace",
    "Win": "",
    "Windows User": "",
    "Microsoft Office User": "",
    "alovelace": "",
    "ada2021": "",
    "python-docx": "",
    "Canon Scanner": "",
    "HP LaserJet 400": "",
    "(anonymous)": "",
    "---": "",
}


@cases(("stated", "author"), PERSONS.items())
def test_accounts_programs_and_machines_are_no_authors(stated: str, author: str) -> None:
    """What a program writes as the author is taken only if it can be one, without addresses."""
    assert person(stated) == author


def _with_packet(*packets: str) -> bytes:
    """Return a PDF after whose end these packets of XMP stand."""
    return build([column(["The bees came home."])]) + "".join(packets).encode()


def _packet(title: str, author: str, more: str = "") -> str:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:title><rdf:Alt><rdf:li xml:lang="en">{title}</rdf:li></rdf:Alt>'
        f"</dc:title><dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>{more}</x:xmpmeta>"
    )


def test_packet_of_a_pdf_states_title_author_doi_and_date() -> None:
    """The only XMP packet counts, or a DOI in the information or its subject; several packets belong to pictures."""
    document = load_bytes(_with_packet(_packet("Bees &amp; wasps", "Ada Lovelace")), source="a.pdf")
    assert (document.title, document.author) == ("Bees & wasps", "Ada Lovelace")
    several = load_bytes(_with_packet(_packet("Logo of the hive", "Ada"), _packet("A bee", "Bob")), source="a.pdf")
    assert (several.title, several.author) == ("", "")
    more = "<prism:coverDate>2018-12</prism:coverDate><prism:doi>10.1016/j.dib.2018.11.134</prism:doi>"
    document = load_bytes(_with_packet(_packet("Eggs", "Ada Lovelace", more)), source="a.pdf")
    assert (document.date, document.reading.doi) == ("2018-12", "10.1016/j.dib.2018.11.134")
    for information in ({"doi": "10.1000/182"}, {"Subject": "Data in Brief, 22 451-457. doi:10.1000/182"}):
        data = build([column(["The bees came home."])], information=information)
        assert load_bytes(data, source="a.pdf").reading.doi == "10.1000/182"
