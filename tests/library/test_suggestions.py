"""Suggested questions: made of the documents' sentences, and answered clearly with these very sentences."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from index.library import suggestions
from index.library.library import Library
from index.library.suggestions import spread_evenly
from index.records import DocumentInfo
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.conftest import Write

PLAGUE = "The last plague outbreak reached Oslo in 1654. A horse cost more than a bridge that year."
QUEEN = "Queen Elizabeth opened the new harbour on 9 October 2004. The whale swam to the garden."
VAGUE = "He signed it in the harbour. This was what she wanted. It may have been in 1846."
OF_PLAGUE, OF_QUEEN = "When did the last plague outbreak reach Oslo?", "When did Queen Elizabeth open the new harbour?"


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


def test_each_suggestion_is_answered_with_its_own_sentence(library: Library, write: Write) -> None:
    """Documents take turns; the same library always gives the same questions."""
    library.add([write("a.txt", PLAGUE), write("b.txt", QUEEN), write("c.txt", VAGUE)])
    assert library.suggestions() == [OF_PLAGUE, OF_QUEEN]
    for question, sentence in ((OF_PLAGUE, PLAGUE), (OF_QUEEN, QUEEN)):
        answer = library.ask(question)
        assert answer.citations[0].quote == f"{sentence.split('. ')[0]}."
    assert library.suggestions() == [OF_PLAGUE, OF_QUEEN]
    assert library.suggestions(1) == [OF_PLAGUE]
    assert library.suggestions(0) == []


def test_there_are_none_rather_than_poor_ones(library: Library, write: Write) -> None:
    """Vague sentences, headings, other languages, data and code give no question."""
    library.add(
        [
            write("a.txt", VAGUE),
            write("b.md", "# Legislative History--H.R. 3162\n\n# Example Docs\n\n# 港口条约的签署\n"),
            write(
                "c.txt", "Der König hat den Vertrag im Jahr 1846 in Oslo unterschrieben. Der Wal schwamm nach Bergen."
            ),
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
    library.add(write("b.txt", QUEEN))
    assert library.suggestions() == []


def test_empty_library_suggests_nothing(library: Library) -> None:
    """No question is asked, either."""
    assert library.suggestions() == []
