"""Answers of a language model: each marker is checked, and the documents are quoted where the model fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.library.library import Library
from index.records import Answer
from index.settings import Settings
from tests.answers.model_server import playing, sends_parts, sends_texts
from tests.fakes import FakeEncoder
from tests.libraries import filled_library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.answers.model_server import Play, Player, Stage

    AnswerToReply = Callable[..., Answer]

QUESTION = "Who signed the treaty?"
TREATY = "The king signed the treaty in 1912. Bread was dear. The queen kept a copy of silver."
SEA = "A whale swam by the harbour in 1999. The treaty of the sea was never signed by a ship."


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The model's server; each test sets its play."""
    with playing(sends_texts()) as stage:
        yield stage


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of two documents, of which the treaty ranks first. The tests only read it."""
    files = {"treaty.txt": TREATY, "sea.txt": SEA}
    with filled_library(tmp_path_factory.mktemp("generative"), files, Settings(passage_tokens=60)) as library:
        return library.folder


@pytest.fixture(scope="module")
def library(folder: Path, stage: Stage) -> Iterator[Library]:
    """The library, whose writer is the model."""
    settings = Settings(llm_url=stage.url, llm_model="m", llm_timeout=20, bar=0)
    with Library.open(folder, settings, encoder=FakeEncoder()) as library:
        yield library


@pytest.fixture
def answer_to_reply(library: Library, stage: Stage) -> AnswerToReply:
    """Return a function that returns the answer to the question when the model sends this text."""

    def answer_to_reply(text: str, *, strict: bool = False) -> Answer:
        stage.play = sends_texts(*text.partition(" "))
        answer = library.ask(QUESTION, writer="model", strict=strict)
        assert_citations_are_exact(library, answer)
        return answer

    return answer_to_reply


def assert_citations_are_exact(library: Library, answer: Answer) -> None:
    """Check that each quote is in its document, and that the statements use all citations and no others."""
    for citation in answer.citations:
        assert library.document(citation.document.id).text[citation.start : citation.end] == citation.quote
    markers = [marker for statement in answer.statements for marker in (*statement.markers, statement.nearest)]
    assert {marker for marker in markers if marker is not None} == {citation.marker for citation in answer.citations}


def test_supported_sentence_cites_its_supporting_sentence(answer_to_reply: AnswerToReply) -> None:
    """The marker leads to the supporting sentence, not to the whole passage."""
    answer = answer_to_reply("In 1912 the king signed the treaty [1].")
    assert answer.writer == "model"
    assert [(statement.text, statement.verdict, statement.markers) for statement in answer.statements] == [
        ("In 1912 the king signed the treaty.", "supported", (1,))
    ]
    assert answer.citations[0].quote == "The king signed the treaty in 1912."
    assert answer.notes == ("1 of 1 sentences supported.",)


@pytest.mark.parametrize(("marker", "cited"), [("[2]", "sea"), ("[9]", "[9], which is no source")])
def test_wrong_marker_is_corrected_and_reported(answer_to_reply: AnswerToReply, marker: str, cited: str) -> None:
    """Where only another source supports the sentence, that one is cited; the detail and a note report it."""
    answer = answer_to_reply(f"The king signed the treaty in 1912 {marker}.")
    assert answer.citations[0].document.source.endswith("treaty.txt")
    statement = answer.statements[0]
    assert (statement.verdict, statement.markers) == ("verbatim", (1,))
    assert statement.detail.startswith(f"The model cited {cited}")
    assert "treaty" in statement.detail
    assert "For 1 sentence the model cited a source that does not support it" in answer.notes[-1]


def test_wrong_passage_of_the_right_document_is_called_another_passage(tmp_path: Path, stage: Stage) -> None:
    """The same name twice would explain nothing."""
    rest = " ".join(f"Clerk {n} kept the books of the treaty in order and wrote letters every day." for n in range(9))
    files = {"treaty.txt": f"The king signed the treaty in 1912.\n\n{rest}"}
    stage.play = sends_texts("The king signed the treaty in 1912 [2].")
    settings = Settings(llm_url=stage.url, llm_model="m", llm_timeout=20, bar=0, passage_tokens=60)
    with filled_library(tmp_path, files, settings) as library:
        (statement,) = library.ask(QUESTION, writer="model").statements
    assert statement.detail.startswith("The model cited another passage of treaty.txt than the one that supports it")


@pytest.mark.parametrize("marker", ["[1]", "[1][2]", ""])
def test_right_marker_adds_no_detail_and_no_note(answer_to_reply: AnswerToReply, marker: str) -> None:
    """The same holds for a right marker beside a wrong one, and for a sentence without markers."""
    answer = answer_to_reply(f"The king signed the treaty in 1912 {marker}.")
    assert (answer.statements[0].verdict, answer.statements[0].detail) == ("verbatim", "")
    assert answer.notes == ("1 of 1 sentences supported.",)


@pytest.mark.parametrize(
    ("unsupported", "verdict"),
    [
        ("The king signed the treaty in 1913 [1].", "contradicted"),
        ("The king never signed the treaty in 1912 [1].", "contradicted"),
        ("A comet frightened the horses of the desert [1].", "unverified"),
    ],
)
def test_unsupported_sentence_is_marked_and_hidden_if_strict(
    answer_to_reply: AnswerToReply, unsupported: str, verdict: str
) -> None:
    """It stays visible with its verdict and the nearest words; a strict answer omits it."""
    text = f"The king signed the treaty in 1912 [1]. {unsupported}"
    answer = answer_to_reply(text)
    first, second = answer.statements
    assert (first.verdict, first.markers, second.verdict) == ("verbatim", (1,), verdict)
    assert not second.is_supported
    assert (second.markers, second.nearest is None) in (((1,), True), ((), False))
    assert answer.notes == ("1 of 2 sentences supported.",)
    strict = answer_to_reply(text, strict=True)
    assert [(statement.verdict, statement.markers) for statement in strict.statements] == [("verbatim", (1,))]
    assert len(strict.citations) == 1


def test_markers_are_numbered_from_one_without_gaps(answer_to_reply: AnswerToReply) -> None:
    """The numbers follow the order of the statements, whichever statements are left out."""
    text = "A comet frightened the horses [1]. The queen kept a copy of silver [1]. Bread was dear [1]."
    for strict in (False, True):
        answer = answer_to_reply(text, strict=strict)
        used = [
            marker for statement in answer.statements for marker in (*statement.markers, statement.nearest) if marker
        ]
        assert list(dict.fromkeys(used)) == [citation.marker for citation in answer.citations]
        assert sorted(set(used)) == list(range(1, len(set(used)) + 1))


@pytest.mark.parametrize("strict", [False, True])
def test_partial_abstention_is_not_a_claim(answer_to_reply: AnswerToReply, strict: bool) -> None:
    """A model that answers one half, and says that the documents lack the other, is not marked as wrong."""
    text = "The king signed the treaty in 1912 [1]. The documents do not mention who paid for it."
    answer = answer_to_reply(text, strict=strict)
    assert answer.notes == ("1 of 1 sentences supported.",)
    assert answer.statements[0].is_supported
    assert [statement.is_claim for statement in answer.statements[1:]] == ([] if strict else [False])


FOREIGN = "Der König hat den Vertrag im Jahr 1912 unterschrieben, und das Brot war damals sehr teuer [1]."


def test_answer_in_another_language_is_reported(answer_to_reply: AnswerToReply) -> None:
    """It cannot be checked word by word, so the documents are quoted; a note names both languages."""
    answer = answer_to_reply(FOREIGN)
    assert answer.writer == "quote"
    assert answer.notes[0].startswith("The model wrote in German, and the documents are in English")
    assert answer.notes[1].startswith("Nothing that the model wrote is supported")
    mixed = answer_to_reply(f"The king signed the treaty in 1912 [1]. {FOREIGN} {FOREIGN}")
    assert mixed.notes[0].startswith("The model wrote some sentences in German")
    assert mixed.writer == "model"


@pytest.mark.parametrize(
    "text",
    ["A comet frightened the horses of the desert [1].", "The comet was seen [1]. The horses of the desert ran."],
)
def test_unsupported_answer_is_replaced_by_quotes_and_a_note(answer_to_reply: AnswerToReply, text: str) -> None:
    """The reader always gets the evidence, and a note says why it is quoted."""
    answer = answer_to_reply(text)
    assert (answer.writer, answer.status) == ("quote", "answered")
    assert answer.statements[0].verdict == "verbatim"
    assert any(line.startswith("Nothing that the model wrote is supported") for line in answer.notes)


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
def test_declined_answer_is_replaced_by_unsure_quotes(answer_to_reply: AnswerToReply, text: str, strict: bool) -> None:
    """The nearest sentences are shown, but the status is unsure, because one of two readers found no answer."""
    answer = answer_to_reply(text, strict=strict)
    assert (answer.writer, answer.status) == ("quote", "unsure")
    assert answer.statements[0].verdict == "verbatim"
    assert answer.notes[-1].startswith("The model found no answer")


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("streamed", [False, True])
def test_unsupported_answer_is_not_shown_even_when_streamed(
    library: Library, stage: Stage, streamed: bool, strict: bool
) -> None:
    """The last item of a stream is the answer, and it has the documents' own words."""
    lie = "A comet frightened the horses of the desert [1]."
    stage.play = sends_texts(*lie.partition(" the "))
    if streamed:
        *pieces, answer = library.ask_stream(QUESTION, writer="model", strict=strict)
        assert "".join(map(str, pieces)) == lie
    else:
        answer = library.ask(QUESTION, writer="model", strict=strict)
    assert isinstance(answer, Answer)
    assert answer.writer == "quote"
    assert all(statement.verdict == "verbatim" and statement.text in TREATY + SEA for statement in answer.statements)
    assert not any("comet" in statement.text for statement in answer.statements)


def test_words_are_streamed_before_the_answer(library: Library, stage: Stage) -> None:
    """Pieces arrive first and the answer last, from one request."""
    stage.play = sends_texts("The king signed ", "the treaty in 1912 [1].")
    stage.requests.clear()
    *pieces, answer = library.ask_stream(QUESTION, writer="model")
    assert "".join(map(str, pieces)) == "The king signed the treaty in 1912 [1]."
    assert isinstance(answer, Answer)
    assert len(stage.requests) == 1


def test_model_is_not_asked_without_an_answer(folder: Path, stage: Stage) -> None:
    """Where the documents hold no answer, there is nothing to write."""
    stage.requests.clear()
    with Library.open(folder, Settings(llm_url=stage.url, bar=1), encoder=FakeEncoder()) as library:
        assert library.ask(QUESTION, writer="model").status == "unsure"
    assert stage.requests == []


def _hangs(player: Player) -> None:
    sends_texts("The king signed ", finish=None)(player)
    player.hang()


@pytest.mark.parametrize(
    ("play", "url"),
    [
        *(
            (play, "")
            for play in (sends_texts("The king ", finish=None), _hangs, sends_parts("data: {no\n\n"), sends_texts())
        ),
        *((sends_texts(), url) for url in ("http://127.0.0.1:9/v1", "nonsense")),
    ],
)
def test_broken_response_yields_quotes_and_a_note(folder: Path, stage: Stage, play: Play, url: str) -> None:
    """A disconnect, silence, invalid JSON and an empty response all give quotes and a note within the timeout.

    So do a server that cannot be reached and an invalid address; the note names what to check.
    """
    stage.play = play
    settings = Settings(llm_url=url or stage.url, llm_model="m", llm_timeout=0.3 if play is _hangs else 20, bar=0)
    with Library.open(folder, settings, encoder=FakeEncoder()) as library:
        answer = library.ask(QUESTION, writer="model")
        assert_citations_are_exact(library, answer)
    assert (answer.writer, answer.statements[0].text) == ("quote", "The king signed the treaty in 1912.")
    assert answer.notes[0].endswith("The documents are quoted instead.")
