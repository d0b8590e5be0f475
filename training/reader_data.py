"""Questions, passages and the sentences that answer: what the reader learns from.

Public sets in `../shared/eval`: SQuAD 2.0 (development, half of its articles), ClapNQ (development, half), COVID-QA
(half) and the rationales of SciFact's training claims. A quarter of the articles, pages, papers and claims is held out
by a hash of its name: no question of theirs is ever trained on, and `benchmarks.confidence` fits and tests on these.
Two more sets have questions on many other articles of Wikipedia, all answered; they are trained on whole: the new
articles of SquadShifts (Miller et al. 2020) and SelQA (Jurczyk et al. 2016), development and test. On passages of
these, of ClapNQ's pages that are trained on, and of guides (`training.passages`), we wrote questions of our own, many
of them near misses.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.records import Span
from index.sentences import split_sentences
from index.storage.analysis import asked, terms
from training.falsehoods import PROGRAMS, Others
from training.grammar import parser
from training.passages import digest, guides, written

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from spacy.tokens import Doc

SHARED = Path(__file__).parents[1].parent / "shared" / "eval"
HELD_OUT = 2
"""Which of four residues of a name's hash is held out: of SQuAD's 20 articles that is five, of very different kinds."""
LENGTHS = (20, 40, 60, 90)
"""How many words a passage has at most; one of these at random, since the reader reads short windows and long ones."""
NEGATIVE_KINDS = {"other": 0.25, "without": 0.2, "swapped": 0.35}
"""Of each answerable question, how often it is also asked of another passage of the article, of its own passage
without the sentences that answer, and with a name, a number or a word exchanged."""
ALL_ANSWERED_KINDS = {"other": 0.35, "without": 0.3, "swapped": 0.45}
"""The same of sets without a question that nothing answers."""
CONSIDERED = 24
"""Among the passages of how many other questions the likeliest to mislead is looked for."""
REWORDED = 0.35
"""How many of the exchanges are tried by the programs that falsify statements, before names and numbers are."""
REWORDING = ("opposite", "opposite", "negated", "number", "noun", "adjective")
WITHHELD = "0"
"""Our questions about a passage are held out if its hash begins with this, one in sixteen; those about ClapNQ's pages,
which have names and no hashes, never are."""
SHIFTS, SELECTIONS, OURS = "squadshifts", "selqa", "ours"
ALL_ANSWERED = (SHIFTS, SELECTIONS)
JUDGED = frozenset(
    """Normans Computational_complexity_theory Southern_California Sky_(United_Kingdom) Victoria_(Australia) Huguenot
    Steam_engine Oxygen 1973_oil_crisis European_Union_law Amazon_rainforest Ctenophora Fresno,_California
    Packet_switching Black_Death Geology Pharmacy Civil_disobedience Construction Private_school Harvard_University
    Jacksonville,_Florida Economic_inequality University_of_Chicago Yuan_dynasty Immune_system Kenya
    Intergovernmental_Panel_on_Climate_Change Chloroplast Prime_number Rhine Scottish_Parliament Islamism Imperialism
    Warsaw French_and_Indian_War Force""".split()
)
"""The articles of SQuAD's development set: other sets' questions on them are left out."""
_CAPITALISED = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'-]+(?: (?:of |the )?[A-Z][\w'-]+)*")
_NUMBER = re.compile(r"\b\d[\d,.]*\b")
_OPPOSITES = (
    "first last|largest smallest|largest oldest|most least|highest lowest|before after|increase decrease|north south"
    "|east west|more less|more fewer|early late|above below|best worst|longest shortest|began ended|begin end"
    "|start stop|won lost|win lose|allowed banned|inside outside|maximum minimum|majority minority|public private"
    "|strong weak|high low|male female|buy sell|old new|rise fall|internal external|always never|support oppose"
    "|northern southern|eastern western|larger smaller|greater lesser|accepted rejected|success failure"
)
OPPOSITES = {a: b for pair in _OPPOSITES.split("|") for a, b in (pair.split(), pair.split()[::-1])}


def held_out(name: str) -> bool:
    """Whether an article, page, paper or claim of this name is kept from training."""
    return hashlib.sha256(name.encode()).digest()[0] % 4 == HELD_OUT


@dataclass(frozen=True, slots=True)
class Text:
    """A document's text and its sentences."""

    text: str
    sentences: tuple[Span, ...]
    terms: tuple[frozenset[str], ...]
    lengths: tuple[int, ...]
    """Words of each sentence."""

    @classmethod
    def of(cls, text: str) -> Text:
        """The text, split."""
        spans = tuple(split_sentences(text))
        words = [span.of(text) for span in spans]
        return cls(text, spans, tuple(frozenset(terms(each)) for each in words), tuple(len(w.split()) for w in words))

    @classmethod
    def from_sentences(cls, sentences: Sequence[str]) -> Text:
        """Of a set that has split its text already."""
        ends = list(accumulate(len(each) + 1 for each in sentences))
        spans = tuple(Span(end - len(each) - 1, end - 1) for each, end in zip(sentences, ends, strict=True))
        lengths = tuple(len(each.split()) for each in sentences)
        return cls(" ".join(sentences), spans, tuple(frozenset(terms(each)) for each in sentences), lengths)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its text, and where that answers it: nowhere, for an unanswerable one."""

    name: str
    """Of what is held out or trained on whole: an article, a page, a paper, a claim."""
    question: str
    document: Text
    gold: frozenset[int]
    """Which sentences answer."""
    answers: tuple[Span, ...]
    """The exact words, where the set knows them."""
    exact: bool
    """Whether it does."""
    group: str
    """Set and name."""
    likeness: int | None = None
    """Of an unanswerable question, the sentence that looks like an answer, where it is known."""


@dataclass(frozen=True, slots=True)
class Example:
    """What is read once: a question and a run of sentences."""

    question: str
    text: str
    sentences: tuple[Span, ...]
    gold: frozenset[int]
    answers: tuple[Span, ...] = field(default=())
    exact: bool = True


def questions(folder: str, shared: Path = SHARED) -> Iterator[Question]:
    """All questions of a set in the format of `../shared/eval/README.md`."""
    texts = {row["id"]: row["text"] for row in _rows(shared / folder / "corpus.jsonl")}
    documents: dict[str, Text] = {}
    for row in _rows(shared / folder / "qa.jsonl"):
        identity = str(row["doc_id"])
        if identity not in texts:
            continue
        if identity not in documents:
            documents[identity] = Text.of(texts[identity])
        document = documents[identity]
        answers = [(a["start"], a["text"], a.get("n_occurrences", 1)) for a in row["answers"]]
        spans = _answers(str(row["question"]), document, answers)
        gold = frozenset(_holding(document, spans))
        if gold or not row["answerable"]:
            name = identity.split("#")[0]
            exact = folder != "clapnq"
            yield Question(name, row["question"], document, gold, spans, exact, f"{folder}/{name}")


def claims(shared: Path = SHARED) -> Iterator[Question]:
    """SciFact's claims as questions, which the sentences of its rationales answer."""
    texts = {row["id"]: row["text"] for row in _rows(shared / "scifact" / "corpus.jsonl")}
    for row in _rows(shared / "scifact" / "rationales.jsonl"):
        claim, document = str(row["claim"]), Text.of(texts[row["doc_id"]])
        spans = tuple(Span(each["start"], each["start"] + len(each["text"])) for each in row["spans"])
        gold = frozenset(_holding(document, spans))
        if gold:
            yield Question(claim, claim, document, gold, (), False, f"scifact/{claim}")


def shifts(sets: Path) -> Iterator[Question]:
    """The questions on the new articles of SquadShifts, each with the answers of up to four people."""
    for article in json.loads((sets / "squadshifts" / "new_wiki_v1.0.json").read_text(encoding="utf-8"))["data"]:
        name = str(article["title"])
        for paragraph in article["paragraphs"] if name not in JUDGED else ():
            document = Text.of(paragraph["context"])
            for row in paragraph["qas"]:
                spans = _agreed([(each["answer_start"], each["text"]) for each in row["answers"] if each["text"]])
                gold = frozenset(_holding(document, spans))
                if gold:
                    yield Question(name, row["question"].strip(), document, gold, spans, True, f"{SHIFTS}/{name}")


def selections(sets: Path) -> Iterator[Question]:
    """The questions of SelQA, each with the sentences of a section, some of which were chosen as the answer."""
    documents: dict[tuple[str, ...], Text] = {}
    for part in ("dev", "test"):
        for row in json.loads((sets / "selqa" / f"selqa-ass-{part}.json").read_text(encoding="utf-8")):
            name, sentences = str(row["article"]).replace(" ", "_"), tuple(map(str, row["candidates"]))
            if name in JUDGED or not row["answers"]:
                continue
            if sentences not in documents:
                documents[sentences] = Text.from_sentences(sentences)
            gold = frozenset(row["answers"])
            yield Question(name, row["question"], documents[sentences], gold, (), False, f"{SELECTIONS}/{name}")


def own(sets: Path, shared: Path = SHARED) -> Iterator[Question]:
    """Our questions on passages of `shifts`, `selections`, ClapNQ and guides, many of which do not answer them."""
    known = {digest(each.document.text): (each.name, each.document) for each in (*shifts(sets), *selections(sets))}
    known |= {each.name: (each.name, each.document) for each in questions("clapnq", shared) if not held_out(each.name)}
    of_guides = {digest(text): (name, text) for name, text in guides(sets)}
    for line in written("questions"):
        if line.passage in of_guides and line.passage not in known:
            name, text = of_guides[line.passage]
            known[line.passage] = name, Text.of(text)
        name, document = known[line.passage]
        there = frozenset(_holding(document, [line.place]))
        gold, answers = (there, (line.place,)) if line.kind == "a" else (frozenset[int](), ())
        exact = line.kind == "n" or line.passage not in of_guides  # of guides whole sentences may be marked
        likeness = min(there, default=None) if line.kind == "n" else None
        yield Question(line.passage, line.text, document, gold, answers, exact, f"{OURS}/{name}", likeness)


def _agreed(answers: Sequence[tuple[int, str]]) -> tuple[Span, ...]:
    """The answers that touch another person's; where none does, all of them."""
    spans = [Span(start, start + len(text)) for start, text in answers]
    touched = [
        one
        for n, one in enumerate(spans)
        if any(one.start < other.end and other.start < one.end for m, other in enumerate(spans) if m != n)
    ]
    return tuple(dict.fromkeys(touched or spans))


def _answers(question: str, document: Text, answers: Sequence[tuple[int, str, int]]) -> tuple[Span, ...]:
    """Where the answers stand. Of one that stands in several places the sentence with most of the question is taken."""
    sure = tuple(Span(start, start + len(text)) for start, text, occurrences in answers if occurrences == 1)
    if sure:
        return sure
    wanted = asked(question).keys()
    found = []
    for _, text, _ in answers:
        for n, span in enumerate(document.sentences):
            at = span.of(document.text).find(text)
            if at >= 0:
                found.append(
                    (len(wanted & document.terms[n]), -span.start, Span(span.start + at, span.start + at + len(text)))
                )
    return (max(found)[2],) if found else ()


def _holding(document: Text, spans: Sequence[Span]) -> Iterator[int]:
    for n, sentence in enumerate(document.sentences):
        if any(sentence.start < span.end and span.start < sentence.end for span in spans):
            yield n


def epoch(everything: Sequence[Question], chance: random.Random) -> list[Example]:
    """All questions once, each with a window of its own and with some negatives, in a random order."""
    of_group: dict[str, list[Question]] = defaultdict(list)
    for each in everything:
        of_group[each.group].append(each)
    examples: list[Example] = []
    for each in everything:
        examples.append(window(each, chance))
        if not each.gold:
            continue
        roll = chance.random
        shares = ALL_ANSWERED_KINDS if each.group.startswith(ALL_ANSWERED) else NEGATIVE_KINDS
        if roll() < shares["other"]:
            examples += _elsewhere(each, of_group[each.group], everything, chance)
        if roll() < shares["without"]:
            examples += _without(each, chance)
        if roll() < shares["swapped"]:
            examples += _swapped(each, of_group[each.group], chance)
    chance.shuffle(examples)
    return examples


def window(asked_of: Question, chance: random.Random, *, most: int | None = None) -> Example:
    """Some sentences around the answer, or around what looks most like it; at most so many words."""
    document = asked_of.document
    gold = sorted(asked_of.gold)
    if gold:
        centre = chance.choice(gold)
    elif asked_of.likeness is not None:
        centre = asked_of.likeness
    else:
        centre = _likeliest(asked_of.question, document, chance)
    return _around(asked_of, document, centre, asked_of.gold, chance, most or chance.choice(LENGTHS))


def _around(
    each: Question, document: Text, centre: int, gold: frozenset[int], chance: random.Random, most: int
) -> Example:
    first = last = centre
    total = document.lengths[centre]
    while True:
        choices = [n for n in (first - 1, last + 1) if 0 <= n < len(document.sentences)]
        fitting = [n for n in choices if total + document.lengths[n] <= most]
        if not fitting:
            break
        n = chance.choice(fitting)
        total += document.lengths[n]
        first, last = min(first, n), max(last, n)
    start, end = document.sentences[first].start, document.sentences[last].end
    spans = tuple(Span(s.start - start, s.end - start) for s in document.sentences[first : last + 1])
    inside = frozenset(n - first for n in gold if first <= n <= last)
    answers = tuple(Span(a.start - start, a.end - start) for a in each.answers if gold and start <= a.start < end)
    return Example(each.question, document.text[start:end], spans, inside, answers, each.exact or not inside)


def _likeliest(question: str, document: Text, chance: random.Random, without: frozenset[int] = frozenset()) -> int:
    wanted = asked(question).keys()
    return max(
        (n for n in range(len(document.sentences)) if n not in without),
        key=lambda n: len(wanted & document.terms[n]) + chance.random(),
        default=0,
    )


def _elsewhere(
    each: Question, group: Sequence[Question], everything: Sequence[Question], chance: random.Random
) -> Iterator[Example]:
    """The question asked of the likeliest of some other passages, which do not have its answer's words."""
    words = [span.of(each.document.text).casefold() for span in each.answers]
    pool = group if len({id(q.document) for q in group}) > 1 else everything
    others = {id(q.document): q.document for q in chance.sample(pool, min(CONSIDERED, len(pool)))}
    others.pop(id(each.document), None)
    fitting = [d for d in others.values() if not any(word in d.text.casefold() for word in words)]
    if not fitting:
        yield from _without(each, chance)
        return
    wanted = asked(each.question).keys()
    document = max(fitting, key=lambda d: max(len(wanted & t) for t in d.terms) if d.terms else 0)
    centre = _likeliest(each.question, document, chance)
    yield _around(each, document, centre, frozenset(), chance, chance.choice(LENGTHS))


def _without(each: Question, chance: random.Random) -> Iterator[Example]:
    """The likeliest other sentences of its own text, where these do not have the answer's words."""
    words = [span.of(each.document.text).casefold() for span in each.answers]
    closed = {
        n
        for n, span in enumerate(each.document.sentences)
        if n in each.gold or any(word in span.of(each.document.text).casefold() for word in words)
    }
    if len(closed) == len(each.document.sentences):
        return
    centre = _likeliest(each.question, each.document, chance, frozenset(closed))
    first = last = centre
    most = chance.choice(LENGTHS)
    total = each.document.lengths[centre]
    grown = True
    while grown:
        grown = False
        for n in (first - 1, last + 1):
            if 0 <= n < len(each.document.sentences) and n not in closed and total + each.document.lengths[n] <= most:
                total += each.document.lengths[n]
                first, last, grown = min(first, n), max(last, n), True
    start, end = each.document.sentences[first].start, each.document.sentences[last].end
    spans = tuple(Span(s.start - start, s.end - start) for s in each.document.sentences[first : last + 1])
    yield Example(each.question, each.document.text[start:end], spans, frozenset())


def _swapped(each: Question, group: Sequence[Question], chance: random.Random) -> Iterator[Example]:
    """The question with something exchanged that its passage then does not say."""
    low = each.document.text.casefold()
    words = each.question.split(" ")
    turned = [n for n, word in enumerate(words) if word.casefold().strip("?,.") in OPPOSITES]
    names, numbers = _CAPITALISED.findall(each.question), _NUMBER.findall(each.question)
    question = _reworded(each, chance.choice(group), chance) if chance.random() < REWORDED else None
    if question:
        pass
    elif turned and chance.random() < 0.5:
        n = chance.choice(turned)
        plain = words[n].casefold().strip("?,.")
        question = " ".join([*words[:n], words[n].casefold().replace(plain, OPPOSITES[plain]), *words[n + 1 :]])
    elif names or numbers:
        pattern = _CAPITALISED if names and (not numbers or chance.random() < 0.6) else _NUMBER
        old = chance.choice(pattern.findall(each.question))
        pool = [new for q in chance.sample(group, min(25, len(group))) for new in pattern.findall(q.question)]
        pool = [new for new in pool if new.casefold() not in low and new not in each.question]
        if pattern is _NUMBER and old.isdigit() and not pool:
            pool = [str(int(old) + chance.choice((-30, -11, -4, 3, 7, 20)))]
        if pool:
            question = each.question.replace(old, chance.choice(pool), 1)
    if question:
        centre = chance.choice(sorted(each.gold))
        yield _around(
            Question(each.name, question, each.document, frozenset(), (), True, each.group),
            each.document,
            centre,
            frozenset(),
            chance,
            chance.choice(LENGTHS),
        )


def _reworded(each: Question, other: Question, chance: random.Random) -> str | None:
    """The question with a word exchanged or denied; its document has no new word. Some are of another question."""
    sentence, others = _parsed(each.question)[:], Others(near=_parsed(other.question)[:])
    known = frozenset().union(*each.document.terms)
    for name in chance.sample(REWORDING, len(REWORDING)):
        new = PROGRAMS[name](sentence, others, chance)
        added = set(terms(new or "")) - set(terms(each.question))
        if new and new[:2] == each.question[:2] and (name == "negated" or (added and not added & known)):
            return new
    return None


@lru_cache(10_000)
def _parsed(question: str) -> Doc:
    return parser()(question)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
