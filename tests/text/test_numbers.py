"""Numbers are compared by value, not by spelling."""

from __future__ import annotations

from fractions import Fraction

import pytest

from index.text.numbers import equal_quantities, read_quantities
from tests.cases import cases

SAME = {
    "two in five": ("Two in five left.", "40 per cent left."),
    "one out of ten": ("One out of ten left.", "10% left."),
    "a quarter of an hour": ("It took a quarter of an hour.", "It took 15 minutes."),
    "half an hour": ("It took half an hour.", "It took 30 minutes."),
    "a year and a half": ("It took a year and a half.", "It took 18 months."),
    "a fortnight": ("It took a fortnight.", "It took 14 days."),
    "hours and minutes": ("It took two hours.", "It took 120 minutes."),
    "kilometres and metres": ("It is 2.5 km long.", "It is 2,500 metres long."),
    "percent sign": ("18 percent", "18%"),
    "percent in two words": ("18 per cent", "18%"),
    "percent in words": ("eighteen percent", "18 per cent"),
    "percent with a hyphen": ("an 18-percent share", "a share of 18 %"),
    "thousands separator": ("1,000 people", "1000 people"),
    "a thousand": ("a thousand people", "1,000 people"),
    "one thousand": ("one thousand people", "a thousand people"),
    "hundreds and units": ("two hundred and five boats", "205 boats"),
    "millions in words": ("three million two hundred thousand", "3,200,000"),
    "billions in words": ("two billion", "2,000,000,000"),
    "decimal million": ("1.5 million", "1,500,000"),
    "million and a half": ("one and a half million", "1.5 million"),
    "half a million": ("half a million", "500,000"),
    "money": ("US$100 billion", "100bn dollars"),
    "money in millions": ("$100,000 million", "US$100 billion"),
    "money with blank": ("$ 12", "$12"),
    "money with a letter": ("$3m", "3 million dollars"),
    "cents": ("45 cents", "$0.45"),
    "money with a letter apart": ("$3 m", "3 million dollars"),
    "thousand as a letter": ("5k runners", "5,000 runners"),
    "euro": ("€5", "5 euros"),
    "ordinal": ("the third crisis", "the 3rd crisis"),
    "ordinal of two words": ("the twenty-first century", "the 21st century"),
    "decade": ("the nineties", "the 1990s"),
    "short decade": ("the '90s", "the 1990s"),
    "date, day first": ("5 May 2020", "May 5, 2020"),
    "date, ISO": ("5 May 2020", "2020-05-05"),
    "date, ordinal": ("the 5th of May 2020", "May 5 2020"),
    "date, short month": ("5 Oct. 2020", "October 5, 2020"),
    "date, slashes": ("05/06/2020", "5 June 2020"),
    "year in words": ("nineteen eighty-four", "1984"),
    "range of years": ("1914-18", "from 1914 to 1918"),
    "range with one scale": ("5-10 million people", "from 5 million to 10 million people"),
    "fraction": ("two thirds of them", "2/3 of them"),
    "half and per cent": ("half of them", "50% of them"),
    "quarter and per cent": ("a quarter of them", "25 percent of them"),
    "vulgar fraction": ("2½ hours", "2.5 hours"),
    "dozen": ("two dozen eggs", "24 eggs"),
    "twice": ("twice as many", "two times as many"),
    "fold": ("a tenfold rise", "10-fold"),
    "power of ten": ("3 x 10⁶ cells", "3,000,000 cells"),
    "unit written on": ("10kg", "10 kilograms"),
    "unit with a hyphen": ("a 65-metre wall", "65 m"),
    "minus": ("-5 °C", "minus 5 degrees"),
    "time of day": ("5:30 p.m.", "17:30"),
    "full hour": ("at 5 p.m.", "at 17:00"),
    "bare point": ("p < .05", "p < 0.05"),
    "seconds": ("one second", "1 s"),
    "digits of another script": ("٣ apples", "3 apples"),
}
DIFFERENT = {
    "two in five minutes": ("It took two in five minutes.", "It took two fifths."),
    "years": ("2013", "2019"),
    "per cent": ("18 percent", "10 percent"),
    "scale": ("2.6 million", "2.6 billion"),
    "unit": ("5 km", "5 miles"),
    "per cent and money": ("18%", "$18"),
    "percent and fraction": ("half of them", "40%"),
    "month": ("5 May 2020", "5 June 2020"),
    "day": ("May 5", "May 6"),
    "ordinal": ("the third", "the fourth"),
    "decade and year": ("the 1990s", "1990"),
    "hundreds are not one hundred": ("hundreds of people", "100 people"),
    "sign": ("-5 degrees", "5 degrees"),
    "half past": ("5:30", "5:45"),
    "decimals": ("0.5", "0.05"),
}
NONE = {
    "aircraft": "The Su-35 flew.",
    "protein": "IL-6 and H1N1 rose.",
    "disease": "COVID-19 spread.",
    "letters written on": "3D and 5G and B12.",
    "version": "Version v2.0.1 works.",
    "thousands of digits": "9" * 5000,
    "may as a verb": "It may rain in march step.",
}
PRONOUNS = {
    "one of": "One of them left.",
    "no one": "No one left.",
    "the one": "The one that left is here.",
    "one can": "One can leave.",
    "at first": "It was slow at first.",
    "first as an adverb": "First, they left.",
    "per second": "It turns per second once.",
}


def have_equal_numbers(claim: str, source: str) -> bool:
    """Whether two texts state the same numbers: each number of one text is in the other."""
    claimed, stated = read_quantities(claim), read_quantities(source)
    return (
        bool(claimed)
        and all(any(equal_quantities(number, other) for other in stated) for number in claimed)
        and all(any(equal_quantities(number, other) for other in claimed) for number in stated)
    )


@cases(("first", "second"), SAME.values(), ids=SAME)
def test_spellings_of_a_number_are_equal(first: str, second: str) -> None:
    """Each number of one text is a number of the other."""
    assert have_equal_numbers(first, second)
    assert have_equal_numbers(second, first)


@cases(("first", "second"), DIFFERENT.values(), ids=DIFFERENT)
def test_similar_numbers_are_different(first: str, second: str) -> None:
    """They differ in value, unit or kind."""
    assert not have_equal_numbers(first, second)
    assert not have_equal_numbers(second, first)


@pytest.mark.parametrize("text", NONE.values(), ids=NONE)
def test_digits_in_names_are_not_numbers(text: str) -> None:
    """They are compared as names."""
    assert not read_quantities(text)


@pytest.mark.parametrize("text", PRONOUNS.values(), ids=PRONOUNS)
def test_ambiguous_number_words_are_not_required(text: str) -> None:
    """A claim is not wrong for saying "one of them"."""
    assert not any(quantity.firm for quantity in read_quantities(text))


def test_one_before_a_noun_is_a_number() -> None:
    """A counted `one` is a number, unlike the pronoun."""
    assert [quantity.firm for quantity in read_quantities("One woman and two men left.")] == [True, True]


def test_range_has_two_numbers() -> None:
    """Both ends must be in the source."""
    values = [quantity.value for quantity in read_quantities("It lasted 5 to 10 days, or 2–3 weeks.")]
    assert values == [5, 10, 2, 3]


def test_values_are_exact() -> None:
    """They are fractions, not floats."""
    assert [quantity.value for quantity in read_quantities("0.1 and 1/3")] == [Fraction(1, 10), Fraction(1, 3)]
