"""Asks libraries whose documents disagree: `python -m benchmarks.disagreements --sets SETS`.

For questions of SQuAD on held-out articles, a library has the paragraphs of an article, and a copy of the paragraph
with the answer, in which another number, or a name that answers another question, has its place. The table says how
often both answers are quoted, only one of them, or none; how often the answer says that the documents disagree; and how
often it says so without the copy.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import report_tables
from benchmarks.near_misses import questions
from benchmarks.unseen import words_of
from index import Library, Settings
from index.plugins.evaluation.sets import read_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.near_misses import Question
    from index.records import Answer

SET = "squad_v2"
MOST = 100
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,])")
_NAME = re.compile(r"[A-Z][\w'-]+(?: [A-Z][\w'-]+){0,2}")


def main() -> None:
    """Ask all questions, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=MOST)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    counts = Counter(outcomes(options.sets, options.questions))
    total = counts["questions"]
    row = {"questions": total, **{name: f"{n / total:.2f}" for name, n in counts.items() if name != "questions"}}
    report_tables({"disagreements": [row]}, options.json)


def outcomes(sets: Path, most: int) -> Iterator[str]:
    """Yield what happens to each question."""
    texts = {document.source: document.text for document in read_set(sets / SET).documents}
    everything = [each for each in questions(sets / SET) if each.answers and each.document in texts]
    chance = random.Random(2)
    for question in chance.sample(everything, len(everything)):
        other = _other_answer(question, everything, chance, texts[question.document])
        if other is None:
            continue
        most -= 1
        if most < 0:
            return
        yield "questions"
        article = {name: text for name, text in texts.items() if name.split("#")[0] == question.name}
        falsified = texts[question.document].replace(question.answers[0], other)
        with tempfile.TemporaryDirectory() as temporary:
            for n, text in enumerate(article.values()):
                (Path(temporary) / f"{n}.txt").write_text(text, encoding="utf-8")
            with Library.open(Path(temporary) / "library", Settings()) as library:
                library.add(sorted(Path(temporary).glob("*.txt")))
                if _says_so(library.ask(question.text)):
                    yield "said without the copy"
                (Path(temporary) / "copy.txt").write_text(falsified, encoding="utf-8")
                library.add([Path(temporary) / "copy.txt"])
                yield from _outcome(library.ask(question.text), question.answers[0], other)


def _other_answer(question: Question, everything: list[Question], chance: random.Random, text: str) -> str | None:
    """Return another number, or the name that answers another question on the article; None if there is none."""
    answer = question.answers[0]
    if text.count(answer) != 1:
        return None
    if numbers := _NUMBER.findall(answer):
        return answer.replace(numbers[-1], str(int(numbers[-1]) + chance.choice((-3, -1, 2, 11))))
    fitting = [
        each.answers[0]
        for each in everything
        if each.name == question.name
        and _NAME.fullmatch(each.answers[0])
        and len(each.answers[0].split()) == len(answer.split())
        and each.answers[0] not in text
    ]
    return chance.choice(fitting) if fitting and _NAME.fullmatch(answer) else None


def _outcome(answer: Answer, right: str, false: str) -> Iterator[str]:
    quoted = [f" {words_of(citation.quote)} " for citation in answer.citations]
    has = [any(f" {words_of(words)} " in quote for quote in quoted) for words in (right, false)]
    yield {(True, True): "both quoted", (True, False): "right alone", (False, True): "false alone"}.get(
        (has[0], has[1]), "neither"
    )
    if _says_so(answer):
        yield "said so"


def _says_so(answer: Answer) -> bool:
    return any("disagree" in note for note in answer.notes)


if __name__ == "__main__":
    main()
