"""Joins lines that an editor wrapped at a margin into paragraphs; line breaks that the author made are kept.

A line counts as wrapped if the first word of the next line would not have fitted at its end. That is true for
nearly every line of prose, and hardly ever for verse, lists, code and tables. The margin is measured on the whole
document.
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
"""Fewer breaks are enough if every next line begins in lower case."""
_SLACK = 6
"""Characters. Editors that balance or justify lines stop a little before the margin."""
_LONG_LINE = 200
_NEAR = 6
"""If the document has no margin, the margin of a break is measured on this many lines before it or after it."""
_FEWEST_NEAR, _NEAR_QUANTILE = 5, 0.8
_SHORTEST_HANGING = 25
"""Characters. A shorter line, such as `Contents of`, may be part of a title."""
_WIDEST_NEAR = 170
_ITEM = re.compile(r"\s*(?:[-*•–+>|#]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]+)[.)])\s")
_ALIGNED = re.compile(r"\S(?:\t|  +)\S.*(?:\t|  +)\S|\t|\s\|\s")
_CODE = re.compile(r"[={}<>]|\w\((?!\w{1,2}\))|^\s*(?:#|//|\$ )")
"""Does not match `author(s)`, which is a word, or `$5`, which is a price."""
_CODE_END = re.compile(r"[{};\\]$|\):$")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s*$")
_HANGING = re.compile(
    r"[^\W_]\s+(?:an?|the|of|in|on|to|for|with|by|at|from|as|his|her|its|their|than|that|which|was|were|is|are)$"
)
_LEANING = re.compile(r"\s*(?:of|than|which|was|were|is|are)\s")
_NEVER_LAST = re.compile(r"\s(?:the|its|their)$")
"""Words that may end a question or a clause (`travel to`, `waiting for`) are not included."""
_RUNS_ON = re.compile(r"[^\W\d_]{3}[.!?](?:\[\d+\])*[\"'”’)]*\s+[\"'“‘(]*[^\W\d_a-z]")
"""A sentence begins within the line, as in prose."""
_FIELD = re.compile(r"\s*[\w-]+:\s")
_HYPHEN_END = re.compile(r"[^\W\d_]-$")


@dataclass(frozen=True, slots=True)
class Width:
    """The margin at which a document's lines were wrapped; 0 if they were not."""

    margin: int

    @classmethod
    def of(cls, stanzas: Iterable[list[str]]) -> Width:
        """Measure the margin. It counts only if it forced most of the line breaks within stanzas; else it is 0."""
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
    """Return the paragraphs of a stanza, with wrapped lines joined."""
    stanza = dedent("\n".join(stanza)).split("\n")
    if not width.margin:
        return _split_long_lines(_join_by_neighbours(stanza))
    paragraphs: list[str] = []
    lines = [[stanza[0].rstrip()]]
    for line, following in pairwise(stanza):
        line = line.rstrip()
        if _begins_paragraph(line, following) and not any(_ITEM.match(pieces[0]) for pieces in [*lines, [following]]):
            paragraphs.append("\n".join(map(_join, lines)))
            lines = [[following.strip()]]
        elif _may_join(line, following) and _forced(line, following, width.margin):
            lines[-1].append(following.strip())
        else:
            lines.append([following.rstrip()])
    return [*paragraphs, *_split_long_lines([_collapse_blanks(_join(pieces)) for pieces in lines])]


def _join_by_neighbours(stanza: list[str]) -> list[str]:
    """Join lines of a text with several margins, such as pages pasted together. Each break is judged by its neighbours.

    Two lines are joined only in the middle of a sentence, so that the words of two speakers are never mixed: the first
    line must not end a sentence, and the next must begin in lower case or, in prose, with a name or a number.
    One of three signs must show that the line was wrapped at a margin: it is as long as the lines before it or after
    the break; it ends in a word that needs another word (`the`, `in`); or the next line begins with a word that needs
    one before it (`of`).
    """
    lines = [[stanza[0].rstrip()]]
    for n, (line, following) in enumerate(pairwise(stanza)):
        sides = (stanza[max(0, n - _NEAR) : n + 1], stanza[n : n + _NEAR + 1])
        if _goes_on(line.rstrip(), following, sides):
            lines[-1].append(following.strip())
        else:
            lines.append([following.rstrip()])
    return list(map(_join, lines))


def _goes_on(line: str, following: str, sides: Sequence[list[str]]) -> bool:
    """Return whether a sentence continues in the next line; `sides` are the lines before the break and after it."""
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
    """Return whether most lines that do not end a sentence continue in lower case."""
    initials = [following.strip()[:1] for line, following in pairwise(near) if not _SENTENCE_END.search(line)]
    return sum(map(str.islower, initials)) * 2 > len(initials)


def _margin(near: list[str]) -> int:
    """Return the margin of some lines; 0 if they are too few, too short or too long to have one."""
    lengths = sorted(len(line.rstrip()) for line in near)
    if len(lengths) < _FEWEST_NEAR:
        return 0
    margin = lengths[int(len(lengths) * _NEAR_QUANTILE)]
    return margin if _NARROWEST <= margin <= _WIDEST_NEAR else 0


def _begins_paragraph(line: str, following: str) -> bool:
    """Return whether the next line is indented after the end of a sentence, as paragraphs in books are."""
    return _indent(following) > _indent(line) and bool(_SENTENCE_END.search(line))


def _forced(line: str, following: str, margin: int) -> bool:
    first = following.split(maxsplit=1)[0] if following.strip() else ""
    return len(line) + 1 + len(first) > margin - _SLACK


def _may_join(line: str, following: str) -> bool:
    return not (_ITEM.match(following) or _ALIGNED.search(line) or _ALIGNED.search(following) or _CODE_END.search(line))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _join(pieces: Sequence[str]) -> str:
    r"""Join lines. A hyphen at a line end stays: text is seldom hyphenated, and `well-\nknown` is `well-known`."""
    joined = [pieces[0]]
    for piece, following in pairwise(pieces):
        joined += ["" if _HYPHEN_END.search(piece[-3:]) else " ", following]
    return "".join(joined)


def _collapse_blanks(line: str) -> str:
    """Shorten runs of blanks within prose, such as after a full stop; columns keep theirs."""
    return line if _ALIGNED.search(line) else re.sub(r"(?<=\S)  +", " ", line)


def _split_long_lines(stanza: list[str]) -> list[str]:
    """Make very long lines separate paragraphs: they are wider than any page, so the text was not wrapped."""
    paragraphs: list[list[str]] = [[]]
    for line in stanza:
        if paragraphs[-1] and max(len(line), len(paragraphs[-1][-1])) > _LONG_LINE:
            paragraphs.append([])
        paragraphs[-1].append(line.rstrip())
    return ["\n".join(lines) for lines in paragraphs]
