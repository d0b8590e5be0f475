"""Suggests first questions, made from the headings of the documents.

Nothing is invented: a heading names the topic of the text below it, so the document speaks to a question in its words.
The same documents always give the same questions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.records import DocumentInfo

MOST_WORDS = 9
LONGEST = 60
"""The longest heading, in characters."""
LONE_WORD = 12
"""The least number of letters in a single word that names a topic, as compounds do; 4 in scripts without spaces between
words."""
LONGEST_TITLE = 48
_ROUNDS = 3
_GENERIC = re.compile(
    r"(?:table of )?(?:contents|figures|tables)|introduction|preface|foreword|abstract|summary|conclusions?|discussion"
    r"|results|methods?|background|references|bibliography|notes?|appendix.*|index|glossary|acknowledge?ments?|overview"
    r"|about (?:this|the) .*|how to (?:read|use) .*|conventions\b.*|.* and abbreviations|frequently asked questions"
    r"|(?:chapter|part|section) \w+|sources|further reading|changelog|licen[cs]e|untitled.*",
    re.IGNORECASE,
)
"""Headings that documents give to their parts, whatever they are about."""
_NUMBER = re.compile(
    r"(?:(?:§|chapter|part|section)\s*)?(?:(?:[ivxlc]{1,5}|[a-z]|\d+(?:\.\d+)*)[.):]|\d+(?:\.\d+)*)\s+", re.I
)
_SMALL = re.compile(r"(?:The|A|An|How|Why|What|Who|When|Where|Which|Whether|From|On|In)\b")
_NAMES_SOMETHING = re.compile(r"\d|\s\w*[^\W\d_a-z]")
"""Contains a number, or a capital letter after the first word."""
_LATIN = re.compile(r"[A-Za-z]")
_OPERATOR = re.compile(r"[\"“”„«»]|(?:^|\s)-\S|\b(?:in|type|after|before):")
"""A question with one of these would be parsed as an operator."""


def spread(documents: Sequence[DocumentInfo], number: int) -> list[DocumentInfo]:
    """Return up to three times `number` documents, evenly spread over their order; so is their first third."""
    wanted = min(_ROUNDS * number, len(documents))
    chosen = [documents[n * len(documents) // wanted] for n in range(wanted)]
    return [info for begin in range(_ROUNDS) for info in chosen[begin::_ROUNDS]]


def questions(documents: Sequence[DocumentInfo], headings: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Return a question for each document with a useful heading, in one or two forms, the better one first.

    `headings` are in order, by the document's id.
    """
    asked = (_question_about(info, headings.get(info.id, ())) for info in documents)
    return [*dict.fromkeys(forms for forms in asked if forms)]


def _question_about(info: DocumentInfo, headings: Sequence[str]) -> tuple[str, ...]:
    """Return the question about the first heading with a name, else about the first useful one; empty without one."""
    topics = [topic for heading in headings if _is_distinctive(topic := _bare(heading), info.title)]
    topic = min(topics, key=lambda topic: not _NAMES_SOMETHING.search(topic), default="")
    if topic.endswith(("?", "？")) or not _LATIN.search(topic):
        return (topic,) if topic else ()
    topic = _SMALL.sub(lambda word: word[0].lower(), topic, count=1) if _SMALL.match(topic) else topic
    title = _short(info.title)
    forms = (f"What does {title} say about {topic}?", f"What is said about {topic}?")
    return forms if title else forms[1:]


def _bare(heading: str) -> str:
    """Return a heading without its number, and not in capitals."""
    line = " ".join(heading.split())
    numbered = _NUMBER.match(line)
    bare = line[numbered.end() if numbered else 0 :].strip(" :.–—-")
    return bare.lower() if bare.isupper() and " " in bare else bare


def _is_distinctive(topic: str, title: str) -> bool:
    words = len(topic.split())
    return (
        (1 < words <= MOST_WORDS or (words == 1 and len(topic) >= (LONE_WORD if _LATIN.search(topic) else 4)))
        and len(topic) <= LONGEST
        and topic.casefold() not in title.casefold()
        and not _GENERIC.fullmatch(topic)
        and not _OPERATOR.search(topic)
    )


def _short(title: str) -> str:
    """Return a title up to its colon or dash; empty if it does not fit into a sentence."""
    head = re.split(r"[:–—]\s|\s-\s", " ".join(title.split()), maxsplit=1)[0].rstrip(" .–—")
    usable = 0 < len(head) <= LONGEST_TITLE and _LATIN.search(head) and not _OPERATOR.search(head)
    return head if usable else ""
