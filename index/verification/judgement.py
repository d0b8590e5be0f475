"""Judges a claim by the sentences it cites: verbatim, supported, contradicted, or unverified.

A claim is supported only if two checks agree. The rules must account for each of its words (`proof`). A learned
verifier, if there is one, reads the cited words with their neighbours and must agree; it never decides alone.
It may outvote the rules in two cases. If it finds a claim likely: on nouns that the rules did not find, or found
elsewhere in the sentence. If it finds a claim certain: on up to three other verbs or adjectives. It never outvotes them
on names, numbers, additions, who does what to whom, the context of a fact, short claims, claims with many words that
the source lacks, and copies of a sentence with replaced words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from index.verification.alignment import Window
from index.verification.dependencies import parse_graphs
from index.verification.grammar import verbatim_key, words
from index.verification.proof import Proof, is_copy, omissions, prove, substitutions, swapped_words
from index.verification.vocabulary import RESERVATIONS

if TYPE_CHECKING:
    from index.records import Verdict
    from index.verification.comparison import Objection

Verifier = Callable[[Sequence[tuple[str, str]]], Sequence[float]]
"""Takes pairs (claim, cited words) and returns, for each, the probability that the words support the claim."""

LONGEST = 120
"""Claims with more words are not judged: nobody could follow the reasons."""
LONGEST_SOURCE = 300
"""Sentences with more words are not compared: they are data or hostile input."""
SENTENCES_COMPARED = 4
"""The number of sentences that are compared in full, each with its neighbours."""
SHARED_WEIGHT = 1.0
"""The weight of shared words next to the cosine when these sentences are chosen."""
SURE = 0.05
"""The least probability for a claim that the rules find proven."""
LIKELY = 0.7
"""The least probability for a claim with a few words that the rules cannot account for."""
CERTAIN = 0.75
"""The least probability for a claim with other verbs or adjectives than the source."""
MOST_MISSING = 0.2
"""The verifier outvotes the rules only if the source lacks less than this share of the claim's words."""
MOST_BEHIND = 0.3
"""The verifier sees a sentence only if its share of the claim's words is at most this much below the best share."""
MOST_OUTVOTED = 9
"""The largest number of objections that the verifier may outvote."""
MOST_FIRM, MOST_ROLES = 3, 2
"""The number of firm objections that the verifier may outvote, and of words that may then have another role. A claim
with more is about something else, however certain the verifier is."""
SHORT = 6
"""The verifier never outvotes the rules on a claim with fewer content words, such as "Tokyo is in Europe": it finds
most of them likely, and the parser takes many of their names for other words."""
_AROUND = frozenset(("negation", "wrapper", "hedge", "condition", "quantifier", "contrary", "number", "grammar"))
"""The kinds of objections that count even if the words of the claim stand verbatim in the sentence."""
_REFUTES = re.compile(
    r"^(?:but|however|yet|in fact|in truth|in reality|actually)?\b.{0,60}"
    r"\b(?:this|that|it|they|so|the (?:claim|story|idea|report))\b.{0,60}"
    r"\b(?:is|was|were|are|has|have|had|proved|turned out)\b.{0,40}"
    r"\b(?:false|untrue|wrong|not true|not so|a myth|a lie|a hoax|incorrect|mistaken|refuted|denied|disproved|retracted"
    r"|unfounded|baseless|invented|fiction|no evidence)\b",
    re.IGNORECASE,
)
"""A sentence that refutes the sentence before it."""
_SHOWN_OBJECTIONS = 3
"""The number of objections that a detail names."""


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that a claim may cite."""

    text: str
    context: str
    """The passage around the sentence, which shows who "she" is."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a claim, with its reason."""

    verdict: Verdict
    source: int | None
    """The index of the source that decided, or of the closest source if the claim is unverified; None without sources.
    """
    detail: str
    """The reason, for a reader: `18 percent here, 10 percent in the source`."""
    score: float
    """The share of the claim that the source accounts for, in [0, 1]."""


def compare(
    claim: str, sources: Sequence[Source], closeness: Sequence[float], verifier: Verifier | None = None
) -> Judgement:
    """Judge a claim by its sources, in the order of their text; `closeness` is the cosine of claim and source.

    A claim is verbatim if a source contains it word for word and the context does not take it back. Otherwise one
    sentence, with its neighbours, must account for each word, and the verifier, if there is one, must agree. The
    verifier does not see a claim that is a whole sentence of the source.
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
        if n < 2:  # parse the first alone, since it may decide; then parse the others together
            _parse(claim, sources, closest[n : None if n else 1])
        first, proof = _prove_at(claim, sources, place)
        judgement = _judge(sources, first, proof)
        if judgement.verdict in ("verbatim", "supported"):
            return _confirm(claim, sources, judgement, verifier)
        attempts.append((judgement, proof))
    most = max(proof.share for _, proof in attempts)
    best = max((judgement for judgement, _ in attempts), key=lambda judgement: _preference(judgement, most))
    if verifier is None or any(substitutions(claim, sources[place].text) for place in closest):
        return best  # a copy of a sentence with a replaced word says something else
    return _ask_verifier(claim, sources, attempts, verifier) or best


def _parse(claim: str, sources: Sequence[Source], places: Sequence[int]) -> None:
    """Parse the sentences at these places with their neighbours in one batch: one by one takes twice as long."""
    parse_graphs([claim, *(sentence for place in places for sentence in _window(sources, place)[1].sentences)])


def _preference(judgement: Judgement, most: float) -> tuple[bool, float]:
    """Return a sort key: contradictions come first, unless another sentence has more of the claim's words."""
    return judgement.verdict == "contradicted" and judgement.score >= most, judgement.score


def _ask_verifier(
    claim: str, sources: Sequence[Source], attempts: Sequence[tuple[Judgement, Proof]], verifier: Verifier
) -> Judgement | None:
    """Return the judgement `supported` if the verifier is sure enough of a sentence with nearly all of the claim."""
    most = max(proof.share for _, proof in attempts)
    near = [
        (judgement.source, proof)
        for judgement, proof in attempts
        if judgement.source is not None
        and proof.share >= most - MOST_BEHIND
        and len(proof.objections) <= MOST_OUTVOTED
        and may_be_outvoted(proof)
        and not _has_reservation(claim, sources[judgement.source].text)
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
    """Whether the objections to a claim are few and weak enough for the verifier to decide."""
    weights = [problem.weight for problem in proof.objections]
    if proof.words < SHORT or round(1 - proof.share, 6) >= MOST_MISSING:
        return False
    if "hard" in weights or "firm" not in weights:
        return "hard" not in weights
    roles = sum(problem.kind == "role" for problem in proof.objections)
    return weights.count("firm") <= MOST_FIRM and roles <= MOST_ROLES


def _needed(proof: Proof) -> float:
    """Return the probability that the verifier must give a claim with these objections."""
    return CERTAIN if any(problem.weight == "firm" for problem in proof.objections) else LIKELY


def _is_heading(claim: str) -> bool:
    """Whether a claim does not end like a sentence; without a verb it is a heading."""
    return not claim.rstrip("\"')]”’» ").endswith((".", "!", "…"))


def _has_reservation(claim: str, source: str) -> bool:
    """Whether a sentence contains a denial or a reservation that the claim does not contain."""
    ours, theirs = ({form for word in words(text) for form in (word.plain, word.stem)} for text in (claim, source))
    return not ours.issuperset(theirs & RESERVATIONS)


def _whole_sentence(claim: str, sources: Sequence[Source]) -> Judgement | None:
    """Return the judgement of a claim that equals one or more consecutive sentences of a source; None for others."""
    wanted = verbatim_key(claim, whole=False)
    for place, source in enumerate(sources):
        own = verbatim_key(source.text, whole=False)
        run = place
        while (
            own != wanted and wanted.startswith(own) and run + 1 < len(sources) and _adjacent(sources, place, run + 1)
        ):
            run += 1
            own = verbatim_key(" ".join(source.text for source in sources[place : run + 1]), whole=False)
        if own == wanted:
            return _not_refuted(Judgement("verbatim", place, "", 1.0), sources, run)
    return None


def _not_refuted(judgement: Judgement, sources: Sequence[Source], last: int) -> Judgement:
    """Return the judgement, or `unverified` if the next sentence refutes the source."""
    if last + 1 < len(sources) and _adjacent(sources, last, last + 1) and _REFUTES.search(sources[last + 1].text):
        detail = f"The source goes on: “{sources[last + 1].text.strip()}”"
        return replace(judgement, verdict="unverified", detail=detail)
    return judgement


def _adjacent(sources: Sequence[Source], first: int, second: int) -> bool:
    return sources[first].context == sources[second].context


def _closest(claim: str, sources: Sequence[Source], closeness: Sequence[float]) -> list[int]:
    """Return the places of the sources that deserve a full comparison, the best first."""
    content = {word.stem for word in words(claim) if word.is_content}
    shares = [len(content & {word.stem for word in words(source.text)}) / (len(content) or 1) for source in sources]
    ranked = sorted(range(len(sources)), key=lambda place: -(closeness[place] + SHARED_WEIGHT * shares[place]))
    return [place for place in ranked if len(words(sources[place].text)) <= LONGEST_SOURCE][
        :SENTENCES_COMPARED
    ] or ranked[:1]


def _prove_at(claim: str, sources: Sequence[Source], place: int) -> tuple[int, Proof]:
    """Return the place of the first sentence of the window, and what the window proves of a claim.

    If the words of the claim stand verbatim in the sentence, only their context counts.
    """
    first, window = _window(sources, place)
    source = sources[place].text
    is_verbatim = verbatim_key(claim, whole=False) in verbatim_key(source)
    copied = is_copy(claim, source, window)
    if not is_verbatim and not copied:
        proof = prove(claim, window)
        swapped = swapped_words(claim, window.sentences[proof.sentence])
        return first, replace(proof, objections=(*proof.objections, *swapped))
    proof = prove(claim, Window((source,), "", sources[place].context))
    if is_verbatim:
        around = (*(problem for problem in proof.objections if problem.kind in _AROUND), *omissions(claim, source))
        return place, replace(proof, objections=around, share=1.0, is_verbatim=True)
    # claim and sentence have the same words, so differences of role or grammar are parser errors
    left = [problem for problem in proof.objections if problem.contradicts or problem.kind not in ("role", "grammar")]
    return place, replace(proof, objections=(*left, *swapped_words(claim, source)))


def _judge(sources: Sequence[Source], first: int, proof: Proof) -> Judgement:
    """Judge a claim by the proof that a window gives."""
    objections, decided = proof.objections, first + proof.sentence
    if not objections:
        judgement = Judgement("verbatim" if proof.is_verbatim else "supported", decided, "", 1.0)
        return _not_refuted(judgement, sources, decided)
    if len(objections) == 1 and objections[0].contradicts:
        return Judgement("contradicted", decided, _capitalised(objections[0].detail), proof.share)
    return Judgement("unverified", decided, describe(objections), proof.share / (1 + 0.05 * len(objections)))


def _window(sources: Sequence[Source], place: int) -> tuple[int, Window]:
    """Return the place of the first sentence of a window, and the window: a sentence with its neighbours."""
    near = [
        n
        for n in range(max(0, place - 1), min(len(sources), place + 2))
        if _adjacent(sources, n, place) and (n == place or len(words(sources[n].text)) <= LONGEST_SOURCE)
    ]
    before = [sources[n].text for n in range(max(0, near[0] - 2), near[0]) if _adjacent(sources, n, place)]
    return near[0], Window(tuple(sources[n].text for n in near), " ".join(before), sources[place].context)


def _confirm(claim: str, sources: Sequence[Source], judgement: Judgement, verifier: Verifier | None) -> Judgement:
    """Return the judgement, or `unverified` if the verifier disagrees."""
    if verifier is None or judgement.source is None:
        return judgement
    (probability,) = verifier([(claim, _premise(sources, judgement.source))])
    if probability >= SURE:
        return judgement
    detail = "Its words are in the source, but it is doubtful that the source says this."
    return replace(judgement, verdict="unverified", detail=detail)


def _premise(sources: Sequence[Source], place: int) -> str:
    """Return a sentence with its neighbours, for the verifier to read."""
    return " ".join(" ".join(sentence.split()) for sentence in _window(sources, place)[1].sentences)


def describe(objections: Sequence[Objection]) -> str:
    """Describe the objections in one or two sentences; missing words come first."""
    missing = [f"*{problem.detail}*" for problem in objections if problem.kind == "missing"]
    sentences = [f"Not in the source: {', '.join(dict.fromkeys(missing))}."] if missing else []
    sentences += [f"{_capitalised(problem.detail)}." for problem in objections if problem.kind != "missing"]
    return " ".join(sentences[:_SHOWN_OBJECTIONS])


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
