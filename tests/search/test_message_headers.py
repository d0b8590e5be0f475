"""The headers of messages that questions ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index import Library, Settings
from index.answers.extractive import quotes
from index.loading import formats
from index.loading.content import Content, Draft, compose, verbatim
from index.search.message_headers import asked_header, asked_headers, header_of, misleading_headers
from tests.cases import cases
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = (
    "From: Ada <ada@example.org>",
    "To: Charles <charles@example.org>",
    "Cc: mary@example.org",
    "Bcc: hidden@example.org",
    "Date: Mon, 29 Jul 2024 20:38:11 +0000",
    "Subject: The engine in the garden",
    "The engine runs in the garden. Nobody wrote to the doctor who had sent the horse.",
)


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Return a library with one message, which is one passage."""
    draft = Draft([verbatim(line) for line in LINES], title="The engine in the garden")
    letter = compose(draft, Content(b"", formats.PLAIN), id="a" * 64, source="/mail/engine.eml")
    settings, encoder = Settings(passage_tokens=200), FakeEncoder(max_tokens=400)
    with Library.open(tmp_path_factory.mktemp("letters"), settings, encoder=encoder) as library:
        library.add_documents([letter])
        yield library


@cases(
    ("question", "header"),
    [
        ("Who was copied in openly on John's mail about cc and bcc?", "cc"),
        ("Who is in copy?", "cc"),
        ("Which colleagues were cc'd on it?", "cc"),
        ("Who got a copy of the message?", "cc"),
        ("Who was bcc'd?", "bcc"),
        ("Who was secretly copied on the mail?", "bcc"),
        ("Who was copied in blind?", "bcc"),
        ("To whom was the message on spam sent?", "to"),
        ("Who got the mail by John?", "to"),
        ("Who are the recipients of the memo?", "to"),
        ("From whose address does the Outlook message come?", "from"),
        ("Who sent the e-mail about the family day?", "from"),
        ("When was the mail about the family day sent?", "date"),
        ("On what day did Ada send the message?", "date"),
        ("What is the subject of the message from John?", "subject"),
        ("What was the subject line?", "subject"),
        # no message is asked about
        ("Who signed the treaty?", ""),
        ("Who sent the ship to the port?", ""),
        ("When was the treaty sent to the king?", ""),
        ("What is the subject of the painting?", ""),
        # what is asked for stands in the message itself
        ("What does John want readers of his cc test to do?", ""),
        ("Why was the mail sent?", ""),
        ("How many people got a copy?", ""),
    ],
)
def test_header_that_a_question_asks_for(question: str, header: str) -> None:
    """It is known by the question's words, which the header does not contain."""
    assert asked_header(question) == header


def test_header_is_known_by_its_name() -> None:
    """`Sent` is what some programs call the date."""
    assert [header_of(line) for line in ("CC: a@b.org", "Sent: Monday", "Subject:", "Note: x")] == [
        "cc",
        "date",
        "",
        "",
    ]


def test_one_header_alone_may_be_a_field_of_a_form() -> None:
    """A message has several next to each other."""
    question = "Who sent the mail?"
    assert asked_headers(question, ["From: Ada", "To: Charles"]) == [0]
    assert asked_headers(question, ["From: Ada", "She was born in London."]) == []


@pytest.mark.parametrize(
    ("question", "pin"),
    [
        ("Who was copied on the mail about the engine?", "Cc: mary@example.org"),
        ("Who sent the mail about the engine?", "From: Ada <ada@example.org>"),
        ("To whom was the mail about the engine sent?", "To: Charles <charles@example.org>"),
        ("When was the mail about the engine sent?", "Date: Mon, 29 Jul 2024 20:38:11 +0000"),
    ],
)
def test_asked_header_is_the_pin_and_the_answer(letters: Library, question: str, pin: str) -> None:
    """It is quoted as an answer, although it is no sentence."""
    found = letters.search(question)
    assert found[0].quote == pin
    first = quotes(question, found.hits)[0]
    assert (first.words, first.states) == (pin, True)


def test_date_of_a_message_does_not_say_when_something_happens(letters: Library) -> None:
    """It is a pin only if the question asks when the message was sent."""
    found = letters.search("When will the engine be ready?")
    assert found[0].pin not in [hit.pin for hit in found if header_of(hit.quote) == "date"]
    assert not any(header_of(quote.words) == "date" for quote in quotes(found.question, found.hits))
    lines = ["From: Ada", "Date: Mon, 29 Jul 2024", "The engine is ready in May."]
    assert misleading_headers("When is the engine ready?", lines) == [1]
    assert misleading_headers("When was the mail sent?", lines) == []
    assert misleading_headers("When is the engine ready?", ["Date: 29 July 2024", "A form."]) == []


def test_header_is_no_evidence_for_another_question(letters: Library) -> None:
    """Addresses state nothing."""
    found = letters.search("Who had sent the doctor of Ada and Mary a horse?")
    assert found[0].quote == "Nobody wrote to the doctor who had sent the horse."
    assert not any(header_of(quote.words) == "from" for quote in quotes(found.question, found.hits))
