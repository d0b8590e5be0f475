"""Changes a sentence so that it no longer follows from the original: a word, a role, a number, an addition.

Each function takes a parsed sentence, other sentences (`Others`) and a random generator, and returns the new text, or
None if it does not apply. `CONTRADICTIONS` names the functions whose results the original contradicts. The original
neither supports nor contradicts the results of the others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from training.grammar import (
    be,
    bounds,
    changed,
    child,
    inflect,
    lowered,
    main_clause,
    names,
    phrase,
    plural,
    tidy,
)
from training.lexicon import all_synonyms, antonyms, common, inflected, sisters
from training.truths import PARTS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from spacy.tokens import Span

MONTHS = "January February March April May June July August September October November December".split()


@dataclass
class Others:
    """Words and parts of other sentences, which the functions insert."""

    names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Names by kind."""
    tails: list[str] = field(default_factory=list)
    """Ends of sentences: places, times, reasons, means and consequences."""
    adjectives: list[str] = field(default_factory=list)
    predicates: list[tuple[str, bool]] = field(default_factory=list)
    """Verbs with all following words, and whether they are in the plural."""
    near: Span | None = None
    """A sentence of the same document."""

    def learn(self, sentence: Span) -> None:
        """Add the words and parts of a sentence."""
        for name in names(sentence):
            self.names[name.label_].append(name.text)
        clause = main_clause(sentence)
        if clause is None:
            return
        for token in sentence.root.rights:
            start, end = bounds(token)
            text = sentence.doc[start:end].text
            if token.dep_ in ("prep", "advcl", "npadvmod") and end >= sentence.end - 1 and 3 <= len(text.split()) <= 12:
                comma = sentence.doc[start - 1].text == ","
                self.tails.append((", " if comma else " ") + text)
        self.adjectives += [t.lower_ for t in sentence if t.dep_ == "amod" and t.tag_ == "JJ" and t.is_alpha]
        helpers = [t.i for t in clause.auxiliaries] + [clause.verb.i]
        if min(helpers) > clause.subject.i and clause.verb.tag_ in ("VBD", "VBN", "VBZ") and len(sentence) < 30:
            text = sentence.doc[min(helpers) : sentence.end].text.rstrip(". ")
            if clause.subject.i < min(helpers):
                self.predicates.append((text, plural(clause.subject)))


def _is_absent(sentence: Span, text: str) -> bool:
    return text.lower() not in sentence.text.lower()


# Roles: subjects, objects and owners.


def exchanged(sentence: Span, _: Others, __: random.Random) -> str | None:
    """Exchange subject and object, or subject and agent."""
    clause = main_clause(sentence)
    if clause is None:
        return None
    other = clause.object or clause.agent
    if other is None or clause.verb.lemma_ in ("meet", "marry", "resemble", "equal", "be", "join", "divorce"):
        return None
    a, b = bounds(clause.subject), bounds(other)
    if a[1] > b[0] or clause.subject.lower_ in ("it", "there", "who", "which", "that"):
        return None
    new_subject, new_object = phrase(other, case="subject"), phrase(clause.subject, case="object")
    if new_subject.lower() == new_object.lower():
        return None
    comma = sentence.doc[a[1]].text == "," and clause.subject.right_edge.i == a[1]  # the comma ends an apposition
    edits = [(a[0], a[1] + comma, new_subject), (*b, new_object)]
    if clause.agent is not None and clause.auxiliaries and clause.auxiliaries[0].lower_ in ("is", "are", "was", "were"):
        helper = clause.auxiliaries[0]
        edits.append((helper.i, helper.i + 1, be(other, helper.lower_ in ("was", "were"))))
    return changed(sentence, *edits)


def wrong_passive(sentence: Span, _: Others, __: random.Random) -> str | None:
    """Change *The firm bought the mill* to *The firm was bought by the mill*, *A was beaten by B* to *A beat B*."""
    clause = main_clause(sentence)
    if (
        clause is None
        or clause.subject.lower_ in ("it", "there", "who", "which", "that")
        or child(clause.verb, {"neg"})
    ):
        return None
    verb = clause.verb
    if clause.object is not None and verb.tag_ in ("VBD", "VBZ", "VBP") and not clause.auxiliaries:
        if verb.lemma_ in ("have", "be", "include", "meet", "marry", "become"):
            return None
        start, end = bounds(clause.object)
        helper = be(clause.subject, verb.tag_ == "VBD")
        middle = sentence.doc[verb.i + 1 : start].text
        target = phrase(clause.object, case="object")
        return changed(sentence, (verb.i, end, f"{helper} {inflected(verb.lemma_, 'VBN')} {middle} by {target}"))
    if clause.agent is not None and len(clause.auxiliaries) == 1 and clause.auxiliaries[0].i < verb.i:
        helper = clause.auxiliaries[0].lower_
        if helper not in ("is", "are", "was", "were"):
            return None
        form = inflected(
            verb.lemma_, "VBD" if helper in ("was", "were") else "VBP" if plural(clause.subject) else "VBZ"
        )
        by, end = clause.agent.head, bounds(clause.agent)[1]
        edits = [(clause.auxiliaries[0].i, clause.auxiliaries[0].i + 1, ""), (verb.i, verb.i + 1, form)]
        return changed(sentence, *edits, (by.i, end, phrase(clause.agent, case="object")))
    return None


def owners(sentence: Span, _: Others, __: random.Random) -> str | None:
    """Change *The king's brother* to *the brother's king*."""
    for token in sentence:
        mark = child(token, {"case"}) if token.dep_ == "poss" else None
        if mark is not None and mark.i + 1 == token.head.i and token.pos_ in ("NOUN", "PROPN"):
            owner, owned = sentence.doc[token.left_edge.i : mark.i], token.head
            bare = owner[1:] if owner[0].lower_ in ("the", "a", "his", "her", "its") and len(owner) > 1 else owner
            return changed(sentence, (owner.start, owned.i + 1, f"the {owned.text}'s {bare.text}"))
        if token.lower_ == "of" and token.head.pos_ == "NOUN" and token.i == token.head.i + 1:
            owner_word, owned = child(token, {"pobj"}), token.head
            if owner_word is None or owner_word.pos_ != "NOUN" or owner_word.right_edge.i != owner_word.i:
                continue
            if (
                sentence.doc[owned.left_edge.i].lower_ == "the"
                and owned.left_edge.i == owned.i - 1
                and owner_word.left_edge.i >= owner_word.i - 1
            ):
                return changed(
                    sentence, (owned.i, owned.i + 1, owner_word.text), (owner_word.i, owner_word.i + 1, owned.text)
                )
    return None


def names_exchanged(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Exchange two names of one kind, unless *and* joins them."""
    found = names(sentence)
    pairs = [(a, b) for a in found for b in found if a.start < b.start and a.label_ == b.label_ and a.text != b.text]
    pairs = [
        (a, b) for a, b in pairs if a.root not in b.root.conjuncts and sentence.doc[a.end].text not in ("and", ",", "(")
    ]
    if not pairs:
        return None
    a, b = chance.choice(pairs)
    if a.text in b.text or b.text in a.text:
        return None
    return changed(sentence, (a.start, a.end, b.text), (b.start, b.end, a.text))


def ends_exchanged(sentence: Span, _: Others, __: random.Random) -> str | None:
    """Change *from A to B* to *from B to A*, *A before B* to *B before A*."""
    for token in sentence:
        if (
            token.lower_ in ("from", "to", "than", "before", "after", "over", "into", "against", "for", "with", "under")
            and token.dep_ == "prep"
        ):
            other = child(token, {"pobj"})
            for sibling in token.head.children:
                near = (
                    child(sibling, {"pobj"}) if sibling.dep_ == "prep" else sibling if sibling.dep_ == "dobj" else None
                )
                if near is None or other is None or near.i >= token.i or near.pos_ == "PRON" or other.pos_ == "PRON":
                    continue
                a, b = bounds(near), bounds(other)
                if a[1] <= b[0] and b[1] - b[0] < 8 and a[1] - a[0] < 8:
                    return changed(sentence, (*a, phrase(other)), (*b, phrase(near)))
    return None


def clauses_crossed(sentence: Span, _: Others, __: random.Random) -> str | None:
    """Change *A wrote while B sang* to *B wrote while A sang*."""
    clause = main_clause(sentence)
    if clause is None or clause.subject.pos_ == "PRON":
        return None
    for verb in clause.verb.children:
        subject = child(verb, {"nsubj", "nsubjpass"}) if verb.dep_ in ("conj", "advcl", "ccomp") else None
        if subject is None or subject.pos_ == "PRON":
            continue
        a, b = bounds(clause.subject), bounds(subject)
        if (a[1] <= b[0] or b[1] <= a[0]) and max(a[1] - a[0], b[1] - b[0]) < 8:
            return changed(sentence, (*a, phrase(subject)), (*b, phrase(clause.subject)))
    return None


# Words: another verb, noun, adjective or adverb, or the opposite.


def _exchange_word(
    sentence: Span, chance: random.Random, kinds: set[str], choose: Callable[[str, str], list[str]]
) -> str | None:
    words = [
        t for t in sentence if t.pos_ in kinds and t.is_alpha and not t.ent_type_ and t.lemma_.lower() not in _IDLE
    ]
    for token in chance.sample(words, len(words)):
        lemma, part = token.lemma_.lower(), PARTS[token.pos_]
        found = [w for w in choose(lemma, part) if w not in all_synonyms(lemma, part) and _is_absent(sentence, w)]
        if found:
            return changed(sentence, (token.i, token.i + 1, inflect(chance.choice(found), token)))
    return None


_IDLE = set(
    """be have do other such more most many much same so then also well as very one way year time not""".split()
)


def _words_nearby(others: Others, pos: str) -> list[str]:
    return (
        [t.lemma_.lower() for t in others.near if t.pos_ == pos and t.is_alpha and not t.ent_type_]
        if others.near
        else []
    )


def _word_program(pos: str) -> Callable[[Span, Others, random.Random], str | None]:
    """Return a program that replaces a word of one part of speech with a sister word, a nearby word, or any word."""

    def program(sentence: Span, others: Others, chance: random.Random) -> str | None:
        def choose(lemma: str, part: str) -> list[str]:
            kind = chance.random()
            if kind < 0.4:
                found = sisters(lemma, part)
            elif kind < 0.65:
                found = _words_nearby(others, pos)
            else:
                found = []
            return found or chance.choices(common(part)[:1500], k=5)

        return _exchange_word(sentence, chance, {pos}, choose)

    return program


def opposite(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Replace a word with its opposite."""
    return _exchange_word(sentence, chance, set(PARTS), lambda lemma, part: antonyms(lemma, part))


def prefixed(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Change *able* to *unable*, *dependent* to *independent*, or the reverse."""
    from training.lexicon import frequencies

    words = [t for t in sentence if t.pos_ in PARTS and t.is_alpha and len(t) > 4 and t.text.islower()]
    for token in chance.sample(words, len(words)):
        text, part = token.text, PARTS[token.pos_]
        for prefix in ("un", "in", "dis", "im", "non", "ir", "mis"):
            if frequencies()[part, prefix + token.lemma_] and token.text != "vary":
                return changed(sentence, (token.i, token.i + 1, prefix + text))
            bare = text.removeprefix(prefix)
            if (
                bare != text
                and frequencies()[part, token.lemma_.removeprefix(prefix)] > 2
                and token.lemma_
                not in (
                    "increase",
                    "include",
                    "invest",
                    "intend",
                    "inform",
                    "under",
                    "invent",
                    "inspire",
                    "international",
                    "independence",
                )
            ):
                return changed(sentence, (token.i, token.i + 1, bare))
    return None


# Names, numbers and times.


def another_name(sentence: Span, others: Others, chance: random.Random) -> str | None:
    """Replace a name with another name of the same kind, from a nearby sentence or from any."""
    found = names(sentence)
    if not found:
        return None
    name = chance.choice(found)
    near = (
        [name_nearby.text for name_nearby in names(others.near) if name_nearby.label_ == name.label_]
        if others.near and chance.random() < 0.6
        else []
    )
    known = [
        candidate
        for candidate in near or chance.choices(others.names[name.label_] or [""], k=6)
        if candidate and _is_absent(sentence, candidate)
    ]
    known = [candidate for candidate in known if not set(candidate.split()) & set(name.text.split())]
    return changed(sentence, (name.start, name.end, chance.choice(known))) if known else None


def another_number(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Replace a number, a month or a unit."""
    found = [
        t
        for t in sentence
        if t.like_num or t.text in MONTHS or t.lower_ in _UNITS or re.fullmatch(r"\d{4}s|\d+(st|nd|rd|th)", t.text)
    ]
    for token in chance.sample(found, len(found)):
        new = _other_number(token.text, chance)
        if new and new != token.text and not re.search(rf"\b{re.escape(new)}\b", sentence.text):
            return changed(sentence, (token.i, token.i + 1, new))
    return None


_UNITS = {
    "million": ("billion", "thousand"), "billion": ("million", "trillion"), "thousand": ("million", "hundred"),
    "years": ("months", "decades"), "months": ("weeks", "years"), "days": ("weeks", "hours"), "hours": ("minutes", "days"),
    "minutes": ("hours", "seconds"), "miles": ("metres", "feet"), "km": ("metres", "miles"), "percent": ("times",),
    "century": ("decade",), "decade": ("century",), "feet": ("metres", "inches"), "weeks": ("months", "days"),
    "first": ("second", "third", "last"), "second": ("first", "third"), "third": ("second", "fourth"), "half": ("third", "quarter"),
    "annually": ("monthly",), "daily": ("weekly",), "dollars": ("euros",), "year": ("month", "decade"),
}  # fmt: skip
_NUMBER_WORDS = (
    """one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred""".split()
)


def _other_number(text: str, chance: random.Random) -> str | None:
    if text in MONTHS:
        return chance.choice(MONTHS)
    if text.lower() in _UNITS:
        return chance.choice(_UNITS[text.lower()])
    if text.lower() in _NUMBER_WORDS:
        return chance.choice(_NUMBER_WORDS[1:])
    plain = text.replace(",", "")
    if re.fullmatch(r"\d{4}s", text):
        return f"{int(text[:4]) + chance.choice((-30, -20, -10, 10, 20, 100))}s"
    if re.fullmatch(r"\d+\.\d+", plain):
        value = float(plain) * chance.choice((0.4, 0.7, 1.2, 1.5, 2, 10))
        return f"{value:.{len(plain.split('.')[1])}f}"
    if not plain.isdigit():
        return None
    number = int(plain)
    if 1000 <= number <= 2100 and "," not in text:
        return str(number + chance.choice((-100, -50, -21, -10, -7, -4, -3, -2, -1, 1, 2, 3, 5, 9, 12, 20, 100)))
    other = chance.choice(
        (number + 1, number * 2, number * 10, number // 2, number + max(2, number // 3), int(plain[::-1]))
    )
    return f"{other:,}" if "," in text else str(other)


def numbers_exchanged(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Exchange two numbers."""
    found = [t for t in sentence if re.fullmatch(r"\d[\d,.]*", t.text)]
    if len(found) < 2:
        return None
    a, b = sorted(chance.sample(found, 2), key=lambda t: t.i)
    return None if a.text == b.text else changed(sentence, (a.i, a.i + 1, b.text), (b.i, b.i + 1, a.text))


# Negation.


def negated(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Negate the main verb or the whole sentence."""
    clause = main_clause(sentence)
    if clause is None or child(clause.verb, {"neg"}) or re.search(r"\b(?:not|never|no)\b|n['’]t\b", sentence.text):
        return None
    if chance.random() < 0.1:
        start = chance.choice(
            ("It is not the case that", "It is not true that", "It is false that", "Nobody says that")
        )
        return tidy(f"{start} {lowered(sentence[0], sentence.text)}")
    verb = clause.verb
    helper = clause.auxiliaries[0] if clause.auxiliaries else verb if verb.lemma_ == "be" else None
    if helper is not None and helper.lower_ in ("'s", "’s", "'re", "to", "'ve", "'d"):
        return None
    if helper is not None:
        word = (
            "cannot"
            if helper.lower_ == "can"
            else helper.text
            + chance.choice(
                (
                    " not",
                    "n't" if helper.lower_ not in ("may", "am", "might", "will", "shall") else " not",
                    " never",
                    " not",
                )
            )
        )
        if word in ("willn't",):
            return None
        return changed(sentence, (helper.i, helper.i + 1, word))
    if verb.tag_ not in ("VBD", "VBZ", "VBP"):
        return None
    do = {"VBD": "did", "VBZ": "does", "VBP": "do"}[verb.tag_]
    fail = {"VBD": "failed", "VBZ": "fails", "VBP": "fail"}[verb.tag_]
    ways = (
        f"{do} not {verb.lemma_}",
        f"{do}n't {verb.lemma_}",
        f"never {verb.text}",
        f"{fail} to {verb.lemma_}",
        f"{do} not {verb.lemma_}",
    )
    return changed(sentence, (verb.i, verb.i + 1, chance.choice(ways)))


def affirmed(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Remove a negation."""
    ways = [
        (
            r"\b(did|does|do|was|were|is|are|had|has|have|could|would|will|should|may|might) not\b",
            (r"\1", r"\1 indeed"),
        ),
        (r"\b(was|were|is|are|had|has|have|could|would|should)n['’]t\b", (r"\1",)),
        (r"\bnever\b", ("always", "often", "once")),
        (r"\bcannot\b", ("can",)),
        (r"\bunable to\b", ("able to",)),
        (r"\b(?:failed|refused|declined) to\b", ("managed to", "agreed to")),
        (r"\bno (?=[a-z])", ("a ", "much ", "some ")),
        (r"\bwithout\b", ("with",)),
        (r"\b(?:neither|none)\b", ("both",)),
        (r"\bnobody\b", ("everybody",)),
        (r"\brarely\b", ("usually",)),
        (r"\black of\b", ("wealth of",)),
        (r"\bunlikely\b", ("likely",)),
    ]
    return _apply_pattern(sentence, ways, chance)


def _apply_pattern(sentence: Span, ways: list[tuple[str, tuple[str, ...]]], chance: random.Random) -> str | None:
    for pattern, others in chance.sample(ways, len(ways)):
        matches = list(re.finditer(pattern, sentence.text, re.IGNORECASE))
        if matches:
            match = chance.choice(matches)
            new = match.expand(chance.choice(others))
            return tidy(sentence.text[: match.start()] + new + sentence.text[match.end() :])
    return None


# Degrees: quantifiers, hedges, causes, comparatives, tense.


def stronger(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Strengthen or reverse a quantifier or a frequency."""
    ways = [
        (r"\bsome (?=[a-z]+s\b)", ("all ", "most ", "nearly all ", "all of the ")),
        (r"\bmany (?=[a-z]+s\b)", ("all ", "most ", "virtually all ", "few ")),
        (r"\bmost (?=of|[a-z]+s\b)", ("all ", "none ", "only a minority ")),
        (r"\bseveral (?=[a-z])", ("all ", "hundreds of ", "no ")),
        (r"\ba few\b", ("most", "countless", "all the")),
        (r"\b(?:often|frequently)\b", ("always", "invariably", "rarely")),
        (r"\bsometimes\b", ("always", "usually", "never")),
        (r"\b(?:usually|generally|typically|normally)\b", ("always", "without exception", "only occasionally")),
        (r"\bone of the (\w+)", (r"the only one of the \1", r"the most important of the \1")),
        (r"\b(?:mainly|mostly|largely|primarily)\b", ("exclusively", "entirely", "only slightly")),
        (r"\b(?:partly|partially)\b", ("wholly", "completely")),
        (r"\b(?:almost|nearly|about|around|approximately) (?=\d)", ("exactly ", "more than ", "at least ")),
        (r"\bup to (?=\d)", ("at least ", "more than ", "exactly ")),
        (r"\b(?:at least|more than|over) (?=\d)", ("at most ", "fewer than ", "exactly ", "less than ")),
        (r"\b(?:less|fewer) than (?=\d)", ("more than ", "at least ")),
        (r"\ball (?=of|the|[a-z]+s\b)", ("none of ", "only a few of ", "hardly any of ")),
        (r"\b(?:each|every)\b", ("only one", "hardly any")),
        (r"\bboth (?=[a-z])", ("neither of ", "only one of ")),
        (r"\b(?:especially|particularly)\b", ("only", "exclusively")),
        (r"\bincluding\b", ("consisting only of", "except")),
        (r"\bthe majority of\b", ("all of", "a minority of")),
        (r"\bsuch as\b", ("but not", "namely only")),
        (r"\bother (?=[a-z]+s\b)", ("all other ", "no other ")),
    ]
    return _apply_pattern(sentence, ways, chance)


def quantified(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Insert a quantifier or an adverb: *Dogs bark* becomes *All dogs bark*; *only*, *always*."""
    clause = main_clause(sentence)
    if clause is None:
        return None
    start, _end = bounds(clause.subject)
    if clause.subject.tag_ == "NNS" and sentence.doc[start].i == clause.subject.i and chance.random() < 0.7:
        word = chance.choice(("All", "Most", "Only", "No", "Nearly all", "Few"))
        return (
            changed(sentence, (start, start, word + " "))
            if start != sentence.start
            else tidy(f"{word} {lowered(sentence[0], sentence.text)}")
        )
    at = clause.auxiliaries[-1].i + 1 if clause.auxiliaries else clause.verb.i + (clause.verb.lemma_ == "be")
    word = chance.choice(
        ("only", "always", "exclusively", "never", "solely", "usually", "rarely", "mainly", "entirely")
    )
    return tidy(f"{sentence.doc[sentence.start : at].text} {word} {sentence.doc[at : sentence.end].text}")


def certain(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Remove a hedge, or replace it with certainty."""
    ways = [
        (r"\bmay (?:be|have been)\b", ("is", "was", "is definitely")),
        (r"\b(?:may|might|could) have (?=\w+(?:ed|en|wn)\b)", ("",)),
        (r"\b(?:may|might|could) (?=[a-z]+ )", ("will ", "does ", "must ", "will certainly ")),
        (r"\bcan (?=[a-z]+ )", ("must ", "always ", "will ")),
        (r"\bsuggest(?:s|ed)? that\b", ("proves that", "establishes that", "confirms that")),
        (r"\bsuggest(?:s|ed)?\b", ("proves", "proved")),
        (r"\b(is|are|was|were) (?:believed|thought|considered|said|reported|estimated|expected|alleged|claimed) to be\b", (r"\1", r"\1 known to be")),
        (r"\b(?:seems?|appears?) to be\b", ("is", "is known to be")),
        (r"\b(?:seemed|appeared) to\b", ("was shown to", "did in fact")),
        (r"\b(?:probably|possibly|perhaps|apparently|reportedly|allegedly|presumably|likely|potentially) ", ("", "certainly ", "definitely ")),
        (r"\bpossible\b", ("certain", "proven")),
        (r"\b(?:likely|expected|supposed|planned|intended|hoped) to\b", ("certain to", "known to")),
        (r"\b(?:tend|tends|tended) to\b", ("always", "are certain to")),
        (r"\b(?:almost|nearly|virtually) (?=[a-z]+)", ("", "completely ")),
        (r"\b(?:tried|attempted|wanted|hoped|planned|intended|sought|agreed|offered|proposed) to (?=[a-z]+)", ("managed to ", "succeeded in having to ")),
        (r"\bshould\b", ("does", "must")),
        (r"\bwould\b", ("did", "will")),
    ]  # fmt: skip
    return _apply_pattern(sentence, ways, chance)


def cause(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Replace a time, a place or an association with a cause, or change a cause."""
    ways = [
        (
            r"\b(?:is|are|was|were) (?:associated|correlated|linked) with\b",
            ("causes", "caused", "is caused by", "prevents"),
        ),
        (r"\bassociated with\b", ("caused by", "responsible for")),
        (
            r"\b(?:after|following) (?=the |a |an |his |her |its |their )",
            ("because of ", "as a result of ", "despite ", "before "),
        ),
        (r"\b(?:during|in) the\b", ("because of the", "thanks to the")),
        (r"\bwhen\b", ("because", "although")),
        (r"\b(?:and|while) (?=(?:the|it|he|she|they|this|its|his) )", ("because ", "so that ")),
        (r"\bbecause of\b", ("in spite of", "regardless of")),
        (r"\bbecause\b(?! of)", ("although", "so that", "long before")),
        (r"\bdue to\b", ("despite", "instead of")),
        (r"\bin order to\b", ("without wanting to", "instead of having to")),
        (r"\b(?:caused|led to|resulted in)\b", ("prevented", "followed", "was caused by")),
        (r"\b(?:although|though|despite the fact that)\b", ("because",)),
        (r"\b(?:contribut|contributed|contributes) to\b", ("is the sole cause of", "put an end to")),
        (r"\brisk of\b", ("certainty of", "protection from")),
    ]
    return _apply_pattern(sentence, ways, chance)


def compared(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Reverse or insert a comparative, or reverse an order in time."""
    ways = [
        (r"\bmore (\w+) than\b", (r"less \1 than", r"as \1 as")),
        (r"\bmore than\b", ("less than",)),
        (r"\bless than\b", ("more than",)),
        (r"\bmore\b", ("less", "fewer")),
        (r"\b(?:less|fewer)\b", ("more",)),
        (r"\b(?:larger|bigger|greater)\b", ("smaller",)),
        (r"\bsmaller\b", ("larger",)),
        (r"\bhigher\b", ("lower",)),
        (r"\blower\b", ("higher",)),
        (r"\bbefore\b", ("after",)),
        (r"\bafter\b", ("before", "long before")),
        (r"\bsince (?=\d)", ("until ",)),
        (r"\buntil\b", ("since", "long after")),
        (r"\bearlier\b", ("later",)),
        (r"\blater\b", ("earlier",)),
        (r"\bolder\b", ("younger",)),
        (r"\bbetter\b", ("worse",)),
        (r"\blargest\b", ("smallest", "second largest", "oldest")),
        (r"\bhighest\b", ("lowest", "second highest")),
        (r"\bbest\b", ("worst",)),
        (r"\b(?:increase)(s|d)?\b", (r"decrease\1",)),
        (r"\b(?:decrease|reduce)(s|d)?\b", (r"increase\1",)),
        (r"\ba (large|big|small|major|popular|common|important|famous|old|rare|important)\b", (r"the most \1", r"an even more \1", r"the least \1")),
    ]  # fmt: skip
    return _apply_pattern(sentence, ways, chance)


def direction(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Reverse a finding: *promotes* becomes *inhibits*, *associated* becomes *not associated*."""
    ways = [
        (r"\b(increase|elevat|rais)(?:e?d)\b", ("reduced", "decreased", "lowered")),
        (r"\b(?:increases|raises|elevates)\b", ("reduces", "decreases", "lowers")),
        (r"\b(?:reduced|decreased|lowered|diminished)\b", ("increased", "raised")),
        (r"\b(?:reduces|decreases|lowers|diminishes)\b", ("increases", "raises")),
        (r"\b(?:promot|enhanc|stimulat|activat|facilitat|induc)(es|ed)\b", (r"inhibit\1", r"suppress\1", r"block\1")),
        (r"\b(?:inhibit|suppress|block)(s|es)\b", ("promotes", "activates", "enhances")),
        (r"\b(?:inhibited|suppressed|blocked|impaired)\b", ("promoted", "activated", "enhanced")),
        (r"\bprevents\b", ("causes", "induces")),
        (r"\bimprov(es|ed)\b", (r"worsen\1", r"impair\1")),
        (r"\b(is|are|was|were) (significantly |strongly )?(associated|linked|correlated|related) (with|to)\b", (r"\1 not \3 \4", r"\1 un\3 \4")),
        (r"\b(?:had|has|have) no (?:significant )?(effect|influence|impact|association)\b", (r"had a strong \1", r"has a clear \1")),
        (r"\bno (?:significant )?(difference|differences|change|increase|reduction)\b", (r"a significant \1", r"a large \1")),
        (r"\bpositive(ly)?\b", (r"negative\1",)),
        (r"\bnegative(ly)?\b", (r"positive\1",)),
        (r"\bup-?regulat(\w+)\b", (r"downregulat\1",)),
        (r"\bdown-?regulat(\w+)\b", (r"upregulat\1",)),
        (r"\b(?:required|necessary|essential|needed) for\b", ("dispensable for", "not needed for", "detrimental to")),
        (r"\bprotect(?:s|ed)? (?:\w+ )?(?:against|from)\b", ("predisposes to", "increases the risk of")),
        (r"\brisk factor for\b", ("protective factor against",)),
        (r"\bresistant\b", ("sensitive",)),
        (r"\bresistance\b", ("sensitivity",)),
        (r"\b(?:high|elevated) (?=levels?|risk|rates?)", ("low ", "reduced ")),
        (r"\blow (?=levels?|risk|rates?)", ("high ", "elevated ")),
        (r"\b(?:leads|led) to\b", ("prevents", "does not lead to")),
        (r"\b(?:results|resulted) in\b", ("prevents", "does not result in")),
        (r"\bplays? an? (\w+ )?role in\b", ("plays no role in", "is not involved in")),
        (r"\b(?:can|could) (?=[a-z]+ )", ("cannot ", "fails to ")),
    ]  # fmt: skip
    return _apply_pattern(sentence, ways, chance)


def tense(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Move the event to another time, or say that it has ended."""
    clause = main_clause(sentence)
    if clause is None:
        return None
    verb, helpers = clause.verb, [t.lower_ for t in clause.auxiliaries]
    first = clause.auxiliaries[0] if clause.auxiliaries else verb
    if first.lower_ in ("was", "were"):
        new = chance.choice(
            (
                "will be",
                "has never been",
                "is no longer going to be",
                "is still" if first.lower_ == "was" else "are still",
            )
        )
    elif first.lower_ in ("is", "are"):
        new = chance.choice(
            (
                "used to be",
                "was formerly" if first.lower_ == "is" else "were formerly",
                "will one day be",
                "is no longer" if first.lower_ == "is" else "are no longer",
            )
        )
    elif helpers == ["will"]:
        new = chance.choice(("would never", "used to", "no longer wants to"))
    elif not helpers and verb.tag_ == "VBD":
        new = chance.choice(
            (
                f"will {verb.lemma_}",
                f"is going to {verb.lemma_}",
                f"plans to {verb.lemma_}",
                f"had stopped {inflected(verb.lemma_, 'VBG')}",
                f"was about to {verb.lemma_}",
                f"almost {verb.text}",
            )
        )
    elif not helpers and verb.tag_ in ("VBZ", "VBP"):
        new = chance.choice(
            (
                f"used to {verb.lemma_}",
                f"will soon {verb.lemma_}",
                f"no longer {verb.text}",
                f"formerly {inflected(verb.lemma_, 'VBD')}",
            )
        )
    else:
        return None
    return changed(sentence, (first.i, first.i + 1, new))


# Additions.


def tail(sentence: Span, others: Others, chance: random.Random) -> str | None:
    """Append the end of another sentence, or an invented one."""
    if not others.tails:
        return None
    added = chance.choice(others.tails)
    body = sentence.text.rstrip(". ")
    if added.strip(" ,").lower() in sentence.text.lower() or not body or body[-1] in '!?"”':
        return None
    if chance.random() < 0.4:
        added = chance.choice(_TAILS)
    return tidy(body + added)


_TAILS = (
    " for the first time", " against the will of its members", " in record time", ", which surprised everybody", " with great success",
    " without any difficulty", " at no cost", " after long negotiations", ", despite strong protests", " free of charge", " in secret",
    ", as required by law", " for political reasons", ", to the surprise of experts", " because of a lack of money", " every year",
    " by mistake", ", the largest of its kind", " in order to save money", ", making it the most popular in the country",
    " twice", " with the help of volunteers", " under pressure from the government", " and was praised for it", " and failed",
    " and later regretted it", ", according to official figures", " on purpose", " in most cases", ", which had never happened before",
    " at the age of forty", " overnight", " at the request of the king", " by a wide margin", ", together with two colleagues",
)  # fmt: skip


def modifier(sentence: Span, others: Others, chance: random.Random) -> str | None:
    """Insert an adjective or an adverb."""
    nouns = [
        t
        for t in sentence
        if t.tag_ in ("NN", "NNS")
        and not any(c.dep_ in ("amod", "compound", "nummod") for c in t.children)
        and not t.ent_type_
        and t.dep_ in ("dobj", "pobj", "nsubj", "nsubjpass", "attr")
    ]
    if nouns and others.adjectives and chance.random() < 0.5:
        noun, word = chance.choice(nouns), chance.choice(others.adjectives)
        if _is_absent(sentence, word):
            return (
                changed(sentence, (noun.i, noun.i + 1, f"{word} {noun.text}"))
                if not noun.is_sent_start
                else tidy(f"{word} {sentence.text[:1].lower()}{sentence.text[1:]}")
            )
    clause = main_clause(sentence)
    if clause is None or clause.verb.lemma_ == "be":
        return None
    word = chance.choice(_ADVERBS)
    return (
        changed(sentence, (clause.verb.i, clause.verb.i + 1, f"{word} {clause.verb.text}"))
        if _is_absent(sentence, word)
        else None
    )


_ADVERBS = """secretly reluctantly deliberately accidentally illegally publicly gladly hastily repeatedly unanimously
successfully unsuccessfully personally single-handedly briefly permanently temporarily quietly proudly falsely
jointly voluntarily unexpectedly immediately eventually partially completely severely barely dramatically
wrongly""".split()


def second_half(sentence: Span, others: Others, chance: random.Random) -> str | None:
    """Append the predicate of another sentence to the true one."""
    clause = main_clause(sentence)
    if clause is None or not others.predicates:
        return None
    added, many = chance.choice(others.predicates)
    if (
        many != plural(clause.subject)
        or len(added.split()) > 14
        or len(sentence) > 30
        or added.lower() in sentence.text.lower()
    ):
        return None
    return tidy(f"{sentence.text.rstrip('. ')} and {added}")


def merged(sentence: Span, others: Others, _: random.Random) -> str | None:
    """Combine the subject of a nearby sentence with the predicate of this one."""
    if others.near is None:
        return None
    own_clause, other_clause = main_clause(sentence), main_clause(others.near)
    if (
        own_clause is None
        or other_clause is None
        or own_clause.subject.pos_ == "PRON"
        or other_clause.subject.pos_ == "PRON"
    ):
        return None
    if own_clause.subject.lemma_ == other_clause.subject.lemma_ or plural(own_clause.subject) != plural(
        other_clause.subject
    ):
        return None
    start, end = bounds(own_clause.subject)
    return changed(sentence, (start, end, phrase(other_clause.subject)))


def denied(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Say that the statement is doubted or denied."""
    start = chance.choice(
        (
            "It has been denied that",
            "Critics doubt that",
            "Nobody believes that",
            "It is a myth that",
            "It remains unclear whether",
            "It is disputed that",
            "There is no evidence that",
            "Some people wrongly believe that",
        )
    )
    return tidy(f"{start} {lowered(sentence[0], sentence.text)}")


PROGRAMS: dict[str, Callable[[Span, Others, random.Random], str | None]] = {
    "roles exchanged": exchanged,
    "wrong passive": wrong_passive,
    "owners exchanged": owners,
    "names exchanged": names_exchanged,
    "ends exchanged": ends_exchanged,
    "clauses crossed": clauses_crossed,
    "verb": _word_program("VERB"),
    "noun": _word_program("NOUN"),
    "adjective": _word_program("ADJ"),
    "adverb": _word_program("ADV"),
    "opposite": opposite,
    "prefix": prefixed,
    "name": another_name,
    "number": another_number,
    "numbers exchanged": numbers_exchanged,
    "negated": negated,
    "affirmed": affirmed,
    "stronger": stronger,
    "quantifier put in": quantified,
    "certain": certain,
    "cause": cause,
    "compared": compared,
    "direction": direction,
    "tense": tense,
    "tail": tail,
    "modifier": modifier,
    "second half": second_half,
    "merged": merged,
    "denied": denied,
}
CONTRADICTIONS = {
    "opposite",
    "prefix",
    "name",
    "number",
    "numbers exchanged",
    "negated",
    "affirmed",
    "compared",
    "direction",
}
USUAL = {
    "verb": 2.0,
    "noun": 2.0,
    "adjective": 1.5,
    "tail": 2.0,
    "modifier": 1.5,
    "roles exchanged": 3.0,
    "wrong passive": 1.5,
    "clauses crossed": 1.5,
    "ends exchanged": 1.5,
    "merged": 3.0,
    "certain": 2.0,
    "compared": 1.5,
    "direction": 1.5,
    "tense": 1.5,
}
"""How often a program is used, relative to the others."""
