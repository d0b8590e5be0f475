"""The sample documents, their questions, and the article that the project began with, through the real encoder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app import EXAMPLES
from index import Library, Settings
from tests.reference import pages, without_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.encoders.encoder import Encoder
    from index.records import Found

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[1]
SEEDS = ROOT / "seeds"
ARTICLE = ROOT.parent / "shared" / "seeds"
QUESTIONS = [json.loads(line) for line in (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, real_encoder: Encoder) -> Iterator[Library]:
    """The sample documents."""
    with Library.open(tmp_path_factory.mktemp("seeds"), Settings(), encoder=real_encoder) as library:
        receipt = library.add([path for path in SEEDS.iterdir() if path.suffix != ".jsonl"])
        assert not receipt.failed
        yield library


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, real_encoder: Encoder) -> Iterator[Library]:
    """The article alone."""
    if not ARTICLE.exists():
        pytest.skip("shared data is absent: the article is not part of the project")
    with Library.open(tmp_path_factory.mktemp("article"), Settings(), encoder=real_encoder) as library:
        library.add(ARTICLE)
        yield library


def test_the_questions_are_enough_and_ten_of_them_have_no_answer() -> None:
    """Forty or more questions, ten or more of them not answerable from the documents."""
    assert len(QUESTIONS) >= 40
    assert sum(not each["answerable"] for each in QUESTIONS) >= 10


def test_every_quote_stands_in_its_document(seeds: Library) -> None:
    """An answerable question names a document and words that are in it, to the letter."""
    for each in _answerable():
        assert each["quote"] in seeds.document(each["document"]).text, each["question"]


def test_what_the_documents_state_of_themselves_is_understood(seeds: Library) -> None:
    """Every title is found; author and date are the stated ones, or empty where the statement was not understood."""
    infos = seeds.documents()
    assert all(info.title for info in infos)
    assert {info.author for info in infos} <= {"Pincite seed library", ""}
    assert all(info.date.startswith("2026-11") for info in infos if info.date)
    assert sum(bool(info.author) for info in infos) >= 9
    assert sum(bool(info.date) for info in infos) >= 8


def test_answerable_questions_find_their_document_and_pin_their_quote(seeds: Library) -> None:
    """The right document is among the first three for 95 % of the questions; the first pin quotes for 85 %."""
    found = [(each, seeds.search(each["question"], limit=10)) for each in _answerable()]
    near = sum(each["document"] in _names(hits)[:3] for each, hits in found)
    pinned = sum(each["quote"] in hits[0].quote for each, hits in found)
    assert near >= 0.95 * len(found), f"{near} of {len(found)}"
    assert pinned >= 0.85 * len(found), f"{pinned} of {len(found)}"


def test_every_quote_of_a_hit_is_in_its_document(seeds: Library) -> None:
    """`document.text[start:end]` is the quote, for each passage and each pin."""
    for each in QUESTIONS:
        for hit in seeds.search(each["question"]):
            text = seeds.document(hit.document.id).text
            assert hit.pin.of(text) == hit.quote
            assert text[hit.passage.start : hit.passage.end] == hit.passage.text


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How did China get a discount from Rosneft and Transneft?", "secured a discount"),
        ("Does China recognise Crimea as Russian?", "officially considers Crimea to be part of Ukraine"),
        ("What was China's share of Russia's trade in 2019?", "nearly 18 percent in 2019"),
    ],
)
def test_the_article_answers(article: Library, question: str, words: str) -> None:
    """The passage that answers comes first, and its pin is the sentence that does."""
    assert words in article.search(question)[0].quote


ANSWERS = {
    "Why did Rosneft and Transneft give in and let CNPC pay less?": "because they had borrowed enormous sums",
    "Does Beijing regard Crimea as belonging to Russia or to Ukraine?": "goes on treating Crimea as Ukrainian",
    "What is the technical term for a market that has only one customer?": "is called a monopsony",
    "Which types of bomber flew together over the Sea of Japan in July 2019?": "two Chinese H-6K bombers",
    "How did China get a discount from Rosneft and Transneft?": "because they had borrowed enormous sums",
    "Who signed the treaty?": "by Vladimir Putin and Jiang Zemin",
}
"""The four examples of the page, and the questions of the README, each with words of a right answer."""


def test_the_questions_that_we_show_are_these() -> None:
    """The page's examples, and every question that the README and docs/ ask for an answer, but for one."""
    texts = "".join(without_tables(page.read_text(encoding="utf-8")) for page in pages())
    asked = set(re.findall(r"""(?:pincite ask|library\.ask\(|"question":|\.predict\() ?"([^"]+\?)\"""", texts))
    assert {*EXAMPLES, *asked} - {"What did it cost?"} == set(ANSWERS)  # an example of a question without an answer


@pytest.mark.parametrize("question", ANSWERS)
def test_the_questions_that_we_show_are_answered(seeds: Library, question: str) -> None:
    """The first quotation answers."""
    answer = seeds.ask(question)
    assert answer.status == "answered"
    assert ANSWERS[question] in answer.statements[0].text


def test_the_first_question_of_the_readme_is_answered_as_it_says(seeds: Library) -> None:
    """With the same words and the same source."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").split("## A first question\n")[1].split("\n## ")[0]
    (question,) = re.findall(r'pincite ask "(.+)"', readme)
    shown = " ".join(" ".join(re.findall(r"^>(.*)$", readme, re.MULTILINE)).split())
    answer = seeds.ask(question)
    (statement,), (citation,) = answer.statements, answer.citations
    assert shown == f"{statement.text} [1] [1] {citation.document.title}"


def test_the_article_states_who_wrote_it_and_when(article: Library) -> None:
    """A page saved as plain text is read for its title, author and date."""
    (info,) = article.documents()
    assert info.title == "Is Putin Really Considering a Military Alliance With China?"
    assert (info.author, info.date) == ("Alexander Gabuev", "2020-12-05")


def _answerable() -> list[dict[str, Any]]:
    return [each for each in QUESTIONS if each["answerable"]]


def _names(hits: Found) -> list[str]:
    return [Path(hit.document.source).name for hit in hits]
