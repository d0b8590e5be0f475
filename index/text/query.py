"""Parses a reader's question: the words to search for, and the conditions on passages and documents.

    parse('"force majeure" in treaties -war in:contracts type:pdf after:2020')

Anything that is not a valid operator is searched as plain text and is never an error: an unclosed quotation mark, a
lone `-`, `after:yesterday`. The same holds for text that only looks like an operator: `x-ray`, `-40 degrees`,
`--flag`, `6" pipe`, `type: safety`. Parsing takes linear time, whatever the question contains.

A question may also name a file as the place to look: `in simple.doc`, `what report.pdf says`. A file that it asks about
is not such a place: `What is report.pdf?`
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.records.file_kinds import by_type_word, format_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.records import DocumentInfo

SYNTAX: tuple[tuple[str, str], ...] = (
    ('"exact phrase"', "Only passages that have these very words, in this order."),
    ("-word", "No passage that has this word. Put a number in quotation marks: -40 is minus forty."),
    ('-"two words"', "No passage that has these very words."),
    ("in:notes", "Only documents with this in their title or file name, or with this source or id."),
    ('in:"old notes"', "The same for more than one word. Of several in:, one is enough."),
    ("type:pdf", "Only documents of this kind: pdf, docx, html, md, org, txt, or the ending of a file name."),
    ("after:2020-03", "Only documents dated 1 March 2020 or later. A year or a full date will do as well."),
    ("before:2020", "Only documents dated before 1 January 2020. Documents without a date are left out."),
)
"""Each operator by an example, with its effect."""

_SHORTEST_ID = 8
PROSE_WORDS = 50
"""A question with more words is pasted prose: nobody types so many words into a search field."""

_MARKS = '"“”„«»'
_TAIL = ".,;:!?…)]"
"""Punctuation of the surrounding sentence that may follow an operator."""
_LETTER = r"[^\W\u2e80-\U0010ffff]"
"""A letter or digit of a script with spaces between words. East Asian quotation marks stand directly next to letters.
"""
# No repetition crosses a mark of its own kind or is retried at another length, so the time stays linear.
_QUOTED = rf'(?<!{_LETTER})(?:"[^"]*+"|“[^“”]*+”|„[^„“”]*+[“”]|«[^«»]*+»)(?!{_LETTER})'
_WORD = rf"[^\s{_MARKS}]++(?!\S)"
_FIELD = r"(?ai:in|type|after|before):"
_TOKEN = re.compile(
    rf"(?<!\S)(?P<operator>{_FIELD}|-(?!{_FIELD}))(?P<operand>{_QUOTED}[{re.escape(_TAIL)}]*+|{_WORD})"
    rf"|(?P<phrase>{_QUOTED})"
)
_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")
_ARTICLE = r"(?:(?:the|this|my|our|an?|der|die|das|dem|el|la|le)\s+)?"
_NOUN = (
    r"(?:(?:[\w-]+\s+){0,2}(?:files?|documents?|e-?books?|books?|e-?mails?|mails?|messages?|letters?|sheets?"
    r"|spreadsheets?|workbooks?|presentations?|slides?|papers?|reports?|articles?|pages?|Datei|archivo|fichier)\s+)?"
)
_FILE_NAME = r"[^\W_][\w-]*(?:[./-][\w-]+)*\.[A-Za-z][A-Za-z0-9]{1,5}\b(?![/.]\w)"
_PLACE = (
    r"\b(?:in|inside|within|from|of|by|per|according\s+to|según|en|de|laut|aus|selon|dans)\s+"
    rf"(?P<in>{_ARTICLE}{_NOUN}(?P<name>{_FILE_NAME}))"
)
_TELLS = (
    r"says?|said|states?|puts?|gives?|tells?|lists?|shows?|names?|calls?|mentions?|describes?|explains?|claims?"
    r"|reports?|defines?|recommends?|suggests?|advises?|warns?|contains?|includes?|contiene|dice|sagt|dit"
)
_TELLING = rf"(?:^|(?<=\s))(?P<as>{_ARTICLE}{_NOUN}(?P<subject>{_FILE_NAME}))\s+(?:{_TELLS})\b"
_MENTION = re.compile(f"{_PLACE}|{_TELLING}", re.IGNORECASE)
_INSTEAD = "it"
"""The word that a search has in place of a file's name: the texts of documents do not contain their names."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question. White space within its parts is single spaces."""

    text: str
    """The text to search by meaning and words: the question without operators, but with the words of its phrases. Empty
    if it contains only operators."""
    phrases: tuple[str, ...] = ()
    """Phrases that must all be in the passage."""
    excluded: tuple[str, ...] = ()
    """Phrases that must not be in the passage."""
    titles: tuple[str, ...] = ()
    """Names of which one must match the document."""
    types: tuple[str, ...] = ()
    """Types of which one must match the document; in lower case, without a leading dot."""
    after: str = ""
    """`2020`, `2020-03` or `2020-03-05`, as precise as asked; the strictest of several. The same holds for `before`."""
    before: str = ""
    operators: str = field(default="", compare=False)
    """The operators as they were written, without the other words and phrases."""

    @property
    def restricts(self) -> bool:
        """Whether the query excludes documents."""
        return bool(self.titles or self.types or self.after or self.before)

    def admits(self, info: DocumentInfo) -> bool:
        """Whether a document matches by its title or source, its type and its date.

        `in:` matches a part of the title or file name, the whole source, or at least eight first
        characters of the id, ignoring case. `type:` matches the format that was read if it is a usual one, else the
        ending of the file name or a part of the media type.
        """
        return (
            (not self.titles or any(_is_named(info, title) for title in self.titles))
            and (not self.types or any(_is_kind(info, kind) for kind in self.types))
            and self.admits_date(info.date)
        )

    def admits_date(self, stated: str) -> bool:
        """Whether a date lies in the requested period. `after` includes its first day, `before` does not.

        A date without its day or month counts as its first possible day. Thus `after:2020-06` excludes a document that
        is only known to be of 2020, and `after:X` and `before:X` divide all dated documents between them. A document
        without a date never matches.
        """
        if not stated:
            return not (self.after or self.before)
        day = _first_day(stated)
        return (not self.after or _first_day(self.after) <= day) and (not self.before or day < _first_day(self.before))


def parse(question: str) -> Query:
    """Parse a question. It never raises an error.

    A question of more than PROSE_WORDS words is pasted prose; its marks and dashes are not operators. A question with
    nothing but exclusions is searched as plain words, since no sensible result remains.
    """
    if len(question.split()) > PROSE_WORDS:
        return Query(_normalise_spaces(question))
    values: dict[str, list[str]] = {name: [] for name in ("", "-", "in", "type", "after", "before")}
    pieces, at = [], 0
    written: list[str] = []
    for token in _TOKEN.finditer(question):
        operator = (token["operator"] or "").lower().removesuffix(":")
        value = _value(operator, token["phrase"] or token["operand"])
        if not value:
            continue
        values[operator].append(value)
        if operator:
            written.append(token[0])
        pieces += [question[at : token.start()] or " ", "" if operator else value]
        at = token.end()
    query = Query(
        text=_normalise_spaces("".join([*pieces, question[at:]])),
        phrases=tuple(values[""]),
        excluded=tuple(values["-"]),
        titles=tuple(values["in"]),
        types=tuple(values["type"]),
        after=max(values["after"], default=""),
        before=min(values["before"], default=""),
        operators=" ".join(written),
    )
    only_excludes = query.excluded and not (query.text or query.restricts)
    return Query(_normalise_spaces(question), operators=query.operators) if only_excludes else query


def _value(operator: str, operand: str) -> str:
    """Return the value of an operator; empty if it is not valid, so that all of it is plain words."""
    quoted = operand[0] in _MARKS
    bare = operand.rstrip(_TAIL)
    words = _normalise_spaces(bare[1:-1] if quoted else bare)
    match operator:
        case "in":
            return words
        case "type":
            return words.lower().removeprefix(".")
        case "after" | "before":
            return words if _is_date(words) else ""
        case "-" if not quoted:
            return words if words[:1].isalpha() else ""
        case _:
            return words if any(map(str.isalnum, words)) else ""


def _normalise_spaces(text: str) -> str:
    return " ".join(text.split())


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(_first_day(text)))
    except ValueError:
        return False


def _first_day(stated: str) -> str:
    """Return `2020-03-01` for `2020-03`, so that dates sort as strings."""
    return f"{stated}-01-01"[:10]


def _is_named(info: DocumentInfo, name: str) -> bool:
    wanted = _folded(name)
    return (
        wanted in _folded(info.title)
        or wanted in _folded(PurePath(info.source).name)
        or wanted == _folded(info.source)
        or (len(wanted) >= _SHORTEST_ID and _folded(info.id).startswith(wanted))
    )


def _folded(text: str) -> str:
    """Return the text without case and with composed accents: some systems store `é` in file names as two letters."""
    return unicodedata.normalize("NFC", text.casefold())


def _is_kind(info: DocumentInfo, kind: str) -> bool:
    media_type = by_type_word().get(kind)
    if media_type and format_of(info.media_type).prose:
        return info.media_type == media_type
    return PurePath(info.source).suffix.lower() == f".{kind}" or kind in info.media_type.lower()


def named_files(question: str, infos: Mapping[int, DocumentInfo]) -> tuple[str, list[int]]:
    """Return the words to search for, and the numbers of the documents in which the question wants to look.

    `infos` are the documents by number. Without such a name among them, the question stays as it is, and the list is
    empty.
    """
    numbers: list[int] = []
    pieces, at = [], 0
    composed = unicodedata.normalize("NFC", question)
    for found in _MENTION.finditer(composed):
        named = _named(found["name"] or found["subject"], infos)
        if named:
            numbers += named
            start, end = found.span("in" if found["in"] else "as")
            pieces += [composed[at:start], _INSTEAD]
            at = end
    return ("".join([*pieces, composed[at:]]), sorted(set(numbers))) if numbers else (question, [])


def has_file_name(question: str) -> bool:
    """Return whether a question may name a file as the place to look."""
    return bool(_MENTION.search(question))


def _named(name: str, infos: Mapping[int, DocumentInfo]) -> Sequence[int]:
    wanted = f"/{_folded(name)}"
    return [
        number for number, info in infos.items() if _folded(f"/{PurePath(info.source).as_posix()}").endswith(wanted)
    ]
