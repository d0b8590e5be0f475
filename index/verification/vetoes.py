"""What rules say against a claim that the verifier supports, and how its words differ from the nearest ones."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

from index.text.dates import MONTHS
from index.text.wording import folded, normalise, words
from index.text.words import NUMBER_WORDS

if TYPE_CHECKING:
    from index.text.wording import Word

LONGEST_DIFFERENCE = 6
"""Words of each side of a difference that a reason shows."""
_NUMBER = re.compile(r"([$€£¥]?) ?(\d+(?:[.,]\d+)*)")
_IN_NAME = re.compile(r"[\w.,]$|[^\W\d_]-$")
"""What stands before digits that are a part of a name, as in `COVID-19` and `v2`."""
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
    """Return the first number in digits of a claim that a source lacks, as it is written; empty if there is none.

    A number that the claim does not give as exact may be rounded. The source may have a small one in words. An amount
    of money does not equal one of another currency. `python -m
    benchmarks.rules --sets objections`: it objects to .14 of 3,419 false claims and .10 of 2,122 true ones. Rules that
    read units and numbers in words, too, objected to .023 more of the false ones and .017 more of the true ones.
    """
    ours, theirs = normalise(claim), normalise(source)
    stated = [(match[1], _plain_number(match[2])) for match in _NUMBER.finditer(theirs)]
    stated += [
        ("", _plain_number(str(NUMBER_WORDS[word.plain]))) for word in words(theirs) if word.plain in NUMBER_WORDS
    ]
    for match in _NUMBER.finditer(ours):
        before, sign, number = ours[max(0, match.start(2) - 30) : match.start(2)], match[1], _plain_number(match[2])
        if _ABOUT.search(before) or _IN_NAME.search(before):
            continue
        if not any(number == other and (sign == money or not (sign and money)) for money, other in stated):
            return match[0].strip()
    return ""


def _plain_number(digits: str) -> str:
    return digits.replace(",", "").lstrip("0")


def missing_name(claim: str, source: str) -> str:
    """Return the first name of a claim of which a source has no word; empty if there is none.

    A name is a run of capitalised words. The first word of the claim is left out, because every sentence begins so.
    Measured in the same way: it objects to .31 of the false claims and .22 of the true ones.
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
