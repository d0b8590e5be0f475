"""The languages of documents, by frequent words and scripts, and of short texts, by a model; and dates in them."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from index.records.file_kinds import language_name
from index.text.dates import iso_date
from index.text.languages import languages_of
from index.text.words import language
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
    "the language of most places": (GERMAN * 60 + ENGLISH * 20, {"de", "en"}),
}.values())  # fmt: skip
def test_each_large_part_of_a_text_counts(text: str, codes: set[str]) -> None:
    """Places of the whole length are read, and one foreign passage does not count; the main language is first."""
    found = languages_of(text)
    assert set(found) == codes
    assert text.startswith(ENGLISH) or found[0] == "de"


@cases("text", ["", "OK", "12 | 14 | 3.5\n" * 40, "können äöüß", "SNB22-3 A193 B7 kN MPa " * 20])
def test_language_is_unknown_without_sentences(text: str) -> None:
    """Numbers, names and single words have no language."""
    assert languages_of(text) == ()


@given(st.text(max_size=300))
def test_any_text_has_few_languages(text: str) -> None:
    """No text makes the reading of a file fail."""
    assert len(languages_of(text)) <= 3


CLEAR = {
    "en": "The harbour of Skarn was closed in 1923 after the great storm.",
    "de": "Der Hafen von Skarn wurde 1923 nach dem großen Sturm geschlossen.",
    "fr": "Le port de Skarn a été fermé en 1923 après la grande tempête.",
    "es": "El puerto de Skarn se cerró en 1923 después de la gran tormenta.",
    "it": "Il porto di Skarn fu chiuso nel 1923 dopo la grande tempesta.",
    "pt": "O porto de Skarn foi fechado em 1923 depois da grande tempestade.",
    "nl": "De haven van Skarn werd in 1923 na de grote storm gesloten.",
    "sv": "Hamnen i Skarn stängdes 1923 efter den stora stormen.",
    "no": "Havna i Skarn blei stengd i 1923 etter den store stormen.",
    "pl": "Port w Skarn został zamknięty w 1923 roku po wielkiej burzy.",
    "cs": "Přístav ve Skarnu byl po velké bouři v roce 1923 uzavřen.",
    "tr": "Skarn limanı büyük fırtınadan sonra 1923 yılında kapatıldı.",
    "ru": "Гавань Скарна была закрыта в 1923 году после большой бури.",
    "el": "Το λιμάνι έκλεισε το 1923 μετά από τη μεγάλη καταιγίδα.",
    "ar": "أغلق الميناء عام 1923 بعد العاصفة الكبرى.",
    "ja": "港は1923年の大嵐の後に閉鎖された。",
    "zh": "1923年的大风暴之后，港口被关闭了。",
    "ko": "항구는 1923년 큰 폭풍 이후 폐쇄되었다.",
}
UNCLEAR = ["", "   ", "1923", "42 %", "[1]", "Skarn", "Die Zeit", "f(x) = 2x + 1", "---", "\ud800\x00", "A. Holm"]


@cases(("code", "text"), CLEAR.items(), ids=CLEAR.keys())
def test_language_of_a_sentence_is_detected(code: str, text: str) -> None:
    """One sentence of a dozen words is enough in any script, and capitals do not mislead."""
    assert language(text) == code
    assert language(text.upper()) in (code, "")


@cases("text", UNCLEAR)
def test_short_text_has_no_language(text: str) -> None:
    """A name or a number can occur in any language."""
    assert language(text) == ""


NAMES = [
    "ALDH1 expression is associated with poorer prognosis in breast cancer.",
    "Müller und Söhne was founded in Köln by Jürgen Müller.",
    "The San José de la Cruz mission stands on the Río Grande.",
    "Herr Schmidt said that Die Zeit was delivered to the Café de Paris.",
]


@cases("text", NAMES)
def test_foreign_names_do_not_change_the_language(text: str) -> None:
    """An English sentence stays English, or at least is not taken for another language."""
    assert language(text) in ("en", "")


def test_language_model_is_loaded_by_the_first_call_and_reads_little() -> None:
    """Only the beginning of a long text is examined, and importing the module loads nothing."""
    assert language(CLEAR["en"] * 100_000) == "en"
    program = "import sys, index.text.words; sys.exit('py3langid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


DATES = {
    "2020-12-05": "2020-12-05",
    "2020-12-05T08:30:00Z": "2020-12-05",
    "2020-12-05 08:30:00 +0100": "2020-12-05",
    "2020-12": "2020-12",
    "2020": "2020",
    "5 December 2020": "2020-12-05",
    "Saturday, December 5th, 2020": "2020-12-05",
    "Published on 5 Dec. 2020": "2020-12-05",
    "December 2020": "2020-12",
    "5. Dezember 2020": "2020-12-05",
    "5 de diciembre de 2020": "2020-12-05",
    "5 décembre 2020": "2020-12-05",
    "5/12/2020": "",
    "31 February 2020": "",
    "5 Smarch 2020": "",
    "On 5 December 2020 the bees": "",
    "": "",
}


@cases(("text", "expected"), DATES.items())
def test_dates_are_read_as_precisely_as_stated(text: str, expected: str) -> None:
    """A date that could mean two days is not read."""
    assert iso_date(text) == expected
