"""The thoughts of a model, removed from its text however the text is cut into pieces.

Models mark a thought with `<think>` and similar tags, `[THINK]`, `◁think▷`, `<|START_THINKING|>`, or the channels of
harmony, of which only `final` is the answer. Some templates open the thought in the prompt: then only `</think>`
arrives, and everything before it was a thought. This cannot be known earlier, so the text of a model that has not shown
how it marks its thoughts is held back until its first reply ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TAG = r"(?:seed:|antml:)?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)"
_MARK = regex.compile(
    rf"(?P<opens><{_TAG}(?:\s[^<>]{{0,60}})?>|(?-i:\[THINK\])|◁think▷|<\|(?:begin_of_thought|START_THINKING)\|>"
    r"|<\|channel\|>\s{0,3}(?!final)[a-z]{1,20}(?![a-z]))"
    rf"|(?P<closes></{_TAG}\s?>|(?-i:\[/THINK\])|◁/think▷|<\|(?:end_of_thought|END_THINKING)\|>"
    r"|<\|channel\|>\s{0,3}final(?![a-z]))"
    r"|(?P<hidden><\|(?:start|im_start|start_header_id)\|>[a-z]{0,12}(?![a-z])"  # a turn's beginning and its role
    r"|<[|｜](?!channel)[^\s<>|｜]{1,40}[|｜]>)",
    regex.IGNORECASE,
)
_BARE = regex.compile(r"\s*analysis(?=[A-Z])")
_BARE_MARK = regex.compile(r"(?P<opens>(?!))|(?P<closes>assistantfinal)")
"""Harmony whose special tokens a server has removed: `analysisWe need …assistantfinalThe king …`."""
MAX_MARK = 90
"""Maximum characters of a mark."""
_FIRST_LETTERS = "<[◁a"


class MixedThoughtsError(Exception):
    """Some text turned out to be a thought after it was passed on."""


class ThoughtFilter:
    """Takes a text piece by piece, and returns the parts that are not thoughts."""

    def __init__(self, *, marks_thoughts: bool) -> None:
        self._ready = marks_thoughts
        """Whether text may be returned as it comes: this model opens its thoughts, or has none."""
        self._thinking = False
        self._begun = False
        """Whether some of the answer was returned."""
        self._mark = _MARK
        self._buffer = ""
        self._pending: list[str] = []
        self.seen = False
        """Whether there was a thought."""
        self.unopened = False
        """Whether a thought was closed that was never opened."""

    def feed(self, text: str) -> str:
        """Return the text that can be shown now. Raises MixedThoughtsError."""
        self._buffer += text
        if not self._begun and not self._pending and not self.seen:
            if len(self._buffer.lstrip()) < len("analysisA") and "analysis".startswith(self._buffer.strip()[:8]):
                return ""
            if match := _BARE.match(self._buffer):
                self._mark = _BARE_MARK
                self._open(match.end())
        return self._released(self._outside_thoughts(ended=False))

    def end(self) -> str:
        """Return the rest when the text has ended, without a thought that was not closed."""
        rest = self._outside_thoughts(ended=True)
        self._ready = True
        return self._released(rest)

    def _outside_thoughts(self, *, ended: bool) -> str:
        """Take the text outside of thoughts from the buffer, up to where a mark might begin."""
        parts: list[str] = []
        while match := self._next_mark(ended=ended):
            before = self._buffer[: match.start()]
            if match["closes"]:
                self._close(parts, before)
            elif not self._thinking:
                parts.append(before)
            if match["opens"]:
                self._open(match.end())
            else:
                self._buffer = self._buffer[match.end() :]
        cut = len(self._buffer) if ended else self._possible_mark()
        if not self._thinking:
            parts.append(self._buffer[:cut])
        self._buffer = self._buffer[cut:]
        return "".join(parts)

    def _next_mark(self, *, ended: bool) -> regex.Match[str] | None:
        """Return the next mark, unless it might continue in the next piece."""
        match: regex.Match[str] | None = self._mark.search(self._buffer)
        if match is None or ended or match.end() < len(self._buffer):
            return match
        return match if self._buffer[-1] in ">]▷" and "start" not in match[0] else None

    def _possible_mark(self) -> int:
        """Return the first offset at which a mark may begin that is not complete yet."""
        start = max(0, len(self._buffer) - MAX_MARK)
        for offset in range(start, len(self._buffer)):
            if self._buffer[offset] in _FIRST_LETTERS and self._mark.fullmatch(self._buffer, pos=offset, partial=True):
                return offset
        return len(self._buffer)

    def _open(self, end: int) -> None:
        self._buffer = self._buffer[end:]
        self._thinking = self.seen = True

    def _close(self, parts: list[str], before: str) -> None:
        """End a thought. If it was never opened, everything before it belongs to it."""
        if not self._thinking and (before.strip() or "".join(parts).strip() or self._begun or self._pending):
            if self._begun:
                raise MixedThoughtsError
            parts.clear()
            self._pending.clear()
            self.unopened = self.seen = True
        self._thinking, self._ready = False, True

    def _released(self, text: str) -> str:
        """Return the text, or nothing as long as it may still be a thought."""
        if not self._ready:
            self._pending += [text] if text else []
            return ""
        text = "".join((*self._pending, text))
        self._pending.clear()
        if not self._begun:
            text = text.lstrip()
        self._begun = self._begun or bool(text)
        return text


def without_thoughts(texts: Iterable[str], thoughts: ThoughtFilter) -> Iterator[str]:
    """Yield the pieces of a text without its thoughts; none is empty. Raises MixedThoughtsError."""
    for text in texts:
        if shown := thoughts.feed(text):
            yield shown
    if rest := thoughts.end():
        yield rest
