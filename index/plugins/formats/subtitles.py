"""Parses subtitles (SubRip, WebVTT, SSA/ASS, SBV): what is said, in sentences, with the moment and the speaker of each.

Our own parser for all four, measured against srt 3.5.3, which needs more than 100 seconds for a line of 10,000 digits.
Cues that follow each other become one paragraph, so that a sentence that runs over several of them stays whole.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from index.loading import plain_text
from index.loading.draft import Block, Draft, source_lines
from index.records.file_kinds import Format
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.loading.draft import Content
    from index.records.file_kinds import Head

SUBRIP = "application/x-subrip"
WEBVTT = "text/vtt"
SSA = "text/x-ssa"
SBV = "text/x-sbv"
_FORMAT_NAME = re.compile(r"WEBVTT(?:\s|$)|\[Script Info\]", re.IGNORECASE)
_LINE_OF_TIMES = re.compile(
    r"\s*(?:\d{1,4}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?\s*-{1,3}>\s*(?:\d{1,4}:)?\d{1,2}:\d{1,2}"
    r"|\s*\d{1,2}:\d{2}:\d{2}\.\d{3},\d{1,2}:\d{2}:\d{2}\.\d{3}\s*$"
)
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"\s*{_TIME}\s*-{{1,3}}>\s*{_TIME}")
_SBV_TIMING = re.compile(r"\s*(\d{1,2}):(\d{2}):(\d{2})\.(\d{3}),(\d{1,2}):(\d{2}):(\d{2})\.(\d{3})\s*")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,100})>")
_TAG = re.compile(r"<[^<>]{0,200}>|\{\\?[^{}]{0,200}\}")
_NAMED = re.compile(r"(?:>>+\s*|-\s+)?([A-ZÀ-ÞА-Я][\w'’.-]*(?: [A-ZÀ-ÞА-Я][\w'’.-]*){0,3}):\s+(?=\S)")
_TURN = re.compile(r"\s*(?:>>+|-\s)\s*")
_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_NO_CUES = "It has no subtitles with a time, so it was read line by line as plain text."
_PAUSE, _LONG_PAUSE = 2.0, 6.0
"""Seconds. A new paragraph begins after a pause at the end of a sentence, and after a long pause."""
_ROLLING = 0.2
_LONG = 600
"""Characters. A paragraph of this length ends with its sentence."""
_LONGEST = 1200
_ASS_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")


class _Cue(NamedTuple):
    """What is said at a moment; times in seconds."""

    start: float
    end: float
    speaker: str
    words: str

    @property
    def label(self) -> str:
        """The name of the moment: `00:12:04, Speaker`."""
        seconds = int(self.start)
        moment = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{moment}, {self.speaker}" if self.speaker else moment


@dataclass(frozen=True, slots=True)
class _Raw:
    """A cue as it is in the file."""

    start: float
    end: float
    lines: Sequence[str]
    speaker: str = ""


def read(content: Content, name: str) -> Draft:
    """Return what is said as paragraphs; each cue is a place. A file without cues is read line by line, with a note."""
    lines = source_lines(content.text)
    raw = _dialogue(lines) if any(line.startswith("Dialogue:") for line in lines) else _timed(lines)
    cues = [cue for cue in _spoken(raw) if has_words(cue.words)]
    if not cues:
        return Draft(plain_text.read_structured(content, name).blocks, notes=(_NO_CUES,))
    return Draft([_paragraph(group) for group in _grouped(cues)], title=_title(lines))


def _title(lines: list[str]) -> str:
    """Return the title that the first lines state: after `WEBVTT`, or in the head of SSA."""
    first = lines[0].removeprefix("\ufeff")
    if first.startswith("WEBVTT"):
        return one_line(first.removeprefix("WEBVTT").strip(" \t-–—:"))
    stated = next((line for line in lines[:30] if line.startswith("Title:")), "")
    title = one_line(stated.removeprefix("Title:"))
    return "" if title.lower() in {"<untitled>", "untitled", "default aegisub file"} else title


def _timed(lines: list[str]) -> Iterator[_Raw]:
    """Yield the cues of SubRip, WebVTT and SBV: a line of times, and the lines up to a blank one or the next times."""
    start = end = -1.0
    said: list[str] = []
    for n, line in enumerate(lines):
        found = _TIMING.match(line) or _SBV_TIMING.fullmatch(line)
        if not found and line.strip():
            if start >= 0 and not _is_counter(lines, n):
                said.append(line)
            continue
        if said:
            yield _Raw(start, end, said)
        said = []
        start, end = (_seconds(found.groups()[:4]), _seconds(found.groups()[4:])) if found else (-1.0, -1.0)


def _is_counter(lines: list[str], n: int) -> bool:
    """Return whether a line is the number above a line of times."""
    return lines[n].strip().isdecimal() and n + 1 < len(lines) and bool(_TIMING.match(lines[n + 1]))


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction or 0}")


def _dialogue(lines: Iterable[str]) -> Iterator[_Raw]:
    """Yield the cues of SSA and ASS; a `Format:` line names the fields of the `Dialogue:` lines below it."""
    fields: Sequence[str] = _ASS_FIELDS
    for line in lines:
        if line.startswith("Format:"):
            stated = [part.strip().lower() for part in line.removeprefix("Format:").split(",")]
            fields = stated if stated[-1] == "text" else fields
        elif line.startswith("Dialogue:"):
            values = line.removeprefix("Dialogue:").split(",", len(fields) - 1)
            cue = dict(zip(fields, map(str.strip, values), strict=False))
            times = re.fullmatch(rf"{_TIME},{_TIME}", f"{cue.get('start', '')},{cue.get('end', '')}")
            if times:
                words = re.sub(r"\\[Nnh]", " ", cue.get("text", ""))
                yield _Raw(_seconds(times.groups()[:4]), _seconds(times.groups()[4:]), [words], cue.get("name", ""))


def _spoken(raw: Iterable[_Raw]) -> Iterator[_Cue]:
    """Yield the cues without markup, one for each speaker, and without the lines that rolling captions repeat."""
    cues = list(raw)
    names = _names(cues)
    last, carried, end = frozenset[str](), "", 0.0
    for cue in cues:
        new = [line for line in cue.lines if not _is_repeated(_plain(line), last, cue.start - end)]
        last = frozenset(map(_plain, cue.lines))
        for speaker, words in _turns(
            new, one_line(cue.speaker) or (carried if cue.start - end < _LONG_PAUSE else ""), names
        ):
            yield _Cue(cue.start, cue.end, speaker, words)
            carried = speaker if speaker in names else ""
        end = cue.end


def _is_repeated(plain: str, last: frozenset[str], pause: float) -> bool:
    """Return whether captions that roll show a line of the last cue once more. People repeat a word or two, too."""
    return plain in last and pause < _ROLLING and plain.count(" ") > 1


def _names(cues: Iterable[_Raw]) -> frozenset[str]:
    """Return the names of speakers in front of lines: in capitals, or more than once; else it may be any word."""
    found = Counter(named[1] for cue in cues for line in cue.lines if (named := _NAMED.match(_plain(line))))
    return frozenset(name for name, count in found.items() if count > 1 or (name.isupper() and len(name) > 1))


def _turns(lines: Iterable[str], speaker: str, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the speaker and the words of each turn in a cue."""
    words: list[str] = []
    for line in lines:
        voice, plain = _VOICE.search(line), _plain(line)
        named, turn = _NAMED.match(plain), _TURN.match(plain)
        named = named if named and named[1] in names else None
        if begins := named or turn:
            plain = plain[begins.end() :]
        if voice or begins:
            yield speaker, " ".join(words)
            words = []
            speaker = one_line(voice[1]) if voice else named[1] if named else ""
        words.append(plain)
    yield speaker, " ".join(words)


def _plain(line: str) -> str:
    return one_line(unescape(_TAG.sub("", line)))


def _grouped(cues: Iterable[_Cue]) -> Iterator[list[_Cue]]:
    """Yield the cues of each paragraph."""
    group: list[_Cue] = []
    length = 0
    for cue in cues:
        if group and _parted(group[-1], cue, length):
            yield group
            group, length = [], 0
        group.append(cue)
        length += len(cue.words) + 1
    if group:
        yield group


def _parted(last: _Cue, cue: _Cue, length: int) -> bool:
    """Return whether a new paragraph begins with a cue: another speaker, a pause, or enough words before it."""
    pause = cue.start - last.end
    if (cue.speaker and cue.speaker != last.speaker) or pause > _LONG_PAUSE or length > _LONGEST:
        return True
    return bool(_END.search(last.words)) and (pause > _PAUSE or length > _LONG)


def _paragraph(cues: Sequence[_Cue]) -> Block:
    places: list[tuple[int, str, int]] = []
    position = 0
    for cue in cues:
        places.append((position, cue.label, 0))
        position += len(cue.words) + 1
    return Block(" ".join(cue.words for cue in cues), places=tuple(places))


def _recognise(head: Head, suffix: str) -> str:  # noqa: ARG001 - every recogniser has this signature
    beginning = head.beginning
    if not _is_subtitles(beginning):
        return ""
    if beginning.upper().startswith("WEBVTT"):
        return WEBVTT
    return SSA if beginning.startswith("[") else SBV if "-->" not in beginning[:200] else SUBRIP


def _is_subtitles(beginning: str) -> bool:
    """Return whether a text begins like subtitles of any of the four kinds: with its name, or with a line of times."""
    if _FORMAT_NAME.match(beginning):
        return True
    lines = [line for line in beginning.split("\n", 4)[:3] if line.strip()]
    first = lines[1:2] if lines and lines[0].strip().isdecimal() else lines[:1]
    return any(map(_LINE_OF_TIMES.match, first))


FORMATS = tuple(
    Format(
        name=name,
        kind="Subtitles",
        endings=endings,
        media_types=media_type,
        looks_at="text",
        rank=30,
        recognise=_recognise,
        ending_decides="last",
        read="index.plugins.formats.subtitles:read",
        place="time",
    )
    for name, endings, media_type in (
        ("SubRip", "srt", SUBRIP),
        ("WebVTT", "vtt", WEBVTT),
        ("SubStation Alpha", "ass ssa", SSA),
        ("SBV", "sbv", SBV),
    )
)
