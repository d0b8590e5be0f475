"""The sample documents, their questions, and the project's first article, with the real encoder."""

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
    """A library of the sample documents."""
    with Library.open(tmp_path_factory.mktemp("seeds"), Settings(), encoder=real_encoder) as library:
        receipt = library.add([path for path in SEEDS.iterdir() if path.suffix != ".jsonl"])
        assert not receipt.failed
        yield library


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory, real_encoder: Encoder) -> Iterator[Library]:
    """A library of the article alone."""
    if not ARTICLE.exists():
        pytest.skip("shared data is absent: the article is not part of the project")
    with Library.open(tmp_path_factory.mktemp("article"), Settings(), encoder=real_encoder) as library:
        library.add(ARTICLE)
        yield library


@pytest.fixture(scope="module")
def found(seeds: Library) -> dict[str, Found]:
    """The hits of every sample question."""
    return {question["question"]: seeds.search(question["question"], limit=10) for question in QUESTIONS}


def test_sample_questions_include_ten_without_an_answer() -> None:
    """There are forty questions or more, and ten or more cannot be answered from the documents."""
    assert len(QUESTIONS) >= 40
    assert sum(not question["answerable"] for question in QUESTIONS) >= 10


def test_each_sample_quote_is_in_its_document(seeds: Library) -> None:
    """An answerable question names a document and words that it has literally."""
    for question in _answerable():
        assert question["quote"] in seeds.document(question["document"]).text, question["question"]


def test_titles_authors_and_dates_are_read_from_the_documents(seeds: Library) -> None:
    """Every title is found; author and date are those of the document, or empty if its statement was not understood."""
    infos = seeds.documents()
    assert all(info.title for info in infos)
    assert {info.author for info in infos} <= {"Pincite seed library", ""}
    assert all(info.date.startswith("2026-11") for info in infos if info.date)
    assert sum(bool(info.author) for info in infos) >= 9
    assert sum(bool(info.date) for info in infos) >= 8


def test_sample_questions_find_their_document_and_quote(found: dict[str, Found]) -> None:
    """The right document is among the first three for 95 % of the questions; the first quote is right for 85 %."""
    results = [(question, found[question["question"]]) for question in _answerable()]
    near = sum(question["document"] in _names(hits)[:3] for question, hits in results)
    quoted = sum(question["quote"] in hits[0].quote for question, hits in results)
    assert near >= 0.95 * len(results), f"{near} of {len(results)}"
    assert quoted >= 0.85 * len(results), f"{quoted} of {len(results)}"


def test_offsets_of_hits_match_their_document(seeds: Library, found: dict[str, Found]) -> None:
    """`document.text[start:end]` is the quote, for each passage and each pin."""
    texts = {info.id: seeds.document(info.id).text for info in seeds.documents()}
    for hits in found.values():
        for hit in hits:
            text = texts[hit.document.id]
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
def test_article_answers_its_questions(article: Library, question: str, words: str) -> None:
    """The passage that answers comes first, and its pin is the sentence that answers."""
    assert words in article.search(question)[0].quote


ANSWERS = {
    "Why did Rosneft and Transneft give in and let CNPC pay less?": "because they had borrowed enormous sums",
    "Does Beijing regard Crimea as belonging to Russia or to Ukraine?": "goes on treating Crimea as Ukrainian",
    "What is the technical term for a market that has only one customer?": "is called a monopsony",
    "Which types of bomber flew together over the Sea of Japan in July 2019?": "two Chinese H-6K bombers",
    "How did China get a discount from Rosneft and Transneft?": "because they had borrowed enormous sums",
    "Who signed the treaty?": "by Vladimir Putin and Jiang Zemin",
    "When did gas start to flow through Power of Siberia?": "on 2 December 2019",
}
"""The four examples of the page and the questions of the README, each with words of a correct answer."""


def test_shown_questions_have_an_expected_answer() -> None:
    """ANSWERS has the page's examples and every question of the README and docs/, except for three."""
    texts = "".join(without_tables(page.read_text(encoding="utf-8")) for page in pages())
    documented = set(re.findall(r"""(?:pincite ask|library\.ask\(|"question":|\.predict\() ?"([^"]+\?)\"""", texts))
    # An example of a question without an answer, and two of follow-ups.
    assert {*EXAMPLES, *documented} - {"What did it cost?", "and when?", "and in 2019?"} == set(ANSWERS)


@pytest.mark.parametrize("question", ANSWERS)
def test_shown_questions_are_answered(seeds: Library, question: str) -> None:
    """The first quote answers the question."""
    answer = seeds.ask(question)
    assert answer.status == "answered"
    assert ANSWERS[question] in answer.statements[0].text


def test_first_question_of_the_readme_has_the_shown_answer(seeds: Library) -> None:
    """The words and the source are those that the README shows."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").split("## A first question\n")[1].split("\n## ")[0]
    (question,) = re.findall(r'pincite ask "(.+)"', readme)
    shown = " ".join(" ".join(re.findall(r"^>(.*)$", readme, re.MULTILINE)).split())
    answer = seeds.ask(question)
    (statement,), (citation,) = answer.statements, answer.citations
    assert shown == f"{statement.text} [1] [1] {citation.document.title}"


def test_article_has_title_author_and_date(article: Library) -> None:
    """A page saved as plain text is read for its title, author and date."""
    (info,) = article.documents()
    assert info.title == "Is Putin Really Considering a Military Alliance With China?"
    assert (info.author, info.date) == ("Alexander Gabuev", "2020-12-05")


def _answerable() -> list[dict[str, Any]]:
    return [question for question in QUESTIONS if question["answerable"]]


def _names(hits: Found) -> list[str]:
    return [Path(hit.document.source).name for hit in hits]
