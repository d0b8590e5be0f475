"""A name of the claim must be in the source in some form; the passage gives names for pronouns."""

from __future__ import annotations

from index.records import SUPPORTING
from tests.cases import cases
from tests.verification.claims import judged, verdict

PASSAGE = (
    "Barack Obama spoke in Berlin, and Angela Merkel thanked him. He praised the World Health Organization "
    "for its work. The WHO had sent doctors to Guinea. Elizabeth II and Philip followed the speech."
)
RIGHT = {
    "surname": ("Obama spoke in Berlin.", PASSAGE),
    "full name for the surname": ("Barack Obama spoke.", "Barack Obama came. In May Obama spoke."),
    "name for the pronoun": ("Barack Obama praised the World Health Organization.", PASSAGE),
    "acronym for the expansion": ("He praised the WHO for its work.", PASSAGE),
    "expansion for the acronym": ("The World Health Organization had sent doctors to Guinea.", PASSAGE),
    "two letters": ("The EU paid for it.", "The European Union paid for it."),
    "dots": ("The U.S. paid for it.", "The US paid for it."),
    "lower case": ("barack obama spoke in berlin.", PASSAGE),
    "accents": ("Chloe Dupre spoke in Sao Paulo.", "Chloé Dupré spoke in São Paulo."),
    "possessive": ("Merkel's speech was long.", "The speech of Merkel was long."),
    "people and land": ("The Chinese market grew.", "The market in China grew."),
    "French and France": ("The French market grew.", "The market of France grew."),
    "capital at the beginning": ("Researchers found a link.", "A link was found by researchers."),
}


@cases(("claim", "passage"), RIGHT.values(), ids=RIGHT)
def test_another_form_of_a_name_is_supported(claim: str, passage: str) -> None:
    """The form is a surname, an acronym, a people for its country, or a name for a pronoun."""
    assert verdict(claim, passage) in SUPPORTING


WRONG = {
    "another of the passage": ("Angela Merkel spoke in Berlin, and Barack Obama thanked her.", PASSAGE),
    "another of the passage, once": ("Philip spoke in Berlin, and Angela Merkel thanked him.", PASSAGE),
    "a name outside the passage": ("Barack Obama spoke in Paris.", PASSAGE),
    "in lower case": ("philip spoke in berlin, and angela merkel thanked him.", PASSAGE),
    "twice the same": ("Barack Obama spoke in Berlin, and Barack Obama thanked him.", PASSAGE),
    "an acronym": ("He praised the IMF for its work.", PASSAGE),
    "Roman number": ("Elizabeth III and Philip followed the speech.", PASSAGE),
    "letter": ("Vitamin D is found in carrots.", "Vitamin A is found in carrots."),
    "code": ("The Su-27 was tested.", "The Su-35 was tested. Later the Su-27 flew."),
    "neighbouring lands": ("The fair was held in Austria.", "The fair was held in Australia."),
    "name for a month": ("The fair was held in Berlin.", "The fair was held in June. Berlin was cold."),
    "month for a name": ("The fair was held in June.", "The fair was held in Berlin. It was June."),
}


@cases(("claim", "passage"), WRONG.values(), ids=WRONG)
def test_another_name_is_not_supported(claim: str, passage: str) -> None:
    """It does not matter whether the passage mentions the name elsewhere."""
    assert verdict(claim, passage) not in SUPPORTING


def test_detail_shows_both_names() -> None:
    """The source's name is shown if it takes the same place."""
    assert judged("Obama spoke in Paris.", "Obama spoke in Berlin.").detail == "Paris here, Berlin in the source"
    assert judged("Merkel and Obama spoke.", "Obama spoke.").detail.startswith("Not in the source: *Merkel*")
