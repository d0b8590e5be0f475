"""Suggested questions: made of the documents' headings, and answered by the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.library.contents import spread_evenly, suggest_questions
from index.library.library import Library
from index.records import DocumentInfo
from index.settings import Settings
from tests.cases import cases
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write


def document_info(title: str = "", identity: str = "a" * 64) -> DocumentInfo:
    """Information about a document with this title."""
    return DocumentInfo(identity, "/papers/a.txt", title, "", "", "text/plain", 99, 0, 1)


def suggested(title: str, *headings: str) -> list[tuple[str, ...]]:
    """The questions that are suggested for one document."""
    info = document_info(title)
    return suggest_questions([info], {info.id: headings})


@pytest.mark.parametrize(
    ("heading", "topic"),
    [
        ("The contract of May 2014", "the contract of May 2014"),
        ("What Gabuev concludes", "what Gabuev concludes"),
        ("Gas that travels by ship", "Gas that travels by ship"),
        ("2.1 The line itself", "the line itself"),
        ("IV. The line itself", "the line itself"),
        ("Chapter 3: The line itself", "the line itself"),
        ("WHAT MOSCOW MIGHT LEARN", "what moscow might learn"),
        ("Datenschutzgrundverordnung", "Datenschutzgrundverordnung"),
        ("A  heading\nin two lines", "a heading in two lines"),
    ],
)
def test_heading_becomes_the_topic_of_a_question(heading: str, topic: str) -> None:
    """The topic has no number and no capitals, and starts with a small letter if the heading starts with an article."""
    assert suggested("Pipelines", heading) == [
        (f"What does Pipelines say about {topic}?", f"What is said about {topic}?")
    ]


@cases(
    "heading",
    [
        "Introduction",
        "3. Conclusion",
        "Table of contents",
        "References",
        "Appendix B",
        "Notes",
        "How to read these numbers",
        "Hardware",
        "A heading that has far too many words to be asked about in one question",
        "Pipelines",
        'The "so-called" line',
        "Sources -cited in:here",
        "安全",
    ],
)
def test_uninformative_heading_is_no_topic(heading: str) -> None:
    """Standard headings, the title, operators, and headings that are too short or too long are skipped."""
    assert suggested("Pipelines", heading) == []


def test_heading_with_a_name_or_number_ranks_first() -> None:
    """A name or a number is more informative than the headings before it."""
    headings = ("Introduction", "The line itself", "The contract of May 2014", "The year 2015")
    assert suggested("Pipelines", *headings)[0][0] == "What does Pipelines say about the contract of May 2014?"


@pytest.mark.parametrize(
    ("title", "short_title"),
    [
        ("Energy pipelines: gas, steel and a single buyer", "Energy pipelines"),
        ("Trade shares – how far it has turned", "Trade shares"),
        ("Trade shares.", "Trade shares"),
    ],
)
def test_title_is_cut_at_its_colon_or_dash(title: str, short_title: str) -> None:
    """The question has to remain readable."""
    assert suggested(title, "The line itself")[0][0] == f"What does {short_title} say about the line itself?"


@pytest.mark.parametrize(
    "title", ["", "A title that is so long that no sentence could hold it any more", "条约", "“Q”"]
)
def test_unusable_title_is_left_out_of_the_question(title: str) -> None:
    """The question then asks about the heading alone."""
    assert suggested(title, "The line itself") == [("What is said about the line itself?",)]


@pytest.mark.parametrize("heading", ["Who kept a garden?", "谁有一个花园？", "港口条约的签署", "הסכם הנמל"])
def test_headings_that_are_questions_or_foreign_are_unchanged(heading: str) -> None:
    """A question and a heading in another script get no English words around them."""
    assert suggested("Title", heading) == [(heading,)]


def test_equal_suggestions_are_merged() -> None:
    """Documents with the same headings lead to one question."""
    infos = [document_info("", f"{n:064}") for n in range(3)]
    headings = dict.fromkeys((info.id for info in infos), ("The line itself",))
    assert len(suggest_questions(infos, headings)) == 1


def test_documents_are_chosen_evenly_from_the_library() -> None:
    """At most three times as many documents as questions are chosen, and the first third already spans the library."""
    infos = [document_info("", f"{n:064}") for n in range(100)]
    chosen = [int(info.id) for info in spread_evenly(infos, 4)]
    assert chosen == [0, 25, 50, 75, 8, 33, 58, 83, 16, 41, 66, 91]
    assert spread_evenly(infos[:2], 4) == infos[:2]
    assert spread_evenly([], 4) == []


HARBOURS = "# Harbours\n\n## Who signed the treaty?\n\nThe king signed the treaty in the harbour.\n"


def test_library_suggests_questions_from_its_headings(library: Library, write: Write) -> None:
    """Suggestions are always the same; a document without headings has none."""
    library.add([write("a.md", HARBOURS), write("b.txt", "A text without any heading.")])
    assert library.suggestions() == ["Who signed the treaty?"]
    assert library.suggestions() == ["Who signed the treaty?"]
    assert library.suggestions(0) == []


def test_library_suggests_only_questions_it_can_answer(tmp_path: Path, write: Write) -> None:
    """Each suggestion is tried before it is made."""
    demanding = Settings(passage_tokens=32, bar=1.0)
    with Library.open(tmp_path / "demanding", demanding, encoder=FakeEncoder()) as library:
        library.add(write("a.md", HARBOURS))
        assert library.suggestions() == []


def test_empty_library_suggests_nothing(library: Library) -> None:
    """No question is asked, either."""
    assert library.suggestions() == []
