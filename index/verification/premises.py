"""The windows that the verifier reads: the sentences nearest to a claim, each with its neighbours.

A window begins with the title of its document, because a text rarely repeats what it is about. A row of a table is read
below its headers. Sentences may support a claim together, so those that together have most of its words make a window,
too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from index.text.prose import is_statement
from index.text.wording import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

LONGEST_SENTENCE = 300
"""Sentences with more words are not compared: they are data or hostile input."""
WINDOWS = 2
"""The number of sentences that are read, each with its neighbours."""
SHARED_WEIGHT = 1.0
"""The weight of the share of the claim's words next to the cosine when these sentences are chosen."""
CANDIDATES = 12
"""Some of the nearest sentences of this number may be read together."""
TOGETHER = 3
"""The largest number of sentences that are read together."""
LEAST_ADDED = 2
"""The least number of the claim's words that each of these sentences has and those before it lack."""
LONGEST_TITLE = 100
"""Characters of the title that are read."""
GAP = "…"
"""Stands between sentences of a window that are no neighbours in the passage."""
_CELL = " | "
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_QUOTATION_MARKS = frozenset("\"'“”‘’«»„")
LONGEST_NEIGHBOUR = 60
"""Words of a sentence that is read before another; a longer one would leave no room for it."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage that a claim is compared with."""

    sentences: tuple[str, ...]
    closeness: tuple[float, ...]
    """The cosine of the claim and each sentence."""
    states: tuple[bool, ...]
    """Whether each sentence is a source (`is_source`): titles, headings and questions are none."""
    title: str = ""
    """The title of the document."""
    above: str = ""
    """The headers of the table whose rows the passage contains, if its text lacks them."""


class Place(NamedTuple):
    """The index of an excerpt, and of one of its sentences."""

    excerpt: int
    sentence: int


class Window(NamedTuple):
    """Words of an excerpt that are read together."""

    places: tuple[Place, ...]
    """The sentences that the window is about, without their neighbours, the nearest to the claim first."""
    text: str
    nearness: float
    """The cosine of the nearest sentence and the claim, and the share of the claim's words that it contains."""


def asks(text: str) -> bool:
    """Whether a sentence is a question, also in quotation marks; one that says who asked it is none."""
    core = _APOSTROPHE.sub("", text).strip().lstrip("\"'“‘«„([").rstrip("!)]\"'”’»“ \t\n")
    return core.endswith(("?", "？", "؟")) and _QUOTATION_MARKS.isdisjoint(core)


def is_source(text: str) -> bool:
    """Whether a sentence of a document, as far as its words show, states something that a claim may rest on."""
    return is_statement(text) and not asks(text)


def content_stems(text: str) -> frozenset[str]:
    """Return the stems of the content words of a text."""
    return frozenset(word.stem for word in words(text) if word.is_content)


def nearest_windows(claim: str, excerpts: Sequence[Excerpt]) -> list[Window]:
    """Return the windows about the nearest sentences of all excerpts, the nearest first."""
    wanted = content_stems(claim)
    ranked: list[tuple[float, Place, frozenset[str]]] = []
    for n, excerpt in enumerate(excerpts):
        for m, (text, closeness) in enumerate(zip(excerpt.sentences, excerpt.closeness, strict=True)):
            if excerpt.states[m] and _is_short(text):
                shared = wanted & content_stems(text)
                ranked.append((closeness + SHARED_WEIGHT * len(shared) / (len(wanted) or 1), Place(n, m), shared))
    ranked = sorted(ranked, key=lambda found: -found[0])[:CANDIDATES]
    windows = [
        Window(
            (place,),
            render(excerpts[place.excerpt], around(excerpts[place.excerpt], place.sentence, place.sentence)),
            nearness,
        )
        for nearness, place, _ in ranked[:WINDOWS]
    ]
    together = _covering(ranked)
    if len(together) > 1:
        read = (Place(n, m) for n, k in together for m in around(excerpts[n], k, k) if m <= k)
        text = render_places(excerpts, list(read))
        windows.append(Window(tuple(together), text, ranked[0][0]))
    return windows


def _covering(ranked: Sequence[tuple[float, Place, frozenset[str]]]) -> list[Place]:
    """Return the nearest sentence, and those that add most of the claim's words that the ones before them lack."""
    chosen: list[Place] = []
    covered: frozenset[str] = frozenset()
    while ranked and len(chosen) < TOGETHER:
        _, place, shared = max(ranked, key=lambda found: len(found[2] - covered)) if chosen else ranked[0]
        if chosen and len(shared - covered) < LEAST_ADDED:
            break
        chosen.append(place)
        covered |= shared
    return chosen


def around(excerpt: Excerpt, first: int, last: int) -> range:
    """Return sentences and their neighbours, which may say what they are about; those of a row are other things."""
    if any(_CELL in sentence for sentence in excerpt.sentences[first : last + 1]):
        return range(first, last + 1)
    is_long = first > 0 and len(words(excerpt.sentences[first - 1])) > LONGEST_NEIGHBOUR
    return range(max(first - 1 + is_long, 0), min(last + 2, len(excerpt.sentences)))


def render(excerpt: Excerpt, chosen: Iterable[int]) -> str:
    """Return the chosen sentences as the verifier reads them: below the title, and rows below their headers."""
    shown = {n for n in chosen if 0 <= n < len(excerpt.sentences) and _is_short(excerpt.sentences[n])}
    first_row = min((n for n in shown if _CELL in excerpt.sentences[n]), default=None)
    parts = [f"[{excerpt.title[:LONGEST_TITLE]}]"] if excerpt.title else []
    if first_row is not None:
        header = first_row
        while header > 0 and _CELL in excerpt.sentences[header - 1]:
            header -= 1
        if header == 0 and excerpt.above:
            parts += [_line(excerpt.above), GAP]
        else:
            shown.add(header)
    before = -1
    for n in sorted(shown):
        parts += [GAP] * (0 <= before < n - 1)
        parts.append(_line(excerpt.sentences[n]))
        before = n
    return " ".join(parts)


def render_places(excerpts: Sequence[Excerpt], places: Collection[Place]) -> str:
    """Return sentences of several excerpts as the verifier reads them together."""
    return f" {GAP} ".join(
        render(excerpts[n], {m for at, m in places if at == n}) for n in dict.fromkeys(at for at, _ in places)
    )


def _is_short(sentence: str) -> bool:
    return len(words(sentence)) <= LONGEST_SENTENCE


def _line(text: str) -> str:
    return " ".join(text.split())
