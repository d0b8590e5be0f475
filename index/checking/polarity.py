"""Whether a claim denies what its source says, or says what it denies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.checking.opposites import opposed, without_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.facts import Reading
    from index.checking.negation import Cue
    from index.checking.pairing import Pair

MISSED = 0.5
"""From more than this share of a negation's words on, a claim that has them without it denies the denial."""
_AUXILIARIES = {"ca": "can", "wo": "will", "sha": "shall"}


def negation(pair: Pair) -> str | None:
    """A negation that only one of the two has, or a word whose contrary stands in the other; said in words."""
    claim, source = pair.claim, pair.source
    ours, theirs = _unanswered(pair)
    for i, j in _contraries(pair):
        cancelling = next((cue for cue in ours if claim.words[i].stem in cue.focus), None)
        cancelled = next((cue for cue in theirs if source.words[j].stem in cue.focus), None)
        if cancelling is None and cancelled is None:
            return f"“{claim.words[i].text}” here, “{source.words[j].text}” in the source"
        ours = [cue for cue in ours if cue is not cancelling]
        theirs = [cue for cue in theirs if cue is not cancelled]
    for cue in ours:
        if cue.force == "denies" or (cue.force == "idiom" and _closed_over(claim, cue, source)):
            return f"“{_quoted(claim, cue)}” here, not in the source"
    for cue in theirs:
        if (cue.force == "denies" and _says(claim, cue)) or (cue.force != "faint" and _closed_over(source, cue, claim)):
            return f"“{_quoted(source, cue)}” in the source, not here"
    return None


def _quoted(reading: Reading, cue: Cue) -> str:
    return " ".join(word.text for word in reading.words[cue.at : cue.at + 2])


def _unanswered(pair: Pair) -> tuple[list[Cue], list[Cue]]:
    """The negations of the claim that none of the source's answers, and those of the source that are left.

    Those of the same force find each other first: "not only" is answered by "not" where there is nothing better.
    """
    ours, left = list(pair.claim.cues), list(pair.source.cues)
    for alike in (True, False):
        for cue in tuple(ours):
            answers = [o for o in left if (o.force == cue.force) is alike and _answers(pair, cue, o)]
            if answers:
                left.remove(max(answers, key=lambda o: (len({*cue.focus} & {*o.focus}), -abs(o.at - cue.at))))
                ours.remove(cue)
    return ours, left


def _answers(pair: Pair, cue: Cue, other: Cue) -> bool:
    """Whether two negations may be one: they reach the same words, or words that the other text does not have."""
    if cue.force != other.force and pair.claim.words[cue.at].stem != pair.source.words[other.at].stem:
        return False
    if not (cue.focus and other.focus):
        return True
    if {*cue.focus} & {*other.focus} or cue.focus[0] in other.reach or other.focus[0] in cue.reach:
        return True
    return cue.focus[0] not in pair.source.stems and other.focus[0] not in pair.claim.stems


def _says(claim: Reading, cue: Cue) -> bool:
    """Whether the claim has the words that a negation of the source reaches, and does not deny them."""
    denied = {stem for each in claim.cues for stem in each.focus[:1]}
    return sum(stem in claim.stems and stem not in denied for stem in cue.focus) > MISSED * len(cue.focus)


def _closed_over(reading: Reading, cue: Cue, other: Reading) -> bool:
    """Whether the other text has the words on both sides of a negation, and nothing between them but its auxiliary."""
    stems = ["", *(word.stem for word in reading.words), ""]
    others = ["", *(word.stem for word in other.words), ""]
    before, after = stems[cue.at], stems[cue.at + 2]
    auxiliary = reading.words[cue.at].plain.removesuffix("n't").removesuffix("not")
    without = ([before, after], [before, _AUXILIARIES.get(auxiliary, auxiliary), after])
    return any(others[i : i + len(each)] == each for i in range(len(others)) for each in without)


def _contraries(pair: Pair) -> Iterator[tuple[int, int]]:
    """Words of the claim, each with its contrary in the source that stands in its place or beside the same word."""
    claim, source = pair.claim, pair.source
    theirs = [j for j in source.telling if source.words[j].stem not in claim.stems]
    for i in claim.telling:
        if claim.words[i].stem in source.stems:
            continue
        faced = {j for ours, others in pair.exchanges if i in ours for j in others}
        beside = _beside(claim, i)
        for j in theirs:
            if _contrary(claim, i, source, j) and (j in faced or beside & _beside(source, j)):
                yield i, j
                break


def _contrary(claim: Reading, i: int, source: Reading, j: int) -> bool:
    one, other = claim.words[i], source.words[j]
    if opposed(one.stem, other.stem):
        return True
    return without_prefix(one.plain) == other.stem or without_prefix(other.plain) == one.stem


def _beside(reading: Reading, i: int) -> frozenset[str]:
    """The telling words next to a word, on both sides."""
    before = next((word.stem for word in reversed(reading.words[:i]) if word.telling), "")
    after = next((word.stem for word in reading.words[i + 1 :] if word.telling), "")
    return frozenset((before, after)) - {""}
