"""Reads plain text: its encoding, paragraphs and headings."""

from __future__ import annotations

import codecs
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.loading import metadata
from index.loading.content import Block, Draft, paragraph, verbatim
from index.loading.hard_wraps import Width, unwrap
from index.text.dates import iso_date
from index.text.numbers import NUMBER_WORDS
from index.text.sentences import normalise, one_line

if TYPE_CHECKING:
    from index.loading.content import Content

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
_WIDE_SHARE = 0.2
"""UTF-16 without control characters has at least this share of zeros in one of its two columns."""
_MIXED_SHARE = 0.1
"""If more of the lines that are not ASCII are UTF-8, the file has two encodings; by chance, hardly any is."""
_FEWEST_NARROW = 16
"""So many bytes of UTF-8 without a zero are no UTF-16 or UTF-32, whatever the mark before them says."""
_FALLBACK = "cp1252"
_JAPANESE = frozenset(
    {"cp932", "shift_jis", "shift_jis_2004", "shift_jisx0213", "euc_jp", "euc_jis_2004", "euc_jisx0213"}
)
_HIRAGANA = re.compile("[\u3041-\u3096]")
_HIRAGANA_SHARE = 0.1
_CLOSE = 0.05
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
_FEW_BYTES = 400
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
    return len(sample) >= _FEWEST_NARROW and not _BINARY.search(sample) and _is_utf8(sample)


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
    in_a_column = many >= _WIDE_SHARE and few < many / 2
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
    if len(sample) < _FEW_BYTES and _accents_only(sample) and not best.encoding.startswith(("utf", "iso2022")):
        return _FALLBACK
    for match in matches:
        if match.encoding in _JAPANESE and len(_HIRAGANA.findall(str(match))) > _HIRAGANA_SHARE * len(str(match)):
            return str(match.encoding)
        if match.encoding == _FALLBACK and match.chaos <= best.chaos and match.coherence >= best.coherence - _CLOSE:
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
