"""Whether a source proves a claim: each of its words is there, in the same role, in the same surroundings.

What keeps it from being proven is a problem, said in words. A single one that says otherwise is a contradiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.alignment import Match, Place, Window, matches
from index.checking.context import approximation, context, degree, has_only, limited, quantity_of
from index.checking.graph import Edge, Graph, graph, is_plural, is_verb
from index.checking.quantity import same
from index.checking.vocabulary import JOINTS, NEGATIONS, PARTIAL, PROVES, QUANTIFIERS, RARE, REPORTS
from index.checking.wording import folded, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.checking.context import Context
    from index.checking.graph import Node

_LOOSE = ("in", "at", "for", "on", "from", "to", "with", "by", "during", "within", "of", "inside", "near", "over", "through")
"""Prepositions that a compound may stand for: `hospital parking`."""
_KIN = (
    {"in", "at", "on", "within", "inside", "during", "throughout"}, {"for", "to"}, {"to", "into", "onto", "towards", "toward"},
    {"since", "from"}, {"until", "till", "to"}, {"about", "on", "over"}, {"with", "by"}, {"off", "near"}, {"against", "at"},
)  # fmt: skip
"""Prepositions of which one may stand for another."""
_KEPT_BY_KIND = frozenset(("condition", "question", "falsehood", "report"))
"""What surrounds a fact, of which it is enough that both have one of the kind."""
_EVENTS = frozenset(("in", "on", "at", "during", "within", "throughout", "among"))
"""Prepositions of times and places, which the grammar hangs on one word of a clause or another."""
_ASSERTED = frozenset(("because", "since", "as", "although", "though", "while", "before", "after", "until", "so", "when"))


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a source from proving a claim."""

    kind: str
    """`missing`, `role`, `negation` …"""
    detail: str
    contradicts: bool = False
    part: str = ""
    """Of what is missing, the part of speech, `name` or `#`; of a role, which one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a window of a source says of a claim."""

    problems: tuple[Problem, ...]
    sentence: int
    """Which sentence of the window says most of it."""
    share: float
    """The share of the claim's words that it has."""


def prove(text: str, window: Window) -> Proof:
    """Compare a claim with a window of its source."""
    claim = graph(text)
    attempt = _Attempt(claim, window)
    problems = list(dict.fromkeys(attempt.problems()))
    return Proof(tuple(problems), attempt.sentence(), attempt.share())


class _Attempt:
    """One claim beside one window."""

    def __init__(self, claim: Graph, window: Window) -> None:
        self.claim = claim
        self.window = window
        self.found = matches(claim, window)

    def share(self) -> float:
        said = [place for place, node in self.claim.nodes.items() if node.part != "p"]
        return sum(bool(self.found[place]) for place in said) / (len(said) or 1)

    def sentence(self) -> int:
        """The sentence with most of the words; of equals, the one with the verb."""
        votes = [0.0] * len(self.window.sentences)
        for place, found in self.found.items():
            for sentence in {match.place.sentence for match in found}:
                votes[sentence] += 1.5 if place in self.claim.verbs or self.claim.nodes[place].part == "v" else 1
        return max(range(len(votes)), key=votes.__getitem__)

    def problems(self) -> Iterator[Problem]:
        """All that keeps the window from proving the claim."""
        missing = [place for place, node in self.claim.nodes.items() if not self.found[place] and node.part != "p"]
        yield from filter(None, map(self._missing, missing))
        yield from self._joints()
        yield from self._numbers()
        heads = {edge.head for edge in self.claim.edges} | set(self.claim.verbs)
        heads |= {place for place, node in self.claim.nodes.items() if node.part == "v"}
        if not any(head in self.claim.verbs or self._is_verb(head) for head in heads):
            yield Problem("grammar", "it has no verb that could be followed")
        for head in sorted(heads, key=self._depth):
            yield from self._best(head)

    def _numbers(self) -> Iterator[Problem]:
        """Numbers that are only nearly the source's."""
        for place, node in self.claim.nodes.items():
            if node.quantity and self.found[place]:
                tried = [
                    list(self._approximated(node, self.window.node(match.place), self.window.graphs[match.place.sentence]))
                    for match in self.found[place]
                ]
                yield from min(tried, key=len)

    def _joints(self) -> Iterator[Problem]:
        """Words that join clauses or times: whatever the grammar makes of them, the source must have them."""
        theirs = {token.lemma for made in self.window.graphs for token in made.tokens}
        for token in self.claim.tokens:
            if token.lemma in JOINTS and not theirs & JOINTS[token.lemma]:
                yield Problem("joint", f"“{token.text}” here, not in the source")

    def _depth(self, place: int) -> int:
        """How many words a word hangs from: what it hangs from is looked at first."""
        depth, token = 0, self.claim.tokens[self.claim.verbs.get(place, place)]
        while token.head != token.place and depth < len(self.claim.tokens):
            depth, token = depth + 1, self.claim.tokens[token.head]
        return depth

    def _is_verb(self, place: int) -> bool:
        return is_verb(self.claim.tokens[place])

    def _is_lent(self, place: int) -> bool:
        """Whether it is a part of a name that the passage has in full elsewhere: `Ada` of `Ada Lunde`."""
        token = self.claim.tokens[place]
        if token.tag != "NNP" or token.role != "compound":
            return False
        head = self.claim.tokens[token.head]
        whole = self.claim.text[token.start : head.end]
        return bool(self.found.get(head.place)) and whole in settled(self.window.passage)

    def _missing(self, place: int) -> Problem | None:
        """A word that the source does not have; or has the contrary of, or another number."""
        node = self.claim.nodes[place]
        if instead := self._instead(place, node):
            kind = "number" if node.quantity else "name"
            return Problem(kind, f"{node.text} here, {instead.text} in the source", contradicts=True)
        part = "name" if node.tag.startswith("NNP") else node.part
        return None if self._is_lent(place) else Problem("missing", node.text, part=part)

    def _instead(self, place: int, node: Node) -> Node | None:
        """Another number, or another name, that stands in the source where the claim has this one."""
        for sentence, made in enumerate(self.window.graphs):
            for at, other in made.nodes.items():
                if node.quantity:
                    like = other.quantity is not None and other.quantity.unit == node.quantity.unit
                else:
                    like = node.tag.startswith("NNP") and other.tag.startswith("NNP")
                if like and self._in_its_place(place, Place(sentence, at)):
                    return other
        return None

    def _in_its_place(self, place: int, other: Place) -> bool:
        """Whether a word of the source stands where the claim has another: it says the same of the same."""
        made = self.window.graphs[other.sentence]
        for edge in self.claim.edges:
            if edge.dependent == place and any(
                match.place.sentence == other.sentence and _linked(made, match.place.word, edge.role, other.word)
                for match in self._candidates(edge.head)
            ):
                return True
            if edge.head == place and edge.role in ("agent", "patient", "subject") and any(
                match.place.sentence == other.sentence and _linked(made, other.word, edge.role, match.place.word)
                for match in self.found.get(edge.dependent, ())
            ):
                return True
        return False

    def _candidates(self, head: int) -> Sequence[Match]:
        """Words of the source that may be the claim's; of a verb that says nothing, all that are the same."""
        if head in self.found:
            return self.found[head]
        lemma = self.claim.tokens[head].lemma
        return [
            Match(Place(n, token.place), "same")
            for n, made in enumerate(self.window.graphs)
            for token in made.tokens
            if token.lemma == lemma
        ]

    def _best(self, head: int) -> list[Problem]:
        """The fewest problems that any word of the source has as this one."""
        candidates = self._candidates(head)
        if not candidates and self.claim.tokens[head].lemma == "have":
            return list(self._possession(head))
        if not candidates:
            if head in self.claim.nodes:
                return []  # it is missing: said already
            states = self._is_verb(head) or head in self.claim.verbs
            return [Problem("missing", self.claim.tokens[head].text, part="v")] if states else []
        tried = [(list(self._against(head, match)), match) for match in candidates]
        problems, best = min(tried, key=lambda each: (len(each[0]), sum(not problem.contradicts for problem in each[0])))
        self._settle(head, best)
        return problems

    def _possession(self, head: int) -> Iterator[Problem]:
        """`X has Y` is proven by `the Y of X`, and by `X with Y`."""
        said = self.claim.of(head)
        owners = [match.place for edge in said if edge.role == "agent" for match in self.found.get(edge.dependent, ())]
        owned = [match.place for edge in said if edge.role == "patient" for match in self.found.get(edge.dependent, ())]
        proven = any(
            one.sentence == other.sentence
            and (
                self.window.graphs[one.sentence].roles({one.word}, {other.word}) & {"prep:with"}
                or self.window.graphs[one.sentence].roles({other.word}, {one.word}) & {"of"}
            )
            for one in owners
            for other in owned
        )
        if not proven:
            yield Problem("missing", self.claim.tokens[head].text)

    def _settle(self, head: int, best: Match) -> None:
        """Once it is known which word a verb is, its clauses are those of that word."""
        made = self.window.graphs[best.place.sentence]
        for edge in self.claim.of(head):
            found = self.found.get(edge.dependent, ())
            if edge.role.startswith("clause:") or found:
                own = [
                    each
                    for each in found
                    if each.place.sentence == best.place.sentence
                    and _linked(made, best.place.word, edge.role, each.place.word)
                ]
                clause = edge.role.startswith("clause:") or self._is_verb(edge.dependent)
                if own and (clause or all(_is_told_apart(made, each) for each in own)):
                    self.found[edge.dependent] = own

    def _against(self, head: int, match: Match) -> Iterator[Problem]:
        """The problems of a word of the claim as a certain word of the source."""
        made = self.window.graphs[match.place.sentence]
        for edge in self.claim.of(head):
            if self.found.get(edge.dependent) or (edge.dependent not in self.found and self._is_verb(edge.dependent)):
                yield from self._edge(edge, match, made)
            elif edge.dependent not in self.found and edge.role in ("agent", "patient", "subject"):
                yield from self._everybody(edge, match, made)
        states = head in self.claim.verbs or self._is_verb(head)
        alone = not states and not self._is_argument(head)
        if states or (alone and (context(self.claim, head).negations or context(made, match.place.word).negations)):
            yield from self._surroundings(head, match, made)
        elif match.kind == "contrary":
            yield self._opposite(head, match, made)
        if not states:
            yield from self._amount(head, match, made)
        ours, theirs = degree(self.claim, head), degree(made, match.place.word)
        if ours != theirs and "many" not in (quantity_of(self.claim, head), quantity_of(made, match.place.word)):
            said = f"“{theirs or made.tokens[match.place.word].text}” in the source"
            yield Problem("comparative", f"“{self.claim.tokens[head].text}” compares otherwise: {said}")

    def _is_argument(self, place: int) -> bool:
        """Whether a verb has it as what does something, or what it is done to: a denial is then the verb's."""
        return any(
            edge.dependent == place and edge.role in ("agent", "patient", "subject", "of") for edge in self.claim.edges
        )

    def _opposite(self, head: int, match: Match, made: Graph) -> Problem:
        here, there = self.claim.tokens[head].text, made.tokens[match.place.word].text
        return Problem("contrary", f"“{here}” here, “{there}” in the source", contradicts=True)

    def _everybody(self, edge: Edge, match: Match, made: Graph) -> Iterator[Problem]:
        """`Everybody` and `anything` are proven by the like alone."""
        said = QUANTIFIERS.get(self.claim.tokens[edge.dependent].lemma, "")
        like = (each for each in made.of(match.place.word) if made.tokens[each.dependent].lemma in QUANTIFIERS)
        if said in ("all", "most", "many") and not any(
            QUANTIFIERS[made.tokens[each.dependent].lemma] == said and _linked(made, match.place.word, edge.role, each.dependent)
            for each in like
        ):
            yield Problem("quantifier", f"“{self.claim.tokens[edge.dependent].text}” is not what the source says")

    def _edge(self, edge: Edge, match: Match, made: Graph) -> Iterator[Problem]:
        """What the claim says of two words, and the source does not."""
        claim = self.claim
        dependents = self.found.get(edge.dependent) or self._candidates(edge.dependent)
        own = [each for each in dependents if each.place.sentence == match.place.sentence]
        if match.kind == "elided" and edge.role == "mod" and any(each.place == match.place for each in own):
            return
        if any(each.place == match.place for each in own):
            return  # a name and its acronym
        if any(_linked(made, match.place.word, edge.role, each.place.word) for each in own):
            yield from self._amount_among(edge, match, own, made)
            return
        head, dependent = claim.tokens[edge.head], claim.tokens[edge.dependent]
        if claim.nodes.get(edge.head) and claim.nodes[edge.head].quantity and edge.role == "of" and own:
            return  # `38 per cent of the shopkeepers`, where the source speaks of them just before
        for each in own:
            if self._turned_round(edge, match, each, made):
                yield Problem("role", f"“{head.text}” and “{dependent.text}” have other roles in the source", contradicts=True)
                return
        said = f"“{dependent.text}” does not belong to “{head.text}” in the source"
        yield Problem("role", said, part=edge.role.partition(":")[0])

    def _amount_among(self, edge: Edge, match: Match, own: list[Match], made: Graph) -> Iterator[Problem]:
        if edge.role not in ("agent", "patient", "subject"):
            return
        linked = [each for each in own if _linked(made, match.place.word, edge.role, each.place.word)]
        tried = [list(self._amount(edge.dependent, each, made, subject=edge.role != "patient" or _is_passive(self.claim, edge.head)))
                 for each in linked]  # fmt: skip
        if tried:
            yield from min(tried, key=len)

    def _turned_round(self, edge: Edge, match: Match, dependent: Match, made: Graph) -> bool:
        opposite = {"agent": "patient", "patient": "agent", "subject": "prep:than", "prep:than": "subject"}.get(edge.role)
        if opposite is None:
            return False
        return Edge(match.place.word, opposite, dependent.place.word) in made.edges and any(
            other.role == opposite for other in self.claim.of(edge.head)
        )

    def _surroundings(self, head: int, match: Match, made: Graph) -> Iterator[Problem]:
        ours, theirs = context(self.claim, head), context(made, match.place.word)
        flips = self._denial_reported(ours, theirs, made)
        opposite = match.kind == "contrary"
        if (ours.negations + theirs.negations + flips + opposite) % 2 and opposite:
            yield self._opposite(head, match, made)
        elif (ours.negations + theirs.negations + flips + opposite) % 2:
            said = self._words(self.claim, ours.denying) or self._words(made, theirs.denying)
            where = "here, not in the source" if ours.negations > theirs.negations else "in the source, not here"
            yield Problem("negation", f"“{said}” {where}", contradicts=self._is_plain_denial(ours, theirs, made))
        if not _same_modal(ours, theirs):
            said = theirs.modal or ours.modal
            yield Problem("hedge", f"what the source says with “{_modal_text(made, match.place.word) or said}” is said otherwise here")
        reports = made.tokens[match.place.word].lemma in REPORTS
        if ours.tense and theirs.tense and ours.tense != theirs.tense and not reports:
            yield Problem("tense", f"the source speaks of the {theirs.tense}")
        yield from self._wrapped(ours, theirs, made, flips=flips)
        for limit in sorted(theirs.limits - ours.limits):
            yield Problem("hedge", f"“{limit}” in the source, not here")
        if len(theirs.conditions) > len(ours.conditions):
            yield Problem("condition", f"the source adds “{self._clause(made, theirs.conditions[0])}”")
        if theirs.negations:
            yield from self._restricted(head, match, made)

    def _is_plain_denial(self, ours: Context, theirs: Context, made: Graph) -> bool:
        """Whether one of the two denies something, and the other has no word that denies anything."""
        silent = self.claim if theirs.negations else made
        return not theirs.wrappers and not any(folded(token.text) in NEGATIONS | RARE for token in silent.tokens)

    def _denial_reported(self, ours: Context, theirs: Context, made: Graph) -> int:
        """One where the source reports a denial, and the claim reports the contrary as said."""
        denied = bool(theirs.wrappers) and theirs.wrappers[0].kind == "denial"
        reported = any(each.kind == "report" for each in ours.wrappers)
        return int(denied and reported and not any(each.kind == "denial" for each in ours.wrappers))

    def _wrapped(self, ours: Context, theirs: Context, made: Graph, *, flips: int) -> Iterator[Problem]:
        held = {match.place for each in ours.wrappers for match in self._candidates(each.place)}
        kinds = {each.kind for each in ours.wrappers}
        for each in theirs.wrappers:
            if flips and each.kind == "denial":
                continue
            sentence = self.window.graphs.index(made)
            kept = Place(sentence, each.place) in held or (each.kind in _KEPT_BY_KIND and each.kind in kinds)
            if not kept:
                said = made.tokens[each.place].text if each.kind != "question" else "?"
                yield Problem("wrapper", f"the source says so only with “{said}”")

    def _restricted(self, head: int, match: Match, made: Graph) -> Iterator[Problem]:
        """What a denial leaves out of the source's words denies more than the source."""
        kept = {each.place for found in self.found.values() for each in found}
        for edge in made.of(match.place.word):
            inside = edge.role.startswith("prep:") or edge.role in ("mod", "of")
            said = made.tokens[edge.dependent]
            if inside and edge.dependent in made.nodes and Place(match.place.sentence, edge.dependent) not in kept:
                if said.lemma not in ("example", "instance"):
                    yield Problem("restriction", f"“{said.text}” in the source, not here")

    def _amount(self, place: int, match: Match, made: Graph, *, subject: bool = False) -> Iterator[Problem]:
        """How much of what a noun names the two speak of."""
        node = self.claim.nodes.get(place)
        if node is None or match.place.word not in made.nodes:
            return
        other = made.nodes[match.place.word]
        if node.quantity and other.quantity:
            yield from self._approximated(node, other, made)
            return
        if node.part not in ("n", "p") or match.kind == "elided":
            return
        ours, theirs = quantity_of(self.claim, place), quantity_of(made, match.place.word)
        proven = ours in ("", "none") or theirs in PROVES.get(ours, ()) or (ours in ("some", "several") and is_plural(other) and not theirs)
        if not proven:
            yield Problem("quantifier", f"“{ours}” is not what the source says of “{other.text}”", contradicts=theirs == "none")
        elif theirs in PARTIAL and not ours and (subject or not _is_indefinite(self.claim, place)):
            yield Problem("quantifier", f"the source speaks of “{theirs}” of “{other.text}” only")
        if has_only(self.claim, place) and not has_only(made, match.place.word):
            yield Problem("quantifier", "“only” here, not in the source")
        for limit in sorted(limited(made, match.place.word) - limited(self.claim, place)):
            yield Problem("hedge", f"“{limit}” in the source, not here")
        if subject and is_plural(other) and not theirs and _is_bare(made, match.place.word):
            yield from self._generic(match, made)

    def _generic(self, match: Match, made: Graph) -> Iterator[Problem]:
        """What is said of some kind of things is not said of all of them."""
        kept = {each.place for found in self.found.values() for each in found}
        for edge in made.of(match.place.word):
            inside = edge.role in ("mod", "of") or edge.role.startswith(("prep:", "clause:of"))
            if inside and edge.dependent in made.nodes and Place(match.place.sentence, edge.dependent) not in kept:
                yield Problem("restriction", f"“{made.tokens[edge.dependent].text}” in the source, not here")

    def _approximated(self, node: Node, other: Node, made: Graph) -> Iterator[Problem]:
        assert node.quantity and other.quantity
        ours = approximation(self.claim.text, node.quantity.start)
        theirs = approximation(made.text, other.quantity.start)
        if not same(node.quantity, other.quantity) and ours != "about":
            yield Problem("number", f"{node.text} here, {other.text} in the source", contradicts=True)
        elif theirs and ours != theirs and not (ours == "about" and theirs in ("nearly", "about")):
            yield Problem("hedge", f"the source does not say exactly {other.text}")
        elif ours and not theirs and ours not in ("about", "exactly", "least", "most"):
            yield Problem("hedge", f"the source says {other.text} without reservation")

    def _words(self, made: Graph, place: int | None) -> str:
        return "" if place is None else made.tokens[place].text

    def _clause(self, made: Graph, place: int) -> str:
        """The words from a place on that belong to it, a few of them."""
        inside = {place}
        for _ in range(8):
            inside |= {each.place for at in tuple(inside) for each in made.children[at]}
        first, last = min(inside), min(max(inside), min(inside) + 8)
        return made.text[made.tokens[first].start : made.tokens[last].end]


def _is_told_apart(made: Graph, match: Match) -> bool:
    """Whether a mention says by itself which one it means: `the first dam`, and not `the dam` or `it`."""
    return match.kind in ("same", "synonym") and any(edge.role in ("mod", "of") for edge in made.of(match.place.word))


def _same_modal(ours: Context, theirs: Context) -> bool:
    """Whether what must, may or will be is the same; what may not be must not be."""
    if ours.modal == theirs.modal or {ours.modal, theirs.modal} == {"shall", "will"}:
        return True
    if {ours.modal, theirs.modal} == {"shall", "duty"}:
        return True
    return bool(ours.negations and theirs.negations and ours.modal and theirs.modal)


def _modal_text(made: Graph, place: int) -> str:
    verb = made.verbs.get(place, place)
    return next((each.text for each in made.children[verb] if each.tag == "MD"), "")


def _is_passive(made: Graph, place: int) -> bool:
    return any(each.role == "auxpass" for each in made.children[place])


def _is_bare(made: Graph, place: int) -> bool:
    return not any(each.role in ("det", "poss", "nummod") for each in made.children[place])


def _is_indefinite(made: Graph, place: int) -> bool:
    return not any(each.role == "det" and each.lemma in ("the", "this", "that", "these", "those") for each in made.children[place])


def _linked(made: Graph, head: int, role: str, dependent: int) -> bool:
    """Whether a sentence says of two of its words, or of what names the same, what a claim says of theirs."""
    ours, theirs = made.peers(head), made.peers(dependent)
    roles, back = made.roles(ours, theirs), made.roles(theirs, ours)
    noun = made.tokens[head].tag.startswith(("N", "J"))
    test = _TESTS.get(role.partition(":")[0])
    return bool(test and test(made, head, role, dependent, roles, back, noun))


def _agent(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    if roles & {"agent", "subject"} or (noun and roles & {"of", "prep:by"}):
        return True
    if "prep:by" in roles and any(edge.role == "agent" for edge in made.of(head)):
        return True  # by some means
    return "patient" in roles and not any(edge.role == "agent" for edge in made.of(head)) and not _has_object(made, head)


def _patient(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    if roles & {"patient", "clause:xcomp"} or (noun and roles & {"of", "mod"}):
        return True
    return "agent" in roles and not any(edge.role == "patient" for edge in made.of(head))


def _subject(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    return bool(roles & {"subject", "same", "agent"} or back & {"mod", "same", "of"})


def _of(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    loose = roles & {f"prep:{each}" for each in _LOOSE}
    verb = made.tokens[head].tag.startswith("V")
    return bool(roles & {"of", "mod", "same"} or loose or (verb and roles & {"patient", "agent"}))


def _mod(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    if roles & {"mod", "of", "same"} or back & {"subject", "same"}:
        return True
    if noun and any(each.startswith("prep:") for each in roles):
        return True
    adverb = made.tokens[dependent].tag.startswith("R")
    if adverb and made.clause(dependent) == made.clause(head):
        return True
    return made.tokens[head].tag.startswith("V") and bool(roles & {"agent", "patient"}) and made.tokens[dependent].tag[0] in "NJ" and noun


def _prep(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    word = role.partition(":")[2]
    allowed = {f"prep:{each}" for each in {word}.union(*(kin for kin in _KIN if word in kin))}
    if roles & allowed or (word == "by" and "agent" in roles) or (word in ("to", "for") and "recipient" in roles):
        return True
    if word in _LOOSE and noun and roles & {"mod", "of"}:
        return True
    if word in ("accord", "per"):
        return any(edge.role == "agent" and edge.dependent == dependent and made.tokens[edge.head].lemma in REPORTS for edge in made.edges)
    if word in _EVENTS and made.clause(head) == made.clause(dependent):
        return not (made.nodes.get(dependent) and made.nodes[dependent].quantity) or bool(
            {edge.role for edge in made.edges if edge.dependent == dependent} & {f"prep:{each}" for each in _EVENTS}
        )
    return any(
        edge.dependent == dependent and edge.role in allowed and made.clause(edge.head) == made.clause(head)
        for edge in made.edges
    )


def _clause(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    mark = role.partition(":")[2]
    if mark in _ASSERTED:
        return f"clause:{mark}" in roles
    return any(each.startswith("clause:") for each in roles | back) or bool((roles | back) & {"agent", "subject", "patient"})


def _same(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    return bool((roles | back) & {"same", "subject", "mod"})


def _recipient(made: Graph, head: int, role: str, dependent: int, roles: set[str], back: set[str], noun: bool) -> bool:
    return bool(roles & {"recipient", "prep:to", "prep:for"})


def _has_object(made: Graph, head: int) -> bool:
    return any(each.role == "dobj" for each in made.children[head])


_TESTS = {
    "agent": _agent, "patient": _patient, "subject": _subject, "of": _of, "mod": _mod, "prep": _prep,
    "clause": _clause, "same": _same, "recipient": _recipient,
}  # fmt: skip
