"""A language model's answer: every marker resolved and checked, and quotations whenever something goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.library.library import Library
from index.records import Answer
from index.settings import Settings
from tests.answers.model_server import playing
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.answers.model_server import Player
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
        used = [marker for each in answer.statements for marker in (*each.markers, each.nearest) if marker is not None]
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


@pytest.mark.parametrize(("marker", "cited"), [("[2]", "sea"), ("[9]", "[9], which is no source")])
def test_a_wrong_marker_is_not_set_right_in_silence(ask: Ask, marker: str, cited: str) -> None:
    """Where only another source supports the sentence, that one is cited; its detail and a note say so."""
    answer = wrote(ask, f"The king signed the treaty in 1912 {marker}.")
    assert answer.citations[0].document.source.endswith("treaty.txt")
    statement = answer.statements[0]
    assert (statement.verdict, statement.markers) == ("verbatim", (1,))
    assert statement.detail.startswith(f"The model cited {cited}")
    assert "treaty" in statement.detail
    assert "For 1 sentence the model cited a source that does not support it" in answer.notes[-1]


@pytest.mark.parametrize("marker", ["[1]", "[1][2]", ""])
def test_a_right_marker_needs_no_words(ask: Ask, marker: str) -> None:
    """Nor does one beside a wrong one, or none at all."""
    answer = wrote(ask, f"The king signed the treaty in 1912 {marker}.")
    assert (answer.statements[0].verdict, answer.statements[0].detail) == ("verbatim", "")
    assert answer.notes == ("1 of 1 sentences supported.",)


@pytest.mark.parametrize(
    ("invented", "verdict"),
    [
        ("The king signed the treaty in 1913 [1].", "contradicted"),
        ("The king never signed the treaty in 1912 [1].", "contradicted"),
        ("A comet frightened the horses of the desert [1].", "unverified"),
    ],
)
def test_what_is_not_supported_is_marked(ask: Ask, invented: str, verdict: str) -> None:
    """It stays visible with its verdict and what says otherwise or comes near; a strict reader does not see it."""
    text = f"The king signed the treaty in 1912 [1]. {invented}"
    answer = wrote(ask, text)
    first, second = answer.statements
    assert (first.verdict, first.markers, second.verdict) == ("verbatim", (1,), verdict)
    assert not second.is_supported
    assert (second.markers, second.nearest is None) in (((1,), True), ((), False))
    assert answer.notes == ("1 of 2 sentences supported.",)
    strict = wrote(ask, text, strict=True)
    assert [(each.verdict, each.markers) for each in strict.statements] == [("verbatim", (1,))]
    assert len(strict.citations) == 1


def test_numbers_count_from_one(ask: Ask) -> None:
    """In the order in which the statements are read, without gaps, whatever was left out."""
    text = "A comet frightened the horses [1]. The queen kept a copy of silver [1]. Bread was dear [1]."
    for strict in (False, True):
        answer = wrote(ask, text, strict=strict)
        used = [marker for each in answer.statements for marker in (*each.markers, each.nearest) if marker]
        assert list(dict.fromkeys(used)) == [citation.marker for citation in answer.citations]
        assert sorted(set(used)) == list(range(1, len(set(used)) + 1))


@pytest.mark.parametrize("strict", [False, True])
def test_what_the_documents_do_not_have_is_no_claim(ask: Ask, strict: bool) -> None:
    """A model that answers one half, and says that the documents do not have the other, is not said to be wrong."""
    text = "The king signed the treaty in 1912 [1]. The documents do not mention who paid for it."
    answer = wrote(ask, text, strict=strict)
    assert answer.notes == ("1 of 1 sentences supported.",)
    assert answer.statements[0].is_supported
    assert [each.is_claim for each in answer.statements[1:]] == ([] if strict else [False])


FOREIGN = "Der König hat den Vertrag im Jahr 1912 unterschrieben, und das Brot war damals sehr teuer [1]."


def test_an_answer_in_another_language_is_told(ask: Ask) -> None:
    """It cannot be checked word by word, so the documents are quoted; a note says which languages these are."""
    answer = wrote(ask, FOREIGN)
    assert answer.writer == "quote"
    assert answer.notes[0].startswith("The model wrote in German, and the documents are in English")
    assert answer.notes[1].startswith("Nothing that the model wrote is supported")
    mixed = wrote(ask, f"The king signed the treaty in 1912 [1]. {FOREIGN} {FOREIGN}")
    assert mixed.notes[0].startswith("The model wrote some sentences in German")
    assert mixed.writer == "model"


def test_a_marker_to_nowhere_is_removed(ask: Ask) -> None:
    """There is no ninth source; what the sentence says is looked for all the same."""
    answer = wrote(ask, "The queen kept a copy of silver [9].")
    assert answer.statements[0].markers == (1,)
    assert answer.citations[0].quote == "The queen kept a copy of silver."


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("A comet frightened the horses of the desert [1].", "Nothing that the model wrote is supported"),
        ("The comet was seen [1]. The horses of the desert ran.", "Nothing that the model wrote is supported"),
    ],
)
def test_where_the_model_is_of_no_use_the_documents_are_quoted(ask: Ask, text: str, note: str) -> None:
    """The reader always gets the evidence, and is told why it is quoted."""
    answer = wrote(ask, text)
    assert (answer.writer, answer.status) == ("quote", "answered")
    assert answer.statements[0].verdict == "verbatim"
    assert any(each.startswith(note) for each in answer.notes)


@pytest.mark.parametrize(
    "text",
    [
        "NO ANSWER",
        "I cannot answer from these sources.",
        "The provided documents do not mention who signed the treaty [1].",
        "I’m sorry, but the excerpts do not say. There is no information about it in the documents.",
        "The documents do not say who signed it. A comet frightened the horses [1].",
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_where_the_model_declines_the_documents_may_have_it(ask: Ask, text: str, strict: bool) -> None:
    """What comes nearest is shown, but not as an answer: one of two readers has found none."""
    answer = wrote(ask, text, strict=strict)
    assert (answer.writer, answer.status) == ("quote", "unsure")
    assert answer.statements[0].verdict == "verbatim"
    assert answer.notes[-1].startswith("The model found no answer")


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("streamed", [False, True])
def test_an_unsupported_answer_is_never_the_answer(tmp_path: Path, ask: Ask, streamed: bool, strict: bool) -> None:
    """Also where its words were streamed: what comes last is the documents' own words."""
    lie = "A comet frightened the horses of the desert [1]."

    def play(player: Player) -> None:
        player.begin()
        player.say(*lie.partition(" the "), finish="stop")

    with playing(play) as stage:
        settings = Settings(llm_url=stage.url, llm_model="m", bar=0)
        with Library.open(tmp_path / "library", settings, encoder=FakeEncoder()) as library:
            if streamed:
                *pieces, answer = library.ask_stream(QUESTION, writer="model", strict=strict)
                assert "".join(map(str, pieces)) == lie
            else:
                answer = library.ask(QUESTION, writer="model", strict=strict)
    assert isinstance(answer, Answer)
    assert answer.writer == "quote"
    assert all(each.verdict == "verbatim" and each.text in TREATY + SEA for each in answer.statements)
    assert not any("comet" in each.text for each in answer.statements)


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
