"""Author names as bibliographies need them."""

from __future__ import annotations

import pytest
from hypothesis import given

from index.citations.entries import MAX_NAMES, parse_names
from tests.cases import cases
from tests.citations.factories import hostile


@cases(
    ("author", "sorted_names"),
    [
        pytest.param("John Snow", ["Snow, John"], id="a person"),
        pytest.param("Snow, John", ["Snow, John"], id="filed already"),
        pytest.param("J. R. R. Tolkien", ["Tolkien, J. R. R."], id="initials"),
        pytest.param("Ludwig van Beethoven", ["van Beethoven, Ludwig"], id="a particle"),
        pytest.param("Anna Müller, Bo Lee and Chi Wu", ["Müller, Anna", "Lee, Bo", "Wu, Chi"], id="a list"),
        pytest.param("Anna Müller & Bo Lee", ["Müller, Anna", "Lee, Bo"], id="two"),
        pytest.param("Snow, John; Farr, William", ["Snow, John", "Farr, William"], id="semicolons"),
        pytest.param("Royal Commission", ["Royal Commission"], id="a body"),
        pytest.param(
            "Department of Health and Social Care", ["Department of Health and Social Care"], id="a body with and"
        ),
        pytest.param("Johnson & Johnson", ["Johnson & Johnson"], id="a firm"),
        pytest.param("Foo, Inc.", ["Foo, Inc."], id="a firm with a comma"),
        pytest.param("The Economist", ["The Economist"], id="an article"),
        pytest.param("Pincite seed library", ["Pincite seed library"], id="lower case"),
        pytest.param("RAND EUROPE", ["RAND EUROPE"], id="capitals"),
        pytest.param("Dr. John Snow", ["Dr. John Snow"], id="a title"),
        pytest.param("Martin Luther King Jr.", ["Martin Luther King Jr."], id="a suffix"),
        pytest.param("Voltaire", ["Voltaire"], id="one word"),
        pytest.param("山田太郎", ["山田太郎"], id="no capitals"),
        pytest.param("", [], id="none"),
        pytest.param(" ; ", [], id="nothing between semicolons"),
    ],
)
def test_only_personal_names_are_split(author: str, sorted_names: list[str]) -> None:
    """A name that could be an organisation stays whole, because a wrong split gives a wrong author."""
    assert [name.sorted for name in parse_names(author)] == sorted_names


@given(hostile)
def test_no_letter_of_an_author_is_lost(author: str) -> None:
    """All letters and digits are in the names, except for an `and` between two names; their number is limited."""
    line = " ".join(author.split())
    names = "".join(f"{name.given}{name.family}" for name in parse_names(line)).replace("and", "")
    original = "".join(character for character in line if character.isalnum()).replace("and", "")
    assert sorted(character for character in names if character.isalnum()) == sorted(original)
    assert len(parse_names("; ".join(["John Snow"] * 1000))) == MAX_NAMES
