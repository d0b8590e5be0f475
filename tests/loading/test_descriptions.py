"""What the loader tells of every document, whatever its format: its languages, and its pages without words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from index.loading.loader import load, load_bytes
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
