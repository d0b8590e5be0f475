"""What rules say against a claim that the verifier supports, and how its words differ from the nearest ones."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

from index.text.dates import MONTHS
from index.text.numbers import YEARS, Quantity, equal_quantities, read_quantities, without_notes
from index.text.wording import folded, normalise, words

if TYPE_CHECKING:
    from index.text.wording import Word

SMALL = 2
"""Numbers up to this one need not be in the source if they are written in words."""
MOST_NUMBERS = 5
"""A window with more numbers has sums by chance."""
LONGEST_DIFFERENCE = 6
"""Words of each side of a difference that a reason shows."""
_ABOUT = re.compile(
    r"\b(?:about|around|approximately|roughly|some|circa|ca|approx|nearly|almost|over|more than|less than|under"
    r"|at least|at most|up to|just under|just over|close to|as many as|as much as)[.\s]*(?:US)?[$€£¥]?\s?$",
    re.IGNORECASE,
)


def veto(claim: str, window: str) -> str:
    """Return why a claim is not supported by a window, whatever the verifier says; empty if nothing is against it."""
    if missing := missing_number(claim, window):
        return f"The number *{missing}* is not in the nearest words."
    if missing := missing_name(claim, window):
        return f"The name *{missing}* is not in the nearest words."
    return ""


def missing_number(claim: str, source: str) -> str:
    """Return the first number of a claim that a source lacks, as it is written; empty if there is none.

    A number that the claim does not give as exact may be rounded. Words such as "one" and "first" often count nothing,
    and "hundreds" or "the million" are no numbers to compare.
    """
    stated = read_quantities(source)
    text = without_notes(claim)
    for number in read_quantities(claim):
        about = bool(_ABOUT.search(text[max(0, number.start - 30) : number.start]))
        counts = number.value > SMALL or number.unit not in ("", "ordinal") or text[number.start].isdigit()
        if (
            number.firm
            and number.unit != "indefinite"
            and counts
            and not about
            and not any(equal_quantities(number, other) for other in stated)
        ):
            return text[number.start : number.end]
    return ""


def missing_name(claim: str, source: str) -> str:
    """Return the first name of a claim of which a source has no word; empty if there is none.

    A name is a run of capitalised words. The first word of the claim is left out, because every sentence begins so.
    """
    known = {form for word in words(normalise(source)) for form in (word.plain, word.stem)}
    for name in _names(normalise(claim)):
        if not any(word.plain in known or word.stem in known for word in name):
            return " ".join(word.text for word in name)
    return ""


def _names(text: str) -> list[list[Word]]:
    """Return the runs of capitalised words in a normalised text."""
    runs: list[list[Word]] = []
    end = -1
    for n, word in enumerate(words(text)):
        if not word.text[0].isupper() or not word.is_content or word.plain in MONTHS:
            continue
        if runs and text[end : word.start] == " ":
            runs[-1].append(word)
        elif n:
            runs.append([word])
        end = word.end
    return runs


def sum_of(claim: str, source: str) -> str:
    """Return how a number of the claim follows from two numbers of a source: `26 = 17 + 9`; empty if it does not."""
    stated = [number for number in read_quantities(source) if number.firm and _is_amount(number)]
    if len(stated) > MOST_NUMBERS:
        return ""
    text, known = without_notes(claim), without_notes(source)
    for number in read_quantities(claim):
        if not number.firm or not _is_amount(number) or any(equal_quantities(number, other) for other in stated):
            continue
        for first, second in permutations(stated, 2):
            if sign := _sign(number, first, second):
                left, right = known[first.start : first.end], known[second.start : second.end]
                return f"*{text[number.start : number.end]}* = {left} {sign} {right}."
    return ""


def _is_amount(number: Quantity) -> bool:
    return number.unit not in ("calendar", "dated", "ordinal") and not (not number.unit and number.value in YEARS)


def _sign(result: Quantity, first: Quantity, second: Quantity) -> str:
    """Return the operation that makes a number from two others of one unit; empty if none does."""
    if first.unit != second.unit:
        return ""
    if result.unit in (first.unit, ""):
        if result.value == first.value + second.value:
            return "+"
        if result.value == first.value - second.value:
            return "−"
    if second.value and result.unit in ("times", "%", "fraction"):
        share = first.value / second.value * (100 if result.unit == "%" else 1)
        if share == result.value or (result.unit == "%" and round(share) == result.value):
            return "÷"
    return ""


def difference(claim: str, source: str) -> str:
    """Return the words that differ, if claim and source differ in one place only; empty for other differences.

    The source may have further words before and after.
    """
    ours, theirs = _plain(claim), _plain(source)
    matcher = SequenceMatcher(None, [word for word, _ in ours], [word for word, _ in theirs], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return ""
    ends = [(0, 0, 0), *blocks, (len(ours), len(theirs), 0)]
    gaps = [(ours[a + size : b], theirs[c + size : d]) for (a, c, size), (b, d, _) in pairwise(ends)]
    changed = [gap for n, gap in enumerate(gaps) if gap[0] or (gap[1] and 0 < n < len(gaps) - 1)]
    shared = sum(block.size for block in blocks)
    if len(changed) != 1 or 2 * shared < len(ours) or max(map(len, changed[0])) > LONGEST_DIFFERENCE:
        return ""
    here, there = (" ".join(text for _, text in side) for side in changed[0])
    if not there:
        return f"*{here}* here, not in the source."
    return f"*{here}* here, *{there}* in the source." if here else f"*{there}* in the source, not here."


def _plain(text: str) -> list[tuple[str, str]]:
    return [(folded(word.text), word.text) for word in words(normalise(text))]
