"""How many of fifty false sentences of a language model are shown as supported by the documents.

`lies.jsonl` has a document, a question and a reply for each: true sentences, and a false one. The first 25 were written
by somebody who had not read the code, the others by its authors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.answers.writer.prompts import parse
from index.library.library import Library
from index.settings import Settings
from tests.answers.model_server import playing
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import Answer, Statement
    from tests.answers.model_server import Player

Answered = tuple[dict[str, Any], "Answer"]
LINES = (Path(__file__).parent / "lies.jsonl").read_text(encoding="utf-8").splitlines()
LIES: list[dict[str, Any]] = [json.loads(line) for line in LINES]
MOST_LIES = 3
"""At most so many of the fifty false sentences may be shown as supported."""
LEAST_TRUTHS = 0.25
"""At least this share of the true sentences must be shown as supported, because a check can be too strict, too."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Answered]:
    """Return each lie with the answer that a user gets to its question."""
    replies = {lie["question"]: lie["reply"] for lie in LIES}
    assert len(replies) == len(LIES) == 50

    def play(player: Player) -> None:
        question = player.request_body["messages"][-1]["content"].rpartition("Question: ")[2]
        player.begin()
        player.say(replies[question], finish="stop")

    folder = tmp_path_factory.mktemp("lies")
    sources = {
        document: folder / f"{number}.txt" for number, document in enumerate({lie["document"]: 0 for lie in LIES})
    }
    for document, source in sources.items():
        source.write_text(document, encoding="utf-8")
    with playing(play) as stage:
        settings = Settings(llm_url=stage.url, llm_model="liar", bar=0, passage_tokens=200)
        with Library.open(folder / "library", settings, encoder=FakeEncoder(max_tokens=600)) as library:
            library.add(list(sources.values()))
            return [
                (lie, library.ask(lie["question"], documents=[sources[lie["document"]].name], writer="model"))
                for lie in LIES
            ]


def _statements(answers: list[Answered], *, false: bool) -> Iterator[tuple[str, Statement | None]]:
    """Yield the way of each lie with the statement of its false sentence, or with the statement of each true one."""
    for lie, answer in answers:
        shown = {statement.text: statement for statement in answer.statements if answer.writer == "model"}
        for sentence in parse(lie["reply"]):
            if (sentence.text == lie["false_sentence"]) is false:
                yield lie["way"], shown.get(sentence.text)


def test_false_sentences_are_not_shown_as_supported(answers: list[Answered]) -> None:
    """At most MOST_LIES of the fifty are."""
    passed = [
        way for way, statement in _statements(answers, false=True) if statement is not None and statement.is_supported
    ]
    assert len(passed) <= MOST_LIES, "\n".join(passed)


def test_true_sentences_are_shown_as_supported(answers: list[Answered]) -> None:
    """At least LEAST_TRUTHS of them are, because a check that refuses everything would be useless."""
    supported = [statement is not None and statement.is_supported for _, statement in _statements(answers, false=False)]
    assert sum(supported) >= LEAST_TRUTHS * len(supported), f"{sum(supported)} of {len(supported)}"


def test_answer_without_supported_sentences_is_a_quote(answers: list[Answered]) -> None:
    """Where no sentence of a reply is supported or may be, the answer is the documents' own words."""
    for lie, answer in answers:
        left = [
            statement for statement in answer.statements if statement.is_supported or statement.verdict == "perhaps"
        ]
        assert answer.writer == "quote" or left, lie["id"]
        if answer.writer == "quote":
            assert all(statement.text in lie["document"] for statement in answer.statements)
