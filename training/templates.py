"""Makes short sentences from word lists, in which shared words mislead: subsequences, constituents, order, scope.

McCoy, Pavlick and Linzen (2019) describe the phenomena; the templates and words are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from training.lexicon import inflected
from training.wrappers import CONTRADICTED, NOT_SAID, SUPPORTED

if TYPE_CHECKING:
    import random

PEOPLE = """doctor lawyer actor artist banker judge author senator scientist student tourist manager secretary baker farmer
sailor teacher nurse engineer painter mayor clerk guard pilot poet monk merchant smith minister captain driver
gardener widow neighbour twin cousin prince queen general singer chemist surgeon librarian plumber carpenter
waiter chef""".split()
NAMES = """Anna Bruno Clara David Elena Felix Greta Hugo Irene Jonas Karla Leo Mira Nils Olga Paul Rosa Simon Tara Viktor""".split()
TRANSITIVE = """visit admire thank help avoid blame follow trust recommend advise call encourage support warn praise defend hire
rescue teach accuse defeat replace paint betray interview remember ignore criticize chase pay push kiss
introduce sue arrest""".split()
INTRANSITIVE = """sleep run dance arrive shout wait laugh resign leave vote cry win retire swim sing travel return succeed""".split()
PLACES = [
    "the office",
    "the river",
    "the library",
    "the old harbour",
    "the station",
    "a small shop",
    "the museum",
    "the north gate",
]
TIMES = [
    "in 1954",
    "last spring",
    "on Monday",
    "after the war",
    "in the morning",
    "for two years",
    "during the strike",
    "at noon",
]
THINGS = """bridge mill garden letter ship church report school tunnel painting law treaty road book machine""".split()


class Template(NamedTuple):
    """A premise, a claim and its class, with placeholders for words.

    `{a}`, `{b}`, `{c}` are people; `{v}`, `{w}` are transitive verbs in the past, `{V}` is the lemma and `{vn}` the
    participle of the first; `{i}`, `{j}` are intransitive verbs in the past, `{I}` is the lemma of the first; `{p2}` is
    a place, `{t}` a time, `{x}` a thing.
    """

    premise: str
    claim: str
    label: int
    kind: str


def _template(kind: str, label: int, premise: str, *claims: str) -> list[Template]:
    return [Template(premise, claim, label, kind) for claim in claims]


S, C, N = SUPPORTED, CONTRADICTED, NOT_SAID
TEMPLATES = [
    *_template("template: order", N, "{a} {v} {b}", "{b} {v} {a}", "{a} was {vn} by {b}"),
    *_template("template: order, true", S, "{a} {v} {b} {t}", "{b} was {vn} by {a}", "{a} {v} {b}", "It was {a} who {v} {b}"),
    *_template("template: order", N, "{a} was {vn} by {b} {t}", "{a} {v} {b}", "{b} was {vn} by {a}", "It was {a} who {v} {b}"),
    *_template("template: order, true", S, "{a} was {vn} by {b}", "{b} {v} {a}", "{a} was {vn}"),
    *_template("template: order", N, "{a} {v} {b} and {b} {w} {c}", "{a} {w} {c}", "{b} {v} {c}", "{c} {w} {b}", "{a} {v} {c}"),
    *_template("template: order, true", S, "{a} {v} {b} and {b} {w} {c}", "{b} {w} {c}", "{c} was {wn} by {b}", "{a} {v} {b}"),
    *_template("template: order", N, "{a} {v} {b}, and {c} {i}", "{a} {i}", "{b} {i}", "{c} {v} {b}"),
    *_template("template: order, true", S, "{a} {v} {b}, and {c} {i}", "{c} {i}", "{a} {v} {b}"),
    *_template("template: order", N, "{a} gave {b} the {x} of {c}", "{b} gave {a} the {x} of {c}", "{c} gave {b} the {x}", "{a} gave {c} a {x}"),
    *_template("template: order, true", S, "{a} gave {b} the {x} of {c}", "{b} got the {x} of {c} from {a}", "{a} gave {c}'s {x} to {b}"),
    *_template("template: order", N, "{a} sold the {x} to {b} {t}", "{b} sold the {x} to {a}", "{a} bought the {x} from {b}"),
    *_template("template: order, true", S, "{a} sold the {x} to {b} {t}", "{b} bought the {x} from {a}", "The {x} was sold to {b}"),
    *_template("template: order", N, "{a} is older than {b}", "{b} is older than {a}", "{a} is younger than {b}"),
    *_template("template: order, true", S, "{a} is older than {b}", "{b} is younger than {a}"),
    *_template("template: order", C, "{a} {i} before {b} {j}", "{b} {j} before {a} {i}", "{a} {i} after {b} {j}"),
    *_template("template: order, true", S, "{a} {i} before {b} {j}", "{b} {j} after {a} {i}", "{a} {i}", "{b} {j}"),
    *_template("template: owners", N, "{a}'s {q} {v} {b}", "{a} {v} {b}", "{b}'s {q} {v} {a}", "{b} {v} {a}'s {q}"),
    *_template("template: owners, true", S, "{a}'s {q} {v} {b}", "{b} was {vn} by {a}'s {q}", "The {q} of {a} {v} {b}"),
    *_template("template: subsequence", N, "{a} near {b} {i}", "{b} {i}"),
    *_template("template: subsequence, true", S, "{a} near {b} {i}", "{a} {i}"),
    *_template("template: subsequence", N, "{a} who {v} {b} {i} {p2}", "{b} {i}", "{b} {v} {a}"),
    *_template("template: subsequence, true", S, "{a} who {v} {b} {i} {p2}", "{a} {i}", "{a} {v} {b}", "{b} was {vn} by {a}"),
    *_template("template: subsequence", N, "{a} whom {b} {v} {i}", "{b} {i}", "{a} {v} {b}"),
    *_template("template: subsequence, true", S, "{a} whom {b} {v} {i}", "{a} {i}", "{b} {v} {a}"),
    *_template("template: constituent", N, "If {a} {i}, {b} {j}", "{a} {i}", "{b} {j}"),
    *_template("template: constituent", N, "Unless {a} {i}, {b} {j}", "{a} {i}", "{b} {j}"),
    *_template("template: constituent", N, "{a} {i}, or {b} {j}", "{a} {i}", "{b} {j}"),
    *_template("template: constituent", N, "{a} {said} that {b} {v} {c}", "{b} {v} {c}", "{a} {v} {c}"),
    *_template("template: constituent, true", S, "{a} {said} that {b} {v} {c}", "According to {a}, {b} {v} {c}", "{a} {said} that {c} was {vn} by {b}"),
    *_template("template: constituent, true", S, "{a} {knew} that {b} {v} {c}", "{b} {v} {c}", "{c} was {vn} by {b}"),
    *_template("template: constituent", N, "{maybe} {a} {v} {b}", "{a} {v} {b}", "{b} was {vn} by {a}"),
    *_template("template: constituent, true", S, "{surely} {a} {v} {b}", "{a} {v} {b}", "{b} was {vn} by {a}"),
    *_template("template: constituent, true", S, "{because} {a} {i}, {b} {j}", "{a} {i}", "{b} {j}"),
    *_template("template: constituent", C, "{a} left without having {vn} {b}", "{a} {v} {b}"),
    *_template("template: constituent", C, "Instead of {ving} {b}, {a} {j}", "{a} {v} {b}"),
    *_template("template: constituent, true", S, "Instead of {ving} {b}, {a} {j}", "{a} {j}", "{a} did not {V} {b}"),
    *_template("template: implied", C, "{a} {failed} to {V} {b}", "{a} {v} {b}"),
    *_template("template: implied, true", S, "{a} {failed} to {V} {b}", "{a} did not {V} {b}", "{a} never {v} {b}"),
    *_template("template: implied", N, "{a} {tried} to {V} {b}", "{a} {v} {b}", "{a} did not {V} {b}"),
    *_template("template: implied, true", S, "{a} {managed} to {V} {b}", "{a} {v} {b}", "{b} was {vn} by {a}"),
    *_template("template: implied", C, "{a} did not {V} {b}", "{a} {v} {b}", "{b} was {vn} by {a}", "{a} managed to {V} {b}"),
    *_template("template: implied, true", S, "{a} did not {V} {b}", "{b} was not {vn} by {a}", "{a} didn't {V} {b}", "It is not true that {a} {v} {b}"),
    *_template("template: scope", C, "All of them except {a} {i}", "{a} {i}", "All of them {i}"),
    *_template("template: scope, true", S, "All of them except {a} {i}", "{a} did not {I}", "Not all of them {i}"),
    *_template("template: scope", C, "Only {a} {v} {b}", "{c} {v} {b}", "{a} did not {V} {b}"),
    *_template("template: scope, true", S, "Only {a} {v} {b}", "{a} {v} {b}", "Nobody but {a} {v} {b}"),
    *_template("template: scope", N, "Some {A}s {i} {t}", "All {A}s {i}", "No {A}s {i}", "Most {A}s {i}", "Only {A}s {i}"),
    *_template("template: scope, true", S, "Many {A}s {i} {t}", "Some {A}s {i}", "{A}s {i}"),
    *_template("template: scope", N, "{a} {v} some of the {B}s", "{a} {v} all of the {B}s", "{a} {v} none of the {B}s"),
    *_template("template: scope, true", S, "{a} {v} all of the {B}s", "{a} {v} some of the {B}s", "{a} {v} most of the {B}s"),
    *_template("template: scope", C, "Neither {a} nor {b} {i}", "{a} {i}", "{b} {i}", "Both {a} and {b} {i}"),
    *_template("template: scope, true", S, "Neither {a} nor {b} {i}", "{a} did not {I}", "{b} did not {I}"),
    *_template("template: added", N, "{a} {v} {b}", "{a} {v} {b} {t}", "{a} {v} {b} {p2}", "{a} {v} {b} and {c}", "{a} {v} {b} and {i}", "{a} secretly {v} {b}"),
    *_template("template: added", N, "{a} and {b} {i}", "{a} and {c} {i}", "{a}, {b} and {c} {i}", "{a} {v} {b}"),
    *_template("template: added, true", S, "{a} and {b} {i} {t}", "{a} {i}", "{b} {i}", "{b} and {a} {i}", "{a} {i} {t}"),
    *_template("template: plans", N, "{a} plans to {V} {b} {p2}", "{a} {v} {b}", "{a} has {vn} {b}"),
    *_template("template: plans, true", S, "{a} plans to {V} {b} {p2}", "{a} intends to {V} {b}"),
]  # fmt: skip
CHOICES = {
    "said": ("said", "claimed", "believed", "thought", "hoped", "suspected", "alleged", "feared", "guessed"),
    "knew": ("knew", "noticed", "found out", "remembered", "discovered", "saw", "was glad", "forgot"),
    "maybe": ("Maybe", "Perhaps", "Supposedly", "Probably", "Hopefully", "Allegedly", "Reportedly", "Possibly"),
    "surely": ("Of course,", "Clearly,", "Without a doubt,", "In fact,", "Luckily,", "Unfortunately,", "Certainly,"),
    "because": ("Because", "After", "When", "While", "Although", "As soon as", "Since", "Before"),
    "failed": ("failed", "refused", "declined", "forgot", "neglected"),
    "tried": ("tried", "wanted", "promised", "hoped", "intended", "was asked", "agreed", "was expected"),
    "managed": ("managed", "remembered", "was able", "was forced", "took the time"),
    "q": ("brother", "lawyer", "doctor", "teacher", "neighbour", "assistant", "sister", "company"),
}  # fmt: skip


def made(chance: random.Random, count: int) -> list[tuple[str, str, int, str]]:
    """Return `count` tuples of premise, claim, class and kind; all templates occur equally often."""
    return [_filled(TEMPLATES[number % len(TEMPLATES)], chance) for number in range(count)]


def _filled(template: Template, chance: random.Random) -> tuple[str, str, int, str]:
    nouns = chance.sample(PEOPLE, 3)
    people = chance.sample(NAMES, 3) if chance.random() < 0.35 else [f"the {noun}" for noun in nouns]
    first, second = chance.sample(TRANSITIVE, 2)
    third, fourth = chance.sample(INTRANSITIVE, 2)
    words = {name: chance.choice(options) for name, options in CHOICES.items()}
    words |= dict(zip("abc", people, strict=True)) | {"A": nouns[0], "B": nouns[1], "V": first, "I": third}
    words |= {"v": inflected(first, "VBD"), "vn": inflected(first, "VBN"), "ving": inflected(first, "VBG")}
    words |= {"w": inflected(second, "VBD"), "wn": inflected(second, "VBN"), "x": chance.choice(THINGS)}
    words |= {"i": inflected(third, "VBD"), "j": inflected(fourth, "VBD"), "t": chance.choice(TIMES)}
    words["p2"] = f"near {chance.choice(PLACES)}"
    premise, claim = (_sentence(text.format(**words)) for text in (template.premise, template.claim))
    return premise, claim, template.label, template.kind


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
