"""Recognises text that is not prose (captions, markup, settings, logs, tables, source code) and its sentences.

A format without its own reader is read as plain text, and every line of it can be found. But only a sentence may be
quoted: `00:04.500 --> 00:08.000` answers no question. A line is judged by features that can be counted: its share
of letters, its words, its lower-case words, and the marks that separate fields for machines.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from itertools import islice

_LETTERS_SHARE = 0.62
_MOST_SYMBOLS = 0.1
_PLENTY, _LEAST_SHARE = 4, 0.4
_FEWEST_WORDS = 3
_FEWEST_OF_A_VALUE, _FEWEST_AFTER_A_STAMP = 3, 4
_SYMBOLS = frozenset("{}[]<>|\\=;#$&@_^~*/+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts without spaces between words."""
_FEWEST_UNSPACED = 4
_LINES_READ = 400
"""The number of lines that decide whether a text is data."""
_CHARACTERS_READ = 1000
"""The number of characters read at each end of a line: a file may be one line of megabytes."""
_CACHED_LINES = 4096
"""The number of cached lines: the same passages are judged question after question."""
_FEWEST_LINES = 4
_SHARE, _TIMED_SHARE, _TABLE_SHARE = 0.5, 0.2, 0.9

_WORD = re.compile(r"[^\W\d_]{2,}")
_END = re.compile(r"[.!?…。！？।؟۔։][\"'”’»)\]}]*$")
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


@lru_cache(_CACHED_LINES)
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
    return bool(_END.search(words)) and len(_WORD.findall(words)) >= fewest and _is_prose(words)


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
    ended = bool(_END.search(line))
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
    if len(_UNSPACED.findall(solid)) >= _FEWEST_UNSPACED:
        return True
    if len(words) < (2 if ended else _FEWEST_WORDS) or len(_TIGHT.findall(line)) * 4 > len(words):
        return False
    return ended or any(word.islower() or word.lower() == word.upper() for word in words)
