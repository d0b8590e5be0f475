"""Makes the training pairs:  python -m training.pairs OUT --eval FOLDER --sets FOLDER

The program writes `train.jsonl` and `held_out.jsonl` to OUT: premise, claim, label (0 supported, 1 contradicted, 2 not
said, 3 one of the last two), kind, weight.

The same sources always give the same pairs. If a set holds a document out, `train.jsonl` contains nothing of it from
that set. Another set may have the same document: our claims have a few of PubMedQA's papers.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.text.sentences import split_sentences
from training import falsehoods, truths
from training.grammar import parser
from training.passages import digest, guides, papers, written
from training.questions import statement
from training.reader_sets import selections, shifts
from training.science import from_papers, from_trials
from training.sources import (
    LABELS,
    OURS,
    Labelled,
    documents,
    excluded_documents,
    labelled,
    rows,
    scifact_claims,
    share,
    shifted_questions,
    wikipedia_splits,
)
from training.templates import made
from training.wrappers import CONTRADICTED, NOT_SAID, SUPPORTED, unwrapped, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.tokens import Doc, Span

SEED = 21
WINDOW = 6
"""The number of sentences that are parsed together."""
SENTENCES = {
    "squadshifts": 1700, "selqa": 1300, "squad_v2": 900, "clapnq": 300, "covidqa": 700, "chunking": 500,
    "scifact": 1600, "wikisplit": 900,
}  # fmt: skip
TRUE, FALSE = 2, 3
"""The maximum numbers of true and false claims of each sentence."""
STACKED = 0.5
WRAPPED = 0.28
ELSEWHERE = 0.08
"""The shares of rewordings that are changed again, of wrapped sentences, and of those with another's claim."""
TEMPLATES = 1500
QUESTIONS = 1000
WEIGHTS = {OURS: 2.0, "SciFact": 2.0, "PubMedQA": 2.0, "Fool Me Twice": 2.0, "roles exchanged": 1.5, "trial": 0.8}
"""Weights of kinds that are rare, and of one that counts less."""
HELD_OUT = 25
"""One part of this many is held out."""


class Maker:
    """Makes claims from sentences, and counts the kinds: of those that apply, it prefers the rarer ones."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.counts: Counter[str] = Counter()
        self.others = falsehoods.Others()

    def true(self, sentence: Span, amount: int) -> list[tuple[str, str]]:
        """Return the kinds and texts of rewordings."""
        found = {name: program(sentence, self.chance) for name, program in truths.PROGRAMS.items()}
        return self._take_rarest({name: text for name, text in found.items() if text}, amount, truths.USUAL)

    def false(self, sentence: Span, amount: int) -> list[tuple[str, str]]:
        """Return the kinds and texts of falsehoods."""
        found = {name: program(sentence, self.others, self.chance) for name, program in falsehoods.PROGRAMS.items()}
        same = sentence.text.strip().lower()
        return self._take_rarest({n: t for n, t in found.items() if t and t.lower() != same}, amount, falsehoods.USUAL)

    def _take_rarest(self, found: dict[str, str], amount: int, usual: dict[str, float]) -> list[tuple[str, str]]:
        def crowded(name: str) -> float:
            return (self.counts[name] + 30) / usual.get(name, 1.0) * self.chance.uniform(0.6, 1.4)

        chosen = sorted(found, key=crowded)[:amount]
        self.counts.update(chosen)
        return [(name, found[name]) for name in chosen]


def windows(evaluation: Path, sets: Path, excluded: set[str], chance: random.Random) -> list[tuple[str, str, str]]:
    """Return windows of consecutive sentences, shuffled: set, document and text."""
    found = []
    for name, document, text in documents(evaluation, sets, excluded):
        spans = split_sentences(text)[:3000]
        for at in range(0, len(spans), WINDOW):
            run = spans[at : at + WINDOW]
            found.append((name, document, text[run[0].start : run[-1].end]))
    found += [("wikisplit", whole, whole) for whole, _ in wikipedia_splits(sets)]
    chance.shuffle(found)
    return found


def usable(sentence: Span) -> bool:
    """Whether the sentence is plain enough to make claims from it."""
    text = sentence.text.strip()
    words = len(text.split())
    letters = sum(c.isalpha() or c == " " for c in text)
    plain = 6 <= words <= 36 and text[:1].isupper() and text.endswith(".") and letters > 0.8 * len(text)
    return plain and text.count("(") == text.count(")") and not re.search(r"\[|http|=|\bet al\b|\bFig\b|\.\.", text)


def parse_windows(found: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, Doc]]:
    """Yield parsed windows until each set has its number of sentences: set, document and parse."""
    counts: Counter[str] = Counter()
    texts = ((text, (name, document)) for name, document, text in found if counts[name] < SENTENCES[name])
    for doc, (name, document) in parser().pipe(texts, as_tuples=True, batch_size=32):
        if counts[name] < SENTENCES[name]:
            counts[name] += sum(usable(sentence) for sentence in doc.sents)
            yield name, document, doc


def premise(sentences: list[Span], at: int, chance: random.Random, need: set[int]) -> str:
    """Return the sentence, mostly with neighbours, like a citation, and with the sentences of the numbers `need`."""
    both = (at - 1, at + 1)
    wanted = {at, *need} | set(chance.choice(((), (at - 1,), (at + 1,), both, both)))
    return " ".join(sentences[i].text.strip() for i in sorted(wanted) if 0 <= i < len(sentences))


Reworded = list[tuple[str, tuple[str, str, str]]]
"""Reworded texts, each with its premise, the kind of rewording, and its document."""


def from_documents(docs: list[tuple[str, str, Doc]], maker: Maker) -> Iterator[Labelled]:
    """Yield true and false claims about each usable sentence."""
    for _, _, doc in docs:
        for sentence in filter(usable, doc.sents):
            maker.others.learn(sentence)
    reworded: Reworded = []
    for _, document, doc in docs:
        sentences = list(doc.sents)
        for at, sentence in enumerate(sentences):
            if usable(sentence):
                yield from _true_claims(sentences, at, document, maker, reworded)
                yield from _false_claims(sentences, at, document, maker)
                yield from _wrapped_claims(sentences, at, document, maker.chance)
                yield from _elsewhere_claims(sentences, at, document, maker.chance)
    further: Reworded = []
    yield from _reworded_claims(reworded, maker, further)
    yield from _reworded_claims(further, maker, [])


def _true_claims(sentences: list[Span], at: int, document: str, maker: Maker, reworded: Reworded) -> Iterator[Labelled]:
    for kind, text in maker.true(sentences[at], TRUE):
        shown = premise(sentences, at, maker.chance, {at - 1} if kind == "pronoun" else set())
        yield Labelled(shown, text, SUPPORTED, kind, document)
        if kind != "verbatim" and maker.chance.random() < STACKED:
            reworded.append((text, (shown, kind, document)))


def _false_claims(sentences: list[Span], at: int, document: str, maker: Maker) -> Iterator[Labelled]:
    neighbours = _neighbours(sentences, at)
    near = maker.chance.choice(neighbours) if neighbours else -1
    maker.others.near = sentences[near] if neighbours else None
    for kind, text in maker.false(sentences[at], FALSE):
        borrowed = bool(neighbours) and kind in ("merged", "name", "verb", "noun")
        need = {near} if borrowed and maker.chance.random() < (0.95 if kind == "merged" else 0.7) else set()
        label = CONTRADICTED if kind in falsehoods.CONTRADICTIONS else NOT_SAID
        yield Labelled(premise(sentences, at, maker.chance, need), text, label, kind, document)


def _wrapped_claims(sentences: list[Span], at: int, document: str, chance: random.Random) -> Iterator[Labelled]:
    """Yield claims from a wrapper that the sentence already has, and from one that is put around it."""
    natural = unwrapped(sentences[at])
    if natural is not None:
        yield Labelled(premise(sentences, at, chance, set()), *natural, document)
    if len(sentences[at]) < 28 and chance.random() < WRAPPED:
        before, after = _neighbouring_texts(sentences, at, chance)
        for shown, claim, label, kind in wrapped(sentences[at], chance):
            yield Labelled(f"{before}{shown}{after}", claim, label, kind, document)


def _neighbouring_texts(sentences: list[Span], at: int, chance: random.Random) -> tuple[str, str]:
    """Return the sentences before and after a sentence, or two empty strings."""
    if chance.random() < 0.4:
        return "", ""
    before, after = (sentences[i].text.strip() if 0 <= i < len(sentences) else "" for i in (at - 1, at + 1))
    return before and before + " ", after and " " + after


def _elsewhere_claims(sentences: list[Span], at: int, document: str, chance: random.Random) -> Iterator[Labelled]:
    """Yield a claim that another sentence makes, but not this one."""
    if len(_neighbours(sentences, at)) == 2 and chance.random() < ELSEWHERE:
        far = sentences[chance.choice([i for i in range(len(sentences)) if i != at])]
        if usable(far):
            yield Labelled(sentences[at].text.strip(), far.text.strip(), NOT_SAID, "elsewhere", document)


def _neighbours(sentences: list[Span], at: int) -> list[int]:
    return [i for i in (at - 1, at + 1) if 0 <= i < len(sentences) and len(sentences[i]) > 4]


def _reworded_claims(reworded: Reworded, maker: Maker, further: Reworded) -> Iterator[Labelled]:
    """Yield rewordings and falsehoods of reworded sentences, so that changed words alone reveal nothing.

    It appends some of the twice reworded sentences to `further`.
    """
    maker.others.near = None
    for doc, (shown, kind, document) in parser().pipe(reworded, as_tuples=True, batch_size=64):
        sentence = next(iter(doc.sents))
        if len(list(doc.sents)) != 1:
            continue
        for other, text in maker.false(sentence, 1):
            label = CONTRADICTED if other in falsehoods.CONTRADICTIONS else NOT_SAID
            yield Labelled(shown, text, label, f"{other}, reworded", document)
        for other, text in maker.true(sentence, 1):
            if other not in (kind, "verbatim") and text != shown:
                yield Labelled(shown, text, SUPPORTED, f"{other}, reworded", document)
                if maker.chance.random() < 0.3:
                    further.append((text, (shown, other, document)))


def from_splits(sets: Path, chance: random.Random) -> Iterator[Labelled]:
    """Yield the simpler sentences that people made from one, mostly those that do not begin with a pronoun."""
    found = [(whole, part) for whole, parts in wikipedia_splits(sets) for part in parts if len(part.split()) > 4]
    for whole, part in chance.sample(found, 3000):
        if not re.match(r"(?:He|She|It|They|This|These|His|Her|Its|Their)\b", part) or chance.random() < 0.3:
            yield Labelled(whole, part, SUPPORTED, "sentence split", whole)


def from_questions(evaluation: Path, sets: Path, chance: random.Random) -> Iterator[Labelled]:
    """Yield questions and answers as statements: with the right answer, another answer, or an unanswerable question."""
    for name in ("squad_v2", "clapnq"):
        texts = {row["id"]: row["text"] for row in rows(evaluation / name / "corpus.jsonl")}
        asked = [row for row in rows(evaluation / name / "qa.jsonl") if row["doc_id"] in texts]
        chance.shuffle(asked)
        answers: dict[str, list[str]] = defaultdict(list)
        for row in asked:
            answers[row["doc_id"]] += [answer["text"] for answer in row["answers"][:1]]
        yield from _answer_claims(asked[: 3 * QUESTIONS], texts, answers, chance)
    texts, asked = shifted_questions(sets)
    known: dict[str, list[str]] = defaultdict(list)
    for row in asked:
        known[row["doc_id"]].append(row["answers"][0]["text"])
    yield from _answer_claims(asked, texts, known, chance)


def _answer_claims(
    asked: list[dict[str, Any]], texts: dict[str, str], answers: dict[str, list[str]], chance: random.Random
) -> Iterator[Labelled]:
    for doc, row in parser().pipe(((row["question"], row) for row in asked), as_tuples=True, batch_size=64):
        text, known = texts[row["doc_id"]], answers[row["doc_id"]]
        spans = split_sentences(text)
        if row["answerable"]:
            answer = max(row["answers"], key=lambda candidate: candidate.get("votes", 1))
            at = next((i for i, span in enumerate(spans) if span.start <= answer["start"] < span.end), -1)
            right = statement(doc, answer["text"])
            other = [candidate for candidate in known if _are_alike(candidate, answer["text"])]
            wrong = statement(doc, chance.choice(other)) if other else None
        else:
            at, right = chance.randrange(len(spans)), None
            wrong = statement(doc, chance.choice(known)) if known else None
        near = range(max(at - 1, 0), min(at + 2, len(spans)))
        shown = " ".join(spans[i].of(text).strip() for i in near)
        if at < 0 or len(shown) > 900:
            continue
        if right:
            yield Labelled(shown, right, SUPPORTED, "answer", row["doc_id"])
        if wrong:
            kind = "other answer" if row["answerable"] else "unanswerable"
            yield Labelled(shown, wrong, CONTRADICTED if row["answerable"] else NOT_SAID, kind, row["doc_id"])


def _are_alike(first: str, second: str) -> bool:
    """Whether two answers differ but could answer the same question."""
    numbers = [any(c.isdigit() for c in answer) for answer in (first, second)]
    capitals = [answer[:1].isupper() for answer in (first, second)]
    apart = first.lower() not in second.lower() and second.lower() not in first.lower()
    return apart and numbers[0] == numbers[1] and capitals[0] == capitals[1]


def from_scifact(evaluation: Path, held_out: bool, chance: random.Random) -> Iterator[Labelled]:
    """Yield claims with their evidence sentences, as people marked them, and the neighbours of these."""
    texts = {row["id"]: row["text"] for row in rows(evaluation / "scifact" / "corpus.jsonl")}
    for row in scifact_claims(evaluation)[held_out]:
        text = texts[row["doc_id"]]
        spans = split_sentences(text)
        for span in row["spans"][:2]:
            at = next(
                (i for i, sentence in enumerate(spans) if sentence.start <= span["start"] < sentence.end),
                -1,
            )
            if at < 0:
                continue
            near = range(max(at - 1, 0), min(at + 2, len(spans)))
            shown = " ".join(spans[i].of(text).strip() for i in near)
            yield Labelled(shown, row["claim"], LABELS[row["label"]], "SciFact", row["claim_id"])
            if not held_out:
                yield Labelled(span["text"], row["claim"], LABELS[row["label"]], "SciFact", row["claim_id"])
        far = [far_span for far_span in spans if not any(_overlap(far_span, gold_span) for gold_span in row["spans"])]
        if far and not held_out and not row["rationale_groups"][1:]:
            yield Labelled(
                chance.choice(far[:3]).of(text), row["claim"], NOT_SAID, "SciFact, elsewhere", row["claim_id"]
            )


def _overlap(sentence: Any, span: dict[str, Any]) -> bool:
    start: int = span["start"]
    return bool(sentence.start < start + len(span["text"]) and start < sentence.end)


def from_ours(sets: Path, chance: random.Random) -> Iterator[Labelled]:
    """Yield the claims that we wrote, each with the sentences on which it is based, mostly with neighbours."""
    texts = {digest(text): text for _, text in (*guides(sets), *papers(sets))}
    texts |= {
        digest(text): text for text in {question.document.text for question in (*shifts(sets), *selections(sets))}
    }
    labels = {"s": SUPPORTED, "c": CONTRADICTED, "n": NOT_SAID}
    for line in written("claims"):
        text = texts[line.passage]
        spans = split_sentences(text)
        at = [n for n, span in enumerate(spans) if span.start < line.place.end and line.place.start < span.end]
        for first, last in ((at[0] - 1, at[-1] + 1), (at[0] - chance.randrange(2), at[-1] + chance.randrange(2))):
            near = spans[max(first, 0) : last + 1]
            shown = " ".join(" ".join(span.of(text).split()) for span in near)
            yield Labelled(shown, line.text, labels[line.kind], OURS, line.passage)


def build(evaluation: Path, sets: Path, exclude: Path) -> list[Labelled]:
    """Return all different pairs, shuffled."""
    chance = random.Random(SEED)
    excluded = excluded_documents(evaluation, exclude)
    docs = list(parse_windows(windows(evaluation, sets, excluded, chance)))
    found = list(from_documents(docs, Maker(chance)))
    found += from_splits(sets, chance)
    found += from_questions(evaluation, sets, chance)
    found += from_papers(sets, chance)
    found += from_trials(sets, chance)
    found += from_scifact(evaluation, False, chance)
    found += [Labelled(*filled, origin=filled[0]) for filled in made(chance, TEMPLATES)]
    found += labelled(evaluation, sets, chance)
    found += from_ours(sets, chance)
    unique = list({(pair.premise, pair.claim): pair for pair in found}.values())
    chance.shuffle(unique)
    return unique


def _row(pair: Labelled) -> dict[str, Any]:
    return asdict(pair) | {"weight": WEIGHTS.get(pair.kind.split(",")[0], 1.0)}


def main() -> None:
    """Write the training pairs and the held-out pairs, and print their numbers by kind."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--eval", type=Path, required=True, help="the folder of the public evaluation sets")
    arguments.add_argument("--sets", type=Path, required=True, help="the folder of the sets that README.md lists")
    arguments.add_argument(
        "--exclude", type=Path, required=True, help="a file with ids of SciFact documents to exclude"
    )
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pairs = build(options.eval, options.sets, options.exclude)
    for name, wanted in (("train", False), ("held_out", True)):
        chosen = [pair for pair in pairs if (share(pair.origin, HELD_OUT) == 0) == wanted]
        with (options.out / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(_row(pair), ensure_ascii=False) + "\n" for pair in chosen)
        print(name, len(chosen), Counter(pair.label for pair in chosen))
    for (kind, label), count in sorted(Counter((pair.kind, pair.label) for pair in pairs).items()):
        print(f"{count:6} {label} {kind}")


if __name__ == "__main__":
    main()
