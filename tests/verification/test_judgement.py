"""The verdict of a claim: verbatim, supported, contradicted or unverified, and the detail that a reader sees."""

from __future__ import annotations

import pytest

from index.records import SUPPORTING
from index.text.sentences import split_sentences
from index.verification.comparison import Objection
from index.verification.judgement import CERTAIN, LIKELY, Source, compare, may_be_outvoted
from index.verification.proof import Proof
from tests.cases import cases
from tests.verification.claims import judged, verdict
from tests.verification.worded_answers import REVENUE, WRONG

MAYOR = (
    "The mayor, Ann Lee, denied that the council intends to sell the swimming pool. She added that it lost "
    "£210,000 in 2020. Historians long believed that sabotage had caused the collapse. The files contain no "
    "evidence of it. All members except those on the free plan may export data. If the rent is late, the landlord "
    "may charge £15. Nearly 40 per cent of the shops closed. Some of the shops will reopen. The drug may slow the "
    "disease. Smoking is associated with gum disease. In her novel, a nurse poisons the king. The fee is paid "
    "unless the order was cancelled. Did the engineers sign the plan? The agency alleges that the firm bribed two "
    "officials."
)

PROVEN = {
    "passive": ("The plans were drawn by Rosa Keller.", "Rosa Keller drew the plans."),
    "active": ("Rosa Keller drew the plans.", "The plans were drawn by Rosa Keller."),
    "of": ("The daughter of Keller drew the plans.", "Keller's daughter drew the plans."),
    "order": ("In 1916 ice destroyed two piers.", "Ice destroyed two piers in 1916."),
    "relative clause": ("The bridge opened in 1921.", "Rosa drew the bridge, which opened in 1921."),
    "pronoun": ("The bridge cost 2.7 million francs.", "The bridge opened in 1921. It cost 2.7 million francs."),
    "synonym": ("The firm bought the factory.", "The company purchased the factory."),
    "broader word": ("The zoo bought a bird in May.", "The zoo bought a parrot in May."),
    "derivation": ("The board decided to close the factory.", "The board decided to close the factory in May."),
    "part of a list": ("The council sold the pool.", "The council sold the pool and the library."),
    "some of all": ("Some tickets must be bought in advance.", "All tickets must be bought in advance."),
    "said of a denial": ("The mayor said that the council does not intend to sell the pool.", MAYOR),
    "kept wrapper": ("The agency alleges that the firm bribed two officials.", MAYOR),
    "kept hedge": ("The drug may slow the disease.", MAYOR),
    "kept condition": ("If the rent is late, the landlord may charge £15.", MAYOR),
    "percent": ("The council kept 40% of the land.", "The council kept 40 per cent of the land."),
    "million": ("The bridge cost 2,700,000 francs.", "The bridge cost 2.7 million francs."),
    "currency": ("The plant cost €412 million.", "The plant cost 412 million euros."),
    "minutes": ("The walk takes 120 minutes.", "The walk takes two hours."),
    "a name beside an office": (
        "Ann Lee is the prosecutor.",
        "The mayor denied that the prosecutor, Ann Lee, was paid.",
    ),
    "where something is": ("The plant is at Sabetta.", "The gas comes from the plant at Sabetta and from Yamal."),
    "what somebody has": (
        "Nokia has its seat in Espoo.",
        "Ericsson, with its seat in Kista; Nokia, with its seat in Espoo.",
    ),
    "only": ("Only Rome had a fleet.", "Only Rome had a fleet in the south."),
    "the number of a note": ("Ann was born in 1968.", "Ann was born in 1968,[1] and grew up in Wales.[2]"),
}


@cases(("claim", "passage"), PROVEN.values(), ids=PROVEN)
def test_claim_with_every_word_accounted_for_is_supported(claim: str, passage: str) -> None:
    """Each word matches by itself, an inflection, a synonym or an equal number, in the same role and context."""
    assert verdict(claim, passage) in SUPPORTING


NOT_PROVEN = {
    "a name beside a future office": ("Ann Lee is the manager.", "One of them was the future manager, Ann Lee."),
    "a name that is not beside an office": (
        "Ann Lee is not the prosecutor.",
        "The mayor praised the prosecutor, Ann Lee.",
    ),
    "where there is none": ("The plant is at Sabetta.", "There is no plant at Sabetta and none in Yamal."),
    "where one may be": ("The plant is at Sabetta.", "The firm hopes for a plant at Sabetta and for a pipeline."),
    "where one was": ("The plant is at Sabetta.", "The gas came from the former plant at Sabetta and from Yamal."),
    "which of a row": ("The value of x[1] is five.", "The value of x[2] is five."),
    "where something is brought": ("The field is in Egypt.", "The field is exporting gas to Egypt."),
    "where something is not": ("The plant is not at Sabetta.", "The gas comes from the plant at Sabetta."),
    "a place of another's": (
        "Nokia has its seat in Kista.",
        "1. Ericsson, with its seat in Kista. 2. Nokia, with its seat in Espoo.",
    ),
    "what a pronoun stands for": (
        "The Circle is a demon.",
        "The Circle has methods for those who would give up their will to a demon. It is old.",
    ),
    "a department of another name": (
        "Li Shangfu is the director of the State Department.",
        "On 20 September 2018 the United States imposed sanctions on the Equipment Development Department of the "
        "Central Military Commission, the body that buys weapons for the Chinese forces, and on its director, Li "
        "Shangfu (State Department announcement).",
    ),
    "a part of a name": (
        "Li is the director of the State Department.",
        "The United States punished the Equipment Department, the body that buys weapons, and its director, Li.",
    ),
    "she for he": ("Mr Ferrand said that she had left.", "Mr Ferrand spoke. He said that he had left."),
    "two words for one pronoun": (
        "Ann has three children, all of them daughters.",
        "Her daughters were not there. Ann has three children, and all of them live in Rome.",
    ),
    "only one of two": ("Only Rome had a fleet.", "Only Rome and Carthage had a fleet."),
    "another verb": ("Curie falsified the study.", "Curie led the study."),
    "roles exchanged": ("Beta acquired Alpha in 2019.", "Alpha acquired Beta in 2019."),
    "roles exchanged in the passive": ("Alpha was acquired by Beta.", "Alpha acquired Beta."),
    "possessor exchanged": ("Keller's daughter died.", "Keller died. His daughter lived."),
    "possessor for possession": ("Keller drew the plans.", "Keller's daughter drew the plans."),
    "added adverb": ("The board secretly approved the plan.", "The board approved the plan."),
    "added half": ("The board approved the plan and fired the chairman.", "The board approved the plan."),
    "added tail": ("The train was held up by snow.", "The train was held up."),
    "all for some": ("All of the shops will reopen.", MAYOR),
    "bare for some": ("The shops will reopen.", MAYOR),
    "cause for association": ("Smoking causes gum disease.", MAYOR),
    "denied": ("The council intends to sell the swimming pool.", MAYOR),
    "believed": ("Sabotage caused the collapse.", MAYOR),
    "believed, word for word": ("Sabotage had caused the collapse.", MAYOR),
    "alleged, word for word": ("The firm bribed two officials.", MAYOR),
    "exception dropped": ("All members may export data.", MAYOR),
    "condition dropped, word for word": ("The landlord may charge £15.", MAYOR),
    "unless dropped": ("The fee is paid.", MAYOR),
    "nearly dropped": ("40 per cent of the shops closed.", MAYOR),
    "may dropped": ("The drug slows the disease.", MAYOR),
    "a question": ("The engineers signed the plan.", MAYOR),
    "fiction": ("A nurse poisons the king.", MAYOR),
    "plan for deed": ("The board closed the factory.", "The board plans to close the factory."),
    "attempt for deed": ("The rebels took the city.", "The rebels tried to take the city."),
    "tense": ("The statue stands on the bridge.", "The statue had stood on the bridge."),
    "comparison turned round": ("Tarn is older than Sulz.", "Sulz is older than Tarn."),
    "sums": ("The council had 26 votes.", "The council had 17 votes for it and 9 against it."),
    "look-alike letter": ("Gazprоm sold the gas.", "Gazprom sold the gas."),
    "not true": ("The dam failed.", "It is not true that the dam failed."),
    "excluded from a list": ("The rent includes council tax.", "The rent includes water but not council tax."),
    "excluded from those charged": (
        "The office charged the founder.",
        "The office charged two managers, but not the founder.",
    ),
    "refuted by the next sentence": ("The king was seen in Rome.", "The king was seen in Rome. But this is false."),
    "merged": ("The museum cost two million.", "The museum opened in May. The bridge cost two million."),
}


@cases(("claim", "passage"), NOT_PROVEN.values(), ids=NOT_PROVEN)
def test_claim_that_adds_or_changes_something_is_not_supported(claim: str, passage: str) -> None:
    """These claims add words, swap roles, or drop a condition."""
    assert verdict(claim, passage) not in SUPPORTING


@cases(("passage", "claim", "closeness"), WRONG, ids=[claim[:40] for _, claim, _ in WRONG])
def test_wrong_answer_is_not_supported(passage: str, claim: str, closeness: tuple[float, ...]) -> None:
    """Each of these answers is wrong in one point."""
    assert verdict(claim, passage, closeness) not in SUPPORTING


CONTRADICTED = {
    "number": ("Prices rose by 18 percent.", "Prices rose by 10 percent.", "18 percent here, 10 percent in the source"),
    "name": ("Obama spoke in Paris.", "Obama spoke in Berlin.", "Paris here, Berlin in the source"),
    "negation": (
        "The drug did not lower the pressure.",
        "The drug lowered the pressure.",
        "“not” here, not in the source",
    ),
    "contrary": ("Prices fell sharply.", "Prices rose sharply.", "“fell” here, “rose” in the source"),
    "contrary in another part of speech": (
        "The increase in prices was sharp.",
        "The reduction in prices was sharp.",
        "",
    ),
    "prefix": ("The infection is uncommon in adults.", "The infection is common in adults.", ""),
}


@pytest.mark.parametrize(("claim", "passage", "detail"), CONTRADICTED.values(), ids=CONTRADICTED)
def test_single_opposite_word_contradicts(claim: str, passage: str, detail: str) -> None:
    """The detail shows both words."""
    found = judged(claim, passage)
    assert found.verdict == "contradicted"
    assert detail in found.detail


def test_detail_names_the_missing_words() -> None:
    """They are between asterisks, which user interfaces show as emphasis."""
    found = judged("The board secretly approved the plan.", "The board approved the plan.")
    assert (found.verdict, found.detail) == ("unverified", "Not in the source: *secretly*.")


def test_unverified_claim_names_the_nearest_sentence() -> None:
    """`source` is the index of the sentence with most of the claim's words."""
    assert judged("The board secretly proposed a dividend of 45 cents.", REVENUE).source == 2


def test_verbatim_sentence_needs_no_verifier() -> None:
    """Case, blanks and quotation marks do not count; any other claim is given to the verifier."""
    calls: list[tuple[str, str]] = []

    def refuse(pairs: object) -> list[float]:
        assert isinstance(pairs, list)
        calls.extend(pairs)
        return [0.0] * len(pairs)

    sources = [Source("Rosa Keller drew the plans.", "Rosa Keller drew the plans.")]
    assert compare("rosa keller  drew the “plans”", sources, [0.0], refuse).verdict == "verbatim"
    assert not calls
    assert compare("The plans were drawn by Rosa Keller.", sources, [0.9], refuse).verdict == "unverified"
    assert calls == [("The plans were drawn by Rosa Keller.", "Rosa Keller drew the plans.")]


def test_consecutive_sentences_are_verbatim() -> None:
    """A claim may be a paragraph of the source."""
    passage = "Well. She never patented it. It was free. Yes."
    assert verdict("She never patented it. It was free.", passage, 0.0) == "verbatim"


RAILWAY = "The engineers of the railway company tested the locomotive in May."
OUTVOTED = {
    "a noun": ("In May the technicians of the railway company tested the locomotive.", "supported", "supported"),
    "a verb": ("In May the engineers of the railway company painted the locomotive.", "unverified", "supported"),
    "a name": ("In Rome the engineers of the railway company tested the locomotive.", "unverified", "unverified"),
    "a number": ("In May the engineers of the railway company tested three locomotives.", "unverified", "unverified"),
    "a fifth of the words": (
        "In May the old engineers of the railway company painted the locomotive on a track.",
        "unverified",
        "unverified",
    ),
    "a short claim": ("The locomotive is an engineer of the company.", "unverified", "unverified"),
    "a number as predicate": ("In May the engineers of the railway company were thirty.", "unverified", "unverified"),
    "an addition": (
        "In May the engineers of the railway company secretly tested the locomotive.",
        "unverified",
        "unverified",
    ),
}


@pytest.mark.parametrize(("claim", "if_likely", "if_certain"), OUTVOTED.values(), ids=OUTVOTED)
def test_verifier_outvotes_more_words_the_surer_it_is(claim: str, if_likely: str, if_certain: str) -> None:
    """If likely, it outvotes another noun; if certain, another verb; names, numbers and short claims never."""
    source = [Source(RAILWAY, RAILWAY)]
    assert compare(claim, source, [0.9], lambda pairs: [(LIKELY + CERTAIN) / 2] * len(pairs)).verdict == if_likely
    assert compare(claim, source, [0.9], lambda pairs: [1.0] * len(pairs)).verdict == if_certain


def test_outvoted_claim_may_have_two_displaced_words() -> None:
    """Two words may have other roles if another verb is outvoted, too; without one, three may."""
    verb = Objection("missing", "painted", part="v")
    elsewhere = [Objection("role", f"of {number}", part="of") for number in range(3)]
    assert may_be_outvoted(Proof((verb, *elsewhere[1:]), 0, 0.9, 10))
    assert not may_be_outvoted(Proof((verb, *elsewhere), 0, 0.9, 10))
    assert may_be_outvoted(Proof(tuple(elsewhere), 0, 0.9, 10))


COPIES = {
    "a noun": "The technicians of the railway company tested the locomotive in May.",
    "if for unless": "The engineers tested the locomotive if it rained.",
    "or for and": "The king or the queen came to the opening of the bridge.",
    "her for his": "Dahl published the map under her own name.",
    "up for down": "They were two goals up after an hour.",
}
COPIED = (
    f"{RAILWAY} The engineers tested the locomotive unless it rained. The king and the queen came to the opening of "
    "the bridge. Dahl published the map under his own name. They were two goals down after an hour."
)


@pytest.mark.parametrize("claim", COPIES.values(), ids=COPIES)
def test_verifier_does_not_outvote_a_changed_word_of_a_copy(claim: str) -> None:
    """A copied sentence with one word replaced says something else, whatever is next to it."""
    sources = [Source(span.of(COPIED), COPIED) for span in split_sentences(COPIED)]
    assert compare(claim, sources, [0.9] * len(sources), lambda pairs: [1.0] * len(pairs)).verdict not in SUPPORTING


def test_other_sentences_than_the_copied_one_are_compared() -> None:
    """One sentence may have another number or name, and the next one those of the claim."""
    passage = "The king opened the bridge in Paris. Then, in Rome, the bridge was opened by the king."
    assert verdict("The king opened the bridge in Rome.", passage) == "supported"
    prices = (
        "Prices in the town rose by 18 per cent in the year. Bread was dear. In the year after the war, prices in the "
        "town rose by 10 per cent."
    )
    assert verdict("Prices in the town rose by 10 per cent in the year.", prices) != "contradicted"


def test_interchangeable_prepositions_are_supported() -> None:
    """That holds for a copied sentence, too."""
    assert (
        verdict(
            "The king met the queen in the opening of the bridge.",
            "The king met the queen at the opening of the bridge.",
        )
        == "supported"
    )


CUT = {
    "a modifier": ("Stalls must keep an extinguisher.", "Food stalls must keep an extinguisher in the tent."),
    "an alternative": ("The app needs version 10.", "The app needs version 10 or later, and a network."),
}


@pytest.mark.parametrize(("claim", "passage"), CUT.values(), ids=CUT)
def test_dropped_qualification_is_unverified(claim: str, passage: str) -> None:
    """A shortened sentence must not say more than the whole."""
    assert verdict(claim, passage) == "unverified"


SHORT = {
    "a place": ("Tokyo is in Europe.", "It names London and Paris in Europe, and Tokyo in Asia."),
    "an office": (
        "Warnock was the manager of Leicester.",
        "Warnock needed to sell, and Leicester manager Little bought.",
    ),
    "a work place": ("Shen works at Brown University.", "Zejiang Shen, Allen Institute; Brown University, Providence."),
}


@pytest.mark.parametrize(("claim", "passage"), SHORT.values(), ids=SHORT)
def test_verifier_does_not_connect_unrelated_names(claim: str, passage: str) -> None:
    """A short claim says of one name what the source says of another, or of none."""
    assert compare(claim, [Source(passage, passage)], [0.9], lambda pairs: [1.0] * len(pairs)).verdict == "unverified"


def test_sentence_about_something_else_does_not_contradict() -> None:
    """A sentence with fewer words of the claim is about something else."""
    paper = "This paper introduces LayoutParser, an open-source library for the use of models in research."
    keywords = "Keywords: Image Analysis · Deep Learning · Character Recognition · Open Source library · Toolkit."
    found = compare(
        "LayoutParser is an open-source library.", [Source(paper, paper), Source(keywords, keywords)], [0, 0]
    )
    assert found.verdict != "contradicted"


PERHAPS_THE_SAME = {
    "a seat of a government": ("Russia recognised Abkhazia in 2008.", "Moscow recognised Abkhazia in 2008."),
    "prison": ("Liu was a writer in prison.", "The prize went to the imprisoned writer Liu."),
}


@pytest.mark.parametrize(("claim", "passage"), PERHAPS_THE_SAME.values(), ids=PERHAPS_THE_SAME)
def test_possible_synonym_does_not_contradict(claim: str, passage: str) -> None:
    """Whether it supports the claim is another question."""
    assert verdict(claim, passage) != "contradicted"


def test_verifier_does_not_outvote_a_denial() -> None:
    """It is not even called."""
    denied = "The engineers of the railway company did not test the locomotive in May."
    assert compare(denied, [Source(RAILWAY, RAILWAY)], [0.9], lambda pairs: [1.0] * len(pairs)).verdict != "supported"


def test_heading_is_not_supported() -> None:
    """A heading states nothing, whatever the verifier says."""
    passage = "The background on loans comes from press reports of 2009."

    def sure(pairs: object) -> list[float]:
        assert isinstance(pairs, list)
        return [1.0] * len(pairs)

    assert compare("The loans of 2009", [Source(passage, passage)], [0.9], sure).verdict == "unverified"


def test_empty_or_too_long_claim_is_unverified() -> None:
    """The reason is that there is no source, no word, or too many words."""
    assert compare("Prices rose.", [], []).source is None
    assert compare("", [Source("Prices rose.", "Prices rose.")], [1.0]).detail == "It has no words."
    long = judged("Prices rose and " * 100, "Prices rose.")
    assert (long.verdict, long.detail) == ("unverified", "It is too long to be checked.")


def test_one_agreeing_source_is_enough() -> None:
    """A sentence that disagrees does not outvote one that agrees."""
    sources = [Source(text, text) for text in ("Prices rose by 10 percent.", "Prices rose by 18 percent in all.")]
    found = compare("Prices rose by 18%.", sources, [0.9, 0.88])
    assert (found.verdict, found.source) == ("supported", 1)


def test_nearest_of_many_sources_are_compared() -> None:
    """They are chosen by closeness and shared words; the index counts all sources."""
    texts = [f"Town number {number} has a mayor." for number in range(40)]
    sources = [Source(text, " ".join(texts)) for text in (*texts, "Prices rose by 18 percent in May.", *texts)]
    found = compare("In May prices rose by 18%.", sources, [0.2] * len(sources))
    assert (found.verdict, found.source) == ("supported", 40)
