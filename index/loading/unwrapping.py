"""Lines that an editor broke at a margin become paragraphs again; lines that an author broke stay lines.

A line was broken at the margin exactly when the next line's first word would not have fitted behind it. Prose does that
at nearly every line end; verse, lists, code and tables hardly ever. The margin is measured on the document as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NARROWEST, _WIDEST = 40, 132
_MARGIN_QUANTILE = 0.9
_WRAPPED_SHARE = 0.6
_FEWEST_BREAKS = 4
_FEWEST_PLAIN_BREAKS = 2
"""Fewer are enough where every line goes on in lower case."""
_SLACK = 6
"""Characters: editors that balance or justify stop a little before the margin."""
_LONG_LINE = 200
_NEAR = 6
"""How many lines before a break, or after it, its own margin is measured on, where the document has none."""
_FEWEST_NEAR, _NEAR_QUANTILE = 5, 0.8
_SHORTEST_HANGING = 25
"""Characters: `Contents of` may be a line of a title."""
_WIDEST_NEAR = 170
_ITEM = re.compile(r"\s*(?:[-*•–+>|#]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]+)[.)])\s")
_ALIGNED = re.compile(r"\S(?:\t|  +)\S.*(?:\t|  +)\S|\t|\s\|\s")
_CODE = re.compile(r"[={}<>]|\w\((?!\w{1,2}\))|^\s*(?:#|//|\$ )")
"""`author(s)` is a word, and `$5` a price."""
_CODE_END = re.compile(r"[{};\\]$|\):$")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s*$")
_HANGING = re.compile(
    r"[^\W_]\s+(?:an?|the|of|in|on|to|for|with|by|at|from|as|his|her|its|their|than|that|which|was|were|is|are)$"
)
_LEANING = re.compile(r"\s*(?:of|than|which|was|were|is|are)\s")
_NEVER_LAST = re.compile(r"\s(?:the|its|their)$")
"""What a question or a clause may end in (`travel to`, `waiting for`) is not here."""
_RUNS_ON = re.compile(r"[^\W\d_]{3}[.!?](?:\[\d+\])*[\"'”’)]*\s+[\"'“‘(]*[^\W\d_a-z]")
"""A sentence begins within the line, as it does in prose."""
_FIELD = re.compile(r"\s*[\w-]+:\s")
_HYPHEN_END = re.compile(r"[^\W\d_]-$")


@dataclass(frozen=True, slots=True)
class Width:
    """The margin at which a document's lines were broken; 0 where they were not."""

    margin: int

    @classmethod
    def of(cls, stanzas: Iterable[list[str]]) -> Width:
        """Measure it: most breaks between two lines of one stanza must be forced by it."""
        breaks = [(a.rstrip(), b) for stanza in stanzas for a, b in pairwise(stanza)]
        breaks = [(a, b) for a, b in breaks if not _ITEM.match(b) and not _ALIGNED.search(a)]
        plain = all(b.lstrip()[:1].islower() for _, b in breaks)
        if len(breaks) < (_FEWEST_PLAIN_BREAKS if plain else _FEWEST_BREAKS):
            return cls(0)
        lengths = sorted(len(a) for a, _ in breaks)
        margin = lengths[min(len(lengths) - 1, int(len(lengths) * _MARGIN_QUANTILE))]
        forced = sum(_forced(a, b, margin) for a, b in breaks)
        wrapped = _NARROWEST <= margin <= _WIDEST and forced >= _WRAPPED_SHARE * len(breaks)
        return cls(margin if wrapped else 0)


def unwrap(stanza: list[str], width: Width) -> list[str]:
    """The paragraphs of a stanza."""
    stanza = dedent("\n".join(stanza)).split("\n")
    if not width.margin:
        return _long_lines_apart(_mended(stanza))
    paragraphs: list[str] = []
    lines = [[stanza[0].rstrip()]]
    for line, following in pairwise(stanza):
        line = line.rstrip()
        if _begins_paragraph(line, following) and not any(_ITEM.match(each[0]) for each in [*lines, [following]]):
            paragraphs.append("\n".join(map(_joined, lines)))
            lines = [[following.strip()]]
        elif _may_join(line, following) and _forced(line, following, width.margin):
            lines[-1].append(following.strip())
        else:
            lines.append([following.rstrip()])
    return [*paragraphs, *_long_lines_apart([_tidy(_joined(each)) for each in lines])]


def _mended(stanza: list[str]) -> list[str]:
    """Lines of a text with more than one margin, as where pages were pasted together: each break by those around it.

    Two lines are joined only in the middle of a sentence, lest what two people said becomes what one did: the first
    does not end one, and the next line goes on in lower case, or, in prose, with a name or a number.
    One of three things has to tell that the line was broken at a margin: it is as long as those before it or after the
    break, it ends in a word that needs another one (`the`, `in`), or the next begins with one that needs a word before
    it (`of`).
    """
    lines = [[stanza[0].rstrip()]]
    for n, (line, following) in enumerate(pairwise(stanza)):
        sides = (stanza[max(0, n - _NEAR) : n + 1], stanza[n : n + _NEAR + 1])
        if _goes_on(line.rstrip(), following, sides):
            lines[-1].append(following.strip())
        else:
            lines.append([following.rstrip()])
    return list(map(_joined, lines))


def _goes_on(line: str, following: str, sides: Sequence[list[str]]) -> bool:
    """Whether a sentence goes on in the next line; the sides are the lines before the break, and those after it."""
    if _SENTENCE_END.search(line) or _CODE.search(line) or _CODE.search(following) or not _may_join(line, following):
        return False
    if not following.strip()[:1].islower():
        if not following.strip()[:1].isalnum():
            return False
        if len(line) >= _SHORTEST_HANGING and _NEVER_LAST.search(line):
            return True
        if not any(map(_RUNS_ON.search, (line, following))) and not any(map(_is_prose, sides)):
            return False
    elif _indent(following) <= _indent(line) and not _FIELD.match(following):
        hangs = len(line) >= _SHORTEST_HANGING and _HANGING.search(line)
        leans = len(following) >= _NARROWEST and _LEANING.match(following)
        if hangs or leans:
            return True
    return any(_forced(line, following, margin) for margin in map(_margin, sides) if margin)


def _is_prose(near: list[str]) -> bool:
    """Whether most of these lines that do not end a sentence go on in lower case."""
    following = [two.strip()[:1] for one, two in pairwise(near) if not _SENTENCE_END.search(one)]
    return sum(map(str.islower, following)) * 2 > len(following)


def _margin(near: list[str]) -> int:
    """The margin of some lines; 0 where they are too few, too short or too long to have one."""
    lengths = sorted(len(each.rstrip()) for each in near)
    if len(lengths) < _FEWEST_NEAR:
        return 0
    margin = lengths[int(len(lengths) * _NEAR_QUANTILE)]
    return margin if _NARROWEST <= margin <= _WIDEST_NEAR else 0


def _begins_paragraph(line: str, following: str) -> bool:
    """An indent after the end of a sentence, as books set their paragraphs."""
    return _indent(following) > _indent(line) and bool(_SENTENCE_END.search(line))


def _forced(line: str, following: str, margin: int) -> bool:
    first = following.split(maxsplit=1)[0] if following.strip() else ""
    return len(line) + 1 + len(first) > margin - _SLACK


def _may_join(line: str, following: str) -> bool:
    return not (_ITEM.match(following) or _ALIGNED.search(line) or _ALIGNED.search(following) or _CODE_END.search(line))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(pieces: Sequence[str]) -> str:
    r"""A hyphen at the margin stays: plain text is seldom hyphenated, and `well-\nknown` is `well-known`."""
    joined = [pieces[0]]
    for piece, following in pairwise(pieces):
        joined += ["" if _HYPHEN_END.search(piece[-3:]) else " ", following]
    return "".join(joined)


def _tidy(line: str) -> str:
    """Prose loses its inner runs of blanks, as after a full stop; columns keep them."""
    return line if _ALIGNED.search(line) else re.sub(r"(?<=\S)  +", " ", line)


def _long_lines_apart(stanza: list[str]) -> list[str]:
    """Where nothing was wrapped, a line longer than any page is wide is a paragraph of its own."""
    paragraphs: list[list[str]] = [[]]
    for line in stanza:
        if paragraphs[-1] and max(len(line), len(paragraphs[-1][-1])) > _LONG_LINE:
            paragraphs.append([])
        paragraphs[-1].append(line.rstrip())
    return ["\n".join(lines) for lines in paragraphs]
