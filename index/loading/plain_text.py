"""Reads plain text: its encoding, paragraphs and headings, and lines that are data, each with its number as place."""

from __future__ import annotations

import codecs
import re
from collections import deque
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from pathlib import PurePath
from textwrap import dedent
from typing import TYPE_CHECKING

from index.loading import metadata
from index.loading.draft import Block, Draft, numbered, paragraph, verbatim, written_lines
from index.records.file_kinds import format_of
from index.text.dates import iso_date
from index.text.prose import is_sentence
from index.text.sentences import normalise, one_line
from index.text.words import NUMBER_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.loading.draft import Content


# Joins lines that an editor wrapped at a margin into paragraphs; line breaks that the author made are kept.
#
# A line counts as wrapped if the first word of the next line would not have fitted at its end. That is true for
# nearly every line of prose, and hardly ever for verse, lists, code and tables. The margin is measured on the whole
# document.

_MIN_MARGIN, _MAX_MARGIN = 40, 132
_MARGIN_QUANTILE = 0.9
_WRAPPED_SHARE = 0.6
_MIN_BREAKS = 4
_MIN_PLAIN_BREAKS = 2
"""Fewer breaks are enough if every next line begins in lower case."""
_SLACK = 6
"""Characters. Editors that balance or justify lines stop a little before the margin."""
_WHOLE_LINE_CHARACTERS = 200
_NEIGHBOUR_LINES = 6
"""If the document has no margin, the margin of a break is measured on this many lines before it or after it."""
_MIN_NEIGHBOURS, _NEIGHBOUR_QUANTILE = 5, 0.8
_MIN_HANGING_CHARACTERS = 25
"""Characters. A shorter line, such as `Contents of`, may be part of a title."""
_MAX_NEIGHBOUR_MARGIN = 170
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
        if len(breaks) < (_MIN_PLAIN_BREAKS if plain else _MIN_BREAKS):
            return cls(0)
        lengths = sorted(len(a) for a, _ in breaks)
        margin = lengths[min(len(lengths) - 1, int(len(lengths) * _MARGIN_QUANTILE))]
        forced = sum(_forced(a, b, margin) for a, b in breaks)
        wrapped = _MIN_MARGIN <= margin <= _MAX_MARGIN and forced >= _WRAPPED_SHARE * len(breaks)
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
        sides = (stanza[max(0, n - _NEIGHBOUR_LINES) : n + 1], stanza[n : n + _NEIGHBOUR_LINES + 1])
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
        if len(line) >= _MIN_HANGING_CHARACTERS and _NEVER_LAST.search(line):
            return True
        if not any(map(_RUNS_ON.search, (line, following))) and not any(map(_is_prose, sides)):
            return False
    elif _indent(following) <= _indent(line) and not _FIELD.match(following):
        hangs = len(line) >= _MIN_HANGING_CHARACTERS and _HANGING.search(line)
        leans = len(following) >= _MIN_MARGIN and _LEANING.match(following)
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
    if len(lengths) < _MIN_NEIGHBOURS:
        return 0
    margin = lengths[int(len(lengths) * _NEIGHBOUR_QUANTILE)]
    return margin if _MIN_MARGIN <= margin <= _MAX_NEIGHBOUR_MARGIN else 0


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
        if paragraphs[-1] and max(len(line), len(paragraphs[-1][-1])) > _WHOLE_LINE_CHARACTERS:
            paragraphs.append([])
        paragraphs[-1].append(line.rstrip())
    return ["\n".join(lines) for lines in paragraphs]


_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, because this mark begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 65_536
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BINARY_SHARE = 0.01
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff\ue000-\uf8ff]")
_NEARLY_TWO = 1.9
_ZERO_BYTES_SHARE = 0.2
"""UTF-16 without control characters has at least this share of zeros in one of its two columns."""
_MIXED_SHARE = 0.1
"""If more of the lines that are not ASCII are UTF-8, the file has two encodings; by chance, hardly any is."""
_MIN_UTF8_BYTES = 16
"""So many bytes of UTF-8 without a zero are no UTF-16 or UTF-32, whatever the mark before them says."""
_FALLBACK = "cp1252"
_JAPANESE = frozenset(
    {"cp932", "shift_jis", "shift_jis_2004", "shift_jisx0213", "euc_jp", "euc_jis_2004", "euc_jisx0213"}
)
_HIRAGANA = re.compile("[\u3041-\u3096]")
_HIRAGANA_SHARE = 0.1
_COHERENCE_SLACK = 0.05
_OUT_OF_USE = (
    *("mac_cyrillic", "mac_greek", "mac_iceland", "mac_latin2", "mac_roman", "mac_turkish", "hp_roman8"),
    *("cp037", "cp1026", "cp1125", "cp1140", "cp273", "cp424", "cp500", "cp720", "cp737", "cp775", "cp850", "cp852"),
    *("cp855", "cp856", "cp857", "cp858", "cp860", "cp861", "cp862", "cp863", "cp864", "cp865", "cp869", "cp875"),
    *("iso8859_3", "iso8859_4", "iso8859_10", "iso8859_13", "iso8859_14", "iso8859_16", "ptcp154", "kz1048"),
)
"""Encodings of the first Macintosh, of mainframes and of DOS. They turn up only as wrong guesses."""
_AS_BROWSERS_DO = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}
"""As in browsers: a page that states the encoding on the left is read in its superset on the right."""
_UNBELIEVABLE = re.compile("utf-?(?:7|16|32)|.*escape", re.IGNORECASE)
"""Encodings that a file cannot truthfully state. If the stated name is readable as ASCII, the file does not use two or
four bytes per letter; the others are not used for pages."""
_MIN_BYTES = 400
"""With fewer bytes, letter statistics are noise, and Western European is the better guess."""
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:])\1{2,}")
_CHAPTER = re.compile(
    r"(?:chapter|part|book|section|appendix|act|scene|letter|article)\s+(?:[ivxlcdm]+|\d+|[a-z]|"
    rf"{'|'.join(list(NUMBER_WORDS)[1:11])}|the\s+\w+)\b[.:]?(?:\s+(?-i:[^a-z\s]).*)?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(\d+(?:\.\d+)*)\.?\s+[A-ZÀ-Þ][^.!?;]*[^.!?,;:\s]")
_STARS_ALONE = re.compile(r"^\*+ +\S.*$", re.MULTILINE)
_STARS = re.compile(r"(\*+)\s+(\S.*)")
_HEADING_LENGTH = 100
_CAPITALS_LEVEL = 2
_MEDIA_TYPE_ORG = "text/org"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded text, and notes on the characters that could not be decoded."""

    text: str
    notes: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded | None:
    """Return the text of bytes in any encoding, or None if they are not text."""
    mark, encoding = next((known for known in _BYTE_ORDER_MARKS if data.startswith(known[0])), (b"", ""))
    body = data[len(mark) :]
    if encoding == "utf-8" or (mark and not _is_marked_wrongly(body[:_SAMPLE])):
        return _leniently(body, encoding)
    if b"\x00" in body[:_SAMPLE] and not _is_narrow(body[:_SAMPLE]):
        return _wide(body)
    decoded = _narrow(body.replace(b"\x00", b""))
    zeros = body.count(b"\x00")
    if decoded is None or not (mark or zeros):
        return decoded
    count = "One byte that is zero was" if zeros == 1 else f"{zeros} bytes that are zero were"
    note = f"{count} left out." if zeros else f"Its mark says {encoding.upper()}, but it is not."
    return Decoded(decoded.text, (*decoded.notes, note))


def _narrow(data: bytes) -> Decoded | None:
    """Decode an encoding whose letters of English are single bytes."""
    if len(_BINARY.findall(data[:_SAMPLE])) > _BINARY_SHARE * len(data[:_SAMPLE]):
        return None
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _almost_utf8(data) or _leniently(data, _guess(data[:_SAMPLE]))


def _is_marked_wrongly(sample: bytes) -> bool:
    """Return whether a text with a mark of UTF-16 or UTF-32 is UTF-8."""
    return len(sample) >= _MIN_UTF8_BYTES and not _BINARY.search(sample) and _is_utf8(sample)


def _is_utf8(sample: bytes, *, final: bool = False) -> bool:
    """Return whether a sample is UTF-8; its last character may be cut unless it is final."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final)
    except UnicodeDecodeError:
        return False
    return True


def _is_narrow(sample: bytes) -> bool:
    """Return whether zeros in a text are damage: they are few, or in no column, and the rest is text.

    In UTF-16, most letters of Europe have a zero on the same side; the bytes of other letters are control characters.
    """
    if _is_utf32(sample):
        return False
    rest = sample.replace(b"\x00", b"")
    few, many = sorted((_zeros(sample, 2, 0), _zeros(sample, 2, 1)))
    in_a_column = many >= _ZERO_BYTES_SHARE and few < many / 2
    return not in_a_column and len(_BINARY.findall(rest)) <= _BINARY_SHARE * len(rest)


def decode_as(data: bytes, encoding: str) -> Decoded | None:
    """Return the text in the stated encoding, or None if the encoding does not exist or does not fit."""
    try:
        name = codecs.lookup(encoding).name
        return None if _UNBELIEVABLE.match(name) else Decoded(data.decode(_AS_BROWSERS_DO.get(name, name)))
    except (LookupError, ValueError, TypeError):
        return None


def _wide(data: bytes) -> Decoded | None:
    """Decode UTF-16 or UTF-32 without a byte-order mark, which has a zero byte on one side of most letters."""
    sample = data[: _SAMPLE // 4 * 4]
    width = 4 if _is_utf32(sample) else 2
    little = _zeros(sample, width, width - 1) >= _zeros(sample, width, 0)
    decoded = _leniently(data, f"utf-{8 * width}-{'le' if little else 'be'}")
    strange = len(_UNPRINTABLE.findall(decoded.text)) + decoded.text.count("\ufffd")
    return None if strange > _BINARY_SHARE * len(decoded.text) else decoded


def _is_utf32(sample: bytes) -> bool:
    """Return whether two of four columns are zeros."""
    return _zeros(sample, 4, 1) + _zeros(sample, 4, 2) > _NEARLY_TWO


def _zeros(data: bytes, width: int, column: int) -> float:
    values = data[column::width]
    return values.count(0) / max(1, len(values))


def _almost_utf8(data: bytes) -> Decoded | None:
    """Decode UTF-8 with few bad bytes or lines; None if there are many. Another encoding would ruin the whole file."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - bad
    if good > 10 * bad:
        return _repaired(text, "UTF-8", bad)
    lines = [line for line in text.splitlines() if not line.isascii()]
    bad_lines = sum("\ufffd" in line for line in lines)
    if len(lines) > 11 * bad_lines:
        return _repaired(text, "UTF-8", bad)
    return _by_line(data) if len(lines) - bad_lines > _MIXED_SHARE * len(lines) else None


def _by_line(data: bytes) -> Decoded:
    """Decode a text some lines of which are UTF-8, and the others in another encoding, as in files that were joined."""
    lines = data.split(b"\n")
    others = [line for line in lines if not _is_utf8(line, final=True)]
    encoding = _guess(b"\n".join(others)[:_SAMPLE])
    text = "\n".join(
        line.decode("utf-8") if _is_utf8(line, final=True) else line.decode(encoding, "replace") for line in lines
    )
    note = f"It has lines in two encodings: {len(others)} were read as {encoding.upper()}, the others as UTF-8."
    return Decoded(text, (note,))


def _leniently(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    return _repaired(text, encoding.upper(), text.count("\ufffd"))


def _repaired(text: str, encoding: str, bad: int) -> Decoded:
    if not bad:
        return Decoded(text)
    count = "One character" if bad == 1 else f"{bad} characters"
    return Decoded(text, (f"{count} could not be read as {encoding} and stand as \ufffd.",))


def _guess(sample: bytes) -> str:
    """Return charset-normalizer's best match, except in two ties, which it would break alphabetically.

    Western European is preferred to Central European, and Japanese, recognised by hiragana, to Korean.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_exclusion=list(_OUT_OF_USE))
    best = matches.best()
    if best is None:
        return _FALLBACK
    if len(sample) < _MIN_BYTES and _accents_only(sample) and not best.encoding.startswith(("utf", "iso2022")):
        return _FALLBACK
    for match in matches:
        if match.encoding in _JAPANESE and len(_HIRAGANA.findall(str(match))) > _HIRAGANA_SHARE * len(str(match)):
            return str(match.encoding)
        if (
            match.encoding == _FALLBACK
            and match.chaos <= best.chaos
            and match.coherence >= best.coherence - _COHERENCE_SLACK
        ):
            return _FALLBACK
    return str(best.encoding)


def _accents_only(sample: bytes) -> bool:
    """Return whether non-ASCII letters are mostly single, like accented letters; other scripts have runs of them."""
    text = sample.decode(_FALLBACK, "replace")
    foreign = re.findall(r"[^\x00-\x7f]", text)
    runs = re.findall(r"[^\x00-\x7f]{4,}", text)
    return "\ufffd" not in text and sum(map(len, runs)) <= len(foreign) / 2


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Return the draft of plain text, or of Org, whose headings are lines with stars."""
    org = content.media_type == _MEDIA_TYPE_ORG
    found = split_stanzas(_STARS_ALONE.sub(r"\n\n\g<0>\n\n", content.text) if org else content.text)
    described = metadata.describe([[line.strip() for line in stanza] for stanza in found])
    reader = _Reader(described.title, Width.of(found), org=org)
    parsed = [block for stanza in found for block in reader.blocks(stanza)]
    return Draft(parsed, described.title, described.author, described.date)


def blocks(text: str) -> list[Block]:
    """Return the blocks of plain text that is embedded in another format."""
    found = split_stanzas(text)
    reader = _Reader("", Width.of(found), org=False)
    return [block for stanza in found for block in reader.blocks(stanza)]


def split_stanzas(text: str) -> list[list[str]]:
    """Return the runs of lines between blank lines."""
    return [stanza.split("\n") for stanza in normalise(text).split("\n\n")]


class _Reader:
    """Turns stanzas into blocks, and remembers the heading level of each kind of underline."""

    def __init__(self, title: str, width: Width, *, org: bool) -> None:
        self._title = title
        self._width = width
        self._org = org
        self._underlines: list[str] = []

    def blocks(self, stanza: list[str]) -> list[Block]:
        """Return the headings at the top of a stanza and the paragraphs below them."""
        headings: list[Block] = []
        lines = deque(stanza)
        _drop_overline(lines)
        while len(lines) > 1 and _underlines(lines[1], lines[0]):
            headings.append(paragraph(lines.popleft(), self._underline_level(lines.popleft().strip()[0])))
            _drop_overline(lines)
        return headings + (self._body(list(lines)) if lines else [])

    def _body(self, stanza: list[str]) -> list[Block]:
        level = self._level(stanza[0].strip()) if len(stanza) == 1 else 0
        if level:
            return [paragraph(_STARS.sub(r"\2", stanza[0]) if self._org else stanza[0], level)]
        return [verbatim(text) for text in unwrap(stanza, self._width) if text.strip()]

    def _underline_level(self, mark: str) -> int:
        if mark not in self._underlines:
            self._underlines.append(mark)
        return self._underlines.index(mark) + 1

    def _level(self, line: str) -> int:
        stars = _STARS.fullmatch(line) if self._org else None
        if stars:
            return len(stars.group(1))
        if self._title and one_line(line) == self._title:
            return 1
        if iso_date(line):
            return 0
        if len(line) > _HEADING_LENGTH or line.endswith((".", ",", ";", ":", "!")):
            return 1 if _CHAPTER.fullmatch(line) and len(line) <= _HEADING_LENGTH else 0
        if _CHAPTER.fullmatch(line):
            return 1
        numbered = _NUMBERED.fullmatch(line)
        if numbered:
            return 1 + numbered.group(1).count(".")
        return _CAPITALS_LEVEL if _is_capitals(line) else 0


def _drop_overline(lines: deque[str]) -> None:
    """Remove the upper of two equal rules around a heading."""
    if len(lines) > 2 and _underlines(lines[0], lines[1]) and lines[0].strip() == lines[2].strip():
        lines.popleft()


def _underlines(rule: str, line: str) -> bool:
    rule, line = rule.strip(), line.strip()
    return bool(_UNDERLINE.fullmatch(rule)) and bool(line) and line[0].isalnum() and len(rule) >= len(line) * 0.8


def _is_capitals(line: str) -> bool:
    """Return whether a line is two words or more in capitals: `THE CUSTOMS OF THE SEA`, not `ISBN 3` or `- A`."""
    words = re.findall(r"[^\W\d_]{2,}", line)
    return len(words) > 1 and line.isupper() and line[0].isalnum() and "|" not in line


# Reads text that is not prose, such as source code, settings and logs; each line is a place with its number.
#
# All of it can be found, but only its sentences can be quoted: `index.text.prose` judges which lines are sentences.

DATA = "text/x-data"
"""The media type of a text whose ending is unknown and whose lines are data."""


def read_structured(content: Content, name: str) -> Draft:
    """Return each stanza as a paragraph. Sentences of several lines are joined; other lines stay as they are."""
    return Draft(list(_blocks(content.text)), notes=(_note(content.media_type, PurePath(name).suffix.lower()),))


def _note(media_type: str, suffix: str) -> str:
    """Return the note on the receipt of a file that was read as plain text."""
    format_name = "" if media_type == DATA else format_of(media_type).name
    unknown = "it holds data, in a format without a reader of its own"
    reason = f"{suffix} ({format_name}) has no reader of its own" if format_name else unknown
    return f"Read as plain text: {reason}. All of it can be found, but only its sentences can be quoted."


def _blocks(words: str) -> Iterator[Block]:
    stanzas = split_stanzas(words)
    numbers = iter(written_lines(words))
    width = Width.of([[line for line in stanza if is_sentence(line)] or [""] for stanza in stanzas])
    for stanza in stanzas:
        lines: list[str] = []
        for is_prose, group in groupby(stanza, is_sentence):
            run = list(group)
            lines += unwrap(run, width) if is_prose else run
        if any(lines):
            filled = [line for line in stanza if line.strip()]
            yield numbered(verbatim("\n".join(lines)), list(zip(islice(numbers, len(filled)), filled, strict=False)))
