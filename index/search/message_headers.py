"""The headers of messages that a question asks for: who was copied, from whom a mail came, when it was sent.

A header states nothing as a sentence does, so it is evidence only for such a question.
"""

from __future__ import annotations

import re
from functools import lru_cache

HEADER_BONUS = 0.4
"""A header that the question asks for has the best pin score of its passage and this much more: its own words are names
and numbers, and the message around it says which message it is."""
_MAIL = r"\b(?:e-?mails?|mails?|messages?|memos?|letters?)\b"
_PEOPLE = (
    r"^\W*(?:(?:to|from)\s+)?(?:who|whom|whose"
    r"|(?:which|what)\s+(?:e-?mail\s+)?(?:address(?:es)?|persons?|people|colleagues?))\b"
)
_WHEN = r"^\W*(?:when|(?:on|at)?\s*(?:what|which)\s+(?:date|day|time)|what\s+is\s+the\s+date)\b"
_WAS = r"\b(?:was|were|is|are|got|gets|been)\s+(?:\w+\s+)?"
_HIDDEN = r"(?:blind(?:ly)?|secret(?:ly)?|in\s+secret)"
_BCC = rf"{_WAS}(?:bcc\b|{_HIDDEN}\b)|\b(?:copied|copy)\s+(?:\w+\s+)?{_HIDDEN}\b|\b{_HIDDEN}\s+(?:carbon\s+)?cop"
_CC = rf"{_WAS}(?:copied|cc'?e?d?\b|in\s+(?:carbon\s+)?copy)|\ba\s+copy\s+of\b.*{_MAIL}"
_TO = (
    r"^\W*to\s+(?:whom|whose)\b|\b(?:sent|addressed|written|mailed|went|go(?:es)?)\s+to\b"
    r"|\b(?:recipients?|receive[ds]?|got|gets?)\b"
)
_FROM = r"\b(?:sent|sends?|wrote|writes?|written|mailed|com(?:e|es|ing)|came|from|senders?)\b"
_SENT = r"\b(?:sent|send|dated?|wrote|write|written|mailed)\b"
_ASKED = (
    ("bcc", _PEOPLE, _BCC),
    ("cc", _PEOPLE, _CC),
    ("to", _PEOPLE, rf"(?=.*{_MAIL}).*?(?:{_TO})"),
    ("from", _PEOPLE, rf"(?=.*{_MAIL}).*?(?:{_FROM})"),
    ("date", _WHEN, rf"(?=.*{_MAIL}).*?(?:{_SENT})"),
    ("subject", r"^\W*(?:what|which)\b", rf"\bsubject\b(?=.*{_MAIL})|{_MAIL}.*\bsubject\b|\bsubject\s+line\b"),
)
_PATTERNS = tuple((name, re.compile(start, re.I), re.compile(rest, re.I)) for name, start, rest in _ASKED)
_LINE = re.compile(r"(From|To|Cc|Bcc|Date|Sent|Subject):\s+\S", re.IGNORECASE)
_SAME = {"sent": "date"}
_FEWEST = 2
"""A message has at least this many headers next to each other; one alone may be a field of a form."""


@lru_cache(256)
def asked_header(question: str) -> str:
    """Return the header of a message that an English question asks for, in lower case; empty if it asks for none."""
    found = (name for name, start, rest in _PATTERNS if start.search(question) and rest.search(question))
    return next(found, "")


def header_of(line: str) -> str:
    """Return the name of the header that a line is, in lower case; empty if it is none."""
    found = _LINE.match(line)
    name = found[1].lower() if found else ""
    return _SAME.get(name, name)


def asked_headers(question: str, lines: list[str]) -> list[int]:
    """Return which lines of a passage are headers that the question asks for."""
    wanted = asked_header(question)
    return [n for n, name in enumerate(_headers(lines)) if name == wanted] if wanted else []


def misleading_headers(question: str, lines: list[str]) -> list[int]:
    """Return which lines of a passage say when a message was sent, unless the question asks for it.

    They look like an answer to every question that begins with `when`, and say nothing of what the message is about.
    """
    return [] if asked_header(question) == "date" else [n for n, name in enumerate(_headers(lines)) if name == "date"]


def _headers(lines: list[str]) -> list[str]:
    """Return for each line the name of the header that it is; nothing if the passage has no head of a message."""
    names = [header_of(line) for line in lines]
    return names if len(set(names) - {""}) >= _FEWEST else []
