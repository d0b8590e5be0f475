"""Suggested questions: made of headings and definitions, and answered clearly from the very place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from index.library import suggestions
from index.library.library import Library
from index.library.suggestions import definition_question, heading_question, spread_evenly
from index.records import DocumentInfo
from index.settings import Settings
from tests.cases import cases
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import Write

PLAGUE = "A plague is an outbreak of fever that spreads from town to town. A horse cost more than a bridge that year."
QUEEN = "# Why the queen of Norway is feared\n\nThe queen of Norway is feared for her whale. The river froze.\n"
VAGUE = "He signed it in the harbour. This was what she wanted. The result is a number that grows."
OF_PLAGUE, OF_QUEEN = "What is a plague?", "Why is the queen of Norway feared?"


def document_info(identity: str) -> DocumentInfo:
    """Return information about a document."""
    return DocumentInfo(identity, "/papers/a.txt", "", "", "", "text/plain", 99, 0, 1)


def test_documents_are_chosen_evenly_from_the_library() -> None:
    """Sixteen times as many documents as questions are chosen, and the first ones already span the library."""
    infos = [document_info(f"{n:064}") for n in range(640)]
    chosen = [int(info.id) for info in spread_evenly(infos, 4)]
    assert (len(chosen), chosen[:4], chosen[4:8]) == (64, [0, 160, 320, 480], [10, 170, 330, 490])
    assert spread_evenly(infos[:2], 4) == infos[:2]
    assert spread_evenly([], 4) == []


@cases(
    ("heading", "question"),
    [
        ("Q: Is the harbour of Oslo deep?", "Is the harbour of Oslo deep?"),
        ("2.1 Wie wird der Hafen geschützt?", "Wie wird der Hafen geschützt?"),
        ("Why the old harbour was closed", "Why was the old harbour closed?"),
        ("What China does not accept", "What does China not accept?"),
        ("How to Sign a Treaty", "How do I sign a treaty?"),
        ("The Battle of Long Island", "What is known about the Battle of Long Island?"),
        ("The contract of May 2014", "What is known about the contract of May 2014?"),
        ("Why the harbour was closed", ""),  # which one?
        ("What a visitor can and cannot do", ""),
        ("The line itself", ""),
        ("Introduction", ""),
        ("THE BATTLE OF OSLO", ""),
    ],
)
def test_heading_gives_the_question_that_it_asks(heading: str, question: str) -> None:
    """A question stays as it is, in any language; a clause gets its English order."""
    assert heading_question(heading, {"a", "sign", "treaty", "long", "may"})[1] == question


@cases(
    ("sentence", "question"),
    [
        ("A barometer is an instrument that measures the pressure of air.", "What is a barometer?"),
        ("The Treaty of Paris (1763) was the end of a war in America.", "What was the Treaty of Paris?"),
        ("OPEC is a cartel of states.", "What is OPEC?"),
        ("Deforestation is a process that removes trees.", "What is deforestation?"),
        ("Marie Curie was a Polish physicist who worked in Paris.", "Who was Marie Curie?"),
        ("Nick Foles is an American quarterback for the Eagles.", ""),  # a person, but no word says so
        ("The result is a number that grows.", ""),
        ("The library’s Add trait is a rule that helps.", ""),  # which library?
        ("RWR 21 is a method for ranking.", ""),  # the number of a reference
        ("Errors are a fact of life in software.", ""),
        ("Each target is a file that is built.", ""),
        ("It is a town in Norway.", ""),
        ("The treaty was signed in Oslo.", ""),
    ],
)
def test_definition_gives_the_question_that_it_answers(sentence: str, question: str) -> None:
    """It names what it defines; a person is asked for with `who`."""
    assert definition_question(sentence, {"a", "the", "deforestation"})[1] == question


def test_each_suggestion_is_answered_from_its_own_place(library: Library, write: Write) -> None:
    """Documents take turns; the same library always gives the same questions, and an empty one none."""
    assert library.suggestions() == []
    library.add([write("a.txt", PLAGUE), write("b.md", QUEEN), write("c.txt", VAGUE)])
    assert library.suggestions() == [OF_PLAGUE, OF_QUEEN]
    for question, text in ((OF_PLAGUE, PLAGUE), (OF_QUEEN, QUEEN.partition("\n\n")[2])):
        answer = library.ask(question)
        assert answer.citations[0].quote == f"{text.split('. ')[0]}."
    assert library.suggestions() == [OF_PLAGUE, OF_QUEEN]
    assert library.suggestions(1) == [OF_PLAGUE]
    assert library.suggestions(0) == []


def test_heading_in_another_language_is_asked_if_it_is_a_question(library: Library, write: Write) -> None:
    """Of other headings and sentences, only those in English give one."""
    question = "Wann wurde der Vertrag von Oslo unterschrieben?"
    library.add(write("a.md", f"# Der Vertrag\n\n## {question}\n\nDer Vertrag von Oslo wurde 1846 unterschrieben.\n"))
    assert library.suggestions() == [question]


def test_two_questions_have_two_subjects(library: Library, write: Write) -> None:
    """`What is known about the O2?` is not suggested beside `What is the O2?`."""
    library.add(write("a.md", "# The Volcano Etna\n\nThe volcano Etna is a garden of copper for a horse.\n"))
    assert library.suggestions() == ["What is the volcano Etna?"]


def test_there_are_none_rather_than_poor_ones(library: Library, write: Write) -> None:
    """Vague sentences, vague headings, other languages, data and code give no question."""
    library.add(
        [
            write("a.txt", VAGUE),
            write("b.md", f"# What are the different types?\n\n{VAGUE}\n\n# Example Docs\n\n# 港口条约的签署\n"),
            write("c.txt", "Der König ist ein Herrscher, der den Vertrag unterschrieben hat. Der Wal schwamm davon."),
            write("d.py", f"def oslo():\n    return 1654  # {PLAGUE}\n"),
        ]
    )
    assert library.suggestions() == []


def test_library_suggests_only_questions_it_answers_clearly(tmp_path: Path, write: Write) -> None:
    """Each suggestion is tried before it is made."""
    demanding = Settings(passage_tokens=32, bar=1.0)
    with Library.open(tmp_path / "demanding", demanding, encoder=FakeEncoder()) as library:
        library.add(write("a.txt", PLAGUE))
        assert library.suggestions() == []


def test_question_that_another_sentence_answers_is_not_suggested(library: Library, write: Write) -> None:
    """Two documents answer it alike, so the answer may come from either."""
    library.add([write("a.txt", PLAGUE), write("b.txt", f"{PLAGUE} {VAGUE}")])
    assert len(library.suggestions()) <= 1


def test_suggestions_follow_the_library_and_are_made_once_for_each_state(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several readers at once wait for the same work."""
    library.add(write("a.txt", PLAGUE))
    made: list[list[str]] = []
    threads = [threading.Thread(target=lambda: made.append(library.suggestions())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [[OF_PLAGUE]] * 3
    monkeypatch.setattr(suggestions, "SECONDS", -1.0)
    assert library.suggestions() == [OF_PLAGUE]
    library.add(write("b.md", QUEEN))
    assert library.suggestions() == []
