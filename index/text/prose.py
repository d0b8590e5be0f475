"""Tells prose from what is none: captions, markup, settings, logs, tables, source code, and the furniture of pages.

A format without its own reader is read as plain text, and every line of it can be found. But only a sentence may be
quoted: `00:04.500 --> 00:08.000` answers no question. A line is judged by features that can be counted: its share
of letters, its words, its lower-case words, and the marks that separate fields for machines. A sentence is judged by
its form: whether it refers back, or limits what was said before.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Literal

from index.text.dates import MONTHS
from index.text.words import QUESTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence


_LETTERS_SHARE = 0.62
_MOST_SYMBOLS = 0.1
_PLENTY, _LEAST_SHARE = 4, 0.4
_FEWEST_WORDS_OF_PROSE = 3
_FEWEST_OF_A_VALUE, _FEWEST_AFTER_A_STAMP = 3, 4
_SYMBOLS = frozenset("{}[]<>|\\=;#$&@_^~*/+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts without spaces between words."""
_FEWEST_UNSPACED_OF_PROSE = 4
_LINES_READ = 400
"""The number of lines that decide whether a text is data."""
_CHARACTERS_READ = 1000
"""The number of characters read at each end of a line: a file may be one line of megabytes."""
_CACHED_PROSE_LINES = 4096
"""The number of cached lines: the same passages are judged question after question."""
_FEWEST_LINES = 4
_SHARE, _TIMED_SHARE, _TABLE_SHARE = 0.5, 0.2, 0.9

_WORD = re.compile(r"[^\W\d_]{2,}")
_PROSE_END = re.compile(r"[.!?…。！？।؟۔։][\"'”’»)\]}]*$")
_COMMENT = re.compile(r"(?:[-*•+>]|/{2,}!?|#+|%+|--+|;+|/\*+|\*+/?|\"{3}|'{3}|rem\b)\s+", re.IGNORECASE)
_TIMING = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?\s*--+>")
_STAMP = re.compile(
    r"\W{0,3}(?:\d{4}[-/.]\d\d?[-/.]\d\d?[T ,]+\d\d?:\d\d|\d\d?[-/.]\w{2,9}[-/.]\d{2,4}[ :,T]+\d\d?:\d\d"
    r"|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|\d\d:\d\d:\d\d|\d{9,13}[.\d]* |\d+\.\d+\.\d+\.\d+ \S+ )"
)
_LOG_SOURCE = re.compile(
    r"\W*(?:\S+\s+)?(?:[\w./-]+\[\d+\]|\W?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|SEVERE|CRITICAL|FATAL|ALERT)\b)"
)
"""Text after a time stamp that marks a log line."""
_TAG = re.compile(r"</?(?:i|b|u|s|c|v|em|strong|font|span)(?:[.\s][^<>]{0,80})?>", re.IGNORECASE)
_COMMAND = re.compile(r"\\(?:[a-zA-Z@]+\*?|.)(?:\[[^]]*\])*")
_KEY = re.compile(
    r"[\"'@$:]?([\w.$/-]+)[\"']?\s*(?:[:=]+(?=\s|$|[\"'{\[|>])|(?<=\w)=(?=\S))|[A-Z][A-Z0-9]\s\s?-\s|:[\w -]+:"
)
_DIRECTIVE = re.compile(
    r"\.\. |={2,}|@\w+\s*[{(]|</?\w|<!--|<\?|\{[%{]|\w+::\S|\[\[|\[[^]]*\]$|\||WEBVTT|@@ |[-+]{3} |\+\S|diff --"
    r"|\.[A-Z]\w*\s"
)
_CODE = re.compile(
    r"[;{}]$|^[)}\]]|[)\]]\s*:$|=>|->|::|\(\)|(?<=[\w\s)])[=!]=(?=[\w\s(])|&&|\|\||[\w\])]\s[-+*/]?=\s"
    r"|^\s*(?:import|from \S+ import|def|class"
    r"|return|const|let|var|function|func|fn|package|using|public|private|static|export|elif|else|try|except|require"
    r"|include|end|print|echo|select|insert|update|create|alter|drop)\b(?!.*[.!?]$)"
)
_BLOCK = re.compile(r"(?:for|if|while|with|unless|foreach|switch)\b.*:$")
_CALL = re.compile(r"(?<![\w.])[A-Za-z_][\w.]{0,80}\w\([^)]")
_TIGHT = re.compile(r"(?<=[^\s\d])[,;|](?=\S)|[,;|](?=[,;|])|\t|\s\|\s|\"[,;]")


def is_sentence(line: str) -> bool:
    """Whether a line is prose: words in a row, in any script.

    A speaker or a time may come first.
    """
    return _is_sentence(_shortened(line.strip()))


@lru_cache(_CACHED_PROSE_LINES)
def _is_sentence(line: str) -> bool:
    line = _TAG.sub("", line).strip()
    while found := _COMMENT.match(line):
        line = line[found.end() :]
    if _TIMING.search(line):
        return False
    if stamp := _STAMP.match(line):
        rest = line[stamp.end() :].lstrip("0123456789.,:;)] \tZ-|")
        return not _LOG_SOURCE.match(rest) and _is_spoken(rest, _FEWEST_AFTER_A_STAMP)
    if _DIRECTIVE.match(line):
        return False
    if key := _KEY.match(line):
        return _is_spoken(line[key.end() :].strip(" \t\"'{},"), _FEWEST_OF_A_VALUE)
    return _is_prose(_COMMAND.sub(" ", line).strip())


def _is_spoken(words: str, fewest: int) -> bool:
    return bool(_PROSE_END.search(words)) and len(_WORD.findall(words)) >= fewest and _is_prose(words)


def _shortened(line: str) -> str:
    return line if len(line) <= 2 * _CHARACTERS_READ else f"{line[:_CHARACTERS_READ]} {line[-_CHARACTERS_READ:]}"


def looks_structured(text: str) -> bool:
    """Whether the lines of a text are data and not sentences: timed, dated, named fields, columns or code."""
    filled = (line for part in text.split("\n") if (line := part.strip()))
    lines = [_shortened(line) for line in islice(filled, _LINES_READ)]
    if len(lines) < _FEWEST_LINES:
        return False
    timed = sum(bool(_TIMING.search(line)) for line in lines)
    data = sum(map(_is_data, lines))
    return timed >= _TIMED_SHARE * len(lines) or data >= _SHARE * len(lines) or _is_table(lines)


def _is_data(line: str) -> bool:
    if _TIMING.search(line):
        return True
    key = _KEY.match(line)
    is_field = bool(key and key[1] and (key[1].islower() or "=" in key[0]))
    return bool(is_field or _STAMP.match(line) or _CODE.search(line)) and not is_sentence(line)


def _is_table(lines: list[str]) -> bool:
    """Whether nearly all lines have the same number, at least two, of one delimiter, and words around it."""
    for delimiter in "\t,;|":
        counts = Counter(re.sub(r'"[^"]*"', "", line).count(delimiter) for line in lines)
        columns, often = counts.most_common(1)[0]
        if columns >= 2 and often >= _TABLE_SHARE * len(lines) and not sum(map(is_sentence, lines)) > len(lines) // 2:
            return True
    return False


def _is_prose(line: str) -> bool:
    solid = "".join(line.split())
    words = _WORD.findall(line)
    ended = bool(_PROSE_END.search(line))
    if _CALL.match(line) or len(_CALL.findall(line)) * 6 > len(words):
        return False
    if not ended and (_CODE.search(line) or _BLOCK.match(line)):
        return False
    letters = sum(unicodedata.category(character)[0] in "LM" for character in solid)
    if ended and sum(map(str.islower, words)) >= _PLENTY and letters >= _LEAST_SHARE * len(solid):
        return True  # many lower-case words and a full stop, whatever numbers and marks are among them
    symbols = sum(character in _SYMBOLS for character in solid)
    if letters < _LETTERS_SHARE * max(len(solid), 1) or symbols > _MOST_SYMBOLS * len(solid):
        return False
    if len(_UNSPACED.findall(solid)) >= _FEWEST_UNSPACED_OF_PROSE:
        return True
    if len(words) < (2 if ended else _FEWEST_WORDS_OF_PROSE) or len(_TIGHT.findall(line)) * 4 > len(words):
        return False
    return ended or any(word.islower() or word.lower() == word.upper() for word in words)


# Recognises page furniture: lines around the sentences of a page, a paper or a book that state nothing.
#
# These are headings, captions, bibliography entries, footnotes, menus, addresses, table rules. They can be found, but
# they are never the answer. Each line is judged alone, by features that can be counted or that such lines share:
# whether it ends like a sentence and has a verb, and its share of digits, marks and capitals.
#
# Without the kinds, 123 instead of 109 of the answers to 615 questions of `benchmarks.rules` are wrong: 17 more and 3
# fewer (p = .003). The first quotation is right as often, for 344 of 530.

LineKind = Literal["sentence", "item", "row", "loose", "question", "furniture"]
"""`sentence`: states something. `item`: an item of a list. `row`: a row of a table, or a field of a form. `loose`:
words that state nothing, such as a heading or a by-line; they are quoted only if nothing else is. `question`: asks.
`furniture`: never an answer."""

ITEM = re.compile(r"\s*(?:[-*•–—·▪◦‣●○■□➢✓]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)])\s+(?=\S)")
"""The mark of a list item, with the white space after it."""

_BULLET = re.compile(r"\s*[-*•–—·▪◦‣●○■□➢✓](?:\s+\S|\s*$)")
_CACHED_LINES = 16384
_LONGEST = 1200
"""Characters. A longer line is prose, or data that `index.text.prose` judges."""
_END = re.compile(r"(?:[.!?…。！？।؟۔։;:]|[.!?][\d,–-]{1,8})[\"'”’»)\]}]*(?:\s?\[\d[\d,;\s–-]{0,20}\])*\s*$")
_LETTER_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_UNSPACED = 6

_URL = re.compile(
    r"\(?(?:https?://|www\.|ftp://)\S+|\bdoi:?\s?\S+|\b10\.\d{4,}/\S+|(?<!\S)\S+@\S+\.\w{2,}", re.IGNORECASE
)
_SIGNS_OF_URL = ("/", "www.", "doi", "@")
"""Every address has one of them. To look for them takes a fifteenth of the time of the pattern."""
_PIECE_OF_URL = re.compile(
    r"\W*(?=\S*/)(?=\S*[A-Za-z])\w[\w.%~]*(?:[/-][\w.%~]+){2,}\S*|\W*(?=\S*-)[\w.%~]+(?:-[\w.%~]+)*/\)?\.?$"
)
"""A piece of an address that was broken at a margin: the whole line, or its beginning."""
_SLASHED = re.compile(r"(?<!\S)\S*/\S*")
_CAPTION = re.compile(
    r"(?:fig(?:ure|s?\.)?|tables?|tab\.|charts?|plates?|exhibits?|algorithm|listing|scheme|photo(?:graph)?s?|image|map"
    r"|box|abb(?:ildung|\.)|tableau|tabla|figura)\s*(?:\d+(?:[.-]\d+)*|[IVX]+|[A-Z]\d?)\s?[a-z]?(?:\s*[:.—|)](?=\s"
    r"|$)|\s[–-]\s)"
    r"|(?:source|photo(?:graph)?|image|picture|credits?|photo credit|illustration|courtesy)s?\s*(?::|©"
    r"|by [A-Z]\w+ [A-Z]\w+\s*$)",
    re.IGNORECASE,
)
_NAVIGATION = re.compile(
    r"(?:skip|jump) to\b|toggle\b|click (?:here|on)\b|read more\b|back to (?:top|the top)\b|share (?:this|on)\b"
    r"|follow us\b|sign (?:in|up)\b|log ?(?:in|out)\b|subscribe\b|accept (?:all )?cookies\b|(?:we"
    r"|this site) uses? cookies\b"
    r"|all rights reserved\b|(?:main )?menu\b|(?:table of )?contents$|advertisements?$|(?:page|p\.) \d+\b(?!.*[.!?]$)"
    r"|(?:home|search|print|next|previous|download|share|related (?:articles|links|pages|provisions)|see also)\W*$"
    r"|(?:last )?(?:updated|modified|edited)(?: on| at)?:? [\d\w ,:]+$",
    re.IGNORECASE,
)
_BREADCRUMB = re.compile(r"(?:[^>›»]{1,40}\s[>›»]\s){2,}[^>›»]{1,60}|[^>›»]{1,30}\s[›»]\s[^>›»]{1,60}")
_CONTENTS = re.compile(r"[^\W\d_)]\d{1,2}-\d{1,3}\s*$")
_LEADER = re.compile(r"(?:(?:[.·_]\s?){4,}+|…{2,}+|…(?=\s*\d+$))\s*(?P<value>[^\W_].{0,39}|[$€£+-]\S{1,39})?$")
"""A row of dots that leads the eye to a value at the end of the line."""
_PAGE = re.compile(r"\d{1,4}(?:-\d{1,3})?|[ivxlc]{1,7}")
_LONG_LEADER = 8
_LONE_REFERENCE = re.compile(
    r"\W*(?:retrieved|archived|accessed|ibid|op\. cit|available (?:at|from)|arxiv:\S|isbn|issn|doi)\b"
    r"|.{0,200}\bfrom the original on (?:\d{1,2} )?[A-Z]\w+ \d",
    re.IGNORECASE,
)
_MONTH = "|".join(name[:3] for name in MONTHS)
_DATE_ALONE = re.compile(rf"[\W\d]*(?:(?:{_MONTH})\w*[\W\d]*){{1,2}}(?:(?:pm|am|[A-Z]{{2,3}}T)\W*)*$", re.IGNORECASE)
_REFERENCE_SIGNS = (
    re.compile(r"\s*(?:\[\d{1,3}\]|\d{1,3}\.|\^)\s|\d{1,2}\s(?=[A-Z][\w.]*,\s)"),
    # an author among the first words: later, `Stockholm, Sweden` is a place
    re.compile(r"^(?:\S+\s+){0,5}?\W?[A-Z][\w'’-]+,\s(?:[A-Z]\.|[A-Z][a-z]+\b)|\b[A-Z][\w'’-]+ [A-Z]{1,3},\s"),
    re.compile(
        r"\([A-Z][\w ,.]{2,40}:\s(?:[A-Z][a-z]+\.?\s)?(?:\d{1,2},?\s)?(?:1[5-9]|20)\d\d\)"
        r"|\((?:[\d/.-]{1,10}\s)?(?:[A-Z][a-z]+\s)?(?:\d{1,2},?\s)?(?:1[5-9]|20)\d\d[a-z]?\)|[,.]\s(?:1[5-9]"
        r"|20)\d\d[a-z]?\."
    ),
    re.compile(
        r"\b(?:retrieved|archived|accessed|pp?\.\s?\d|vol\.?\s?\d|no\.\s?\d|isbn|issn|doi|arxiv|proceedings of|in proc"
        r"|journal of|transactions on|university press|eds?\.\)|et al\.)",
        re.IGNORECASE,
    ),
    re.compile(r"[\"“][^\"“”]{8,}[\"”]"),
)
_QUOTED = re.compile(r"[\"“][^\"“”]*[\"”]")
_NOTE = re.compile(
    r"(?:[*†‡§¶∗]+|\d{1,2})\s+(?:The|A|An|In|For|We|This|See|These|It|On|As|To|Data|Source|Note|Based|Includes?|All|If"
    r"|Equal|Corresponding|Our|Here|Unless|Also|Available|Prepared|Adapted)\b|[†‡§∗]"
)
_QUESTION = re.compile(
    rf"(?:[A-Z]:\s+|[\"“'‘(]+)?(?:{QUESTION_WORDS}|is|are|was|were|do|does|did|can|could|will|would|should|may|has"
    r"|have|had|am|to what|in what|in which|at what)\b.*\?[\"”'’)\]]*\s*$",
    re.IGNORECASE | re.DOTALL,
)
_VERBS = (
    "is are was were be been am has have had do does did can could may might must shall should will would cannot "
    "won't don't doesn't didn't isn't aren't wasn't weren't became began broke brought built bought came caught "
    "chose cut drew drove fell felt fought found flew gave goes got grew held kept knew laid led left lent let "
    "lost made meant met paid put ran read rose said sang sat saw sold sent set shot showed shown shut spent "
    "spoke stood stole struck swore swept taught thought threw told took understood went won wore wrote says say "
    "makes make means mean gives give takes take shows show remains remain includes include contains contain "
    "requires require needs need lies lie stands stand becomes become allows allow provides provide uses use "
    "helps help seems seem appears appear costs cost works work applies apply begins begin ends end lives live "
    "runs run depends depend exists exist consists consist causes cause"
)
_VERB = re.compile(
    rf"\b(?:{'|'.join(_VERBS.split())})\b|\b(?!(?:edited|updated|published|retrieved|archived|accessed|revised|limited"
    r"|united|based|related|unlimited|advanced|need|seed|feed|speed|exceed|indeed|breed|weed)\b)[a-z]{2,}ed\b"
)
_SMALL_WORD = re.compile(
    r"\b(?:the|an?|of|in|on|to|for|with|by|that|which|as|at|from|der|die|das|den|dem|des|ein|eine|und|zu|von|le|la"
    r"|les|du"
    r"|des|un|une|et|de|el|los|las|y|il|lo|gli|di|e|o|het|een|van)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS, _FEWEST_OPEN = 3, 6
_SMALL_SHARE = 0.6
_ROW = re.compile(r"\s\|\s|\t|\s{3,}\S+\s{3,}")
_FIELD = re.compile(r"(?:[-•*]\s+)?[A-Z][\w’'-]*(?: [\w’'-]+){0,1}:\s+\S.{0,120}(?<![.!?…;:])")
"""A name and its value, as on a form: `Editor: Jane Smith`."""
_LONG_FIELD = re.compile(
    r"(?!(?:The|An?|How|Why|What|When|Where|Who|If)\b)[A-Z][\w’'-]*(?: [a-z\d][\w’'-]*){2,5}:\s+\S.{0,80}(?<![.!?…;:])"
)
"""The same with a longer name, whose words are lower-case, unlike those of a heading: `Place of birth: Kiel`."""
_ENDED_FIELD = re.compile(
    r"[A-Z][\w’'-]*(?: [a-z][\w’'-]*){0,1}:\s+[A-Z][\w’'-]+(?:,? (?:[A-Z][\w’'.-]*|of|and|de|van|von|for|the)){1,8}\."
)
"""The same with a full stop, if the value is a name."""
_ROW_OF_CONTENTS = re.compile(r"[\s|]*[^|\t]{2,}(?:[|\t][\s|]*)+\d{0,3}[\s|]*$")
_HEADING_START = re.compile(r"(?:how|why|what|when|where|who|whether|which)\b", re.IGNORECASE)


def kind_of(line: str) -> LineKind:
    """Return the kind of a line, or of a sentence of it: see `LineKind`."""
    if len(line) > _LONGEST:
        return "sentence"
    line = " ".join(line.split("\n")).strip()
    return _kind_of_leader(line) or _kind(line)


def kinds_of(lines: Sequence[str]) -> list[LineKind]:
    """Return the kind of each line."""
    return [kind_of(line) for line in lines]


def is_bullet(line: str) -> bool:
    """Whether a line is an item of a list that is marked with a sign, not with a number."""
    return bool(_BULLET.match(line))


def is_statement(line: str) -> bool:
    """Whether a line states something: it is a sentence, a list item, or a table row."""
    return kind_of(line) in ("sentence", "item", "row")


def ends_sentence(line: str) -> bool:
    """Whether a line ends like a sentence; footnote numbers may follow."""
    return bool(_END.search(line))


def end_sentences(lines: Sequence[str]) -> list[bool]:
    """Whether each line ends like a sentence."""
    return [ends_sentence(line) for line in lines]


@lru_cache(_CACHED_LINES)
def _kind(line: str) -> LineKind:
    words = _LETTER_WORD.findall(line)
    unspaced = len(_UNSPACED.findall(line))
    if not words or _is_furniture(line, words):
        return "furniture"
    if unspaced >= _FEWEST_UNSPACED:
        return "sentence"
    mark = ITEM.match(line)
    bare = line[mark.end() :] if mark else line
    if _QUESTION.match(bare):
        return "question"
    if _NOTE.match(line):
        return "loose"
    if _FIELD.fullmatch(line) or (_LONG_FIELD.fullmatch(line) and not _VERB.search(line)):
        return "row"
    if ends_sentence(line):
        if _is_statement(bare, words):
            return "sentence"
        return "item" if mark else "row" if _ENDED_FIELD.fullmatch(line) else "loose"
    if _ROW.search(line):
        return "loose" if _ROW_OF_CONTENTS.fullmatch(line) else "row"
    if mark and len(words) > 1:
        return "item"
    return "sentence" if _is_open_sentence(bare, words) else "loose"


def _kind_of_leader(line: str) -> LineKind | None:
    """Return the kind of a line with dotted leaders: to a page number, furniture; to another value, a row."""
    found = _LEADER.search(line)
    if not found or not any(map(str.isalnum, line[: found.start()])):
        return None
    value = found["value"] or ""
    if not value:
        return "furniture" if len(found[0]) >= _LONG_LEADER else None
    return "furniture" if _PAGE.fullmatch(value) else None if value.endswith((".", "!", "?")) else "row"


def _is_furniture(line: str, words: list[str]) -> bool:
    if _CAPTION.match(line) or _NAVIGATION.match(line) or _LONE_REFERENCE.match(line) or _DATE_ALONE.match(line):
        return True
    if not ends_sentence(line) and (_CONTENTS.search(line) or _BREADCRUMB.fullmatch(line)):
        return True
    has_url = any(sign in line.lower() for sign in _SIGNS_OF_URL) and _URL.search(line)
    if has_url and len(_LETTER_WORD.findall(_URL.sub(" ", line))) < _FEWEST_WORDS + 1:
        return True
    if (piece := _PIECE_OF_URL.match(line)) and len(_LETTER_WORD.findall(line[piece.end() :])) < _FEWEST_WORDS + 1:
        return True
    if len(words) < _FEWEST_WORDS and sum(map(len, words)) < len(re.sub(r"\s", "", line)) / 3:
        return True
    has_verb = _VERB.search(_SLASHED.sub(" ", _QUOTED.sub(" ", line)))
    return not has_verb and sum(bool(sign.search(line)) for sign in _REFERENCE_SIGNS) + bool(has_url) > 1


def _is_statement(line: str, words: list[str]) -> bool:
    """Whether words with a full stop are a sentence, and not just a name, a number or a list of keywords."""
    if len(words) < 2:
        return False
    cased = [word for word in words if word.lower() != word.upper()]
    if not cased or _VERB.search(line):
        return True
    keywords = line.count(",") > 1 and not _SMALL_WORD.search(line)
    return not keywords and sum(word.islower() for word in cased) >= _FEWEST_WORDS - 1


def _is_open_sentence(line: str, words: list[str]) -> bool:
    """Whether words without a full stop are a sentence anyway, as on slides and in messages."""
    cased = [word for word in words if word.lower() != word.upper()]
    if not cased:
        return len(words) >= _FEWEST_OPEN
    small = sum(word.islower() for word in cased)
    return (
        len(words) >= _FEWEST_OPEN
        and small >= _SMALL_SHARE * len(cased)
        and bool(_VERB.search(line))
        and not _HEADING_START.match(line)
    )


# The forms of sentences: those that refer back, and those that limit what was said before.

_CONNECTIVE = (
    r"then|thus|also|and|or|nor|so|therefore|moreover|furthermore|instead|otherwise|likewise|similarly|consequently"
    r"|hence|meanwhile|besides|in (?:addition|contrast|turn|return|other words)|as a result|for (?:example|instance"
    r"|this reason)"
    r"|on the other hand|by contrast|after (?:that|this)|because of (?:this|that)|as such|in (?:this|that) (?:case|way)"
)
_POINTING = (
    r"he|she|it|they|this|these|those|that|such|his|her|its|their|both|neither|the (?:former|latter|same)"
    r"|one of (?:them|these)|(?:some|most|many|all|none|each|two|three) of (?:them|these|those)"
)
_BACK_REFERENCE = re.compile(
    rf"(?:[-–—•*]\s*)?[\"“'‘(]?(?:{_POINTING}|{_CONNECTIVE}|however|but|yet|nevertheless|still,)\b(?! who\b| which\b)",
    re.IGNORECASE,
)
_LATER_PRONOUN = re.compile(
    r"(?:in|on|at|by|after|during|from|since|until|before|for|when|while|although|though|as|despite|following|within)\b"
    r"[^.;]{0,60}?\b(?:he|she|they|it|his|her|their|its)\b",
    re.IGNORECASE,
)
_LATER_DEMONSTRATIVE = re.compile(
    r"(?:to|in|for|under|of|among|with|despite) (?:\w+ ){0,2}?(?:these|those)\s+(?!who\b)[a-z]", re.I
)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]\w*")
TAKES_BACK = re.compile(
    r"(?:but|however|yet|nevertheless|nonetheless|except|unless|in (?:fact|reality|truth)|on the contrary|contrary to"
    r"|actually|even so|that said|(?:this|that|it) (?:is|was|does|did) not|there (?:is|was) (?:no|little) evidence)\b",
    re.IGNORECASE,
)
"""The beginning of a sentence that limits or denies the one before it."""


def refers_back(text: str) -> bool:
    """Whether a sentence refers to a sentence before it."""
    if mark := ITEM.match(text):
        text = text[mark.end() :]
    if text[:1].islower() or _BACK_REFERENCE.match(text) or _LATER_DEMONSTRATIVE.match(text):
        return True
    found = _LATER_PRONOUN.match(text)
    return found is not None and not _NAME.search(found[0][found[0].find(" ") :])
