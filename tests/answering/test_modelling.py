"""A language model's answer: every marker resolved and checked, and quotations whenever something goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.library import Library
from index.records import Answer
from index.settings import Settings
from tests.answering.playing import playing
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.answering.playing import Player
    from tests.conftest import Write

    Ask = Callable[..., Answer]

QUESTION = "Who signed the treaty?"
TREATY = "The king signed the treaty in 1912. Bread was dear. The queen kept a copy of silver."
SEA = "A whale swam by the harbour in 1999. The treaty of the sea was never signed by a ship."


@pytest.fixture
def ask(tmp_path: Path, write: Write) -> Ask:
    """Asks a library of two documents, of which the treaty comes first; `url` is the model's."""
    folder = tmp_path / "library"
    with Library.open(folder, Settings(passage_tokens=60), encoder=FakeEncoder()) as library:
        library.add([write("treaty.txt", TREATY), write("sea.txt", SEA)])

    def ask(url: str, *, strict: bool = False, question: str = QUESTION) -> Answer:
        settings = Settings(llm_url=url, llm_model="m", llm_timeout=20, bar=0)
        with Library.open(folder, settings, encoder=FakeEncoder()) as library:
            answer = library.ask(question, writer="model", strict=strict)
            for citation in answer.citations:
                assert library.document(citation.document.id).text[citation.start : citation.end] == citation.quote
        used = [marker for statement in answer.statements for marker in statement.markers]
        assert set(used) == {citation.marker for citation in answer.citations}
        return answer

    return ask


def wrote(ask: Ask, text: str, *, strict: bool = False) -> Answer:
    """The answer where the model says this."""

    def play(player: Player) -> None:
        player.begin()
        player.say(*text.partition(" "), finish="stop")

    with playing(play) as stage:
        return ask(stage.url, strict=strict)


def test_a_supported_sentence_is_numbered(ask: Ask) -> None:
    """Its marker leads to the sentence that it rests on, not to the whole passage."""
    answer = wrote(ask, "In 1912 the king signed the treaty [1].")
    assert answer.writer == "model"
    assert [(each.text, each.verdict, each.markers) for each in answer.statements] == [
        ("In 1912 the king signed the treaty.", "supported", (1,))
    ]
    assert answer.citations[0].quote == "The king signed the treaty in 1912."
    assert answer.notes == ("1 of 1 sentences supported.",)


def test_a_wrong_marker_is_set_right(ask: Ask) -> None:
    """Where another source supports the sentence, that one is cited."""
    answer = wrote(ask, "The king signed the treaty in 1912 [2].")
    assert answer.citations[0].document.source.endswith("treaty.txt")


@pytest.mark.parametrize(
    ("invented", "verdict"),
    [
        ("The king signed the treaty in 1913 [1].", "contradicted"),
        ("The king never signed the treaty in 1912 [1].", "contradicted"),
        ("A comet frightened the horses of the desert [1].", "unverified"),
    ],
)
def test_what_is_not_supported_has_no_number(ask: Ask, invented: str, verdict: str) -> None:
    """It stays visible with its verdict; a strict reader does not see it."""
    text = f"The king signed the treaty in 1912 [1]. {invented}"
    answer = wrote(ask, text)
    assert [(each.verdict, each.markers) for each in answer.statements] == [("verbatim", (1,)), (verdict, ())]
    assert answer.notes == ("1 of 2 sentences supported.",)
    assert [each.verdict for each in wrote(ask, text, strict=True).statements] == ["verbatim"]


def test_a_marker_to_nowhere_is_removed(ask: Ask) -> None:
    """There is no ninth source; what the sentence says is looked for all the same."""
    answer = wrote(ask, "The queen kept a copy of silver [9].")
    assert answer.statements[0].markers == (1,)
    assert answer.citations[0].quote == "The queen kept a copy of silver."


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("A comet frightened the horses of the desert [1].", "Nothing that the model wrote is supported"),
        ("NO ANSWER", "The model found no answer"),
    ],
)
def test_where_the_model_is_of_no_use_the_documents_are_quoted(ask: Ask, text: str, note: str) -> None:
    """The reader always gets the evidence, and is told why it is quoted."""
    answer = wrote(ask, text)
    assert (answer.writer, answer.status) == ("quote", "answered")
    assert answer.statements[0].verdict == "verbatim"
    assert any(each.startswith(note) for each in answer.notes)


def test_a_dead_server_costs_no_answer(ask: Ask) -> None:
    """Nor does an address that is none: quotations, and a note that says what to look at."""
    for url in ("http://127.0.0.1:9/v1", "nonsense"):
        answer = ask(url)
        assert (answer.writer, answer.statements[0].verdict) == ("quote", "verbatim")
        assert answer.notes[0].endswith("The documents are quoted instead.")


def test_words_come_as_they_are_written(ask: Ask, tmp_path: Path) -> None:
    """Pieces first, the answer last; where there is nothing to answer the model is not asked at all."""

    def play(player: Player) -> None:
        player.begin()
        player.say("The king signed ", "the treaty in 1912 [1].", finish="stop")

    with playing(play) as stage:
        settings = Settings(llm_url=stage.url, llm_model="m", bar=0)
        with Library.open(tmp_path / "library", settings, encoder=FakeEncoder()) as library:
            *pieces, answer = library.ask_stream(QUESTION, writer="model")
            assert "".join(map(str, pieces)) == "The king signed the treaty in 1912 [1]."
            assert isinstance(answer, Answer)
            assert len(stage.requests) == 1
        with Library.open(tmp_path / "library", Settings(llm_url=stage.url, bar=1), encoder=FakeEncoder()) as library:
            assert library.ask(QUESTION, writer="model").status == "unsure"
            assert len(stage.requests) == 1


def _dies(player: Player) -> None:
    player.begin()
    player.say("The king signed ")


def _hangs(player: Player) -> None:
    player.begin()
    player.say("The king signed ")
    player.hang()


def _raves(player: Player) -> None:
    player.begin()
    player.send("data: {nonsense\n\n")


def _says_nothing(player: Player) -> None:
    player.begin()
    player.say(finish="stop")


@pytest.mark.parametrize("play", [_dies, _hangs, _raves, _says_nothing])
def test_a_broken_server_costs_no_answer(tmp_path: Path, ask: Ask, play: Callable[[Player], None]) -> None:
    """Killed in mid-stream, silent, talking nonsense or nothing: quotations and a notice, within the time-out."""
    with playing(play) as stage:
        settings = Settings(llm_url=stage.url, llm_model="m", llm_timeout=1.5, bar=0)
        with Library.open(tmp_path / "library", settings, encoder=FakeEncoder()) as library:
            answer = library.ask(QUESTION, writer="model")
    assert (answer.writer, answer.statements[0].text) == ("quote", "The king signed the treaty in 1912.")
    assert answer.notes[0].endswith("The documents are quoted instead.")
