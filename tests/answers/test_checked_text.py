"""`library.check`: each sentence of a user's text is checked against the documents."""

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
from index.settings import Settings
from index.wire import Checked
from tests.cases import cases
from tests.fakes import FakeEncoder
from tests.libraries import filled_library
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.records import Check, DocumentInfo

TREATY = "The king signed the treaty in 1912. It cost 1,000 ships and a bridge of silver. Nobody saw the whale."

SETTINGS = Settings(passage_tokens=40)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library with one document about a treaty."""
    with filled_library(tmp_path_factory.mktemp("check"), {"treaty.txt": TREATY}, SETTINGS) as library:
        yield library


def verdicts(check: Check) -> list[str]:
    """Return the verdict of each sentence."""
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
def test_sentence_gets_its_verdict_and_a_citation(library: Library, sentence: str, verdict: str) -> None:
    """A supported or contradicted sentence cites the words that decide it; an unverified one names the nearest."""
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


def test_markers_of_the_text_are_removed_before_the_check(library: Library) -> None:
    """Markers in the text are dropped, and a source is cited once; sentences without a claim are kept and counted."""
    text = "Summary\n\nThe king signed the treaty in 1912 [7]. Why so? The king signed the treaty in 1912.[^2]"
    check = library.check(text)
    signed = "The king signed the treaty in 1912."
    assert [statement.text for statement in check.statements] == ["Summary", signed, "Why so?", signed]
    assert [statement.markers for statement in check.statements] == [(), (1,), (), (1,)]
    assert (check.supported, check.claims) == (2, 2)
    assert check.summary == "2 of 2 sentences supported; 2 state nothing"


@cases(
    ("sentence", "reason"),
    [
        *((text, "a question states nothing.") for text in ("Who signed it?", "“Who signed it?”", "(Really?!)")),
        ("Treaty", "a single word states nothing."), ("The Treaty", "a heading states nothing."),
        ("***", "it has no words."),
        *((text, "") for text in ("Prices rose.", "The king signed it", "He asked “Who signed it?”", "Kurse stiegen!")),
        ("“It rained,” she said.", ""),
    ],
)  # fmt: skip
def test_sentence_without_a_claim_is_kept_with_the_reason(sentence: str, reason: str) -> None:
    """No sentence of a text is dropped silently; even two words with a full stop can be wrong."""
    [statement] = split_statements(sentence)
    assert (statement.text, statement.verdict, statement.is_claim) == (sentence, "unverified", not reason)
    assert not reason or statement.detail == f"Not checked: {reason}"


GERMAN = "Der König unterschrieb den Vertrag im Hafen, während draußen der Schnee fiel."


@cases(
    ("sentence", "kept"),
    [
        ("The score lies in [0, 5].", "The score lies in [0, 5]."),
        ("Ages in [18, 65] were included.", "Ages in [18, 65] were included."),
        ("Ages vary widely [3, 12].", "Ages vary widely."),
    ],
)
def test_interval_is_no_citation(sentence: str, kept: str) -> None:
    """Its numbers are part of the claim."""
    [statement] = split_statements(sentence)
    assert statement.text == kept


def test_german_text_is_checked_word_for_word_only(tmp_path: Path) -> None:
    """A changed sentence is unverified, and its detail names the language as the reason."""
    with filled_library(tmp_path, {"vertrag.txt": f"{GERMAN} Niemand sah den Wal."}, SETTINGS) as library:
        verbatim, changed = library.check(f"{GERMAN} {GERMAN.replace('unterschrieb', 'zerriss')}").statements
    assert (verbatim.verdict, verbatim.markers) == ("verbatim", (1,))
    assert (changed.verdict, changed.detail) == ("unverified", "This cannot be checked in German (only word for word).")
    assert (changed.markers, changed.is_claim) == ((), True)


def test_check_stream_yields_one_sentence_at_a_time(library: Library) -> None:
    """A client may close the stream early. The limit of sentences is checked before any lookup."""
    text = "The king signed the treaty in 1912. A comet frightened the horses. Nobody saw a whale."
    stream = library.check_stream(text, most_sentences=3)
    first = next(stream)
    assert isinstance(first, Statement)
    assert first.verdict == "verbatim"
    stream.close()
    assert list(library.check_stream(text))[-1] == library.check(text)
    with pytest.raises(TooMany, match="3 sentences are too many: at most 2"):
        next(library.check_stream(text, most_sentences=2))


def test_document_filter_is_resolved_once_per_text(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for the search and once for the notes, not for each sentence; an unknown document is an error."""
    resolved: list[str] = []
    find = library.parts.session.find

    def recording_find(name: str) -> DocumentInfo:
        resolved.append(name)
        return find(name)

    monkeypatch.setattr(library.parts.session, "find", recording_find)
    name = library.documents()[0].id
    check = library.check("The king signed the treaty in 1912. " * 5, documents=[name])
    assert (check.supported, resolved) == (5, [name, name])
    with pytest.raises(DocumentNotFound):
        library.check("The king signed the treaty in 1912.", documents=["nowhere"])


def test_check_is_serialised_with_verdicts_and_quotes(library: Library) -> None:
    """The JSON holds the verdicts and the words on which they rest."""
    fields = json.loads(
        json.dumps(Checked.model_validate(library.check("The king signed the treaty in 1913.")).model_dump())
    )
    assert fields["summary"] == "0 of 1 sentences supported, 1 contradicted"
    assert fields["statements"][0]["verdict"] == "contradicted"
    assert fields["citations"][0]["quote"] == "The king signed the treaty in 1912."


@given(st.text(max_size=200))
@settings(max_examples=length(10, 50), deadline=None)
def test_any_text_can_be_checked(library: Library, text: str) -> None:
    """No text raises an error, and the quote of every citation is in the document."""
    for citation in library.check(text).citations:
        assert TREATY[citation.start : citation.end] == citation.quote


def test_empty_library_leaves_every_sentence_unverified(tmp_path: Path) -> None:
    """Without documents, nothing is supported and nothing is contradicted."""
    with Library.open(tmp_path / "empty", encoder=FakeEncoder()) as empty:
        assert verdicts(empty.check("The king signed the treaty.")) == ["unverified"]
