"""Makes a question of a statement, by rules on its grammar: the statement then answers it.

Only plain English statements are used that can be understood alone, because the reader sees the question before any
document. Most statements therefore give no question.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.answers.main_clause import CLAUSES, MONTHS, NAME_TAGS, YEAR, is_time, lowered, main_clause, word_set
from index.text.words import UNKNOWN, rarity
from index.verification.grammar import parse_all
from index.verification.thesaurus import is_broader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.answers.main_clause import Clause
    from index.verification.grammar import Token

FEWEST_WORDS, MOST_WORDS = 6, 16
"""Words of a question."""
_PERSONS = ("person", "leader", "worker", "expert", "ruler", "official", "scientist", "writer")
_GROUPS = ("group", "organization", "people", "citizen", "traveler", "adult", "company", "nation")
_PERSON = re.compile(r"(?:er|or|ist|ian|ant|man|men|people|force|army|troops?)s?$")
_POINTING = re.compile(
    r"\b(?:such|this|these|those|that|here|there|now|also|however|moreover|instead|others?|another|same|you|yours?|we|us"
    r"|ours?|i|me|my|he|him|his|she|hers?|it|its|they|them|theirs?|ones?|itself|himself|herself|themselves)\b",
    re.IGNORECASE,
)
"""Words of a question that could only be understood in the text."""
_UNITS = word_set("percent cent dollar euro pound yuan rouble ruble time thing people")
"""Counted nouns that make no good question: sums of money are shown with signs, and `times` are factors."""
_VAGUE = word_set(
    "aim analysis answer approach argument article author body book call case change chapter class commentary"
    " data day definition document essay evidence example fact finding form goal idea issue kind letter list lot"
    " method model name news note number page paper part place point position problem process question reason"
    " report result section series side situation sort step story study system term text theory thing time topic"
    " trial type use view way word work year"
)
"""Nouns that name nothing without their context."""


def questions(statements: Sequence[str]) -> list[str]:
    """Return a question for each usable statement; empty if no good one can be made."""
    return [_question(tokens) for tokens in parse_all(statements)]


def _question(tokens: Sequence[Token]) -> str:
    clause = main_clause(tokens)
    forms = _FORMS if clause and clause.time is None else (_when,)
    made = (form(clause) for form in forms) if clause else iter(())
    return next((f"{text}?" for text in made if text and _is_good(text) and not _is_bare(text, tokens)), "")


def _is_bare(text: str, tokens: Sequence[Token]) -> bool:
    """Whether a question is about "the treaty", without saying which one."""
    for token in tokens:
        noun = tokens[token.head]
        alone = all(other.head != noun.place or other.place in (token.place, noun.place) for other in tokens)
        is_bare = token.text.lower() == "the" and noun.tag in ("NN", "NNS") and alone
        if is_bare and re.search(rf"\bthe {re.escape(noun.text)}\b", text, re.IGNORECASE):
            return True
    return False


def _when(clause: Clause) -> str:
    """`The treaty was signed in 1846.`: When was the treaty signed?"""
    times = [token for token in clause.children(clause.verb) if is_time(clause, token)]
    finite = clause.helper or clause.verb
    if len(times) != 1 or times[0].place > clause.end or clause.verb.lemma == "be" or finite.tag != "VBD":
        return ""
    rest = clause.rest(times[0])
    return clause.asked("When", rest) if _is_known(clause, clause.under(clause.subject) | rest) else ""


def _how_many(clause: Clause) -> str:
    """`The line carries 300,000 barrels a day.`: How many barrels does the line carry a day?"""
    objects = [token for token in clause.children(clause.verb) if token.role == "dobj" and token.tag == "NNS"]
    if len(objects) != 1 or clause.is_passive or objects[0].lemma in _UNITS | _VAGUE:
        return ""
    counted = objects[0]
    numbers = [token for token in clause.children(counted) if token.role == "nummod"]
    phrase = clause.under(counted)
    if len(numbers) != 1 or any(clause.tokens[place].role in CLAUSES for place in phrase):
        return ""
    number = clause.under(numbers[0])
    if min(phrase) != min(number) or not any(clause.tokens[place].text[0].isdigit() for place in number):
        return ""
    known = _is_known(clause, clause.under(clause.subject) | clause.rest(counted))
    opening = f"How many {clause.words(phrase - number)}"
    return clause.asked(opening, clause.rest(counted)) if known else ""


def _why(clause: Clause) -> str:
    """`Rosneft gave way because it had debts.`: Why did Rosneft give way?"""
    reasons = [
        token
        for token in clause.children(clause.verb)
        if token.role == "advcl"
        and any(child.role == "mark" and child.text.lower() == "because" for child in clause.children(token))
    ]
    if len(reasons) != 1 or reasons[0].place < clause.verb.place:
        return ""
    rest = clause.rest(reasons[0])
    known = _is_known(clause, clause.under(clause.subject) | rest)
    return clause.asked("Why", rest) if known else ""


def _who_by(clause: Clause) -> str:
    """`The line was built by Transneft in 2010.`: Who built the line in 2010?"""
    agents = [token for token in clause.children(clause.verb) if token.role == "agent"]
    if len(agents) != 1 or not clause.verb.text.endswith("ed") or len(clause.helpers) != 1:
        return ""
    inside = [clause.tokens[place] for place in clause.under(agents[0])]
    makers = [token for token in inside if token.head == agents[0].place and token.role == "pobj"]
    if not makers or not all(_is_agent(token) for token in makers) or (clause.helper or clause.verb).tag != "VBD":
        return ""
    rest = clause.rest(agents[0])
    subject = clause.under(clause.subject)
    if not _is_known(clause, subject | rest):
        return ""
    return f"Who {clause.verb.text} {lowered(clause.tokens, clause.words(subject))} {clause.words(rest)}".rstrip()


def _who(clause: Clause) -> str:
    """`The king of France signed the treaty of 1846.`: Who signed the treaty of 1846?"""
    objects = [token for token in clause.children(clause.verb) if token.role == "dobj"]
    person = any(is_broader(noun, clause.subject.lemma, "n") for noun in _PERSONS)
    if clause.is_passive or len(objects) != 1 or clause.subject.tag not in ("NN", "NNP") or clause.verb.tag == "VBP":
        return ""
    if not (person or (clause.subject.tag == "NNP" and clause.verb.lemma in _DEEDS)):
        return ""
    return _about_subject("Who", clause)


def _what(clause: Clause) -> str:
    """`The smallest planet is Mercury.` gives none; `A barometer measures the pressure of air.`: What measures …?"""
    objects = [token for token in clause.children(clause.verb) if token.role == "dobj"]
    person = _PERSON.search(clause.subject.lemma) or _is_agent(clause.subject)
    if clause.is_passive or len(objects) != 1 or person or clause.helper is not None:
        return ""
    agrees = clause.verb.tag == "VBD" or (clause.verb.tag == "VBZ" and clause.subject.tag == "NN")
    if clause.verb.lemma in _SHOWING:
        return ""
    is_kind = clause.subject.tag in ("NN", "NNS") and clause.subject.lemma not in _VAGUE
    rest = clause.rest()
    names = sum(clause.tokens[place].tag in NAME_TAGS for place in rest)
    return _about_subject("What", clause) if agrees and is_kind and (names > 1 or len(rest) >= _LONG) else ""


def _about_subject(opening: str, clause: Clause) -> str:
    rest = clause.rest()
    first = (clause.helper or clause.verb).place
    verbs = {token.place for token in clause.tokens if first <= token.place <= clause.verb.place}
    return f"{opening} {clause.words(verbs | rest)}" if _is_known(clause, rest) else ""


def _where(clause: Clause) -> str:
    """`Darwin was born in Shrewsbury in 1809.`: Where was Darwin born in 1809?"""
    if not clause.is_passive or clause.verb.lemma not in _PLACED or len(clause.helpers) != 1:
        return ""
    places = [token for token in clause.children(clause.verb) if _is_place(clause, token)]
    rest = clause.rest(*places)
    if len(places) != 1 or places[0].place > clause.end or len(clause.words(rest).split()) > _LONGEST_NAME:
        return ""
    return clause.asked("Where", rest) if _is_known(clause, clause.under(clause.subject)) else ""


def _is_place(clause: Clause, token: Token) -> bool:
    if token.role != "prep" or token.text.lower() not in ("in", "at", "near") or token.place < clause.verb.place:
        return False
    objects = [child for child in clause.children(token) if child.role == "pobj"]
    return len(objects) == 1 and objects[0].tag == "NNP" and objects[0].text.lower() not in MONTHS


def _superlative(clause: Clause) -> str:
    """`Telenet was the first public data network in the country.`: What was the first public data network …?"""
    if clause.verb.lemma != "be" or clause.verb.tag not in ("VBZ", "VBD") or clause.subject.tag not in ("NN", "NNP"):
        return ""
    nouns = [token for token in clause.children(clause.verb) if token.role == "attr" and token.tag == "NN"]
    if len(nouns) != 1 or clause.subject.lemma in _VAGUE or nouns[0].lemma in _VAGUE:
        return ""
    modifiers = clause.children(nouns[0])
    ranked = any(token.tag == "JJS" or token.text.lower() in ("first", "only", "last") for token in modifiers)
    definite = any(token.text.lower() == "the" for token in modifiers)
    person = any(is_broader(noun, nouns[0].lemma, "n") for noun in _PERSONS)
    return _about_subject("Who" if person else "What", clause) if ranked and definite else ""


def _definition(clause: Clause) -> str:
    """`Coverage is the share of documents …`: What is coverage?"""
    if clause.verb.lemma != "be" or clause.verb.tag not in ("VBZ", "VBD") or clause.subject.tag not in ("NN", "NNP"):
        return ""
    nouns = [token for token in clause.children(clause.verb) if token.role == "attr" and token.tag == "NN"]
    subject = clause.under(clause.subject)
    named = all(clause.tokens[place].tag in NAME_TAGS for place in subject)
    bare = all(clause.tokens[place].tag in ("NN", "JJ", "DT") for place in subject) and _has_article(clause, subject)
    shouted = len(subject) > 1 and any(clause.tokens[place].text.isupper() for place in subject)
    if shouted or any(child.role == "advmod" for child in clause.children(clause.verb)):
        return ""
    if clause.verb.tag == "VBD" and not named:
        return ""
    if len(nouns) != 1 or not (named or bare) or clause.subject.lemma in _VAGUE or len(subject) > _LONGEST_NAME:
        return ""
    determined = any(child.text.lower() in ("a", "an") for child in clause.children(nouns[0]))
    explained = any(child.role in ("prep", "relcl", "acl") for child in clause.children(nouns[0]))
    if not determined or not explained or nouns[0].lemma in _VAGUE:
        return ""
    person = named and any(is_broader(noun, nouns[0].lemma, "n") for noun in _PERSONS)
    if any(token.text.lower() == "who" for token in clause.tokens) and not person:
        return ""
    words = lowered(clause.tokens, clause.words(subject))
    return f"{'Who' if person else 'What'} {clause.verb.text} {words}"


_LONGEST_NAME, _LONG = 4, 7
_DEEDS = word_set(
    "sign buy sell build found invent discover write lend borrow pay publish propose lead win defeat attack invade"
    " order sue design establish launch introduce announce appoint marry paint compose direct conquer acquire"
)
"""Verbs whose subject is somebody, if it is a name."""
_SHOWING = word_set(
    "show compare support suggest indicate demonstrate reveal use describe include contain have examine investigate"
    " assess evaluate report present discuss explain provide give make take see find"
)
"""Verbs of texts about themselves, and verbs that say little."""
_PLACED = word_set("bear locate situate sign hold build bury fight discover found")
_FORMS: tuple[Callable[[Clause], str], ...] = (
    _why,
    _when,
    _where,
    _how_many,
    _who_by,
    _superlative,
    _who,
    _definition,
    _what,
)
"""In the order of preference."""


def _has_article(clause: Clause, places: set[int]) -> bool:
    """Whether a common noun is the name of a kind: it has no article, or an indefinite one."""
    articles = [clause.tokens[place].text.lower() for place in places if clause.tokens[place].tag == "DT"]
    return all(article in ("a", "an") for article in articles)


def _is_agent(token: Token) -> bool:
    return token.tag in NAME_TAGS or any(is_broader(noun, token.lemma, "n") for noun in (*_PERSONS, *_GROUPS))


def _is_known(clause: Clause, places: set[int]) -> bool:
    """Whether these words say which thing is meant: they contain a name or a year."""
    named = [clause.tokens[place] for place in places]
    return any((token.tag in NAME_TAGS and token.text[:1].isupper()) or YEAR.fullmatch(token.text) for token in named)


def _is_good(text: str) -> bool:
    words = text.split()
    is_definition = text.startswith(("What is ", "What was ", "Who is ", "Who was "))
    long_enough = len(words) >= (2 if is_definition else FEWEST_WORDS)
    plain = "," not in text and not _POINTING.search(text) and not any(map(_is_broken, words))
    return long_enough and len(words) <= MOST_WORDS and plain


def _is_broken(word: str) -> bool:
    """Whether a word was broken at the end of a line: `some-where`."""
    first, hyphen, second = word.rstrip("?").partition("-")
    return bool(hyphen) and first.isalpha() and second.islower() and rarity(f"{first}{second}".lower()) < UNKNOWN
