"""Texts that readers see in several places: each stands in one table, and each of its names is one of the table."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import index
from index.records import texts

FOLDER = Path(index.__file__).parent
FILES = {
    path: re.sub(r"(?m)^\s*//.*$", "", path.read_text("utf-8"))
    for suffix in ("html", "js", "py")
    for path in FOLDER.rglob(f"*.{suffix}")
    if path.stem != "texts"
}


def test_a_text_of_the_table_is_written_nowhere_else() -> None:
    """To change a text is to change one line, so no template or script repeats it."""
    long = [text for text in texts.constants().values() if len(text.split()) > 2]
    assert [
        (path.name, text) for path, content in FILES.items() if path.suffix != ".py" for text in long if text in content
    ] == []


def test_each_text_is_read_in_two_places_at_least() -> None:
    """A text of one place stands in that place, where it is found; a name without a text does not exist."""
    uses = Counter(name for content in FILES.values() for name in set(re.findall(r"\btexts\.([A-Z_]+)\b", content)))
    assert uses.keys() == texts.constants().keys()
    assert [name for name, number in uses.items() if number < 2] == []
