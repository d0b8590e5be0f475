"""Decides whether a question is whole: recognises fragments, and splits compound questions into whole ones."""

from __future__ import annotations

import re

from index.text.words import QUESTION_WORDS, STOP_WORDS, question_terms

_WH = (
    rf"(?:{QUESTION_WORDS}"
    r"(?: (?:many|much|long|soon|far|old|tall|high|big|large|often|fast|quickly))?)"
)
AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had|isn't|aren't"
    r"|wasn't|weren't|don't|doesn't|didn't|can't|won't)"
)
_BEGINS_A_PART = re.compile(
    rf"\s*(?:,|;)?\s+(?:and|or|but|as well as|and also)\s+(?=(?:(?:by|to|for|from|with|in|at|on|of|since"
    rf"|until)\s+)?{_WH}\b)",
    re.IGNORECASE,
)
_MOST_PARTS = 8
"""A text with more questions is searched as a whole: each part costs a search."""
_TWO_QUESTIONS = re.compile(r"(?<=\?)\s+(?=\S)")
_BARE_PART = re.compile(
    rf"(?:(?:by|to|for|from|with|in|at|on|of|since|until)\s+)?{_WH}(?:\s+(?:year|exactly|much|many|long|else))?\W*",
    re.IGNORECASE,
)
_WH_START = re.compile(rf"\W*((?:(?:by|to|for|from|with|in|at|on|of|since|until)\s+)?{_WH})\b\s*", re.IGNORECASE)
_AUXILIARY_START = re.compile(rf"{AUXILIARY}\b\s*", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:(?:he|she|him|his|her) or (?:he|she|him|his|her)|it|its|they|them|their|theirs|he|him|his|she|her|hers"
    r"|this|that|these|those|the (?:former|latter)"
    r"|(?:the )?(?:first|second|third|fourth|last|other|next|previous|same) ones?|ones?)\b(?! (?:which|who|that)\b)",
    re.IGNORECASE,
)
_CLEFT = re.compile(
    r"\b(?:is|was|are|were|does|did) (?:it|that|this) (?:possible|true|allowed|necessary|safe|legal"
    r"|likely)\s+(?:that|to|for|if)\b"
    r"|\bdoes it (?:mean|take|snow|rain|cost|matter)\b.* ",
    re.IGNORECASE,
)
_POSSESSED = re.compile(r"\b(?:its|their|his|her)\b", re.IGNORECASE)
_CONJUNCTION = re.compile(r"^(?:and|or|but|so|then|also|plus)\b[\s,]*", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"(?:in|on|at|by|for|from|to|with|of|since|until|before|after|during|about|without)\b", re.IGNORECASE
)
_IDLE_WORDS = frozenset(
    [
        "really",
        "exactly",
        "else",
        "more",
        "again",
        "many",
        "much",
        "long",
        "far",
        "come",
        "happen",
        "happened",
        "mean",
        "meant",
        "go",
        "went",
        "say",
        "says",
        "said",
        "about",
        "not",
        "no",
        "yes",
        "ok",
        "okay",
        "please",
        "tell",
        "me",
        "you",
        "i",
        "we",
        "one",
        "ones",
        "first",
        "second",
        "third",
        "last",
        "other",
        "next",
        "former",
        "latter",
        "same",
        "compared",
        "year",
        "years",
        "thing",
        "things",
        "details",
        "explain",
        "thanks",
        "thank",
    ]
)
_FEWEST_WORDS_BESIDE_A_PRONOUN = 3
_WHICH_ONES = re.compile(
    r"(?:which|what|who)(?: ones?)?(?: (?:are|were|is|was) (?:they|these|those|it))?"
    r"|(?:name|list) (?:them|these|those)",
    re.IGNORECASE,
)
"""Asks for the things that were counted before it; not a question of its own."""
_NAME = re.compile(
    r"(?:the |The )?[A-Z0-9][\w.’'-]*[\w](?:\s(?:(?:of|de|von|van|the|and|for)\s)?(?:the\s)?[A-Z0-9][\w.’'-]*\w)*"
)
_SUBJECT_START = re.compile(rf"(?:^|(?<=\s)){AUXILIARY}\s+", re.IGNORECASE)
_LAST_VERB = re.compile(
    r"\s(?:\w+ed|built|made|won|held|lost|begun|known|written|born|found|founded|sold|bought|sent|opened|called|come|go"
    r"|happen|begin|start|end|take place)\b.*$"
)
_CHOICE = re.compile(rf"^\W*{AUXILIARY}\b", re.IGNORECASE)
FRAGMENT = (
    "“{words}” is not a whole question: it does not say what it is about. Ask a whole question, for example {example}."
)


def is_fragment(text: str) -> bool:
    """Whether a question continues something said before: `and in 2019?`, `Why?`, `the second one`.

    A question with a pronoun is a fragment if hardly any other word says what it is about.
    """
    text = " ".join(text.split()).strip(" \"'“”")
    bare = _CONJUNCTION.sub("", text, count=1)
    content_words = [word for word in question_terms(bare).values() if word.casefold() not in _IDLE_WORDS]
    words: list[str] = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", bare)
    if not words or not any(word.isalnum() for word in words):
        return False
    if not is_latin(text):
        return False
    if _has_only_idle_words(words):
        return True
    if re.match(r"(?:(?:and\s+)?(?:what|how) about|what else|same (?:for|with|in|at))\b", text, re.IGNORECASE):
        return len(words) <= 6
    elided = text != bare or bool(_PREPOSITION.match(bare))
    if elided and len(words) <= 4 and not _has_clause(bare):
        return text.rstrip().endswith("?") or text != bare
    if _PRONOUN.search(bare) and not _CLEFT.search(bare):
        beside = {word for word in content_words if not _PRONOUN.fullmatch(word)}
        named = any(word[:1].isupper() for word in words[1:] if word != "I")
        return not named and len(beside) < _FEWEST_WORDS_BESIDE_A_PRONOUN - bool(len(words) < 5)
    return False


def ask_back(text: str) -> str:
    """Return the message that asks for a whole question."""
    start = _WH_START.match(text)
    examples = {
        "why": "“Why did Rosneft give way to CNPC?”",
        "when": "“When was the bridge opened?”",
        "who": "“Who signed the treaty of 2001?”",
        "where": "“Where does the pipeline end?”",
        "how": "“How was the contract changed?”",
    }
    word = start[1].split()[-1].casefold() if start else ""
    words = " ".join(text.split())
    return FRAGMENT.format(words=words, example=examples.get(word, "“What was the share of trade in 2019?”"))


def _has_only_idle_words(words: list[str]) -> bool:
    """Whether no word says what the question is about."""
    return all(
        word.casefold() in _IDLE_WORDS or _PRONOUN.fullmatch(word) or not _is_content_word(word) for word in words
    )


def _is_content_word(word: str) -> bool:
    return word.casefold() not in STOP_WORDS and not re.fullmatch(_WH, word, re.IGNORECASE)


def is_latin(text: str) -> bool:
    """Whether a text is written in Latin letters."""
    return bool(re.search(r"[A-Za-z]", text)) and not re.search(r"[\u0370-\uffff]", re.sub(r"[‘’“”–—…]", "", text))


def _has_clause(text: str) -> bool:
    """Whether a short question has a question word and a verb."""
    start = _WH_START.match(text)
    return bool(start and _AUXILIARY_START.match(text[start.end() :]))


def split_parts(text: str) -> tuple[str, ...]:
    """Return the questions in a text, each completed with words of the first; empty if there is one, or too many."""
    whole = list(dict.fromkeys(question.strip() for question in _TWO_QUESTIONS.split(text) if question.strip()))
    if not all(question.endswith("?") for question in whole[:-1]) or (len(whole) > 1 and not whole[-1].endswith("?")):
        return ()
    pieces = [piece for question in whole for piece in _BEGINS_A_PART.split(question)]
    pieces = pieces[:1] + [piece for piece in pieces[1:] if not _WHICH_ONES.fullmatch(piece.strip(" ?,;."))]
    if not 2 <= len(pieces) <= _MOST_PARTS or not (_WH_START.match(pieces[0]) or _CHOICE.match(pieces[0])):
        return ()
    first = pieces[0].rstrip(" ?,;")
    return (f"{first}?", *(_complete(piece.rstrip(" ?,;"), first) for piece in pieces[1:]))


def _complete(piece: str, first: str) -> str:
    """Complete a later part: `by whom` takes the rest of the first part; a pronoun becomes the first part's topic."""
    start = _WH_START.match(first)
    rest = first[start.end() :] if start else first
    if _BARE_PART.fullmatch(piece):
        return f"{piece} {rest}?"
    if _PRONOUN.search(piece):
        topic = _topic(rest)
        named = _POSSESSED.sub(f"{topic}'s", piece, count=1)
        return f"{_PRONOUN.sub(topic, piece, count=1) if named == piece else named}?"
    has_name = any(word[:1].isupper() for word in piece.split()[1:])
    whole = has_name or (not _NAME.search(rest) and len(question_terms(piece)) > 1)
    return f"{piece}?" if whole else f"{piece}, {_topic(rest)}?"


def _topic(rest: str) -> str:
    """Return the topic of the first part: its first name, else its words without question word, auxiliary and verb."""
    auxiliary = _SUBJECT_START.search(rest)
    words = rest[auxiliary.end() :] if auxiliary else rest
    if name := _NAME.search(words):
        return name[0]
    return _LAST_VERB.sub("", words).strip() or words
