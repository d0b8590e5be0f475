"""What surrounds a fact in its sentence: whether it is denied, reported, believed, planned, conditional, or limited.

Whoever leaves these out says more than the source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.graph import is_beside
from index.checking.vocabulary import (
    APPROXIMATORS,
    CONDITIONS,
    DENIALS,
    EXCEPTIONS,
    FAILURES,
    FALSE_NOUNS,
    FICTIONS,
    LIMITS,
    MODALS,
    NEGATED_NOUNS,
    NEGATIONS,
    PHRASED_MODALS,
    QUANTIFIERS,
    RARE,
    REPORTS,
    TRANSPARENT,
    UNREAL_NOUNS,
)
from index.checking.wording import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.graph import Graph
    from index.grammar import Token

_BEFORE_NUMBER = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, APPROXIMATORS), key=len, reverse=True)) + r")[.\s]*(?:US)?[$€£¥]?\s?$",
    re.IGNORECASE,
)
_UNREAL_PREPOSITIONS = frozenset(("without", "instead", "than", "against", "for", "about", "from"))
"""`without asking`, `a plan for selling`: what follows them need not have happened."""
_TRUE = frozenset(("true", "clear", "evident", "certain", "fact", "obvious", "known"))
_UNCHANGING = frozenset(
    "cut put set hit let read cost spread shut hurt quit burst split bet shed thrust cast bid".split()
)
"""Verbs whose past looks like their present."""
_EMBEDDED = frozenset(("ccomp", "xcomp", "acl", "pcomp", "csubj", "csubjpass"))


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What a fact is embedded in."""

    kind: str
    """`denial`, `report`, `falsehood`, `failure`, `condition`, `question`, `fiction`, or `doubt` for all others."""
    place: int
    """The word that embeds it."""


@dataclass(frozen=True, slots=True)
class Modality:
    """What surrounds the fact that a verb, or what is said with "be", states."""

    negations: int
    """How many times it is denied in its own clause."""
    modal: str
    """`possible`, `duty`, `advice`, `will`; empty for none."""
    tense: str
    """`past`, `present`; empty where the verb does not say."""
    wrappers: tuple[Wrapper, ...]
    limits: frozenset[str]
    """Words that take something back: `nearly`, `sometimes`, `allegedly`."""
    conditions: tuple[int, ...]
    """The words of its conditions and exceptions."""
    denying: int | None = None
    """The word that denies it."""


def modality(made: Graph, place: int) -> Modality:
    """What surrounds the fact stated by a word."""
    verb = made.verbs.get(place, place)
    outer = made.outer.get(verb, verb)
    phrase = [at for at, inner in made.phrases.items() if inner == verb]
    tokens = [each for at in dict.fromkeys((verb, place, *phrase)) for each in made.children[at]]
    denying = [each.place for each in tokens if _denies(each, made)]
    denying += [
        each.place
        for token in tokens
        if token.role in ("advmod", "aux", "auxpass")
        for each in made.children[token.place]
        if each.role == "neg" and token.lemma not in ("only", "just", "merely", "simply", "longer", "more")
    ]  # `is not always right`, `never got divorced`
    denying += [each.place for each in _arguments(made, tokens) if _is_none(made, each)]
    if made.tokens[place].lemma in NEGATED_NOUNS or any(_is_no(each) for each in made.children[place]):
        denying.append(place)
    return Modality(
        negations=len(set(denying)),
        modal=_modal(made, verb),
        tense=_tense(made, outer),
        wrappers=tuple(_wrappers(made, verb)),
        limits=frozenset(_limits(tokens)),
        conditions=tuple(_conditions(made, tokens, verb)),
        denying=denying[0] if denying else None,
    )


def limited(made: Graph, place: int) -> frozenset[str]:
    """The words that take something back from a noun: `alleged`, `nearly all`."""
    return frozenset(_limits(made.children[place]))


def quantity_of(made: Graph, place: int) -> str:
    """How much of what a noun names is spoken of: `all`, `some` …; empty where nothing is said."""
    found = [QUANTIFIERS[each.lemma] for each in made.children[place] if _quantifies(each) and each.lemma != "any"]
    found += [QUANTIFIERS[made.tokens[other].lemma] for other, target in made.aliases.items()
              if target == place and made.tokens[other].lemma in QUANTIFIERS]  # fmt: skip
    if made.tokens[place].lemma in QUANTIFIERS:
        found.append(QUANTIFIERS[made.tokens[place].lemma])
    return next(filter(None, found), "")


def degree(made: Graph, place: int) -> str:
    """`more`, `less`, `most` or `least` where an adjective or adverb compares; empty where it does not."""
    said = [each.lemma for each in made.children[place] if each.lemma in ("more", "less", "most", "least")]
    if said:
        return said[0]
    return {"JJR": "more", "RBR": "more", "JJS": "most", "RBS": "most"}.get(made.tokens[place].tag, "")


def exclusion(made: Graph, place: int) -> str:
    """`only` or `not only` where one of them, or `alone`, stands with a word; empty where none does."""
    token = made.tokens[place]
    around = made.children[token.head] if token.role == "pobj" else ()  # `only in adults`
    for each in (*made.children[place], *(other for other in around if other.role in ("advmod", "neg"))):
        inner = [each, *made.children[each.place]]
        if any(other.lemma in ("only", "alone", "solely", "exclusively") for other in inner):
            before = made.tokens[max(0, min(other.place for other in inner) - 1)]
            return "not only" if "not" in (before.lemma, *(other.lemma for other in inner)) else "only"
    return ""


def approximation(text: str, start: int) -> str:
    """How a number at a place is meant: `about`, `least` …; empty where it is meant as it stands."""
    found = _BEFORE_NUMBER.search(text[max(0, start - 30) : start])
    return APPROXIMATORS[found[1].lower()] if found else ""


def _quantifies(token: Token) -> bool:
    return token.lemma in QUANTIFIERS and token.role in (
        "det",
        "predet",
        "amod",
        "advmod",
        "nummod",
        "quantmod",
        "nmod",
        "appos",
    )


def _denies(token: Token, made: Graph) -> bool:
    plain = folded(token.text)
    if plain in ("longer", "more") and any(each.lemma in ("no", "not", "any") for each in made.children[token.place]):
        return any(each.lemma == "no" for each in made.children[token.place])
    return token.role == "neg" or (plain in NEGATIONS and token.role in ("advmod", "preconj", "cc")) or plain in RARE


def _arguments(made: Graph, tokens: list[Token]) -> Iterator[Token]:
    for each in tokens:
        if each.role in ("nsubj", "nsubjpass", "dobj", "attr", "pobj"):
            yield each
        elif each.role in ("prep", "agent"):
            yield from _arguments(made, made.children[each.place])


def _is_none(made: Graph, token: Token) -> bool:
    return token.lemma in NEGATED_NOUNS or any(_is_no(each) for each in made.children[token.place])


def _is_no(token: Token) -> bool:
    return token.lemma in ("no", "neither") and token.role in ("det", "neg")


def _modal(made: Graph, verb: int) -> str:
    if verb in made.outer:
        phrase = next(made.tokens[at].lemma for at, inner in made.phrases.items() if inner == verb)
        return f"{_modal(made, made.outer[verb])} {PHRASED_MODALS[phrase]}".strip()
    for each in made.children[verb]:
        if each.tag == "MD":
            return MODALS.get(folded(each.text), MODALS.get(each.lemma, ""))
    if made.tokens[verb].role in ("xcomp", "ccomp") and _is_infinitive(made, verb):
        head = made.tokens[made.tokens[verb].head]
        said = made.tokens[made.copulas.get(head.place, head.place)]
        if said.lemma in PHRASED_MODALS:
            return PHRASED_MODALS[said.lemma]
    chain = made.tokens[made.tokens[verb].head]
    shares = made.tokens[verb].role == "conj" and not any(each.role in ("aux", "nsubj") for each in made.children[verb])
    return _modal(made, chain.place) if shares else ""


def _tense(made: Graph, verb: int) -> str:
    token = made.tokens[verb]
    finite = [
        each for each in made.children[verb] if each.role in ("aux", "auxpass") and each.tag in ("VBD", "VBZ", "VBP")
    ]
    for each in finite:
        if each.lemma == "have":  # the perfect tells of the past as well
            return "past"
    if not finite and token.lemma in _UNCHANGING:
        return ""
    tag = finite[0].tag if finite else token.tag
    if token.role == "conj" and not finite and token.tag in ("VBN", "VB"):
        return _tense(made, token.head)
    return {"VBD": "past", "VBZ": "present", "VBP": "present"}.get(tag, "")


def _wrappers(made: Graph, verb: int) -> Iterator[Wrapper]:
    """What a fact is embedded in, from the inside out."""
    place, seen = verb, set()
    if verb in made.outer:
        yield from _adjuncts(made, verb)
        place = made.outer[verb]
    while place not in seen:
        seen.add(place)
        token = made.tokens[place]
        head = made.tokens[token.head]
        yield from _adjuncts(made, place)
        if token.role in ("advcl", "acl", "ccomp") and _is_conditional(made, token):
            yield Wrapper("condition", token.head)
        elif token.role in _EMBEDDED and not is_beside(made, token):
            yield from _embedding(made, token, head)
        elif (
            token.role == "advcl" and token.place < head.place and head.lemma in REPORTS and not _is_marked(made, token)
        ):
            yield Wrapper("report", head.place)  # `…, the agency reported.`
        elif token.role in ("advcl", "acl", "relcl") and _is_infinitive(made, place) and token.role != "relcl":
            yield Wrapper("doubt", token.head)  # a purpose need not be reached
        place = token.head
    yield from _of_the_whole(made)


def _embedding(made: Graph, token: Token, head: Token) -> Iterator[Wrapper]:
    """What the word before a clause makes of it."""
    if head.tag in ("IN", "TO"):
        if head.lemma in _UNREAL_PREPOSITIONS:
            yield Wrapper("doubt", head.place)
        return
    said = made.tokens[made.copulas.get(head.place, head.place)]
    if any(_denies(each, made) for each in made.children[head.place]):
        yield Wrapper("doubt", said.place)  # `It is not true that …`, `did not show that …`
    elif said.tag.startswith("N") or head.tag.startswith("N"):
        yield from _named(made, token, said if said.tag.startswith("N") else head)
    elif kind := _verb_kind(made, token, head, said):
        yield Wrapper(kind, said.place if kind in ("failure", "doubt") else head.place)


def _named(made: Graph, token: Token, noun: Token) -> Iterator[Wrapper]:
    """What a noun makes of the clause after it: `the myth that …`, `a plan to …`."""
    lemmas = {noun.lemma, *(made.tokens[at].lemma for at in _predicates(made, noun.place))}
    if lemmas & FALSE_NOUNS:
        yield Wrapper("falsehood", noun.place)
    elif noun.lemma in UNREAL_NOUNS or (token.role == "acl" and _is_told(made, token, noun)):
        yield Wrapper("doubt", noun.place)


def _verb_kind(made: Graph, token: Token, head: Token, said: Token) -> str:
    """What a verb or an adjective makes of the clause after it; empty where that is true all the same."""
    if head.lemma in DENIALS:
        return "denial"
    if {head.lemma, said.lemma} & FAILURES:
        return "failure"
    if head.lemma in REPORTS:
        return "report"
    modal = said.lemma in PHRASED_MODALS and _is_infinitive(made, token.place)
    return "" if modal or said.lemma in TRANSPARENT | _TRUE else "doubt"


def _is_marked(made: Graph, token: Token) -> bool:
    return any(each.role == "mark" for each in made.children[token.place])


def _is_told(made: Graph, token: Token, noun: Token) -> bool:
    """Whether a clause after a noun says what the noun is about, and not which one it is."""
    that = any(each.role == "mark" and each.lemma == "that" for each in made.children[token.place])
    return (that and noun.lemma != "fact") or _is_infinitive(made, token.place)


def _predicates(made: Graph, place: int) -> Iterator[int]:
    """What a sentence says a noun is: `The idea … is a myth`."""
    return (edge.head for edge in made.edges if edge.role == "subject" and edge.dependent == place)


def _is_conditional(made: Graph, token: Token) -> bool:
    """`If …`, `unless …`, `provided that …`, and `had it arrived`."""
    children = made.children[token.place]
    marks = {each.lemma for each in children if each.role in ("mark", "advmod")}
    if marks & CONDITIONS - {"until", "till", "once"} or folded(token.text) in CONDITIONS:
        return True
    subjects = [each.place for each in children if each.role in ("nsubj", "nsubjpass")]
    first = [each.place for each in children if each.role == "aux" and folded(each.text) in ("had", "were", "should")]
    return bool(subjects and first and first[0] < subjects[0])


def _is_infinitive(made: Graph, place: int) -> bool:
    return any(each.tag == "TO" for each in made.children[place])


def _adjuncts(made: Graph, place: int) -> Iterator[Wrapper]:
    """`According to the agency`."""
    for each in made.children[place]:
        if each.role == "prep" and each.lemma in ("accord", "according", "per"):
            objects = made.children[each.place]
            inner = [
                deep for other in objects for deep in (made.children[other.place] if other.role == "prep" else [other])
            ]
            yield from (Wrapper("report", other.place) for other in inner if other.role == "pobj")


def _of_the_whole(made: Graph) -> Iterator[Wrapper]:
    """What surrounds all that a sentence says: a question, a work of fiction, a report in parentheses."""
    for token in made.tokens:
        inside = token.role == "pobj" and made.tokens[token.head].lemma == "in"
        # `her novel Emma, in …`
        named = (token.place, token.head, *(each.place for each in made.children[token.place]))
        told = any(each.role == "relcl" for place in named for each in made.children[place])
        if token.lemma in FICTIONS and (inside or told):
            yield Wrapper("fiction", token.place)
        elif token.role == "parataxis" and token.lemma in REPORTS:
            yield Wrapper("report", token.place)
    if made.text.rstrip("\"')”’ ").endswith("?"):
        yield Wrapper("question", 0)


def _limits(tokens: list[Token]) -> Iterator[str]:
    for each in tokens:
        if each.lemma in LIMITS and each.role in ("advmod", "amod", "npadvmod", "compound", "acomp"):
            yield each.lemma


def _conditions(made: Graph, tokens: list[Token], verb: int) -> Iterator[int]:
    """The conditions and exceptions of what a verb states, wherever they hang."""
    for each in tokens:
        clause = each.role == "advcl" and (_is_conditional(made, each) or _is_whenever(made, each, verb))
        if clause or (each.role == "prep" and (each.lemma in EXCEPTIONS or each.lemma == "without")):
            yield each.place
        elif each.role in ("nsubj", "nsubjpass", "dobj", "attr", "prep", "pobj"):
            yield from _conditions(made, made.children[each.place], verb)


def _is_whenever(made: Graph, token: Token, verb: int) -> bool:
    """`Refunds are paid when the order was cancelled` holds for those cases alone."""
    marks = {each.lemma for each in made.children[token.place] if each.role == "advmod"}
    return "when" in marks and _tense(made, verb) == "present"
