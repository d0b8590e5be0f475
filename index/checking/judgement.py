"""A claim against the sentences it is said to rest on: verbatim, supported, contradicted, or unverified.

Two locks keep a claim from being supported. The rules want each of its words accounted for (`index.checking.proof`); a
learned verifier, where one is given, reads the cited words with their neighbours, and must agree. It never decides
alone. If it finds a claim likely, it may outvote the rules on nouns that they did not find, or found elsewhere in the
sentence; if it is certain, on up to three other verbs or adjectives. On names, numbers, additions, on who does
what to whom, on what surrounds the words, on short claims that put two names together, and on copies of a sentence with
other words, nothing outvotes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from index.checking.alignment import Window
from index.checking.copies import is_copy, omissions, substitutions, swapped_words
from index.checking.dependencies import parse_graphs
from index.checking.proof import Proof, prove
from index.checking.vocabulary import RESERVATIONS
from index.checking.wording import verbatim_key, words

if TYPE_CHECKING:
    from index.checking.objections import Objection

Verdict = Literal["verbatim", "supported", "contradicted", "unverified"]
Verifier = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""For pairs of a claim and the words it is said to rest on, the probability that these support it."""

LONGEST = 120
"""Claims of more words are not judged: nobody could follow why."""
LONGEST_SOURCE = 300
"""Sentences of more words are data, or hostile."""
CLOSEST = 4
"""How many sentences are looked at closely, each with its neighbours."""
SHARED_WEIGHT = 1.0
"""Weight of the words that claim and sentence share beside their closeness, where sentences are chosen."""
SURE = 0.05
"""The least probability of a claim that the rules find proven."""
LIKELY = 0.7
"""The least probability of a claim of which a few words are not accounted for."""
CERTAIN = 0.75
"""The least probability of a claim that says it with other verbs or adjectives."""
LEAST_SHARE = 0.3
"""The least share of its words that the source must have then: what has none of them is another matter."""
MOST_BEHIND = 0.3
"""How much less of its words a sentence may have than another one that the rules do not find to prove it."""
MOST_OUTVOTED = 9
"""How many objections may be outvoted."""
MOST_FIRM, MOST_ROLES = 3, 2
"""How many firm objections may be outvoted, and how many words may have other places in the sentence where there is
one: a claim with more of them is about something else, however certain the verifier is."""
SHORT = 6
"""A claim of fewer telling words in which a name stands with another word than in the source is never outvoted: that
Tokyo is in Europe is all that it says, and the verifier finds most such claims likely."""
_AROUND = frozenset(("negation", "wrapper", "hedge", "condition", "quantifier", "contrary", "number", "grammar"))
"""What may surround words that stand in a sentence as they stand in the claim."""
_REFUTES = re.compile(
    r"^(?:but|however|yet|in fact|in truth|in reality|actually)?\b.{0,60}"
    r"\b(?:this|that|it|they|so|the (?:claim|story|idea|report))\b.{0,60}"
    r"\b(?:is|was|were|are|has|have|had|proved|turned out)\b.{0,40}"
    r"\b(?:false|untrue|wrong|not true|not so|a myth|a lie|a hoax|incorrect|mistaken|refuted|denied|disproved|retracted"
    r"|unfounded|baseless|invented|fiction|no evidence)\b",
    re.IGNORECASE,
)
"""A sentence that takes back the one before it."""
_SHOWN_OBJECTIONS = 3
"""How many problems a detail names."""


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that a claim may rest on."""

    text: str
    context: str
    """The passage around it, which tells whom "she" means."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a claim."""

    verdict: Verdict
    source: int | None
    """Which of the sources it was decided by, or is the nearest where it is unverified; None where there is none."""
    detail: str
    """The same for a reader: `18 percent here, 10 percent in the source`."""
    score: float
    """How much of the claim that source accounts for, in [0, 1]."""


def compare(
    claim: str, sources: Sequence[Source], closeness: Sequence[float], verifier: Verifier | None = None
) -> Judgement:
    """Judge a claim by its sources, given in the order of their text; `closeness` is the cosine of claim and source.

    What stands in a source word for word is verbatim, if nothing around it takes it back. Otherwise each of its words
    must be accounted for by one sentence, or by neighbours; and the verifier, where one is given, must agree. Only a
    claim that is a whole sentence of the source is not shown to it.
    """
    if not sources:
        return Judgement("unverified", None, "There is no source to compare with.", 0.0)
    length = len(words(claim))
    if not 0 < length <= LONGEST:
        return Judgement("unverified", None, "It is too long to be checked." if length else "It has no words.", 0.0)
    whole = _whole_sentence(claim, sources)
    if whole is not None:
        return whole
    attempts: list[tuple[Judgement, Proof]] = []
    closest = _closest(claim, sources, closeness)
    for n, place in enumerate(closest):
        if n < 2:  # the first alone, for it may decide; then all the others together
            _parse(claim, sources, closest[n : None if n else 1])
        first, proof = _prove_at(claim, sources, place)
        judgement = _judge(sources, first, proof)
        if judgement.verdict in ("verbatim", "supported"):
            return _confirm(claim, sources, judgement, verifier)
        attempts.append((judgement, proof))
    most = max(proof.share for _, proof in attempts)
    best = max((judgement for judgement, _ in attempts), key=lambda judgement: _preference(judgement, most))
    if verifier is None or any(substitutions(claim, sources[place].text) for place in closest):
        return best  # who copies a sentence and puts another word into it says something else
    return _ask_verifier(claim, sources, attempts, verifier) or best


def _parse(claim: str, sources: Sequence[Source], places: Sequence[int]) -> None:
    """Have the sentences at these places and their neighbours parsed together: one by one takes twice as long."""
    parse_graphs([claim, *(sentence for place in places for sentence in _window(sources, place)[1].sentences)])


def _preference(judgement: Judgement, most: float) -> tuple[bool, float]:
    """A contradiction comes first, unless another sentence has more of the claim's words: this one is of another."""
    return judgement.verdict == "contradicted" and judgement.score >= most, judgement.score


def _ask_verifier(
    claim: str, sources: Sequence[Source], attempts: Sequence[tuple[Judgement, Proof]], verifier: Verifier
) -> Judgement | None:
    """The claim as supported by a sentence that has nearly all of it, if the verifier is sure enough of that one."""
    most = max(proof.share for _, proof in attempts)
    near = [
        (judgement.source, proof)
        for judgement, proof in attempts
        if judgement.source is not None
        and proof.share >= most - MOST_BEHIND
        and len(proof.objections) <= MOST_OUTVOTED
        and may_be_outvoted(proof)
        and not _reserves(claim, sources[judgement.source].text)
        and not (_is_heading(claim) and any(problem.kind == "grammar" for problem in proof.objections))
    ]
    if not near:
        return None
    probabilities = verifier([(claim, _premise(sources, source)) for source, _ in near])
    beyond = [probability - _needed(proof) for probability, (_, proof) in zip(probabilities, near, strict=True)]
    best = max(range(len(near)), key=beyond.__getitem__)
    if beyond[best] < 0:
        return None
    source, proof = near[best]
    return _not_refuted(Judgement("supported", source, "", proof.share), sources, source)


def may_be_outvoted(proof: Proof) -> bool:
    """Whether what keeps a sentence from proving a claim is little enough for a verifier to decide."""
    weights = [problem.weight for problem in proof.objections]
    if proof.has_misplaced_name and proof.words < SHORT:
        return False
    if "hard" in weights or "firm" not in weights:
        return "hard" not in weights
    roles = sum(problem.kind == "role" for problem in proof.objections)
    return proof.share >= LEAST_SHARE and weights.count("firm") <= MOST_FIRM and roles <= MOST_ROLES


def _needed(proof: Proof) -> float:
    """How probable a claim must be with what its proof lacks."""
    return CERTAIN if any(problem.weight == "firm" for problem in proof.objections) else LIKELY


def _is_heading(claim: str) -> bool:
    """Whether a claim does not end as a sentence does; one without a verb is a heading then."""
    return not claim.rstrip("\"')]”’» ").endswith((".", "!", "…"))


def _reserves(claim: str, source: str) -> bool:
    """Whether a sentence has a word that denies or takes back something, and the claim has not."""
    ours, theirs = ({form for word in words(text) for form in (word.plain, word.stem)} for text in (claim, source))
    return not ours.issuperset(theirs & RESERVATIONS)


def _whole_sentence(claim: str, sources: Sequence[Source]) -> Judgement | None:
    """The judgement of a claim that is a sentence of a source, or several in a row."""
    wanted = verbatim_key(claim, whole=False)
    for place, source in enumerate(sources):
        own = verbatim_key(source.text, whole=False)
        run = place
        while (
            own != wanted
            and wanted.startswith(own)
            and run + 1 < len(sources)
            and _are_neighbours(sources, place, run + 1)
        ):
            run += 1
            own = verbatim_key(" ".join(source.text for source in sources[place : run + 1]), whole=False)
        if own == wanted:
            return _not_refuted(Judgement("verbatim", place, "", 1.0), sources, run)
    return None


def _not_refuted(judgement: Judgement, sources: Sequence[Source], last: int) -> Judgement:
    """The judgement, unless the next sentence takes back what it rests on."""
    if last + 1 < len(sources) and _are_neighbours(sources, last, last + 1) and _REFUTES.search(sources[last + 1].text):
        return replace(
            judgement, verdict="unverified", detail=f"The source goes on: “{sources[last + 1].text.strip()}”"
        )
    return judgement


def _are_neighbours(sources: Sequence[Source], one: int, other: int) -> bool:
    return sources[one].context == sources[other].context


def _closest(claim: str, sources: Sequence[Source], closeness: Sequence[float]) -> list[int]:
    """The sources that are worth a close look, the best first."""
    telling = {word.stem for word in words(claim) if word.telling}
    shares = [len(telling & {word.stem for word in words(source.text)}) / (len(telling) or 1) for source in sources]
    ranked = sorted(range(len(sources)), key=lambda place: -(closeness[place] + SHARED_WEIGHT * shares[place]))
    return [place for place in ranked if len(words(sources[place].text)) <= LONGEST_SOURCE][:CLOSEST] or ranked[:1]


def _prove_at(claim: str, sources: Sequence[Source], place: int) -> tuple[int, Proof]:
    """What a sentence and its neighbours say of a claim, and the place of the first of them.

    Where the claim's words stand in the sentence as they are, only what surrounds them counts.
    """
    first, window = _window(sources, place)
    source = sources[place].text
    is_verbatim = verbatim_key(claim, whole=False) in verbatim_key(source)
    copied = is_copy(claim, source, window)
    if not is_verbatim and not copied:
        proof = prove(claim, window)
        return first, replace(
            proof, objections=(*proof.objections, *swapped_words(claim, window.sentences[proof.sentence]))
        )
    proof = prove(claim, Window((source,), "", sources[place].context))
    if is_verbatim:
        around = (*(problem for problem in proof.objections if problem.kind in _AROUND), *omissions(claim, source))
        return place, replace(proof, objections=around, share=1.0, is_verbatim=True)
    # the grammar of both is the same, whatever the parser makes of it
    left = [problem for problem in proof.objections if problem.contradicts or problem.kind not in ("role", "grammar")]
    return place, replace(proof, objections=(*left, *swapped_words(claim, source)))


def _judge(sources: Sequence[Source], first: int, proof: Proof) -> Judgement:
    """Judge a claim by what a sentence and its neighbours say of it."""
    objections, decided = proof.objections, first + proof.sentence
    if not objections:
        judgement = Judgement("verbatim" if proof.is_verbatim else "supported", decided, "", 1.0)
        return _not_refuted(judgement, sources, decided)
    if len(objections) == 1 and objections[0].contradicts:
        return Judgement("contradicted", decided, _capitalised(objections[0].detail), proof.share)
    return Judgement("unverified", decided, describe(objections), proof.share / (1 + 0.05 * len(objections)))


def _window(sources: Sequence[Source], place: int) -> tuple[int, Window]:
    """A sentence with its neighbours, and the place of the first of them."""
    near = [
        n
        for n in range(max(0, place - 1), min(len(sources), place + 2))
        if _are_neighbours(sources, n, place) and (n == place or len(words(sources[n].text)) <= LONGEST_SOURCE)
    ]
    before = [sources[n].text for n in range(max(0, near[0] - 2), near[0]) if _are_neighbours(sources, n, place)]
    return near[0], Window(tuple(sources[n].text for n in near), " ".join(before), sources[place].context)


def _confirm(claim: str, sources: Sequence[Source], judgement: Judgement, verifier: Verifier | None) -> Judgement:
    """The judgement, if the verifier agrees."""
    if verifier is None or judgement.source is None:
        return judgement
    (probability,) = verifier([(claim, _premise(sources, judgement.source))])
    if probability >= SURE:
        return judgement
    detail = "Its words are in the source, but it is doubtful that the source says this."
    return replace(judgement, verdict="unverified", detail=detail)


def _premise(sources: Sequence[Source], place: int) -> str:
    """A sentence with its neighbours, for the verifier to read."""
    return " ".join(" ".join(sentence.split()) for sentence in _window(sources, place)[1].sentences)


def describe(objections: Sequence[Objection]) -> str:
    """The problems in a sentence or two: what is missing first."""
    missing = [f"*{problem.detail}*" for problem in objections if problem.kind == "missing"]
    sentences = [f"Not in the source: {', '.join(dict.fromkeys(missing))}."] if missing else []
    sentences += [f"{_capitalised(problem.detail)}." for problem in objections if problem.kind != "missing"][
        : _SHOWN_OBJECTIONS - len(sentences)
    ]
    return " ".join(sentences)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
