"""Finds words of a document among the runs of its pages.

A document's text consists of whole runs. Their order may have changed, blanks and hyphens at their ends may have been
added or removed, and running heads were left out. So words are found where whole runs, without blanks and hyphens,
cover the text around them like tiles.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from index.records import Span
from index.text.sentences import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

HYPHENS = "-\ufffe"
"""The hyphen at a line's end within a word: as printed, and as pdfium writes it."""
_BAR = re.compile(r"(?<!\S)\|(?!\S)")
"""The bar between two cells of a table, which the text has and the page has not."""
_LETTER = 1_000
_JUMP = 10 * _LETTER
"""`_LETTER` is the score of a letter around the quote, `_JUMP` the penalty for a jump between runs."""
_MOST_TILES = 20_000
_MOST_PAIRS = 100_000


class Words(NamedTuple):
    """Some words of a document, with enough context to tell them from the same words elsewhere."""

    before: str
    quote: str
    after: str


class Stretch(NamedTuple):
    """Letters `[first, last)` of a run."""

    run: int
    first: int
    last: int


class Traced(NamedTuple):
    """The place where words were found."""

    stretches: tuple[Stretch, ...]
    """The found letters, in the order of the words; empty if the words were not found."""
    sure: bool
    """Whether the page agrees with the text before or after the words."""


class _Tile(NamedTuple):
    """A run that equals the text from `at` to `end`."""

    at: int
    end: int
    run: int


def squeezed(text: str) -> tuple[str, list[int]]:
    """Return the letters without blanks, hyphens and bars between cells, and the position in `text` of each.

    Accents are decomposed.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(_BAR.sub(" ", text) if "|" in text else text):
        parts = _letters(character)
        letters.append(parts)
        places += [place] * len(parts)
    return "".join(letters), places


@lru_cache(maxsize=4096)
def _letters(character: str) -> str:
    return "" if character in HYPHENS else unicodedata.normalize("NFD", normalise(character))


def trace(runs: Sequence[str], words: Words, expected: range) -> Traced:
    """Find the letters of the quote among the squeezed runs; empty if there is no exact or no unique match.

    Of all ways to tile the quote and its context with runs, take the one with the most letters and the fewest jumps
    from a run to another than the next, then the one with the most `expected` runs.
    """
    before, quote, after = (squeezed(part)[0] for part in words)
    layout = _Layout(Span(len(before), len(before) + len(quote)), expected)
    chain = layout.best(_tiles(runs, before + quote + after)) if quote else []
    own = [tile for tile in chain if layout.overlap(tile)]
    sure = any(tile.end - tile.at > layout.overlap(tile) for tile in own) or any(
        not _jump(tile, then) for tile, then in pairwise(chain) if (tile in own) != (then in own)
    )
    start, end = layout.quote
    stretches = (Stretch(tile.run, max(0, start - tile.at), min(end, tile.end) - tile.at) for tile in own)
    return Traced(tuple(stretches), sure)


def _tiles(runs: Sequence[str], text: str) -> list[_Tile]:
    """Return every match of a run in the text, in order; empty if there are too many to compare."""
    tiles: list[_Tile] = []
    for number, run in enumerate(runs):
        at = text.find(run) if run else -1
        while at >= 0:
            tiles.append(_Tile(at, at + len(run), number))
            at = text.find(run, at + 1) if len(tiles) < _MOST_TILES else -1
    begins, ends = Counter(tile.at for tile in tiles), Counter(tile.end for tile in tiles)
    pairs = sum(begins[at] * ends[at] for at in begins)
    return sorted(tiles) if pairs < _MOST_PAIRS and len(tiles) < _MOST_TILES else []


@dataclass(frozen=True, slots=True)
class _Layout:
    """Scores chains of tiles: plus for letters around the quote, minus for jumps, a little plus for expected runs."""

    quote: Span
    expected: range

    def best(self, tiles: Sequence[_Tile]) -> list[_Tile]:
        """Return the best chain that contains the whole quote; empty if other runs for the quote are as good."""
        begins, ends = _grouped(tiles, "at"), _grouped(tiles, "end")
        upto: dict[_Tile, int] = {}
        for tile in tiles:
            self._weigh(tile, ends.get(tile.at, ()), upto, free=tile.at <= self.quote.start)
        onward: dict[_Tile, int] = {}
        for tile in sorted(tiles, key=lambda tile: -tile.end):
            self._weigh(tile, begins.get(tile.end, ()), onward, free=tile.end >= self.quote.end)
        worth = {tile: upto[tile] + onward[tile] - self._own(tile) for tile in tiles if tile in upto and tile in onward}
        best = max(worth.values(), default=0)
        chain = self._chain([tile for tile in worth if worth[tile] == best], onward)
        rivals = (tile for tile in worth if worth[tile] == best and self.overlap(tile) and tile not in chain)
        return [] if any(rivals) else chain

    def overlap(self, tile: _Tile) -> int:
        """Return how many letters of the quote are in the tile."""
        return max(0, min(tile.end, self.quote.end) - max(tile.at, self.quote.start))

    def _own(self, tile: _Tile) -> int:
        own = self.overlap(tile)
        return (tile.end - tile.at - own) * _LETTER + (own > 0 and tile.run in self.expected)

    def _weigh(self, tile: _Tile, beside: Sequence[_Tile], worth: dict[_Tile, int], *, free: bool) -> None:
        """Score a tile together with the best tile beside it; a `free` tile can stand alone."""
        options = [worth[other] - _jump(*sorted((tile, other))) for other in beside if other in worth]
        if free or options:
            worth[tile] = self._own(tile) + max([*options, 0] if free else options)

    def _chain(self, tiles: Sequence[_Tile], onward: dict[_Tile, int]) -> list[_Tile]:
        """Return one of the best chains, given the tiles that are in any of them."""
        chain = list(tiles[:1])
        while chain:
            rest = onward[chain[-1]] - self._own(chain[-1])
            following = (
                tile for tile in tiles if tile.at == chain[-1].end and onward[tile] - _jump(chain[-1], tile) == rest
            )
            then = next(following, None)
            if then is None:
                break
            chain.append(then)
        return chain


def _grouped(tiles: Sequence[_Tile], by: Literal["at", "end"]) -> dict[int, list[_Tile]]:
    grouped: dict[int, list[_Tile]] = {}
    for tile in tiles:
        grouped.setdefault(tile.at if by == "at" else tile.end, []).append(tile)
    return grouped


def _jump(tile: _Tile, then: _Tile) -> int:
    """Return the penalty for going from a tile to one whose run is not the next."""
    return 0 if then.run - tile.run == 1 else _JUMP
