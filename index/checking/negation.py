"""What a sentence denies: its negations with the words they reach, compared with those of its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.checking.wording import Word

Force = Literal["denies", "idiom", "faint"]
"""It denies; it may not, being part of an idiom or a word: "not only", "non-"; it only might: "failed" without "to"."""
FOCUS, REACH, WINDOW = 3, 8, 40
"""How many telling words a negation is compared by; how many it may reach at most; and among how many words."""
_CUES = frozenset(
    "not never no none nobody nothing nowhere neither nor without cannot hardly barely scarcely rarely seldom non "
    "unable inability impossible lack lacks lacked lacking absence deny denies denied denying".split()
)
_BEFORE_TO = frozenset("fail fails failed failing failure refuse refuses refused declined declines".split())
_NOT_ONLY = frozenset("only just merely simply solely least".split())
_IDIOMS = frozenset((("no", "doubt"), ("no", "matter"), ("nothing", "but"), ("none", "other"), ("without", "doubt")))
_CLAUSE = re.compile(r"[,;:.!?()]")
_JOINTS = frozenset("but although though while whereas however because which who unless and".split())


@dataclass(frozen=True, slots=True)
class Cue:
    """A word that denies."""

    at: int
    """Which word of the sentence it is."""
    focus: tuple[str, ...]
    """The stems of the telling words of its clause that it reaches first, nearest first."""
    reach: frozenset[str]
    """The stems of all telling words that it may reach, beyond its clause, too, but not beyond "but"."""
    force: Force = "denies"


def cues(text: str, words: Sequence[Word]) -> tuple[Cue, ...]:
    """The negations of a settled text, in order."""
    places = [i for i in range(len(words)) if _denies(words, i)]
    if len(places) > 1:  # "neither … nor", "not … nor": one negation, spelled twice
        places = [i for n, i in enumerate(places) if n == 0 or words[i].plain != "nor"]
    taken = frozenset(places)
    return tuple(_cue(text, words, i, taken) for i in places)


def _denies(words: Sequence[Word], i: int) -> bool:
    plain = words[i].plain
    if plain == "no":  # "No. 5"
        return not (i + 1 < len(words) and words[i + 1].text[0].isdecimal())
    if plain == "free":
        return i + 1 < len(words) and words[i + 1].plain in ("of", "from")
    return plain in _CUES or "n't" in plain or plain in _BEFORE_TO


def _force(words: Sequence[Word], i: int) -> Force:
    plain, after = words[i].plain, words[i + 1].plain if i + 1 < len(words) else ""
    if plain in _BEFORE_TO:
        return "denies" if after == "to" else "faint"
    before = words[i - 1].plain if i else ""
    idiom = (plain == "not" and (after in _NOT_ONLY or before in ("if", "or"))) or plain == "non"
    idiom = idiom or (plain, after) in _IDIOMS
    return "idiom" if idiom else "denies"


def _cue(text: str, words: Sequence[Word], i: int, taken: frozenset[int]) -> Cue:
    """A negation with the telling words after it."""
    end = min(len(words), i + WINDOW)
    turn = next((n for n in range(i + 2, end) if words[n].plain == "but"), end)
    first = i + 2 if [word.plain for word in words[i : i + 2]] == ["no", "longer"] else i + 1
    after = [n for n in range(first, turn) if words[n].telling and n not in taken][:REACH]
    clause = [n for n in after[:FOCUS] if n == after[0] or not _ends(text, words, after[0], n)]
    focus = tuple(words[n].stem for n in clause)
    return Cue(i, focus, frozenset(words[n].stem for n in after), _force(words, i))


def _ends(text: str, words: Sequence[Word], first: int, last: int) -> bool:
    """Whether a clause ends between two words."""
    if _CLAUSE.search(text, words[first].end, words[last].start):
        return True
    return any(words[n].plain in _JOINTS for n in range(first + 1, last + 1))
