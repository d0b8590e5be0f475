"""`library.check`: what somebody wrote, sentence by sentence, against the documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.answers.checked_text import split_statements
from index.errors import DocumentNotFound, TooMany
from index.library.library import Library
from index.records import Statement
from index.schema.answer_schema import Checked
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.records import Check, DocumentInfo

TREATY = "The king signed the treaty in 1912. It cost 1,000 ships and a bridge of silver. Nobody saw the whale."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library that knows of a treaty."""
    folder: Path = tmp_path_factory.mktemp("check")
    source = folder / "treaty.txt"
    source.write_text(TREATY, encoding="utf-8")
    with Library.open(folder / "library", Settings(passage_tokens=40), encoder=FakeEncoder()) as library:
        library.add(source)
        yield library


def verdicts(check: Check) -> list[str]:
    """Of each sentence."""
    return [statement.verdict for statement in check.statements]


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        pytest.param("The king signed the treaty in 1912.", "verbatim", id="word for word"),
        pytest.param("The king signed the treaty in 1913.", "contradicted", id="another year"),
        pytest.param("The king did not sign the treaty in 1912.", "contradicted", id="denied"),
        pytest.param("A comet frightened the horses of the desert.", "unverified", id="something else"),
    ],
)
def test_a_sentence_gets_its_verdict(library: Library, sentence: str, verdict: str) -> None:
    """Whoever is at odds with the documents is told so, and pointed to the words that say otherwise."""
    check = library.check(sentence)
    assert verdicts(check) == [verdict]
    [citation] = check.citations
    assert TREATY[citation.start : citation.end] == citation.quote
    if verdict == "unverified":
        assert (check.statements[0].markers, check.statements[0].nearest) == ((), 1)
    else:
        assert (check.statements[0].markers, check.statements[0].nearest) == ((1,), None)
        assert citation.quote == "The king signed the treaty in 1912."
    assert check.supported == (verdict == "verbatim")


def test_a_text_is_taken_apart(library: Library) -> None:
    """Markers of its own are left out, and a source is cited once; what states nothing is kept, and says so."""
    text = "Summary\n\nThe king signed the treaty in 1912 [7]. Why so? The king signed the treaty in 1912.[^2]"
    check = library.check(text)
    signed = "The king signed the treaty in 1912."
    assert [statement.text for statement in check.statements] == ["Summary", signed, "Why so?", signed]
    assert [statement.markers for statement in check.statements] == [(), (1,), (), (1,)]
    assert (check.supported, check.claims) == (2, 2)
    assert check.summary == "2 of 2 sentences supported; 2 state nothing"


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Who signed it?", "a question states nothing."),
        ("“Who signed it?”", "a question states nothing."),
        ("(Really?!)", "a question states nothing."),
        ("Treaty", "a single word states nothing."),
        ("The Treaty", "a heading states nothing."),
        ("***", "it has no words."),
    ],
)
def test_what_states_nothing_is_kept_and_says_why(sentence: str, reason: str) -> None:
    """No sentence of a text is dropped in silence."""
    [statement] = split_statements(sentence)
    assert (statement.text, statement.verdict, statement.is_claim) == (sentence, "unverified", False)
    assert statement.detail == f"Not checked: {reason}"


@pytest.mark.parametrize(
    "sentence",
    ["Prices rose.", "The king signed it", "He asked “Who signed it?”", "“It rained,” she said.", "Kurse stiegen!"],
)
def test_a_short_sentence_is_a_claim_all_the_same(sentence: str) -> None:
    """Two words with a full stop can be wrong."""
    assert [(each.text, each.is_claim) for each in split_statements(sentence)] == [(sentence, True)]


GERMAN = "Der König unterschrieb den Vertrag im Hafen, während draußen der Schnee fiel."


def test_another_language_is_checked_word_for_word_alone(tmp_path: Path) -> None:
    """What does not stand there is unverified, and the reader is told that it is for the language."""
    source = tmp_path / "vertrag.txt"
    source.write_text(f"{GERMAN} Niemand sah den Wal.", encoding="utf-8")
    with Library.open(tmp_path / "library", Settings(passage_tokens=40), encoder=FakeEncoder()) as library:
        library.add(source)
        same, other = library.check(f"{GERMAN} {GERMAN.replace('unterschrieb', 'zerriss')}").statements
    assert (same.verdict, same.markers) == ("verbatim", (1,))
    assert (other.verdict, other.detail) == ("unverified", "This cannot be checked in German (only word for word).")
    assert (other.markers, other.is_claim) == ((), True)


def test_every_sentence_of_a_text_has_a_statement(library: Library) -> None:
    """In the order of the text."""
    text = "Title\n\nThe king flew. Why? Nobody saw the whale."
    assert [each.text for each in library.check(text).statements] == [
        "Title",
        "The king flew.",
        "Why?",
        "Nobody saw the whale.",
    ]


def test_a_check_comes_sentence_by_sentence(library: Library) -> None:
    """Whoever has enough closes it; nothing that comes after is looked up. A limit is met before anything is."""
    text = "The king signed the treaty in 1912. A comet frightened the horses. Nobody saw a whale."
    stream = library.check_stream(text, most_sentences=3)
    first = next(stream)
    assert isinstance(first, Statement)
    assert first.verdict == "verbatim"
    stream.close()
    assert list(library.check_stream(text))[-1] == library.check(text)
    with pytest.raises(TooMany, match="3 sentences are too many: at most 2"):
        next(library.check_stream(text, most_sentences=2))


def test_documents_are_looked_up_once_for_a_text(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many sentences it has; another document than these supports nothing."""
    found: list[str] = []
    find = library._lookup.find

    def noting(name: str) -> DocumentInfo:
        found.append(name)
        return find(name)

    monkeypatch.setattr(library._lookup, "find", noting)
    name = library.documents()[0].id
    check = library.check("The king signed the treaty in 1912. " * 5, documents=[name])
    assert (check.supported, found) == (5, [name])
    with pytest.raises(DocumentNotFound):
        library.check("The king signed the treaty in 1912.", documents=["nowhere"])


def test_a_check_as_json(library: Library) -> None:
    """Verdicts, and the words that they rest on."""
    told = json.loads(
        json.dumps(Checked.model_validate(library.check("The king signed the treaty in 1913.")).model_dump())
    )
    assert told["summary"] == "0 of 1 sentences supported, 1 contradicted"
    assert told["statements"][0]["verdict"] == "contradicted"
    assert told["citations"][0]["quote"] == "The king signed the treaty in 1912."


@given(st.text(max_size=200))
@settings(max_examples=length(10, 50), deadline=None)
def test_any_text_can_be_checked(library: Library, text: str) -> None:
    """Whatever it holds, nothing is raised, and every citation is there."""
    for citation in library.check(text).citations:
        assert TREATY[citation.start : citation.end] == citation.quote


def test_an_empty_library_supports_nothing(tmp_path: Path) -> None:
    """Nor does it contradict."""
    with Library.open(tmp_path / "empty", encoder=FakeEncoder()) as empty:
        assert verdicts(empty.check("The king signed the treaty.")) == ["unverified"]
