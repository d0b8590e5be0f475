"""The search syntax from end to end: which passages each operator admits, whatever else is nearer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.records import CANDIDATES
from tests.cases import cases
from tests.search.conftest import filled, opened, quotes
from tests.storage.factories import a_copy, a_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library
    from index.records import Found

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHIP = replace(
    a_document(
        "The ship left the old harbour in winter.",
        "In the harbour an old ship burned.",
        "The whale is older than the harbour.",
        source="/archive/ships.pdf",
        title="On Ships",
    ),
    date="2019-05-01",
    media_type="application/pdf",
)
KING = replace(
    a_document(
        "The king signed the treaty of the harbour.",
        "The King's ship was x-ray proof.",
        source="/archive/king.md",
        title="Old Notes",
    ),
    date="2020-03",
    media_type="text/markdown",
)
QUEEN = replace(
    a_document("The queen saw a ship.", "Ships were dear to the queen.", source="/archive/queen.docx", title="Notes"),
    date="2021",
    media_type=DOCX,
)
UNDATED = a_document("A ship without a year.", source="/archive/undated.txt")
ALL = (SHIP, KING, QUEEN, UNDATED)
FAR = replace(
    a_document(
        *(
            f"{subject} was of {material}."
            for subject in ("Bread", "A clock", "A letter")
            for material in ("glass", "silver", "sand", "mud")
        ),
        "A whale was of paper.",
        source="/far.org",
        title="Of What Things Are",
    ),
    media_type="text/org",
)
"""Thirteen passages that have nothing to do with the sea, except for a word in the last one."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Fill a library with four documents, three of them dated, which tests only read; each passage is one sentence."""
    with opened(tmp_path_factory.mktemp("archive")) as library:
        yield filled(library, *ALL)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Fill a library with FAR and more whales than candidates."""
    crowd = [
        a_document(f"Whale {number}, a whale by a ship in the harbour.", source=f"/{number}")
        for number in range(CANDIDATES + 20)
    ]
    with opened(tmp_path_factory.mktemp("crowded")) as library:
        yield filled(library, *crowd, FAR)


def sources(found: Found) -> set[str]:
    """Return the files of all hits."""
    return {hit.document.source.removeprefix("/archive/") for hit in found}


# Phrases and exclusions


@cases(
    ("question", "matching"),
    [
        pytest.param('"old ship"', {"In the harbour an old ship burned."}, id="alone"),
        pytest.param('"OLD Ship" in winter', {"In the harbour an old ship burned."}, id="with words, in any case"),
        pytest.param(
            "“the harbour”",
            {SHIP.text.split("\n\n")[2], "In the harbour an old ship burned.", KING.text.split("\n\n")[0]},
            id="curly",
        ),
        pytest.param('"the harbour" "the treaty"', {"The king signed the treaty of the harbour."}, id="both"),
        pytest.param('"x-ray"', {"The King's ship was x-ray proof."}, id="hyphen"),
        pytest.param('"king\'s ship"', {"The King's ship was x-ray proof."}, id="possessive"),
        pytest.param('"ships"', {"Ships were dear to the queen."}, id="no other ending"),
        pytest.param('"ship old"', set(), id="in this order only"),
        pytest.param('"volcano"', set(), id="nowhere"),
    ],
)
def test_phrase_must_occur_in_the_passage(archive: Library, question: str, matching: set[str]) -> None:
    """All passages with these words in this order are found, and no others."""
    assert set(quotes(archive.search(question, limit=50))) == matching


@cases(
    ("question", "excluded"),
    [
        pytest.param("ship -queen", {"The queen saw a ship.", "Ships were dear to the queen."}, id="a word"),
        pytest.param("ship -QUEEN", {"The queen saw a ship.", "Ships were dear to the queen."}, id="in any case"),
        pytest.param('ship -"old ship"', {"In the harbour an old ship burned."}, id="a phrase"),
        pytest.param("ship -x-ray", {"The King's ship was x-ray proof."}, id="hyphen"),
        pytest.param("ship -king -queen", {*KING.text.split("\n\n"), *QUEEN.text.split("\n\n")}, id="two"),
        pytest.param("ship -ships", {"Ships were dear to the queen."}, id="no other ending"),
        pytest.param("ship -volcano", set(), id="nowhere"),
    ],
)
def test_excluded_words_remove_passages(archive: Library, question: str, excluded: set[str]) -> None:
    """Passages with the word or phrase are removed from both sides, and no others."""
    everything = {passage for document in ALL for passage in document.text.split("\n\n")}
    assert set(quotes(archive.search(question, limit=50))) == everything - excluded


def test_words_of_a_phrase_rank_the_passages(archive: Library) -> None:
    """Of the passages with the phrase, the one about the harbour's ship comes first."""
    found = archive.search('"the harbour" of the burned boat')
    assert found[0].quote == "In the harbour an old ship burned."
    assert len(found) == 3


# Documents


@cases(
    ("operators", "admitted"),
    [
        ("in:ships", {"ships.pdf"}), ("in:notes", {"king.md", "queen.docx"}), ('in:"old notes"', {"king.md"}),
        ("in:notes in:ships", {"ships.pdf", "king.md", "queen.docx"}), ("in:/archive/undated.txt", {"undated.txt"}),
        ("type:pdf", {"ships.pdf"}), ("type:md type:docx", {"king.md", "queen.docx"}), ("type:txt", {"undated.txt"}),
        ("after:2020", {"king.md", "queen.docx"}), ("after:2020-04", {"queen.docx"}), ("before:2020", {"ships.pdf"}),
        ("after:2019-05-02 before:2021", {"king.md"}), ("in:notes type:md after:2020", {"king.md"}),
        ("in:notes before:2021", {"king.md"}),
    ],
)  # fmt: skip
def test_operators_admit_only_matching_documents(archive: Library, operators: str, admitted: set[str]) -> None:
    """Every admitted document is found and no other, wherever the operators are in the question."""
    for question in (f"ship {operators}", f"{operators} ship"):
        found = archive.search(question, limit=50)
        assert sources(found) == admitted
        assert found.notes == ()
        assert found.question == question


@pytest.mark.parametrize("operators", ["in:what", "type:org", 'in:"of what things are"', "in:far.org type:.org"])
def test_filter_acts_before_the_ranking(crowded: Library, operators: str) -> None:
    """The document's best ten passages are returned, best first, although all others are nearer to the question."""
    found = crowded.search(f"whale in the harbour {operators}", limit=10)
    assert len(found) == 10
    assert {hit.document.source for hit in found} == {"/far.org"}
    assert found[0].quote == "A whale was of paper."
    assert found[0].why.dense_rank == found[0].why.lexical_rank == 1


def test_filters_and_phrases_apply_together(archive: Library) -> None:
    """A passage must satisfy the document filter, the phrase and the exclusion."""
    assert quotes(archive.search('"the harbour" in:notes')) == ["The king signed the treaty of the harbour."]
    assert quotes(archive.search('ship "old" -winter type:pdf after:2019')) == ["In the harbour an old ship burned."]
    assert len(archive.search('"the harbour" in:queen')) == 0


def test_documents_argument_and_operators_both_apply(archive: Library) -> None:
    """A document must be admitted by `documents=` and by the operators."""
    names = ["ships.pdf", "king.md"]
    assert sources(archive.search("ship", documents=names, limit=50)) == {"ships.pdf", "king.md"}
    assert sources(archive.search("ship in:notes", documents=names, limit=50)) == {"king.md"}
    assert sources(archive.search('"the harbour"', documents=["king.md", "queen.docx"], limit=50)) == {"king.md"}
    assert len(archive.search("ship in:queen", documents=names)) == 0
    assert len(archive.search("ship in:notes", documents=[])) == 0


# Notes


@cases("operators", ["in:volcano", "type:epub", "after:2030", "before:1800", "in:notes type:pdf"])
def test_filter_without_a_matching_document_is_noted(archive: Library, operators: str) -> None:
    """There are no hits, and a note says why."""
    found = archive.search(f"ship {operators}")
    assert found.hits == ()
    assert found.notes == ("No document matches the in:, type:, after: or before: filter.",)


@cases("question", ["in:ships", "type:pdf after:2019", "-whale in:ships"])
def test_question_of_only_filters_is_noted(archive: Library, question: str) -> None:
    """There is nothing to search for: no hits, and a note."""
    found = archive.search(question)
    assert found.hits == ()
    assert found.notes == ("There are no words to search for: in:, type:, after: and before: only restrict.",)
    assert found.question == question


# Malformed operators


@cases(
    "question",
    ['"old ship', "ship -", "- ship", "ship after:yesterday", "ship before:13", "ship in:", "ship -40", "--ship",
     'a 6" ship', "type: ship", "-queen", "-queen -ship", "ship after:2020-13-45"],
)  # fmt: skip
def test_malformed_operators_are_searched_as_plain_text(archive: Library, question: str) -> None:
    """Nothing is filtered, raised or noted."""
    found = archive.search(question, limit=50)
    assert sources(found) == {"ships.pdf", "king.md", "queen.docx", "undated.txt"}
    assert sum(1 + len(hit.also) for hit in found) == sum(len(document.text.split("\n\n")) for document in ALL)
    assert found.notes == ()
    assert found.question == question


@pytest.mark.parametrize("question", ['ship "old ship" -queen in:notes', "ship after:2030"])
def test_plain_search_ignores_operators(archive: Library, question: str) -> None:
    """`plain=True` searches operators as words, for questions that were not written in our syntax.

    There is no note if there are documents and words to search for; `in:` accepts a prefix of the id.
    """
    assert len(archive.search(question, limit=50)) < len(archive.search(question, limit=50, plain=True)) == 8
    for valid in ("ship", '"old ship"', "ship -queen", "ship in:notes", '"volcano"'):
        assert archive.search(valid).notes == ()
    assert sources(archive.search(f"ship in:{QUEEN.id[:10]}")) == {"queen.docx"}


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_operators_apply_to_a_single_side(archive: Library, mode: str) -> None:
    """Operators do not depend on ranking, so they hold for dense and lexical search alone."""
    found = archive.search('ship "ship" -burned in:ships', mode=mode, limit=50)  # type: ignore[arg-type]
    assert quotes(found) == ["The ship left the old harbour in winter."]


def test_copies_do_not_evade_a_filter(library: Library) -> None:
    """Neither a hit nor its copies are of an excluded document."""
    copies = (a_copy(KING, f"/archive/copy{number}.txt") for number in range(3))
    filled(library, *ALL, *(replace(copy, media_type="text/plain") for copy in copies))
    for question, allowed in (("treaty in:copy1", {"/archive/copy1.txt"}), ("treaty type:md", {KING.source})):
        found = library.search(question)
        assert {passage.document.source for hit in found for passage in (hit, *hit.also)} == allowed
