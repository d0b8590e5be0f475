"""The languages of a document, by its frequent words and its scripts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from index.records.file_kinds import language_name
from index.text.languages import languages_of
from tests.cases import cases

ENGLISH = "All human beings are born free and equal in dignity and rights. They are endowed with reason. "
GERMAN = "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt. "
SPANISH = "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón. "
TEXTS = {
    "en": ENGLISH,
    "de": GERMAN,
    "es": SPANISH,
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos, dotados de razão.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter. De har utrustats med förnuft och samvete.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi w swojej godności i prawach. Są oni obdarzeni rozumem i sumieniem.",
    "ru": "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "zh": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 이성과 양심을 부여받았다.",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
}


@cases(("code", "text"), TEXTS.items())
def test_language_of_two_sentences_is_known(code: str, text: str) -> None:
    """The first article of the Universal Declaration of Human Rights, in languages that share scripts and words."""
    assert languages_of(text) == (code,)
    assert not language_name(code).startswith("another")


@cases(("text", "codes"), {
    "in two halves": (ENGLISH * 20 + GERMAN * 20, {"en", "de"}),
    "a quotation in a book": (ENGLISH * 300 + GERMAN + ENGLISH * 300, {"en"}),
    "the larger part first": (GERMAN * 60 + ENGLISH * 30, {"de", "en"}),
}.values())  # fmt: skip
def test_each_large_part_of_a_text_counts(text: str, codes: set[str]) -> None:
    """Places of the whole length are read, and one foreign passage does not count."""
    assert set(languages_of(text)) == codes


def test_language_of_most_places_is_first() -> None:
    """Readers are told the main language first."""
    assert languages_of(GERMAN * 60 + ENGLISH * 20)[0] == "de"


@cases("text", ["", "OK", "12 | 14 | 3.5\n" * 40, "können äöüß", "SNB22-3 A193 B7 kN MPa " * 20])
def test_language_is_unknown_without_sentences(text: str) -> None:
    """Numbers, names and single words have no language."""
    assert languages_of(text) == ()


@given(st.text(max_size=300))
def test_any_text_has_few_languages(text: str) -> None:
    """No text makes the reading of a file fail."""
    assert len(languages_of(text)) <= 3
