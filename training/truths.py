"""Rewords a sentence so that the result still follows from it.

Each function takes a parsed sentence and a random generator, and returns the new text, or None if it does not apply.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from training.grammar import (
    be,
    bounds,
    changed,
    child,
    inflect,
    lowered,
    main_clause,
    may_be_trimmed,
    phrase,
    plural,
    tidy,
)
from training.lexicon import frequencies, inflected, synonyms

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from spacy.tokens import Span, Token

    Program = Callable[[Span, random.Random], str | None]

PARTS = {"NOUN": "n", "VERB": "v", "ADJ": "a", "ADV": "r"}
PAST, PRESENT = {"VBD"}, {"VBZ", "VBP"}
_EXTRA = {"appos", "relcl", "advcl", "npadvmod", "advmod", "prep", "amod", "acl"}


def verbatim(sentence: Span, _: random.Random) -> str | None:
    """Return the sentence itself."""
    return sentence.text.strip()


def passive(sentence: Span, _: random.Random) -> str | None:
    """Change *The firm bought the mill* to *The mill was bought by the firm*."""
    clause = main_clause(sentence)
    if clause is None or clause.object is None or clause.verb.lemma_ in ("have", "be", "include", "become", "lack"):
        return None
    verb, subject, target = clause.verb, clause.subject, clause.object
    modal = [auxiliary for auxiliary in clause.auxiliaries if auxiliary.tag_ == "MD"]
    plain = verb.tag_ in PAST | PRESENT and not clause.auxiliaries
    if not plain and not (len(modal) == len(clause.auxiliaries) == 1):
        return None
    if child(verb, {"neg", "dative", "conj", "expl"}) or target.lower_ in (
        "itself",
        "himself",
        "themselves",
        "herself",
    ):
        return None
    (s0, s1), (o0, o1) = bounds(subject), bounds(target)
    if s1 > (modal[0].i if modal else verb.i) or o0 < verb.i:
        return None
    middle = sentence.doc[verb.i + 1 : o0].text
    help_ = f"{modal[0].text} be" if modal else be(target, verb.tag_ in PAST)
    before = sentence.doc[sentence.start : s0].text
    rest = sentence.doc[o1 : sentence.end].text
    new_subject = phrase(target, case="subject")
    return tidy(
        f"{before} {new_subject} {help_} {inflected(verb.lemma_, 'VBN')} {middle} by "
        f"{phrase(subject, case='object')} {rest}"
    )


def active(sentence: Span, _: random.Random) -> str | None:
    """Change *The mill was bought by the firm* to *The firm bought the mill*."""
    clause = main_clause(sentence)
    if clause is None or clause.agent is None or len(clause.auxiliaries) != 1 or child(clause.verb, {"neg", "conj"}):
        return None
    verb, helper, agent = clause.verb, clause.auxiliaries[0], clause.agent
    if helper.lower_ not in ("is", "are", "was", "were") or helper.i > verb.i:
        return None
    (s0, s1), (a0, a1) = bounds(clause.subject), bounds(agent)
    if not s1 <= helper.i or a0 < verb.i:
        return None
    form = inflected(verb.lemma_, "VBD" if helper.lower_ in ("was", "were") else "VBP" if plural(agent) else "VBZ")
    between = sentence.doc[helper.i + 1 : verb.i].text
    middle = sentence.doc[verb.i + 1 : a0 - 1].text
    before, rest = sentence.doc[sentence.start : s0].text, sentence.doc[a1 : sentence.end].text
    return tidy(
        f"{before} {phrase(agent, case='subject')} {between} {form} {phrase(clause.subject, case='object')} {middle} {rest}"
    )


def without_agent(sentence: Span, _: random.Random) -> str | None:
    """Change *The mill was bought by the firm* to *The mill was bought*."""
    clause = main_clause(sentence)
    if clause is None or clause.agent is None or not may_be_trimmed(sentence):
        return None
    by = clause.agent.head
    return changed(sentence, (by.i, bounds(clause.agent)[1], ""))


def trimmed(sentence: Span, chance: random.Random) -> str | None:
    """Remove one to three dispensable phrases: an apposition, a clause, a time, an adjective."""
    if not may_be_trimmed(sentence):
        return None
    free = [token for token in sentence if token.dep_ in _EXTRA and _is_free(token)]
    if not free:
        return None
    edits: list[tuple[int, int, str]] = []
    for token in chance.sample(free, min(len(free), chance.choice((1, 1, 2, 3)))):
        start, end = token.left_edge.i, token.right_edge.i + 1
        if start - 1 > sentence.start and sentence.doc[start - 1].text in (",", "(", "—", "–"):
            start -= 1
        if (
            end < sentence.end - 1
            and sentence.doc[end].text in (",", ")", "—", "–")
            and (start == sentence.start or sentence.doc[start].text in (",", "(", "—", "–"))
        ):
            end += 1
        if all(end <= a or start >= b for a, b, _ in edits):
            edits.append((start, end, ""))
    text = changed(sentence, *edits)
    return text if 4 <= len(text.split()) < len(sentence.text.split()) else None


def _is_free(token: Token) -> bool:
    """Whether the sentence stays true without this word and its dependents."""
    after_comma = token.left_edge.i > 0 and token.doc[token.left_edge.i - 1].text in (",", "(", "—", "–")
    if token.dep_ in ("appos", "relcl"):
        return after_comma
    if token.dep_ == "advcl":
        return after_comma and token.lower_ not in ("according", "if") and child(token, {"mark"}) is None
    if token.dep_ == "amod":
        plain = token.left_edge.i == token.right_edge.i
        return plain and token.lower_ not in _NOT_FREE and token.tag_ == "JJ" and token.doc[token.i - 1].text != "-"
    if token.dep_ == "acl":
        return after_comma and token.tag_ in ("VBN", "VBG")
    if token.dep_ == "prep":
        initial = token.is_sent_start and token.lower_ in ("in", "on", "after", "during", "since", "by", "at", "for")
        last = token.right_edge.i >= token.sent.end - 2 and token.lower_ in (
            "in",
            "on",
            "during",
            "at",
            "with",
            "after",
        )
        return (initial or last) and token.head.dep_ == "ROOT" and token.head.pos_ == "VERB"
    if token.dep_ == "advmod":
        return token.lower_ in (
            "also",
            "then",
            "later",
            "however",
            "moreover",
            "furthermore",
            "very",
            "quickly",
            "still",
        )
    return token.dep_ == "npadvmod" and token.head.dep_ == "ROOT" and after_comma


_NOT_FREE = frozenset(
    """alleged possible potential former fake likely unlikely would-be future proposed planned false supposed so-
    called apparent own other same such main only single average total next previous early late many few several""".split()
)


def synonym(sentence: Span, chance: random.Random) -> str | None:
    """Replace one to three words with their commonest synonyms."""
    edits = []
    for token in chance.sample(list(sentence), len(sentence)):
        part = PARTS.get(token.pos_)
        if (
            part is None
            or token.ent_type_
            or not token.is_alpha
            or (not token.text.islower() and not token.is_sent_start)
        ):
            continue
        lemma = token.lemma_.lower()
        known = [word for word in synonyms(lemma, part) if frequencies()[part, word] * 12 >= frequencies()[part, lemma]]
        if not known or lemma in ("be", "have", "do", "not", "one", "people", "more", "most"):
            continue
        edits.append((token.i, token.i + 1, inflect(chance.choice(known), token)))
        if len(edits) == 3 or chance.random() < 0.4:
            break
    return changed(sentence, *edits) if edits else None


def first_conjunct(sentence: Span, chance: random.Random) -> str | None:
    """Change *She wrote and sang* to *She wrote* or to *She sang*; also shorten lists of two things."""
    heads = [t for t in sentence if t.dep_ == "cc" and t.lower_ == "and" and _joins_two(t)]
    if not heads or re.search(r"\b(?:between|both|together|not|no|same|than|or|total|each)\b|n['’]t\b", sentence.text):
        return None
    conjunction = chance.choice(heads)
    first, second = conjunction.head, next(t for t in conjunction.head.rights if t.dep_ == "conj")
    verbs = first.pos_ in ("VERB", "AUX")
    if (
        verbs
        and chance.random() < 0.5
        and child(second, {"nsubj", "nsubjpass"}) is None
        and child(second, {"aux"}) is None
    ):
        return changed(sentence, (_predicate_start(first), second.left_edge.i, ""))
    if verbs and child(second, {"dobj"}) is not None and child(first, {"dobj"}) is None:
        return None  # both verbs may have the same object
    comma = sentence.doc[conjunction.i - 1].text == ","
    return changed(sentence, (conjunction.i - comma, second.right_edge.i + 1 - _includes_stop(second), ""))


def _joins_two(conjunction: Token) -> bool:
    first = conjunction.head
    rights = [t for t in first.rights if t.dep_ == "conj"]
    if len(rights) != 1 or rights[0].pos_ != first.pos_ or any(t.dep_ == "conj" for t in rights[0].rights):
        return False
    if first.pos_ in ("VERB", "AUX"):
        return first.dep_ == "ROOT" and rights[0].tag_ == first.tag_
    return first.dep_ in ("dobj", "pobj", "attr")


def _predicate_start(verb: Token) -> int:
    subject = child(verb, {"nsubj", "nsubjpass"})
    return subject.right_edge.i + 1 if subject is not None and subject.i < verb.i else verb.i


def _includes_stop(token: Token) -> int:
    """Return 1 if the phrase includes the stop of the sentence, otherwise 0."""
    return int(token.right_edge.text == ".")


def apposition(sentence: Span, _: random.Random) -> str | None:
    """Change *Ada, a nurse from Ulm, …* to *Ada was a nurse from Ulm*."""
    for token in sentence:
        if token.dep_ == "appos" and token.head.pos_ == "PROPN" and token.pos_ == "NOUN" and token.i > token.head.i:
            head = token.head
            start, end = head.left_edge.i, token.left_edge.i
            name = token.doc[start:end].text.strip(" ,(—–")
            tense = "was" if sentence.root.tag_ == "VBD" else "is"
            return tidy(f"{lowered(token.doc[start], name)} {tense} {phrase(token)}")
    return None


def relative(sentence: Span, _: random.Random) -> str | None:
    """Change *Ada, who won the prize, …* to *Ada won the prize*."""
    for verb in sentence:
        subject = child(verb, {"nsubj", "nsubjpass"}) if verb.dep_ == "relcl" else None
        if subject is None or subject.lower_ not in ("who", "which") or child(verb, {"neg"}):
            continue
        head = verb.head
        if (
            subject.i - 1 < 0
            or sentence.doc[subject.i - 1].text != ","
            or (head.dep_ in ("pobj",) and head.pos_ != "PROPN")
        ):
            continue
        name = sentence.doc[head.left_edge.i : subject.i].text.strip(" ,")
        return tidy(f"{lowered(head.left_edge, name)} {sentence.doc[subject.i + 1 : bounds(verb)[1]].text}")
    return None


def possessive(sentence: Span, _: random.Random) -> str | None:
    """Change *Ada's work* to *the work of Ada*, or the reverse for names."""
    for token in sentence:
        if token.dep_ == "poss" and token.pos_ in ("NOUN", "PROPN") and child(token, {"case"}):
            owned = token.head
            mark = child(token, {"case"})
            if mark is not None and mark.i + 1 <= owned.i and bounds(token)[1] <= mark.i + 1:
                tail = sentence.doc[mark.i + 1 : owned.i + 1].text
                whole = f"the {tail} of {lowered(token.left_edge, sentence.doc[token.left_edge.i : mark.i].text)}"
                return changed(sentence, (token.left_edge.i, owned.i + 1, whole))
        if token.lower_ == "of" and token.head.pos_ == "NOUN":
            owner, owned = child(token, {"pobj"}), token.head
            if (
                owner is None
                or owner.ent_type_ not in ("PERSON", "ORG", "GPE")
                or sentence.doc[owned.left_edge.i].lower_ != "the"
            ):
                continue
            if (
                token.i != owned.i + 1
                or owned.lemma_ in ("city", "town", "state", "university", "republic")
                or list(owner.conjuncts)
                or owner.right_edge.i != owner.i
            ):
                continue
            name = sentence.doc[owner.left_edge.i : owner.i + 1].text
            inner = sentence.doc[owned.left_edge.i + 1 : owned.i + 1].text
            return changed(sentence, (owned.left_edge.i, owner.i + 1, f"{name}'s {inner}"))
    return None


def reordered(sentence: Span, _: random.Random) -> str | None:
    """Change *In May, she left* to *She left in May*, or the reverse."""
    root = sentence.root
    for token in root.lefts:
        if token.dep_ in ("prep", "advcl") and token.left_edge.i == sentence.start:
            end = token.right_edge.i + 1
            if (
                end < sentence.end
                and sentence.doc[end].text == ","
                and not sentence.doc[end + 1 : sentence.end].text.count(",")
            ):
                head = lowered(sentence.doc[sentence.start], sentence.doc[sentence.start : end].text)
                body = sentence.doc[end + 1 : sentence.end].text.rstrip(". ")
                return tidy(f"{body} {head}")
    last = [
        t for t in root.rights if t.dep_ in ("prep", "advcl") and t.lower_ in ("in", "on", "after", "during", "since")
    ]
    if last and last[-1].right_edge.i >= sentence.end - 2 and sentence.doc[sentence.start].text.istitle():
        start, end = bounds(last[-1])
        body = sentence.doc[sentence.start : start].text
        return tidy(f"{sentence.doc[start:end].text}, {lowered(sentence.doc[sentence.start], body)}")
    return None


def contracted(sentence: Span, chance: random.Random) -> str | None:
    """Reword a negation: *did not* becomes *didn't*, *failed to* becomes *did not*."""
    text = sentence.text
    ways = [
        (r"\b(did|does|do|was|were|is|are|had|has|have|could|would|should) not\b", (r"\1n't",)),
        (r"\b(did|does|do|was|were|is|are|had|has|have|could|would|should)n['’]t\b", (r"\1 not",)),
        (r"\b(?:cannot|can not|can['’]t)\b", ("can't", "cannot", "is not able to", "is unable to")),
        (r"\b(was|were|is|are) unable to\b", (r"\1 not able to",)),
        (r"\bfailed to\b", ("did not", "didn't")),
        (r"\bnever\b", ("at no time",)),
        (r"\bwithout any\b", ("without",)),
        (r"\b(?:nobody|no one)\b", ("not a single person",)),
        (r"\bnone of the\b", ("not one of the",)),
        (r"\b(was|were|is|are) no longer\b", (r"\1 not any longer", r"\1 not now")),
        (r"\bno (?=[a-z]+ (?:was|were|is|are)\b)", ("not a single ",)),
    ]
    for pattern, others in chance.sample(ways, len(ways)):
        match = re.search(pattern, text)
        if match:
            return tidy(text[: match.start()] + match.expand(chance.choice(others)) + text[match.end() :])
    return None


def same_amount(sentence: Span, chance: random.Random) -> str | None:
    """Replace a number with an equal value or one that follows: *53* becomes *more than 50* or *at least 53*."""
    text = sentence.text
    ways: list[tuple[str, Callable[[re.Match[str]], str]]] = [
        (r"\b(\d{1,3}),(\d)00,000\b", lambda m: f"{m[1]}.{m[2]} million" if m[2] != "0" else f"{m[1]} million"),
        (r"\b(\d+(?:\.\d+)?) ?%", lambda m: f"{m[1]} {chance.choice(('percent', 'per cent'))}"),
        (r"\b(\d+(?:\.\d+)?) (?:percent|per cent)\b", lambda m: f"{m[1]}%"),
        (r"\b(\d{1,3}),(\d{3})\b", lambda m: m[1] + m[2]),
        (r"\b(two|three|four|five|six|seven|eight|nine|ten|twelve)\b", lambda m: _DIGITS[m[1]]),
        (r"(?<![\d,.])\b([2-9]|10|12)\b(?= [a-z])", lambda m: _WORDS[m[1]]),
        (r"\b(?:more than|over) (?=\d)", lambda _: chance.choice(("more than ", "over ", "at least "))),
        (r"\b(?:less than|under|fewer than) (?=\d)", lambda _: chance.choice(("less than ", "fewer than ", "under "))),
        (r"(?<![\d,.-])\b(?!1[89]\d\d|20\d\d)(\d{2,4})\b(?= [a-z]+s\b)", lambda m: _at_least(m[1], chance)),
    ]
    for pattern, other in chance.sample(ways, len(ways)):
        match = re.search(pattern, text)
        if match and other(match) != match[0]:
            return tidy(text[: match.start()] + other(match) + text[match.end() :])
    return None


_WORDS = dict(
    zip("2 3 4 5 6 7 8 9 10 12".split(), "two three four five six seven eight nine ten twelve".split(), strict=True)
)
_DIGITS = {word: digit for digit, word in _WORDS.items()}


def _at_least(number: str, chance: random.Random) -> str:
    value = int(number)
    step = 10 ** (len(number) - 1)
    return chance.choice(
        (
            f"at least {number}",
            f"more than {value - 1 - value // 20}",
            f"more than {value // step * step - (value % step == 0) * step // 2}",
        )
    )


def weaker(sentence: Span, chance: random.Random) -> str | None:
    """Weaken a quantifier, a frequency or a degree: *all* becomes *some*, *always* becomes *often*."""
    if re.search(r"\b(?:not|no|never|without|if|than)\b|n['’]t\b", sentence.text):
        return None
    ways = [
        (r"\b([Aa])ll (?:of )?the (?=[a-z]+s\b)", ("some of the ", "most of the ", "many of the ")),
        (r"\b([Mm])ost (?=[a-z]+s\b)", ("many ", "some ")),
        (r"\b([Mm])any (?=[a-z]+s\b)", ("some ", "a number of ")),
        (r"\balways\b", ("often", "usually")),
        (r"\b(?:usually|generally|typically)\b", ("often", "normally")),
        (r"\bmust\b", ("has to", "needs to")),
        (r"\bextremely\b", ("very",)),
        (r"\bseveral\b", ("some", "a number of")),
        (r"\bnumerous\b", ("many", "some")),
        (r"\bmay\b(?! \d)", ("might", "could")),
        (r"\bmight\b", ("may", "could")),
        (r"\bsuggests? that\b", ("indicates that", "implies that")),
        (r"\bis (?:probably|likely)\b", ("may be", "could be")),
        (r"\bis (?:believed|thought) to be\b", ("is considered to be", "is thought to be", "is believed to be")),
    ]
    for pattern, others in chance.sample(ways, len(ways)):
        match = re.search(pattern, sentence.text)
        if match:
            text = sentence.text
            return tidy(text[: match.start()] + chance.choice(others) + text[match.end() :])
    return None


def cleft(sentence: Span, chance: random.Random) -> str | None:
    """Change *The firm bought it* to *It was the firm that bought it*."""
    clause = main_clause(sentence)
    if clause is None or clause.verb.tag_ != "VBD" or clause.subject.pos_ == "PRON" or clause.auxiliaries:
        return None
    start, end = bounds(clause.subject)
    if start != sentence.start or len(sentence) > 30 or end > clause.verb.i:
        return None
    word = "who" if clause.subject.ent_type_ == "PERSON" else "that"
    helper = chance.choice(("It was", "It was")) if not plural(clause.subject) else "It was"
    return tidy(f"{helper} {phrase(clause.subject)} {word} {sentence.doc[end : sentence.end].text.lstrip(', ')}")


def resolved(sentence: Span, _: random.Random) -> str | None:
    """Replace a pronoun at the beginning with the only person that the previous sentence names."""
    first = sentence[0]
    if first.lower_ not in ("he", "she", "his", "her") or sentence.start == 0:
        return None
    before = sentence.doc[sentence.start - 1].sent
    people = {entity.text for entity in before.ents if entity.label_ == "PERSON"}
    if len(people) != 1:
        return None
    name = re.sub(r"['’]s$", "", people.pop())
    owns = first.dep_ == "poss"
    return changed(sentence, (first.i, first.i + 1, f"{name}'s" if owns else name))


def same_direction(sentence: Span, chance: random.Random) -> str | None:
    """Replace one or two words of findings with words of the same meaning: *lowers* becomes *reduces*."""
    text, done = sentence.text, 0
    for pattern, others in chance.sample(_SAME, len(_SAME)):
        match = re.search(pattern, text)
        if match and done < 2:
            text, done = text[: match.start()] + match.expand(chance.choice(others)) + text[match.end() :], done + 1
    return tidy(text) if done else None


_SAME = [
    (r"\bincreased (?=[a-z])", ("raised ", "elevated ")),
    (r"\bincreases (?=[a-z]+ (?!in\b))", ("raises ", "elevates ")),
    (r"\b(?:reduced|decreased) (?=[a-z])", ("lowered ", "diminished ")),
    (r"\b(?:reduces|decreases) (?=[a-z]+)", ("lowers ", "diminishes ")),
    (r"\blowered\b", ("reduced", "decreased")),
    (r"\binhibits\b", ("suppresses", "blocks")),
    (r"\binhibited\b", ("suppressed", "blocked")),
    (r"\bpromotes\b", ("favors", "facilitates", "fosters")),
    (r"\bpromoted\b", ("favored", "facilitated", "fostered")),
    (r"\b(is|are|was|were) associated with\b", (r"\1 linked to", r"\1 related to", r"\1 correlated with")),
    (r"\bassociation between\b", ("link between", "relationship between")),
    (r"\bplays an? (?:\w+ )?role in\b", ("is involved in", "takes part in")),
    (r"\b(?:led to|resulted in)\b", ("brought about", "caused")),
    (r"\b(?:leads to|results in)\b", ("causes", "brings about")),
    (r"\bcauses\b", ("leads to", "gives rise to")),
    (r"\b(is|are|was|were) (?:required|necessary|essential) for\b", (r"\1 needed for", r"\1 necessary for")),
    (r"\bdid not (?:affect|alter|change|influence)\b", ("had no effect on", "had no influence on")),
    (r"\b(has|have|had) no effect on\b", (r"\1 no influence on", r"\1 no impact on")),
    (r"\b(?:showed|demonstrated|found) that\b", ("demonstrated that", "showed that")),
    (r"\b(?:significantly|markedly|substantially|strongly) (?=[a-z]+ed\b)", ("",)),
    (r"\bimproves\b", ("betters", "enhances")),
    (r"\bimproved\b", ("bettered", "enhanced")),
    (r"\bcontributes to\b", ("is a factor in", "has a part in")),
    (r"\bdespite\b", ("in spite of",)),
    (r"\bbecause of\b", ("due to", "owing to")),
    (r"\b(began|started) in\b", ("dates from", "was begun in")),
    (r"\bapproximately\b", ("about", "roughly")),
    (r"\b(is|are|was|were) located in\b", (r"\1 situated in", r"\1 in")),
    (r"\b(is|are|was|were) known as\b", (r"\1 called",)),
]
"""Patterns and their possible replacements."""


def attributed(sentence: Span, chance: random.Random) -> str | None:
    """Change *Ada said that it works* to *According to Ada, it works*; the speaker stays the same."""
    verb = sentence.root
    inner, speaker = child(verb, {"ccomp"}), child(verb, {"nsubj"})
    if verb.lemma_ not in _SAYING or inner is None or speaker is None or speaker.pos_ == "PRON" or child(verb, {"neg"}):
        return None
    if child(inner, {"nsubj", "nsubjpass"}) is None or inner.i < verb.i or list(verb.conjuncts) or speaker.i > verb.i:
        return None
    start, end = bounds(inner)
    statement = sentence.doc[start + (sentence.doc[start].lower_ == "that") : end].text
    if len(statement.split()) < 4 or end < sentence.end - 1 or '"' in sentence.text or "“" in sentence.text:
        return None
    name = phrase(speaker)
    return tidy(
        chance.choice(
            (
                f"According to {name}, {statement}",
                f"{name} stated that {statement}",
                f"{statement}, according to {name}",
            )
        )
    )


_SAYING = ("say", "state", "argue", "claim", "report", "note", "write", "assert", "maintain")


USUAL = {"verbatim": 0.4, "trimmed": 2.0, "synonym": 1.5, "passive": 1.5}
"""How often a program is used, relative to the others."""
PROGRAMS: dict[str, Program] = {
    "verbatim": verbatim,
    "passive": passive,
    "active": active,
    "without agent": without_agent,
    "trimmed": trimmed,
    "synonym": synonym,
    "one of two": first_conjunct,
    "apposition": apposition,
    "relative clause": relative,
    "possessive": possessive,
    "reordered": reordered,
    "true denial": contracted,
    "same amount": same_amount,
    "weaker": weaker,
    "cleft": cleft,
    "pronoun": resolved,
    "same direction": same_direction,
    "attributed": attributed,
}
