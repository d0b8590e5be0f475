"""What the loader tells of every document, whatever its format: its languages, and its pages without words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from index.loading.loader import load, load_bytes
from tests.cases import cases
from tests.loading.pdfs import Printed, build, column

GERMAN = "Der Hafen wurde nach dem großen Sturm geschlossen, und die Schiffe blieben für lange Zeit auf dem Meer."
DOCUMENTS = Path(__file__).parents[3] / "shared" / "files" / "language-docs"


def test_document_has_its_languages() -> None:
    """They are told from the text of any format."""
    assert load_bytes(GERMAN.encode(), source="/a.txt").reading.languages == ("de",)
    assert load_bytes(f"# {GERMAN}".encode(), source="/a.md").reading.languages == ("de",)
    assert load_bytes(b"12, 14, 16", source="/a.txt").reading.languages == ()


def test_pages_without_words_are_counted() -> None:
    """Empty pages at the beginning, between two pages, and at the end count."""
    words = column(["The king signed the treaty in the harbour,", "and the ships left for the north at once."])
    blank: list[Printed] = []
    reading = load_bytes(build([words, blank, words, blank]), source="/a.pdf").reading
    assert reading.empty_pages == 2
    assert load_bytes(build([words, words]), source="/a.pdf").reading.empty_pages == 0


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
    """The last pages list the works that it cites."""
    words = Printed(72, 700, "The bees came home at noon.")
    own, cited = [words, Printed(72, 600, "doi:10.1000/1")], [words, Printed(72, 600, "doi:10.1000/2")]
    assert load_bytes(build([own, cited]), source="/a.pdf").reading.doi == "10.1000/1"
    assert load_bytes(build([[words], cited]), source="/a.pdf").reading.doi == ""


def test_date_below_a_long_list_of_authors_is_read() -> None:
    """A stanza of fields is part of the head, however long it is."""
    authors = "; ".join(f"Lovelace, Ada {number}" for number in range(30))
    document = load_bytes(f"On bees\n\nAuthors: {authors}\nDate: 2018-02-02\n\nThey came.".encode(), source="/a.txt")
    assert document.date == "2018-02-02"


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


@pytest.mark.parametrize("name", ["eng_spa_mult.md", "eng_spa_mult.html", "eng_spa_mult.docx"])
def test_both_languages_of_a_real_file_are_found(name: str) -> None:
    """A document in two languages has both."""
    if not (DOCUMENTS / name).exists():
        pytest.skip("shared data: the folder of real files is not beside this checkout")
    assert set(load(DOCUMENTS / name, max_bytes=1 << 24).reading.languages) == {"en", "es"}
