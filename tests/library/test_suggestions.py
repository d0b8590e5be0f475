"""Questions to begin with: made of the documents' headings, and answered by them."""

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


def an_info(title: str = "", identity: str = "a" * 64) -> DocumentInfo:
    """A document of that title."""
    return DocumentInfo(identity, "/papers/a.txt", title, "", "", "text/plain", 99, 0, 1)


def asked(title: str, *headings: str) -> list[tuple[str, ...]]:
    """What is asked of one document."""
    info = an_info(title)
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
def test_a_heading_becomes_a_topic(heading: str, topic: str) -> None:
    """Without its number, not in capitals, and in small letters where it begins with a small word."""
    assert asked("Pipelines", heading) == [(f"What does Pipelines say about {topic}?", f"What is said about {topic}?")]


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
def test_a_heading_that_tells_nothing_is_no_topic(heading: str) -> None:
    """What every document has, what is too short or too long, the title again, what would be read as an operator."""
    assert asked("Pipelines", heading) == []


def test_a_heading_that_names_something_comes_first() -> None:
    """A number or a name is more telling than what stands before it."""
    headings = ("Introduction", "The line itself", "The contract of May 2014", "The year 2015")
    assert asked("Pipelines", *headings)[0][0] == "What does Pipelines say about the contract of May 2014?"


@pytest.mark.parametrize(
    ("title", "called"),
    [
        ("Energy pipelines: gas, steel and a single buyer", "Energy pipelines"),
        ("Trade shares – how far it has turned", "Trade shares"),
        ("Trade shares.", "Trade shares"),
    ],
)
def test_a_title_is_cut_at_its_colon_or_dash(title: str, called: str) -> None:
    """The question has to remain one that is read."""
    assert asked(title, "The line itself")[0][0] == f"What does {called} say about the line itself?"


@pytest.mark.parametrize(
    "title", ["", "A title that is so long that no sentence could hold it any more", "条约", "“Q”"]
)
def test_a_title_that_no_question_could_hold_is_left_out(title: str) -> None:
    """The heading stands alone then."""
    assert asked(title, "The line itself") == [("What is said about the line itself?",)]


@pytest.mark.parametrize("heading", ["Who kept a garden?", "谁有一个花园？", "港口条约的签署", "הסכם הנמל"])
def test_a_question_and_another_script_stand_as_they_are(heading: str) -> None:
    """Nothing English is put around them."""
    assert asked("Title", heading) == [(heading,)]


def test_the_same_question_is_asked_once() -> None:
    """Of documents with the same headings."""
    infos = [an_info("", f"{n:064}") for n in range(3)]
    headings = dict.fromkeys((info.id for info in infos), ("The line itself",))
    assert len(suggest_questions(infos, headings)) == 1


def test_documents_are_taken_from_everywhere() -> None:
    """At most three times as many as there shall be questions; the first third reaches from end to end, too."""
    infos = [an_info("", f"{n:064}") for n in range(100)]
    chosen = [int(info.id) for info in spread_evenly(infos, 4)]
    assert chosen == [0, 25, 50, 75, 8, 33, 58, 83, 16, 41, 66, 91]
    assert spread_evenly(infos[:2], 4) == infos[:2]
    assert spread_evenly([], 4) == []


HARBOURS = "# Harbours\n\n## Who signed the treaty?\n\nThe king signed the treaty in the harbour.\n"


def test_a_library_suggests_what_its_headings_ask(library: Library, write: Write) -> None:
    """Always the same; a document without headings asks nothing."""
    library.add([write("a.md", HARBOURS), write("b.txt", "A text without any heading.")])
    assert library.suggestions() == ["Who signed the treaty?"]
    assert library.suggestions() == ["Who signed the treaty?"]
    assert library.suggestions(0) == []


def test_a_library_suggests_nothing_that_it_would_not_answer(tmp_path: Path, write: Write) -> None:
    """Each suggestion was tried."""
    demanding = Settings(passage_tokens=32, bar=1.0)
    with Library.open(tmp_path / "demanding", demanding, encoder=FakeEncoder()) as library:
        library.add(write("a.md", HARBOURS))
        assert library.suggestions() == []


def test_an_empty_library_suggests_nothing(library: Library) -> None:
    """And is not asked anything."""
    assert library.suggestions() == []
