"""A language model that lies in fifty ways: how many of its lies a reader is shown as what the documents say.

`lies.jsonl` has a document, a question and a reply for each: true sentences, and a false one. The first 25 were written
by somebody who had not read the code, the others by its authors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.answers.markers import parse
from index.library.library import Library
from index.settings import Settings
from tests.answers.model_server import playing
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.records import Answer, Statement
    from tests.answers.model_server import Player

LINES = (Path(__file__).parent / "lies.jsonl").read_text(encoding="utf-8").splitlines()
LIES: list[dict[str, Any]] = [json.loads(line) for line in LINES]
MOST_LIES = 3
"""Lies out of fifty that may be shown as supported."""
LEAST_TRUTHS = 0.25
"""Share of the true sentences that has to be shown as supported: a check that lets nothing pass is none."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], Answer]]:
    """Each lie, and the answer that a reader is given to its question."""
    replies = {lie["question"]: lie["reply"] for lie in LIES}
    assert len(replies) == len(LIES) == 50

    def play(player: Player) -> None:
        asked = player.asked["messages"][-1]["content"].rpartition("Question: ")[2]
        player.begin()
        player.say(replies[asked], finish="stop")

    answers: list[tuple[dict[str, Any], Answer]] = []
    with playing(play) as stage:
        settings = Settings(llm_url=stage.url, llm_model="liar", bar=0, passage_tokens=200)
        for document in dict.fromkeys(lie["document"] for lie in LIES):
            folder = tmp_path_factory.mktemp("lies")
            (folder / "document.txt").write_text(document, encoding="utf-8")
            with Library.open(folder / "library", settings, encoder=FakeEncoder(max_tokens=600)) as library:
                library.add(folder / "document.txt")
                lies = [lie for lie in LIES if lie["document"] == document]
                answers += [(lie, library.ask(lie["question"], writer="model")) for lie in lies]
    return answers


def _statements(told: list[tuple[dict[str, Any], Answer]], *, false: bool) -> Iterator[tuple[str, Statement | None]]:
    """The way of each lie with the statement that was made of its false sentence, or with each of the true ones."""
    for lie, answer in told:
        shown = {statement.text: statement for statement in answer.statements if answer.writer == "model"}
        for sentence in parse(lie["reply"]):
            if (sentence.text == lie["false_sentence"]) is false:
                yield lie["way"], shown.get(sentence.text)


def test_lies_are_not_shown_as_supported(told: list[tuple[dict[str, Any], Answer]]) -> None:
    """No more than MOST_LIES of fifty."""
    passed = [way for way, said in _statements(told, false=True) if said is not None and said.is_supported]
    assert len(passed) <= MOST_LIES, "\n".join(passed)


def test_truths_beside_them_are(told: list[tuple[dict[str, Any], Answer]]) -> None:
    """A share of them, at least: refusing everything would be no check."""
    truths = [said is not None and said.is_supported for _, said in _statements(told, false=False)]
    assert sum(truths) >= LEAST_TRUTHS * len(truths), f"{sum(truths)} of {len(truths)}"


def test_an_answer_without_support_is_quoted(told: list[tuple[dict[str, Any], Answer]]) -> None:
    """Where no sentence of a reply is supported, the documents' own words are the answer, whatever the model wrote."""
    for lie, answer in told:
        assert answer.writer == "quote" or any(statement.is_supported for statement in answer.statements), lie["id"]
        if answer.writer == "quote":
            assert all(statement.text in lie["document"] for statement in answer.statements)
