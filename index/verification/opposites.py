"""Pairs of opposite words that can be recognised without understanding the sentence."""

from __future__ import annotations

import re
from functools import cache

from index.text.words import stem
from index.verification.grammar import folded

# The words on one side of a slash are opposites of the words on the other side. Words with a second frequent meaning
# that does not contrast ("last", "light", "right", "well") are left out, and so are pairs that need world knowledge.
_LINES = """
increase rise rises rose risen grow grew grown raise / decrease decline fall fell fallen drop dropped reduce reduction
increase raise / lower shrink shrank diminish
more greater / less fewer
most / least fewest
higher / lower
high / low
highest / lowest
above / below
over / under
before / after
earlier / later
early / late
earliest / latest
positive / negative
large larger big bigger / small smaller
largest biggest / smallest
long longer / short shorter
longest / shortest
fast faster quick quicker / slow slower
strong stronger / weak weaker
better / worse
best / worst
older oldest / younger youngest
maximum / minimum
majority / minority
upper / lower
inside / outside
internal / external
accept approve propose / reject refuse
agree / disagree
allow permit / prevent prohibit forbid forbade forbidden ban banned
include / exclude
support / oppose
win won / lose lost
succeed success successful / fail failed failure
improve improvement / worsen deteriorate
present presence / absent absence
true / false
same identical / different
activate activation / inhibit inhibition
stimulate / suppress
beneficial / harmful
easy / difficult hard
common / rare
safe / dangerous
legal / illegal
always / never
everyone everybody / nobody
all every / none
begin began begun start / end ended finish cease
open opened / close closed
import / export
north northern / south southern
east eastern / west western
up / down
mild / severe
online / offline
indoors indoor / outdoors outdoor
"""
_PREFIX = re.compile(r"(?:un|non|dis|ir|il|im|in)(?=[^\W\d_]{4})|a(?=[^\W\d_]{4,}(?:ic|al)$)")
_NO_PREFIX = frozenset(
    "inform inhabit invaluable invest intense intend income import impress impose imply improve impart inside into "
    "dispose display discover discharge distill union unit until under illustrate irritate increase incorporate "
    "indeed industry influence interest internal introduce invent investigate".split()
)


_GROUPS = """
company firm business corporation enterprise
drug medicine medication
begin start commence
end finish complete conclude
buy purchase acquire
receive obtain get
person people individual human
doctor physician
car automobile
film movie
use utilise utilize employ
need require
allow permit let
request ask
relocate move transfer
make produce manufacture
keep retain
provide supply give
job post position
leave depart
live reside
build construct erect
injure hurt wound
choose select pick
happen occur
stay remain
research study investigation
tumour tumor
baby infant
fund money
law legislation
aim goal objective
find discover
price cost
town municipality
teacher instructor
worker employee staff
author writer
picture image
house home
woman female
man male
child kid
kill murder slay
destroy ruin demolish wreck
help aid assist
fast rapid quick
annual yearly
main chief principal primary
big large
whole entire
important significant
almost nearly
often frequently
sometimes occasionally
mainly mostly largely chiefly primarily
probably likely
rare uncommon
ill sick
attempt try
answer reply
speak talk
vote ballot
pay remunerate
choose elect
border frontier
pupil student
amass win gain earn
grow rise climb
shrink fall drop
"""
"""Words that usually mean the same, although WordNet puts them in different senses."""


def are_opposed(first: str, second: str) -> bool:
    """Whether two stems are on opposite sides of a pair."""
    return second in _table()[1].get(first, ())


def near_synonyms(first: str) -> frozenset[str]:
    """Return the stems that are on the same side of a pair as a stem, or in its group."""
    return _table()[0].get(first, frozenset()) | _groups().get(first, frozenset())


def without_prefix(word: str, part: str = "a") -> str:
    """Return the stem of the word that a prefix negates: `common` for `uncommon`; empty if there is no such prefix.

    Only `un` and `dis` negate verbs: to imprison is to put into prison.
    """
    found = _PREFIX.match(word)
    if part == "v" and found and found[0] not in ("un", "dis"):
        return ""
    return stem(word[found.end() :]) if found and word not in _NO_PREFIX else ""


@cache
def _groups() -> dict[str, frozenset[str]]:
    """Return, for each stem, the stems of its group."""
    found: dict[str, frozenset[str]] = {}
    for line in _GROUPS.strip().splitlines():
        group = frozenset(stem(folded(word)) for word in line.split())
        for member in group:
            found[member] = found.get(member, frozenset()) | group
    return found


@cache
def _table() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Return, for each stem, the stems on its own side of a pair, and those on the opposite side."""
    own: dict[str, frozenset[str]] = {}
    contrary: dict[str, frozenset[str]] = {}
    for line in _LINES.strip().splitlines():
        first, second = (frozenset(stem(folded(word)) for word in side.split()) for side in line.split("/"))
        for members, opposite in ((first, second), (second, first)):
            for member in members:
                own[member] = own.get(member, frozenset()) | members
                contrary[member] = contrary.get(member, frozenset()) | opposite
    return own, contrary
