"""Judges a claim by the passages it may rest on: verbatim, supported, perhaps, contradicted, or unverified.

A trained verifier reads the claim with the nearest windows (`premises`) and decides; few rules change its verdict
(`vetoes`). Without a verifier, only the words themselves count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from index.text.wording import verbatim_key, words
from index.verification.premises import Place, around, nearest_windows, render, render_places
from index.verification.vetoes import difference, veto

if TYPE_CHECKING:
    from index.records import Verdict
    from index.verification.premises import Excerpt, Window

Verifier = Callable[[Sequence[tuple[str, str]]], Sequence[tuple[float, float]]]
"""Takes pairs (claim, window), and returns for each the probabilities that the window supports and contradicts it."""

LONGEST, LONGEST_READ = 120, 50
"""Words. A claim longer than the first is only compared word for word. One longer than the second is at most *perhaps*,
because the verifier may not read its end."""
MOST_STANDING = 3
"""Places with the very words of a claim that are read with their neighbours."""
CONSENT, CONSENT_TO_PART = 0.1, 0.5
"""The least probabilities of support for a sentence, and for a part of a sentence, that stands in the source: they are
read with their neighbours, which must not contradict them."""
SUPPORTED = 0.8
"""The least probability of a claim that is supported."""
PERHAPS = 0.4
"""The least probability of a claim that may be supported."""
CONTRADICTED = 0.88
"""The least probability of a claim that is contradicted."""
ALTERED = 0.8
"""The least probability of a contradicted claim that differs from the source in one place only."""
NEAR = 0.3
"""A window contradicts a claim only if its nearness is at most this much below that of the nearest window."""
SHORTEST_PART = 4
"""The least number of words of a part of a claim that is judged alone."""
_BORDER = re.compile(
    r"; (?:but |and )?|, (?:and|but|while|whereas|although|though|so) (?=(?:the|an?|its?|they|their|he|she|his|her|this"
    r"|these|in|on|by|at|one|two|three|some|most|all)\b|\d|[A-Z])"
)
"""Where a part with a subject of its own begins."""
COMPARE = "The nearest words may say this."
OTHERWISE = "The source says otherwise."
LONG = "It is too long to be read at once; the nearest words may say this."
PART = "These words are only a part of the sentence."
DOUBTFUL = "The words are there, but what stands around them may take them back."


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a claim, with its reason."""

    verdict: Verdict
    places: tuple[Place, ...]
    """The sentences that decided, or those nearest to the claim if it is unverified; empty without sources."""
    detail: str = ""
    """The reason, for a reader; empty if the claim is supported."""
    score: float = 0.0
    """The probability that the source supports the claim."""


def compare(
    claim: str,
    excerpts: Sequence[Excerpt],
    verifier: Verifier | None,
    *,
    cited: Collection[int] = (),
    unknown: Sequence[str] = (),
) -> Judgement:
    """Judge a claim by excerpts of its sources.

    Of several supporting sentences, one of the `cited` excerpts is preferred. `unknown` are words of the claim that no
    document contains.
    """
    length = len(words(claim))
    if not length:
        return Judgement("unverified", (), "It has no words.")
    windows = nearest_windows(claim, excerpts)
    if not windows:
        return Judgement("unverified", (), "There is no source to compare with.")
    standing = _standing(claim, excerpts, cited)
    if verifier is None:
        if not standing:
            return Judgement("unverified", windows[0].places[:1], _missing(unknown))
        is_part = _is_part(claim, excerpts, standing[0])
        return Judgement("perhaps" if is_part else "verbatim", standing[0], PART if is_part else "")
    if standing and (verbatim := _consented(claim, excerpts, standing, verifier)):
        return verbatim
    if length > LONGEST:
        return Judgement("unverified", windows[0].places[:1], "It is too long to be checked.")
    readings = verifier([(claim, window.text) for window in windows])
    whole = _judge(claim, excerpts, list(zip(windows, readings, strict=True)), cited, unknown)
    if standing and whole.verdict != "contradicted":
        places = tuple(Place(standing[0][0].excerpt, n) for n in _around(excerpts, standing[0]))
        return Judgement("perhaps", places, DOUBTFUL, whole.score)
    if whole.verdict in ("perhaps", "unverified") and (parts := parts_of(claim)):
        judged = _weakest(whole, parts, [compare(part, excerpts, verifier, cited=cited) for part in parts])
        if judged is not whole:
            return judged
    return replace(whole, places=_evidence(claim, excerpts, whole, verifier))


def _consented(
    claim: str, excerpts: Sequence[Excerpt], standing: Sequence[tuple[Place, ...]], verifier: Verifier
) -> Judgement | None:
    """Return the first place with the words of a claim whose context does not take them back; None without one."""
    contexts = [render(excerpts[run[0].excerpt], _around(excerpts, run)) for run in standing]
    for run, (agrees, denies) in zip(standing, verifier([(claim, text) for text in contexts]), strict=True):
        consent = CONSENT_TO_PART if _is_part(claim, excerpts, run) else CONSENT
        if agrees >= consent and denies < CONTRADICTED:
            return Judgement("verbatim", run, "", agrees)
    return None


def _around(excerpts: Sequence[Excerpt], run: Sequence[Place]) -> range:
    return around(excerpts[run[0].excerpt], run[0].sentence, run[-1].sentence)


def _is_part(claim: str, excerpts: Sequence[Excerpt], run: Sequence[Place]) -> bool:
    """Whether a claim whose words stand in a sentence is only a part of that sentence."""
    own = verbatim_key(excerpts[run[0].excerpt].sentences[run[0].sentence], whole=False)
    return len(run) == 1 and own != verbatim_key(claim, whole=False)


def _evidence(claim: str, excerpts: Sequence[Excerpt], judged: Judgement, verifier: Verifier) -> tuple[Place, ...]:
    """Return the fewest sentences of a window that decide when they are read alone; all of them if no part decides."""
    denied = judged.verdict == "contradicted"
    if judged.verdict == "unverified" or (denied and judged.detail != OTHERWISE):
        return judged.places
    first, *others = judged.places
    excerpt = excerpts[first.excerpt]
    near = tuple(Place(first.excerpt, n) for n in _around(excerpts, (first,)) if excerpt.states[n])
    read = judged.places if others else near
    least = PERHAPS if judged.verdict == "perhaps" else SUPPORTED
    for size in range(1, len(read)):
        parts = list(combinations(read, size))
        texts = [render_places(excerpts, part) for part in parts]
        deciding = [
            (reading[denied], first in part, part)
            for part, text, reading in zip(parts, texts, verifier([(claim, text) for text in texts]), strict=True)
            if reading[denied] >= max(least, reading[not denied])
            and not (judged.verdict == "supported" and veto(claim, text))
        ]
        if deciding:
            return max(deciding)[-1]
    return read


def parts_of(claim: str) -> list[str]:
    """Return the parts of a claim that have a subject of their own; empty if it is one."""
    parts = [part.strip() for part in _BORDER.split(claim)]
    return parts if len(parts) > 1 and all(len(words(part)) >= SHORTEST_PART for part in parts) else []


def _weakest(whole: Judgement, parts: Sequence[str], judged: Sequence[Judgement]) -> Judgement:
    """Return the verdict on a claim whose parts were judged apart: that of the weakest part."""
    denied = next((part for part in judged if part.verdict == "contradicted"), None)
    if denied is not None and whole.score < PERHAPS:
        return replace(denied, score=whole.score)
    supported = [part.verdict in ("verbatim", "supported") for part in judged]
    places = tuple(
        dict.fromkeys(place for part, held in zip(judged, supported, strict=True) if held for place in part.places)
    )
    if all(supported):
        verdict: Verdict = "supported" if whole.score >= PERHAPS else "perhaps"
        return Judgement(verdict, places, "" if verdict == "supported" else COMPARE, whole.score)
    if any(supported):
        held = ", ".join(f"*{part.rstrip('.')}*" for part, is_held in zip(parts, supported, strict=True) if is_held)
        return Judgement("perhaps", places, f"The source says only a part of it: {held}.", whole.score)
    return whole


def _judge(
    claim: str,
    excerpts: Sequence[Excerpt],
    read: Sequence[tuple[Window, tuple[float, float]]],
    cited: Collection[int],
    unknown: Sequence[str],
) -> Judgement:
    nearest = read[0][0].nearness
    objections = {window.text: veto(claim, window.text) for window, (share, _) in read if share >= SUPPORTED}
    best, (share, _) = max(
        read,
        key=lambda found: (
            objections.get(found[0].text) == "",
            found[1][0] >= SUPPORTED and found[0].places[0].excerpt in cited,
            found[1][0],
        ),
    )
    against, (_, denial) = max(
        (found for found in read if found[0].nearness >= nearest - NEAR), key=lambda found: found[1][1]
    )
    place = against.places[0]
    differing = difference(claim, excerpts[place.excerpt].sentences[place.sentence])
    if denial >= share and denial >= (ALTERED if differing else CONTRADICTED):
        return Judgement("contradicted", (place,), differing or OTHERWISE, share)
    objection = veto(claim, best.text)
    if share >= SUPPORTED and not objection and denial < CONTRADICTED:
        if len(words(claim)) > LONGEST_READ:
            return Judgement("perhaps", best.places, LONG, share)
        return Judgement("supported", best.places, "", share)
    if share >= PERHAPS:
        return Judgement("perhaps", best.places, objection or COMPARE, share)
    return Judgement("unverified", read[0][0].places[:1], _missing(unknown), share)


def _missing(unknown: Sequence[str]) -> str:
    """Return the reason that names words that no document contains; else that the nearest words do not say it."""
    if not unknown:
        return "The nearest words do not say this."
    return f"Not in the documents: {', '.join(f'*{word}*' for word in unknown)}."


def _standing(claim: str, excerpts: Sequence[Excerpt], cited: Collection[int]) -> list[tuple[Place, ...]]:
    """Return where the words of a claim are a sentence, consecutive sentences, or a part of a sentence.

    Cited excerpts come first, and then whole sentences; at most MOST_STANDING places.
    """
    wanted = verbatim_key(claim, whole=False)
    runs = []
    for n, excerpt in enumerate(excerpts):
        keys = [verbatim_key(sentence, whole=False) for sentence in excerpt.sentences]
        for first, key in enumerate(keys):
            if not excerpt.states[first]:
                continue
            last, run = first, key
            while wanted.startswith(run) and run != wanted and last + 1 < len(keys) and excerpt.states[last + 1]:
                last += 1
                run = verbatim_key(" ".join(excerpt.sentences[first : last + 1]), whole=False)
            if run == wanted or wanted in key:
                runs.append(tuple(Place(n, m) for m in range(first, last + 1 if run == wanted else first + 1)))
    runs.sort(key=lambda run: (run[0].excerpt not in cited, _is_part(claim, excerpts, run)))
    return runs[:MOST_STANDING]
