"""What a model thinks aloud, left out of what it writes, however its text is cut into pieces.

The borders of a thought that models use: `<think>` and its kin, `[THINK]`, `◁think▷`, `<|START_THINKING|>`, and the
channels of harmony, whose `final` alone is the answer. Some templates open the thought in the prompt: then only
`</think>` comes, and all before it was a thought. Nobody can know that before it comes, so the words of a model that
has not shown its ways are held back to the end of its first reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TAG = r"(?:seed:|antml:)?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)"
_TOKEN = regex.compile(
    rf"(?P<opens><{_TAG}(?:\s[^<>]{{0,60}})?>|(?-i:\[THINK\])|◁think▷|<\|(?:begin_of_thought|START_THINKING)\|>"
    r"|<\|channel\|>\s{0,3}(?!final)[a-z]{1,20}(?![a-z]))"
    rf"|(?P<closes></{_TAG}\s?>|(?-i:\[/THINK\])|◁/think▷|<\|(?:end_of_thought|END_THINKING)\|>"
    r"|<\|channel\|>\s{0,3}final(?![a-z]))"
    r"|(?P<unseen><\|(?:start|im_start|start_header_id)\|>[a-z]{0,12}(?![a-z])"  # the borders of turns, and whose turn
    r"|<[|｜](?!channel)[^\s<>|｜]{1,40}[|｜]>)",
    regex.IGNORECASE,
)
_BARE = regex.compile(r"\s*analysis(?=[A-Z])")
_BARE_TOKEN = regex.compile(r"(?P<opens>(?!))|(?P<closes>assistantfinal)")
"""Harmony whose borders a server has taken out: `analysisWe need …assistantfinalThe king …`."""
LONGEST_TOKEN = 90
"""Characters of a border, at most."""
_BEGINNINGS = "<[◁a"


class MixedThoughtsError(Exception):
    """A thought turned out to be one after some of it was passed on."""


class Thoughts:
    """Takes in a text piece by piece, and gives out what is no thought."""

    def __init__(self, *, known: bool) -> None:
        self._known = known
        """Whether text may be given out as it comes: this model opens its thoughts, or has none."""
        self._thinking = False
        self._begun = False
        self._token = _TOKEN
        self._held = ""
        self._pending: list[str] = []
        self.seen = False
        """Whether there was a thought."""
        self.unopened = False
        """Whether one was closed that was never opened."""

    def feed(self, text: str) -> str:
        """What can be shown now. Raises MixedThoughtsError."""
        self._held += text
        if not self._begun and not self._pending and not self.seen:
            if len(self._held.lstrip()) < len("analysisA") and "analysis".startswith(self._held.strip()[:8]):
                return ""
            if found := _BARE.match(self._held):
                self._token = _BARE_TOKEN
                self._think(found.end())
        return self._given(self._taken(ended=False))

    def end(self) -> str:
        """What is left when the text has come to its end: nothing of a thought that was not closed."""
        rest = self._taken(ended=True)
        self._known = True
        return self._given(rest)

    def _taken(self, *, ended: bool) -> str:
        """The text outside of thoughts, up to where a border might begin."""
        out: list[str] = []
        while found := self._border(ended=ended):
            before = self._held[: found.start()]
            if found["closes"]:
                self._close(out, before)
            elif not self._thinking:
                out.append(before)
            if found["opens"]:
                self._think(found.end())
            else:
                self._held = self._held[found.end() :]
        cut = len(self._held) if ended else self._safe()
        if not self._thinking:
            out.append(self._held[:cut])
        self._held = self._held[cut:]
        return "".join(out)

    def _border(self, *, ended: bool) -> regex.Match[str] | None:
        """The next border, unless it might go on in the next piece."""
        found: regex.Match[str] | None = self._token.search(self._held)
        if found is None or ended or found.end() < len(self._held):
            return found
        return found if self._held[-1] in ">]▷" and "start" not in found[0] else None

    def _safe(self) -> int:
        """Up to where no border can have begun."""
        start = max(0, len(self._held) - LONGEST_TOKEN)
        for place in range(start, len(self._held)):
            if self._held[place] in _BEGINNINGS and self._token.fullmatch(self._held, pos=place, partial=True):
                return place
        return len(self._held)

    def _think(self, end: int) -> None:
        self._held = self._held[end:]
        self._thinking = self.seen = True

    def _close(self, out: list[str], before: str) -> None:
        """A thought ends: one that was never opened takes all before it along."""
        if not self._thinking and (before.strip() or "".join(out).strip() or self._begun or self._pending):
            if self._begun:
                raise MixedThoughtsError
            out.clear()
            self._pending.clear()
            self.unopened = self.seen = True
        self._thinking, self._known = False, True

    def _given(self, text: str) -> str:
        """The text, or nothing as long as it may still be a thought."""
        if not self._known:
            self._pending += [text] if text else []
            return ""
        text = "".join((*self._pending, text))
        self._pending.clear()
        if not self._begun:
            text = text.lstrip()
        self._begun = self._begun or bool(text)
        return text


def without_thoughts(texts: Iterable[str], thoughts: Thoughts) -> Iterator[str]:
    """The pieces of a text less its thoughts. Raises MixedThoughtsError."""
    for text in texts:
        yield thoughts.feed(text)
    yield thoughts.end()
